//! One installed distribution: its names, its native files, what it requires.
//!
//! Read from `*.dist-info` (PEP 376, 566, 627). Files that no distribution records make one of their own, under the
//! name of the folder, so that nothing with native code is passed over.
//! Deliberately not here: whether recorded hashes are right.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_core::names::normalize;

use super::absent::may_be_module;
use super::reading::{read, shown};

/// A distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// Its name as it writes it.
    pub name: String,
    /// Its version; empty for files that no distribution records.
    pub version: String,
    /// The folder on `sys.path` that it is installed in.
    pub folder: PathBuf,
    /// Its `*.dist-info`; none for files that no distribution records.
    pub info: Option<PathBuf>,
    /// Its files that may be ELF, absolute, sorted; those in its folders that it does not record, too.
    pub native: Vec<PathBuf>,
    /// Where its names say that there is such a file, and there is none: broken links, folders, what is recorded and gone.
    pub absent: Vec<PathBuf>,
    /// All files that it records, relative to `folder`; what is not UTF-8 is replaced.
    pub recorded: Vec<String>,
    /// Names that can be imported: packages and modules at the top.
    pub modules: Vec<String>,
    /// `Requires-Dist`, as it writes them.
    pub requires: Vec<String>,
    /// The tags of its wheel, such as `cp311-cp311-manylinux_2_17_x86_64`.
    pub tags: Vec<String>,
    /// The closures that it is in, where it is a unit of an environment of pins.
    pub closures: Vec<String>,
}

/// Files beyond this in one distribution are not looked at: no real one has as many, and a made one must end.
const MOST: usize = 500_000;
/// Bytes of METADATA or WHEEL, and of RECORD; the largest known have one and four million.
const LONGEST: u64 = 16 << 20;
const LONGEST_RECORD: u64 = 32 << 20;

impl Distribution {
    /// Reads `info`, a `NAME-VERSION.dist-info` in `folder`. `None` for a folder without metadata.
    pub(super) fn read(folder: &Path, info: &Path) -> Option<Self> {
        let metadata = read(&info.join("METADATA"), LONGEST).ok()?;
        let metadata = String::from_utf8_lossy(&metadata);
        let headers: Vec<(&str, &str)> = headers(&metadata).collect();
        let first = |wanted: &str| headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted));
        let mut distribution = Self {
            name: shown(first("Name")?.1),
            version: shown(first("Version").map_or("", |(_, version)| version)),
            folder: folder.to_owned(),
            info: Some(info.to_owned()),
            ..Self::default()
        };
        distribution.requires = headers_of(&metadata, "Requires-Dist");
        if let Ok(wheel) = read(&info.join("WHEEL"), LONGEST) {
            distribution.tags = headers_of(&String::from_utf8_lossy(&wheel), "Tag");
        }
        distribution.settle(Recorded::read(&info.join("RECORD")));
        Some(distribution)
    }

    /// Files under `top` in `folder`, which no distribution records. Takes what it looks at from `left`.
    pub(super) fn unrecorded(folder: &Path, top: &OsStr, left: &mut usize) -> Self {
        let mut found = Vec::new();
        for entry in walkdir::WalkDir::new(folder.join(top)).into_iter().flatten() {
            let Some(rest) = left.checked_sub(1) else { break };
            *left = rest;
            // A folder may have the name of a module.
            let name = entry.file_name().to_string_lossy();
            if (!entry.file_type().is_dir() || is_native(&name))
                && let Ok(relative) = entry.path().strip_prefix(folder)
            {
                found.push(relative.to_owned());
            }
        }
        Self::of_files(folder, &top.to_string_lossy(), found)
    }

    /// `files` in `folder/top`, which no distribution records.
    pub(super) fn of_files(folder: &Path, top: &str, files: Vec<PathBuf>) -> Self {
        let name = shown(top.split('.').next().unwrap_or(top));
        let mut distribution = Self { name, folder: folder.to_owned(), ..Self::default() };
        let mut recorded = Recorded::default();
        files.iter().for_each(|file| recorded.add(file.as_os_str().as_bytes()));
        distribution.settle(recorded);
        distribution
    }

    /// Adds a native file of its folders that it does not record, or what has the name of one.
    pub(super) fn adopt(&mut self, file: &Path) {
        let path = self.folder.join(file);
        let list = match is_there(&path) {
            true => &mut self.native,
            false if may_be_module(file) => &mut self.absent,
            false => return,
        };
        if let Err(at) = list.binary_search(&path) {
            list.insert(at, path);
        }
    }

    /// Fills what follows from its files.
    fn settle(&mut self, files: Recorded) {
        self.recorded = files.names;
        let native = files.native.iter().map(|file| self.folder.join(file));
        (self.native, self.absent) = native.partition(|file| is_there(file));
        self.absent.retain(|path| path.strip_prefix(&self.folder).is_ok_and(may_be_module));
        for list in [&mut self.native, &mut self.absent] {
            list.sort();
            list.dedup();
        }
        let mut modules: BTreeSet<&str> = BTreeSet::new();
        for file in &self.recorded {
            let (top, rest) =
                file.split_once('/').map_or((file.as_str(), None), |(top, rest)| (top, Some(rest)));
            let module = match rest {
                Some(_) => top,
                None if [".py", ".so", ".pyc"].iter().any(|suffix| top.ends_with(suffix)) => {
                    top.split('.').next().unwrap_or(top)
                }
                None => continue,
            };
            let is_name = |name: &str| {
                let mut letters = name.chars();
                letters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
                    && letters.all(|c| c.is_alphanumeric() || c == '_')
            };
            // `numpy.libs`, `x.data` and `../../bin` are no modules.
            if is_name(module) && module != "__pycache__" {
                modules.insert(module);
            }
        }
        self.modules = modules.into_iter().map(str::to_owned).collect();
    }

    /// The hashes that it records, by path; read when they are asked for, since few are.
    pub fn hashes(&self) -> HashMap<String, String> {
        let mut hashes = HashMap::new();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(info) = &self.info {
            rows(&info.join("RECORD"), |file, hash| {
                if !hash.is_empty() {
                    hashes.insert(text(&with_slashes(file)), text(hash));
                }
            });
        }
        hashes
    }

    /// Whether both are of one project.
    pub fn is_version_of(&self, other: &Self) -> bool {
        normalize(&self.name) == normalize(&other.name)
    }

    /// Whether the file at `path` is one of its native files.
    pub fn owns(&self, path: &Path) -> bool {
        self.native.binary_search_by(|file| file.as_path().cmp(path)).is_ok()
    }
}

