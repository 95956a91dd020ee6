//! The files of the machine, as the loader sees them: whether one is there, which file it is, and what it says.
//!
//! A [`crate::System`] remembers every answer for the length of a run, since opening files in vain is most of what a
//! search costs. Deliberately not here: where to look.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use elf_facts::{Facts, FactsError};

use crate::library::{Library, Versions};

/// Which file a path leads to (`struct r_file_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The device.
    pub device: u64,
    /// The inode.
    pub inode: u64,
}

impl Identity {
    /// That of a file with this metadata.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What lies at a path, all symbolic links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: ENOENT, ENOTDIR, and EACCES, which a search passes over alike.
    Nothing,
    /// Nothing, for a reason that ends a search through one list of folders: ELOOP, ENAMETOOLONG and others.
    Refused(i32),
    /// A folder.
    Folder(Identity),
    /// A file.
    File(Identity),
}

/// The facts of a file, or why there are none; shared, because one file is asked for often.
pub type FactsResult = Result<Arc<Facts>, Arc<FactsError>>;

/// Where files come from.
pub trait Files: Send + Sync {
    /// What lies at `path`, which is absolute.
    fn look(&self, path: &Path) -> Seen;
    /// The facts of the file at `path`, which is the file `identity`.
    fn facts(&self, path: &Path, identity: Identity) -> FactsResult;
}

/// The disk, with facts read by a function of the caller's, such as a cache's.
pub struct Disk<F>(pub F);

impl<F: Fn(&Path) -> FactsResult + Send + Sync> Files for Disk<F> {
    fn look(&self, path: &Path) -> Seen {
        Seen::at(path)
    }

    fn facts(&self, path: &Path, _: Identity) -> FactsResult {
        (self.0)(path)
    }
}

impl Seen {
    /// What lies at `path` on the disk.
    pub fn at(path: &Path) -> Self {
        match std::fs::metadata(path) {
            Ok(metadata) => {
                let identity = Identity::of(&metadata);
                if metadata.is_dir() { Self::Folder(identity) } else { Self::File(identity) }
            }
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => {
                    Self::Nothing
                }
                _ => Self::Refused(error.raw_os_error().unwrap_or_default()),
            },
        }
    }
}

/// A file that was read, or why it could not be.
pub(crate) type LibraryResult = Result<Arc<Library>, Arc<FactsError>>;

/// Which of [`crate::System::subfolders`] a folder has.
pub(crate) type Places = Arc<[u16]>;

/// What was asked of [`Files`] before.
#[derive(Default)]
pub(crate) struct Memory {
    seen: Mutex<HashMap<Box<[u8]>, Seen>>,
    libraries: Mutex<HashMap<Identity, LibraryResult>>,
    subfolders: Mutex<HashMap<Box<[u8]>, Places>>,
    versions: Mutex<Versions>,
}

impl Memory {
    /// What lies at `path`, relative to `folder` unless it is absolute.
    pub(crate) fn look(&self, files: &dyn Files, folder: &[u8], path: &[u8]) -> Seen {
        if let Some(seen) = held(&self.seen).get(path) {
            return *seen;
        }
        let seen = files.look(&absolute(folder, path));
        held(&self.seen).insert(path.into(), seen);
        seen
    }

    /// The file at `path`, which is the file `identity`.
    pub(crate) fn library(
        &self,
        files: &dyn Files,
        folder: &[u8],
        path: &[u8],
        identity: Identity,
    ) -> LibraryResult {
        if let Some(known) = held(&self.libraries).get(&identity) {
            return known.clone();
        }
        let read = files.facts(&absolute(folder, path), identity);
        let library = read.map(|facts| Arc::new(Library::new(facts, &mut held(&self.versions))));
        held(&self.libraries).entry(identity).or_insert(library).clone()
    }

    /// `compute` once for each folder.
    pub(crate) fn subfolders(&self, folder: &[u8], compute: impl FnOnce() -> Places) -> Places {
        if let Some(known) = held(&self.subfolders).get(folder) {
            return known.clone();
        }
        let found = compute();
        held(&self.subfolders).insert(folder.into(), found.clone());
        found
    }

    /// The name of a version.
    pub(crate) fn version(&self, id: crate::library::VersionId) -> Arc<[u8]> {
        held(&self.versions).name(id)
    }
}

/// What a mutex holds; a panic elsewhere leaves a map that lacks an answer and nothing worse.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn absolute(folder: &[u8], path: &[u8]) -> std::path::PathBuf {
    Path::new(OsStr::from_bytes(folder)).join(OsStr::from_bytes(path))
}
