//! Locks of the store: whoever uses it shares, a collection excludes.
//!
//! A wheel that was found may be collected before the environment that needs it is registered, unless the
//! finder holds a [`Shared`] meanwhile. flock(2): released by the kernel however a process ends.
//! Deliberately not here: the locks of projects and generations.

use std::fs::{File, OpenOptions};
use std::path::PathBuf;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use crate::error::Error;
use crate::store::Store;

pub(crate) const EXCLUSIVE: FlockOperation = FlockOperation::LockExclusive;

/// Nothing is removed from the store while this is held.
#[derive(Debug)]
pub struct Shared {
    _file: Option<File>,
}

/// Nobody else uses the store while this is held.
#[derive(Debug)]
pub struct Exclusive {
    _file: File,
}

/// flock(2), begun again when a signal interrupts it.
pub(crate) fn flock(file: &File, operation: FlockOperation) -> rustix::io::Result<()> {
    rustix::io::retry_on_intr(|| rustix::fs::flock(file, operation))
}

impl Store {
    /// Waits for a collection to end, and keeps the next one from beginning.
    ///
    /// A store that may not be written to, and has no lock file, cannot be collected by us either: the lock
    /// is empty then.
    ///
    /// # Errors
    /// When the lock file cannot be used.
    pub fn share(&self) -> Result<Shared, Error> {
        let file = self.file_to_share()?;
        if let Some(file) = &file {
            flock(file, FlockOperation::LockShared)
                .map_err(|e| Error::store("lock", &self.lock_path(), e))?;
        }
        Ok(Shared { _file: file })
    }

    /// As [`Self::share`], but `None` while a collection runs: for saying so before waiting.
    ///
    /// # Errors
    /// When the lock file cannot be used.
    pub fn try_share(&self) -> Result<Option<Shared>, Error> {
        let file = self.file_to_share()?;
        if let Some(file) = &file {
            match flock(file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Ok(None),
                Err(e) => return Err(Error::store("lock", &self.lock_path(), e)),
            }
        }
        Ok(Some(Shared { _file: file }))
    }

    fn file_to_share(&self) -> Result<Option<File>, Error> {
        match self.lock_file() {
            Ok(file) => Ok(Some(file)),
            Err(Error::ReadOnly { .. }) => Ok(File::open(self.lock_path()).ok()),
            Err(e) => Err(e),
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.root().join("lock")
    }

    /// Waits until nobody uses the store.
    ///
    /// # Errors
    /// When the lock file cannot be made or used.
    pub fn exclusive(&self) -> Result<Exclusive, Error> {
        let file = self.lock_file()?;
        flock(&file, EXCLUSIVE).map_err(|e| Error::store("lock", &self.lock_path(), e))?;
        Ok(Exclusive { _file: file })
    }

    /// As [`Self::exclusive`], but `None` if somebody uses the store now.
    ///
    /// # Errors
    /// When the lock file cannot be made or used.
    pub fn try_exclusive(&self) -> Result<Option<Exclusive>, Error> {
        let file = self.lock_file()?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Exclusive { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(e) => Err(Error::store("lock", &self.lock_path(), e)),
        }
    }

    fn lock_file(&self) -> Result<File, Error> {
        let (root, path) = (self.root(), self.lock_path());
        std::fs::create_dir_all(root).map_err(|e| Error::store("create", root, e))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path).map_err(|e| Error::store("open", &path, e))
    }
}