/// Whether a file's name says that it is a shared object: `x.so`, `libx.so.1`.
pub(super) fn is_native(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    // `1.1.1k`: a release of OpenSSL has a letter.
    let is_number = |part: &str| {
        let digits = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
        !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && part.len() <= digits.len() + 2
    };
    let versioned = name.split_once(".so.").is_some_and(|(_, version)| version.split('.').all(is_number));
    name.ends_with(".so") || versioned
}

/// Whether there is a file at `path`, of anything that may be one: what may not be looked at is told by who reads it.
fn is_there(path: &Path) -> bool {
    match path.metadata() {
        Ok(metadata) => metadata.is_file(),
        Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
    }
}

/// The paths of a RECORD. On Linux a path is bytes in no encoding.
#[derive(Default)]
struct Recorded {
    /// All, with what is not UTF-8 replaced.
    names: Vec<String>,
    /// Those that may be ELF, as they are.
    native: Vec<PathBuf>,
}

impl Recorded {
    /// The paths of the RECORD at `path`; none where it cannot be read.
    fn read(path: &Path) -> Self {
        let mut recorded = Self::default();
        rows(path, |file, _| recorded.add(file));
        recorded
    }

    fn add(&mut self, file: &[u8]) {
        let file = with_slashes(file);
        let name = String::from_utf8_lossy(&file);
        if is_native(&name) {
            self.native.push(OsStr::from_bytes(&file).into());
        }
        self.names.push(name.into_owned());
    }
}

/// A path of a wheel that was made on Windows.
fn with_slashes(file: &[u8]) -> Cow<'_, [u8]> {
    if !file.contains(&b'\\') {
        return Cow::Borrowed(file);
    }
    file.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect::<Vec<u8>>().into()
}

/// Calls `each` with the path and the hash of each row of a RECORD; the hash is empty where there is none.
fn rows(path: &Path, mut each: impl FnMut(&[u8], &[u8])) {
    let Ok(bytes) = read(path, LONGEST_RECORD) else { return };
    if memchr::memchr(b'"', &bytes).is_none() {
        // Without quotes a row is a line, and RECORDs have tens of thousands of them.
        let rows = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|row| !row.is_empty());
        for row in rows.take(MOST) {
            let (file, rest) = row.split_at(memchr::memchr(b',', row).unwrap_or(row.len()));
            let mut rest = rest.split(|byte| *byte == b',').skip(1);
            each(file, rest.next().unwrap_or_default());
        }
        return;
    }
    let reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
    for row in reader.into_byte_records().take(MOST).map_while(Result::ok) {
        if let Some(file) = row.get(0) {
            each(file, row.get(1).unwrap_or_default());
        }
    }
}

/// Headers as of a mail, up to the first empty line; continued lines belong to no header that is asked for.
fn headers(text: &str) -> impl Iterator<Item = (&str, &str)> {
    // The first empty line ends them; one of blanks goes on with the header above, such as the text of a licence.
    let lines = text.lines().take_while(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with([' ', '\t']));
    lines.filter_map(|line| line.split_once(':').map(|(key, value)| (key.trim(), value.trim())))
}

fn headers_of(text: &str, wanted: &str) -> Vec<String> {
    headers(text).filter(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| shown(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::{headers_of, is_native};

    #[test]
    fn a_line_of_blanks_goes_on_with_a_header() {
        let text =
            "Name: x\nLicense: free\n        \n        All: rights\nRequires-Dist: y\n\nRequires-Dist: z\n";
        assert_eq!(headers_of(text, "Requires-Dist"), ["y"]);
        assert_eq!(headers_of(text, "All"), [""; 0]);
        assert_eq!(headers_of(&text.replace('\n', "\r\n"), "Requires-Dist"), ["y"]);
    }

    #[test]
    fn names_of_shared_objects() {
        for native in [
            "a/_core.cpython-311-x86_64-linux-gnu.so",
            "x.libs/libfoo-1a2b.so.1.2.3",
            "m.abi3.so",
            "x.libs/libcrypto-1a2b.so.1.1.1k",
        ] {
            assert!(is_native(native), "{native}");
        }
        for other in [
            "a/so.py",
            "a/x.so.py",
            "data.some-named-index.parquet",
            "a/x.sol",
            "v0.7.1.so.txt",
            "x.so.1.bak",
        ] {
            assert!(!is_native(other), "{other}");
        }
    }
}
