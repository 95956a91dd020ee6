//! Makes wheels, proper and improper, and looks at what became of them.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;
use wheelsplit::{Expected, Store};
use zip::write::SimpleFileOptions;

/// A wheel in the making; RECORD is written last, over what is there then.
#[derive(Clone)]
pub(crate) struct Forge {
    name: String,
    version: String,
    tag: String,
    entries: Vec<(String, Content)>,
    record: fn(String) -> String,
    patch: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Clone)]
enum Content {
    File(Vec<u8>, u32),
    Unlisted(Vec<u8>),
    Symlink(String),
}

impl Forge {
    /// A small proper wheel: a package, a module, a script, metadata.
    pub(crate) fn new(name: &str, version: &str) -> Self {
        let info = format!("{name}-{version}.dist-info");
        let bare = Forge {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            entries: Vec::new(),
            record: |text| text,
            patch: Vec::new(),
        };
        bare.file(&format!("{name}/__init__.py"), "answer = 42\n")
            .file(
                &format!("{info}/METADATA"),
                format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nbody\n"),
            )
            .file(
                &format!("{info}/WHEEL"),
                "Wheel-Version: 1.0\nGenerator: forge\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            )
    }

    /// Adds a file, or replaces it.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.set(path, Content::File(content.as_ref().to_vec(), 0o644))
    }

    pub(crate) fn executable(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.set(path, Content::File(content.as_ref().to_vec(), 0o755))
    }

    /// Adds a file that RECORD does not list.
    pub(crate) fn unlisted(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.set(path, Content::Unlisted(content.as_ref().to_vec()))
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.set(path, Content::Symlink(target.to_owned()))
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.entries.retain(|(name, _)| name != path);
        self
    }

    /// Edits the text of RECORD.
    pub(crate) fn record(mut self, edit: fn(String) -> String) -> Self {
        self.record = edit;
        self
    }

    /// The tag in the file's name.
    pub(crate) fn named_for(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// Replaces bytes of the finished zip file, everywhere, with as many others.
    pub(crate) fn patch(mut self, from: &[u8], to: &[u8]) -> Self {
        assert_eq!(from.len(), to.len(), "a patch must not move anything");
        self.patch.push((from.to_vec(), to.to_vec()));
        self
    }

    fn set(mut self, path: &str, content: Content) -> Self {
        self = self.without(path);
        self.entries.push((path.to_owned(), content));
        self
    }

    pub(crate) fn expected(&self) -> Expected {
        Expected { name: self.name.clone(), version: self.version.clone(), sha256: None }
    }

    fn all(&self) -> Vec<(String, Content)> {
        let path = format!("{}-{}.dist-info/RECORD", self.name, self.version);
        let mut record = String::new();
        for (name, content) in &self.entries {
            if let Content::File(bytes, _) = content {
                let hash = BASE64URL_NOPAD.encode(&Sha256::digest(bytes));
                record.push_str(&format!("{name},sha256={hash},{}\n", bytes.len()));
            }
        }
        record.push_str(&format!("{path},,\n"));
        let mut all = self.entries.clone();
        let record = (self.record)(record);
        if !record.is_empty() {
            all.push((path, Content::File(record.into_bytes(), 0o644)));
        }
        all
    }

    /// The wheel's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        for (name, content) in self.all() {
            match content {
                Content::File(bytes, mode) => {
                    zip.start_file(name, options.unix_permissions(mode)).expect("an entry");
                    zip.write_all(&bytes).expect("its bytes");
                }
                Content::Unlisted(bytes) => {
                    zip.start_file(name, options).expect("an entry");
                    zip.write_all(&bytes).expect("its bytes");
                }
                Content::Symlink(target) => zip.add_symlink(name, target, options).expect("a link"),
            }
        }
        let mut bytes = zip.finish().expect("a zip file").into_inner();
        for (from, to) in &self.patch {
            let starts: Vec<usize> = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
            assert!(!starts.is_empty(), "nothing to patch");
            for at in starts {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
        bytes
    }

    /// Writes the wheel file into `dir`.
    pub(crate) fn write(&self, dir: &Path) -> PathBuf {
        let path = dir.join(format!("{}-{}-{}.whl", self.name, self.version, self.tag));
        fs::write(&path, self.bytes()).expect("a wheel file");
        path
    }

    /// Unpacks the wheel into `dir`, as another tool would.
    pub(crate) fn unpack(&self, dir: &Path) -> PathBuf {
        for (name, content) in self.all() {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            match content {
                Content::File(bytes, mode) => {
                    fs::write(&path, bytes).expect("a file");
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
                }
                Content::Unlisted(bytes) => fs::write(&path, bytes).expect("a file"),
                Content::Symlink(target) => std::os::unix::fs::symlink(target, &path).expect("a link"),
            }
        }
        dir.to_owned()
    }
}

/// A temporary folder that goes although what is in it is read-only.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let items = WalkDir::new(self.path()).into_iter().filter_map(Result::ok);
        for folder in items.filter(|item| item.file_type().is_dir()) {
            let _ = fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755));
        }
    }
}

/// An empty store in a temporary folder.
pub(crate) fn store() -> (Home, Store) {
    let dir = Home(tempfile::tempdir().expect("a temporary folder"));
    let store = Store::open(dir.path().join("store")).expect("a store");
    (dir, store)
}

/// The hash of a file, as it names a folder of the store.
pub(crate) fn sha256(path: &Path) -> String {
    HEXLOWER.encode(&Sha256::digest(fs::read(path).expect("a file")))
}

/// Every path below `dir` with its mode and, for files, its size and the start of its hash; one per line, sorted.
pub(crate) fn listing(dir: &Path) -> String {
    let mut lines = String::new();
    for item in WalkDir::new(dir).min_depth(1).sort_by_file_name() {
        let item = item.expect("a path");
        let meta = item.metadata().expect("its metadata");
        let mode = meta.permissions().mode() & 0o7777;
        let path = item.path().strip_prefix(dir).expect("a prefix").display();
        if meta.is_dir() {
            lines.push_str(&format!("{mode:04o} {path}/\n"));
        } else {
            let hash = &HEXLOWER.encode(&Sha256::digest(fs::read(item.path()).expect("a file")))[..8];
            lines.push_str(&format!("{mode:04o} {path} {} {hash}\n", meta.len()));
        }
    }
    lines
}

/// What stands in the store's folders of wheels, instances and temporary things.
pub(crate) fn inventory(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    for folder in ["wheels", "instances", "tmp"] {
        let Ok(items) = fs::read_dir(store.root().join(folder)) else { continue };
        let names = items.map(|item| item.expect("an item").file_name().to_string_lossy().into_owned());
        all.extend(names.map(|name| format!("{folder}/{name}")));
    }
    all.sort();
    all
}
