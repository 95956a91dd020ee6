//! Keeps what interpreters said, keyed by path, modification time and size.
//!
//! A kept answer that is missing, damaged or out of date means asking again; failing to keep one is no error
//! (the store may be read-only). Scripts (pyenv's shims) are not kept: what they start depends on more than
//! the file.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Interpreter;

/// What an answer depends on besides the interpreter's file: the question, and the kernel (PEP 508 has markers for it).
fn circumstances() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    hex(&Sha256::digest(format!("{}{kernel}", include_str!("facts.py"))))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Serialize, Deserialize)]
struct Kept {
    circumstances: String,
    path: PathBuf,
    modified: (i64, i64),
    size: u64,
    facts: Interpreter,
}

pub(super) fn get(store: &Path, path: &Path) -> Option<Interpreter> {
    let kept: Kept = serde_json::from_slice(&fs::read(place(store, path)).ok()?).ok()?;
    let now = fs::metadata(path).ok()?;
    let same = kept.circumstances == circumstances()
        && kept.path == path
        && kept.modified == (now.mtime(), now.mtime_nsec())
        && kept.size == now.len()
        && kept.facts.executable.exists();
    same.then_some(kept.facts)
}

pub(super) fn put(store: &Path, path: &Path, facts: &Interpreter) {
    if is_script(path) || !path.is_absolute() {
        return;
    }
    let Ok(now) = fs::metadata(path) else { return };
    let kept = Kept {
        circumstances: circumstances(),
        path: path.to_owned(),
        modified: (now.mtime(), now.mtime_nsec()),
        size: now.len(),
        facts: facts.clone(),
    };
    let file = place(store, path);
    let Some(folder) = file.parent() else { return };
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut temporary, &kept)?;
        temporary.persist(&file)?;
        Ok(())
    };
    // The answer is only kept to save time: without it the interpreter is asked again.
    let _ = write();
}

/// Whether the file starts with `#!`.
fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!"
}

fn place(store: &Path, path: &Path) -> PathBuf {
    let name = hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()));
    store.join("interpreters").join(name + ".json")
}
