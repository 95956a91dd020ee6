//! Files of the store that are only remembered: whoever reads one sees the old content or the new, and one that is lost or
//! torn is found out again.
//!
//! Deliberately not here: what is remembered, and folders, which are complete or absent ([`crate::staging`]).

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

/// What JSON at `path` says; nothing where it cannot be read.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Puts what `write` writes at `path`, in the place of what was there.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    write(file.as_file_mut())?;
    file.persist(path)?;
    Ok(())
}
