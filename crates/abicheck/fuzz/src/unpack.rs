//! Wheel files: any bytes are refused, with nothing left behind, or installed within what the limits allow; nothing is
//! ever written beside the store.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use arbitrary::{Result, Unstructured};
use walkdir::WalkDir;
use wheelsplit::{Expected, Limits, Store};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const LIMITS: Limits = Limits { total: 1 << 20, ratio: 100, ratio_from: 1 << 16, files: 50 };
const FILE: &str = "a-1-py3-none-any.whl";

/// What starts as a zip file is the file; of anything else one is made, so that the checks behind the format are
/// reached.
pub fn holds(data: &[u8]) {
    if data.starts_with(b"PK") {
        return installs(data);
    }
    if let Ok(Some(bytes)) = wheel(&mut Unstructured::new(data)) {
        installs(&bytes);
    }
}

fn installs(bytes: &[u8]) {
    let folder = super::scratch();
    let path = folder.path().join(FILE);
    fs::write(&path, bytes).expect("the folder can be written to");
    let store = Store::open(folder.path().join("store")).expect("an absolute path").with_limits(LIMITS);
    let expected = Expected { name: "a".to_owned(), version: "1".to_owned(), sha256: None };
    let result = store.install_file(&path, &expected);
    let beside = fs::read_dir(folder.path()).expect("it is there").map(|entry| entry.expect("an entry"));
    let beside: Vec<_> = beside.map(|entry| entry.file_name()).filter(|name| name != "store").collect();
    assert_eq!(beside, [FILE], "something was written beside the store");
    let (files, size) = contents(store.root());
    match result {
        Ok(installed) => {
            assert!(installed.dir.starts_with(store.root()) && installed.site().is_dir());
            assert!(installed.is_of("a", "1"));
            // The module table, the facts and what bars bytecode come on top.
            assert!(size <= LIMITS.total + (1 << 16), "{size} bytes");
            assert!(files <= 2 * LIMITS.files + 10, "{files} files");
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains(FILE) || text.contains("store"), "{text}");
            assert!(!text.contains('\u{1b}'), "nothing of a wheel's reaches the terminal raw: {text:?}");
            assert_eq!((files, size), (0, 0), "something was kept of a wheel that was refused: {text}");
        }
    }
    let _ = fs::set_permissions(store.root(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
    writable(store.root());
}

/// How many files there are in the store, and how many bytes; none is anything but a file or a folder.
fn contents(root: &Path) -> (usize, u64) {
    let (mut files, mut size) = (0, 0);
    for entry in WalkDir::new(root).into_iter().filter_map(std::result::Result::ok) {
        let kind = entry.file_type();
        assert!(kind.is_file() || kind.is_dir(), "{} is a link or device", entry.path().display());
        if kind.is_file() {
            files += 1;
            size += entry.metadata().map_or(0, |metadata| metadata.len());
        }
    }
    (files, size)
}

/// So that it can be removed.
fn writable(root: &Path) {
    for entry in WalkDir::new(root).into_iter().filter_map(std::result::Result::ok) {
        if entry.file_type().is_dir() {
            let _ = fs::set_permissions(entry.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755));
        }
    }
}

/// Names that are fine, meet, or lead out.
const NAMES: [&str; 16] = [
    "a/__init__.py",
    "a/x.so",
    "a",
    "a/b/c.py",
    "a/../../x",
    "/x",
    "a-1.data/scripts/run",
    "a-1.data/purelib/a/__init__.py",
    "a-1.data/x",
    "a-1.dist-info/entry_points.txt",
    "a-1.dist-info/METADATA",
    "b-2.dist-info/METADATA",
    "a/__pycache__/x.pyc",
    "A/__INIT__.py",
    "a//b",
    "facts.json",
];

/// A zip file with the metadata of a wheel, entries as the data says, and a few bytes changed.
fn wheel(data: &mut Unstructured<'_>) -> Result<Option<Vec<u8>>> {
    let mut entries: Vec<(String, Vec<u8>, u32)> = Vec::new();
    if !data.ratio(1, 16)? {
        entries.push((
            "a-1.dist-info/METADATA".into(),
            b"Metadata-Version: 2.1\nName: a\nVersion: 1\n".into(),
            0o644,
        ));
        entries.push((
            "a-1.dist-info/WHEEL".into(),
            b"Wheel-Version: 1.0\nTag: py3-none-any\n".into(),
            0o644,
        ));
    }
    for _ in 0..data.int_in_range(0..=8)? {
        let name = if data.ratio(3, 4)? { (*data.choose(&NAMES)?).to_owned() } else { data.arbitrary()? };
        let content = data.arbitrary::<&[u8]>()?.repeat(data.int_in_range(0..=300)?);
        let mode = *data.choose(&[0o644, 0o755, 0, 0o120777, 0o040755, 0o010644])?;
        entries.push((name, content, mode));
    }
    if !data.ratio(1, 16)? {
        let lines = entries.iter().map(|(name, content, _)| format!("{name},,{}\n", content.len()));
        let record = lines.collect::<String>() + "a-1.dist-info/RECORD,,\n";
        entries.push(("a-1.dist-info/RECORD".to_owned(), record.into_bytes(), 0o644));
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, mode) in entries {
        let method = if data.ratio(1, 2)? { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method).unix_permissions(mode);
        if zip.start_file(name, options).is_err() || zip.write_all(&content).is_err() {
            return Ok(None);
        }
    }
    let Ok(bytes) = zip.finish() else { return Ok(None) };
    let mut bytes = bytes.into_inner();
    for _ in 0..data.int_in_range(0..=6)? {
        let at = data.int_in_range(0..=bytes.len() - 1)?;
        bytes[at] = data.arbitrary()?;
    }
    Ok(Some(bytes))
}
