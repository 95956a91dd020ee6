//! Copies of the import hook's package, `hooks/<hash>/`: the one thing in the store that is not a wheel.
//!
//! They get what wheels get: complete or absent, durable, read-only. Deliberately not here: what is in one, and
//! how its hash comes about; the command line knows that.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::staging::Staging;
use crate::store::{Store, exists, key};

impl Store {
    /// The folder `hooks/<hash>`; if it is not there, `fill` writes its content into a temporary folder first.
    ///
    /// # Errors
    /// When `hash` is not a hash, `fill` fails, or the store cannot take it.
    pub fn hook(
        &self,
        hash: &str,
        fill: impl FnOnce(&Path) -> std::io::Result<()>,
    ) -> Result<PathBuf, Error> {
        let dir = self.hooks().join(key(hash)?);
        if !exists(&dir)? {
            let staging = Staging::new(self, "hook-")?;
            fill(staging.path()).map_err(|e| Error::store("copy the import hook to", staging.path(), e))?;
            staging.publish(&dir)?;
        }
        Ok(dir)
    }
}
