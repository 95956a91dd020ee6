//! A wheel that another tool has unpacked and not changed.
//!
//! uv keeps its downloads in this form. The archive's hash was verified when it was unpacked; what can be
//! verified again is RECORD, and that is done as for a file. Deliberately not here: installed distributions,
//! whose `.data` has been spread over a prefix.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Entry, Sink, Source, pump};
use crate::error::{Defect, Error};
use crate::path;

/// An unpacked wheel whose files have been checked.
pub struct WheelTree {
    root: PathBuf,
    entries: Vec<Entry>,
}

impl WheelTree {
    /// Lists and checks the folder.
    ///
    /// # Errors
    /// When it cannot be read, or holds something other than regular files and folders.
    pub(crate) fn new(root: &Path) -> Result<Self, Error> {
        let mut entries = Vec::new();
        // uv's own entry may be a link to the archive.
        let root =
            root.canonicalize().map_err(|source| Error::Unreadable { path: root.to_owned(), source })?;
        for item in WalkDir::new(&root).min_depth(1).sort_by_file_name() {
            let item = item.map_err(|e| unreadable(&root, e))?;
            let relative = item.path().strip_prefix(&root).unwrap_or(item.path());
            let fail = |defect| Error::wheel(&root, defect);
            let name = relative.to_str().ok_or_else(|| {
                let entry = path::shown(&relative.to_string_lossy());
                fail(Defect::EntryName { entry, reason: "is not UTF-8" })
            })?;
            if let Some(reason) = path::objection(name) {
                return Err(fail(Defect::EntryName { entry: path::shown(name), reason }));
            }
            let kind = item.file_type();
            if kind.is_dir() {
                continue;
            }
            if !kind.is_file() {
                let kind = if kind.is_symlink() { "a symbolic link" } else { "a device, pipe or socket" };
                return Err(fail(Defect::EntryKind { entry: name.to_owned(), kind }));
            }
            let meta = item.metadata().map_err(|e| unreadable(&root, e))?;
            let executable = meta.permissions().mode() & 0o111 != 0;
            entries.push(Entry { path: name.to_owned(), size: meta.len(), executable });
        }
        Ok(WheelTree { root, entries })
    }

    fn file(&self, index: usize) -> Result<File, Error> {
        let path = self.root.join(&self.entries[index].path);
        File::open(&path).map_err(|source| Error::Unreadable { path, source })
    }
}

fn unreadable(root: &Path, e: walkdir::Error) -> Error {
    let path = e.path().unwrap_or(root).to_owned();
    Error::Unreadable { path, source: e.into() }
}

impl Source for WheelTree {
    fn path(&self) -> &Path {
        &self.root
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn packed(&self) -> Option<u64> {
        None
    }

    fn read(&self, index: usize, sink: &mut Sink<'_>) -> Result<(), Error> {
        pump(&self.root, &self.entries[index], self.file(index)?, sink)
    }

    fn open(&self, index: usize) -> Option<File> {
        self.file(index).ok()
    }
}
