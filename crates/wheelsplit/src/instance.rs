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
            fill(wheel, staging.path(), &instance::put)?;
            staging.publish(&dir)?;
        }
        Ok(dir.join(SITE))
    }
}

impl Installed {
    /// The `site-packages` of a unit's own copy of the wheel, made in the folder `dir`; what is not copied are symlinks,
    /// and what is copied has the unit's hash behind its end, so that nobody takes two units' files for one.
    ///
    /// # Errors
    /// When `dir` is there already, or cannot be written.
    pub fn instance_alone(&self, dir: &Path, unit: &str) -> Result<PathBuf, Error> {
        fs::create_dir_all(dir).map_err(|e| Error::store("create", dir, e))?;
        fill(self, dir, &|from, to| instance::put_apart(from, to, unit))?;
        Ok(dir.join(SITE))
    }
}

/// How one file gets into an instance.
type Put<'a> = &'a (dyn Fn(&Path, &Path) -> std::io::Result<()> + Sync);

fn fill(wheel: &Installed, dir: &Path, put: Put<'_>) -> Result<(), Error> {
    copy(&wheel.site(), &dir.join(SITE), put)?;
    let table = dir.join(modules::FILE);
    fs::copy(wheel.modules(), &table).map_err(|e| Error::store("write", &table, e)).map(drop)
}

fn copy(from: &Path, to: &Path, put: Put<'_>) -> Result<(), Error> {
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
    files.par_iter().try_for_each(|(from, to)| put(from, to).map_err(|e| Error::store("write", to, e)))
}
