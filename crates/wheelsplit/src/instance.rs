//! Instances: a second, real copy of a wheel's compiled files, for a unit with other dependencies.
//!
//! Deliberately not here: which units need one, and what is copied and what linked ([`pinfold_core::instance`]).

use std::fs;
use std::path::{Path, PathBuf};

use pinfold_core::instance;
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::error::Error;
use crate::layout::SITE;
use crate::modules;
use crate::staging::Staging;
use crate::store::{Installed, Store, exists, key};

impl Store {
    /// The `site-packages` of the unit's own copy of the wheel, made if it is not there.
    ///
    /// # Errors
    /// When `unit` is not a unit's hash, or the store cannot take it.
    pub fn instance(&self, wheel: &Installed, unit: &str) -> Result<PathBuf, Error> {
        let unit = key(unit)?;
        let dir = self.instances().join(unit);
        if !exists(&dir)? {
            let staging = Staging::new(self, "instance-")?;
            copy(&wheel.site(), &staging.path().join(SITE))?;
            let table = staging.path().join(modules::FILE);
            fs::copy(wheel.modules(), &table).map_err(|e| Error::store("write", &table, e))?;
            staging.publish(&dir)?;
        }
        Ok(dir.join(SITE))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut files = Vec::new();
    for item in WalkDir::new(from) {
        let item = item.map_err(|e| Error::store("list", from, e))?;
        let target = to.join(item.path().strip_prefix(from).unwrap_or(item.path()));
        if item.file_type().is_dir() {
            fs::create_dir(&target).map_err(|e| Error::store("create", &target, e))?;
        } else {
            files.push((item.into_path(), target));
        }
    }
    files
        .par_iter()
        .try_for_each(|(from, to)| instance::put(from, to).map_err(|e| Error::store("write", to, e)))
}
