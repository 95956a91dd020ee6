//! Instances: a second, real copy of a wheel's compiled files, for a unit with other dependencies.
//!
//! A unit whose libraries look into folders of other distributions gets one with links to those, whether or not it is the
//! only one of its wheel. Deliberately not here: which units need one, and what is copied and what linked
//! ([`pinfold_core::instance`]).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use pinfold_core::instance;
use rayon::prelude::*;
use walkdir::WalkDir;

use crate::error::Error;
use crate::layout::SITE;
use crate::modules;
use crate::staging::Staging;
use crate::store::{Installed, Store, exists, key};

/// What an instance is to be.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// What its folder is called: a hash of all that makes it what it is, of 64 hexadecimal digits.
    pub key: &'a str,
    /// Whether no other unit of an environment uses the wheel: then its compiled files need not be other files.
    pub alone: bool,
    /// Links to folders and files of other units: where they stand in its `site-packages`, and where they lead.
    pub links: &'a [(PathBuf, PathBuf)],
}

impl Store {
    /// The `site-packages` of the unit's own copy of the wheel, made if it is not there.
    ///
    /// # Errors
    /// When its key is no hash, or the store cannot take it.
    pub fn instance(&self, wheel: &Installed, wanted: &Instance<'_>) -> Result<PathBuf, Error> {
        let key = key(wanted.key)?;
        let dir = self.instances().join(&key);
        if !exists(&dir)? {
            let staging = Staging::new(self, "instance-")?;
            fill(wheel, staging.path(), wanted, if wanted.alone { &instance::link } else { &instance::put })?;
            staging.publish(&dir)?;
        }
        Ok(dir.join(SITE))
    }

    /// Where the `site-packages` of the instance with this key is, or would be.
    pub fn instance_site(&self, key: &str) -> PathBuf {
        self.instances().join(key).join(SITE)
    }
}

impl Installed {
    /// The `site-packages` of a unit's own copy of the wheel, made in the folder `dir`; what is not copied are symlinks,
    /// and what is copied has the instance's key behind its end, so that nobody takes two units' files for one.
    ///
    /// # Errors
    /// When `dir` is there already, or cannot be written.
    pub fn instance_alone(&self, dir: &Path, wanted: &Instance<'_>) -> Result<PathBuf, Error> {
        fs::create_dir_all(dir).map_err(|e| Error::store("create", dir, e))?;
        if wanted.alone {
            fill(self, dir, wanted, &|from, to| symlink(from, to))?;
        } else {
            fill(self, dir, wanted, &|from, to| instance::put_apart(from, to, wanted.key))?;
        }
        Ok(dir.join(SITE))
    }
}

/// How one file gets into an instance.
type Put<'a> = &'a (dyn Fn(&Path, &Path) -> std::io::Result<()> + Sync);

fn fill(wheel: &Installed, dir: &Path, wanted: &Instance<'_>, put: Put<'_>) -> Result<(), Error> {
    let site = dir.join(SITE);
    copy(&wheel.site(), &site, put)?;
    for (at, to) in wanted.links {
        let at = site.join(at);
        let parent = at.parent().unwrap_or(&site);
        fs::create_dir_all(parent).map_err(|e| Error::store("create", parent, e))?;
        symlink(to, &at).map_err(|e| Error::store("link", &at, e))?;
    }
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
