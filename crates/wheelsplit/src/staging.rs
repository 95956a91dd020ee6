//! Temporary folders of the store: what is in one is complete or never seen.
//!
//! A folder `tmp/X` belongs to the process that holds the lock on `tmp/X.lock`; after a `kill -9` the lock is
//! free, and [`crate::gc`] removes both. Deliberately not here: what is written into them.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use crate::error::Error;
use crate::lock;
use crate::store::Store;

/// The end of a lock file's name.
pub(crate) const LOCK: &str = ".lock";

/// A temporary folder; removed when dropped.
pub(crate) struct Staging {
    dir: PathBuf,
    /// Dropped, and with it removed, after the folder.
    _lock: NamedTempFile,
}

impl Staging {
    /// Makes a new folder.
    pub(crate) fn new(store: &Store, prefix: &str) -> Result<Self, Error> {
        let tmp = store.tmp();
        fs::create_dir_all(&tmp).map_err(|e| Error::store("create", &tmp, e))?;
        loop {
            let lock = tempfile::Builder::new()
                .prefix(prefix)
                .suffix(LOCK)
                .tempfile_in(&tmp)
                .map_err(|e| Error::store("create a file in", &tmp, e))?;
            lock::flock(lock.as_file(), lock::EXCLUSIVE).map_err(|e| Error::store("lock", lock.path(), e))?;
            // A collection that ran between the two steps took it for a leftover, and removed it.
            if lock.as_file().metadata().is_ok_and(|meta| meta.nlink() == 0) {
                continue;
            }
            let dir = lock.path().with_extension("");
            fs::create_dir(&dir).map_err(|e| Error::store("create", &dir, e))?;
            return Ok(Staging { dir, _lock: lock });
        }
    }

    /// Fails unless the file system has room for `bytes` more, so that it is not filled up first.
    pub(crate) fn need(&self, bytes: u64) -> Result<(), Error> {
        // Where the system cannot tell, writing will.
        let Ok(system) = rustix::fs::statvfs(&self.dir) else { return Ok(()) };
        let free = system.f_bavail.saturating_mul(system.f_frsize);
        if bytes <= free {
            return Ok(());
        }
        let reason = format!("{bytes} bytes are needed, {free} are free");
        let source = std::io::Error::new(std::io::ErrorKind::StorageFull, reason);
        Err(Error::store("unpack into", &self.dir, source))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.dir
    }

    /// Makes the folder read-only and durable and renames it to `target`; `false` if another was there first.
    pub(crate) fn publish(self, target: &Path) -> Result<bool, Error> {
        self.make_durable()?;
        Self::place(&self.dir, target)
    }

    /// Makes what is in the folder read-only and durable.
    pub(crate) fn make_durable(&self) -> Result<(), Error> {
        seal(&self.dir)?;
        let folder = File::open(&self.dir).map_err(|e| Error::store("open", &self.dir, e))?;
        // One call for thousands of files; it reports what could not be written (since Linux 5.8).
        rustix::fs::syncfs(&folder).map_err(|e| Error::store("write to disk", &self.dir, e))
    }

    /// Renames a durable folder to `target` and makes it read-only; `false` if another was there first.
    pub(crate) fn place(dir: &Path, target: &Path) -> Result<bool, Error> {
        let folder = File::open(dir).map_err(|e| Error::store("open", dir, e))?;
        // A folder that moves to another parent must be writable, because its `..` changes.
        folder.set_permissions(mode(0o755)).map_err(|e| Error::store("make writable", dir, e))?;
        let parent = target.parent().unwrap_or(target);
        fs::create_dir_all(parent).map_err(|e| Error::store("create", parent, e))?;
        match rustix::fs::rename(dir, target) {
            Ok(()) => {}
            // rename(2): the new path is a folder that is not empty.
            Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(false),
            Err(e) => return Err(Error::store("rename a folder to", target, e)),
        }
        let synced = File::open(parent).and_then(|parent| parent.sync_all());
        synced.map_err(|e| Error::store("write to disk", parent, e))?;
        folder.set_permissions(mode(0o555)).map_err(|e| Error::store("make read-only", target, e))?;
        Ok(true)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now, is removed by gc.
        let _ = remove(&self.dir);
    }
}

fn mode(mode: u32) -> Permissions {
    Permissions::from_mode(mode)
}

/// Takes the permission to write from every folder below `dir`.
fn seal(dir: &Path) -> Result<(), Error> {
    for item in WalkDir::new(dir).min_depth(1) {
        let item = item.map_err(|e| Error::store("list", dir, e))?;
        if item.file_type().is_dir() {
            fs::set_permissions(item.path(), mode(0o555))
                .map_err(|e| Error::store("make read-only", item.path(), e))?;
        }
    }
    Ok(())
}

/// Removes a folder of the store, read-only as it is (or a file that strayed among them).
pub(crate) fn remove(dir: &Path) -> std::io::Result<()> {
    if fs::symlink_metadata(dir).is_ok_and(|meta| !meta.is_dir()) {
        return fs::remove_file(dir);
    }
    for item in WalkDir::new(dir).into_iter().filter_map(Result::ok) {
        if item.file_type().is_dir() {
            fs::set_permissions(item.path(), mode(0o755))?;
        }
    }
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
