//! The store: one folder per wheel, named by the wheel's hash, complete or absent, read-only.
//!
//! ```text
//! wheels/<sha256>/{site-packages, data, modules.idx, facts.json}
//! instances/<key>/{site-packages, modules.idx}
//! isolated/<key>/{site-packages, modules.idx, isolated.json}
//! verdicts/<key>.json                      see [`crate::isolated`]
//! hooks/<hash>/
//! native/<version>/<sha256>               see [`crate::native`]
//! built/, sources/, checked/, last/      see [`crate::steps`]
//! tmp/, lock
//! ```
//! Deliberately not here: `environments/`, which the command line writes and reads, and the way a wheel gets in
//! ([`crate::install`]).

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::facts::WheelFacts;
use crate::filename::{same_name, same_version};
use crate::layout::SITE;
use crate::limits::Limits;

/// A store; nothing is read or written before something is asked of it.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    limits: Limits,
}

/// A wheel in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Its folder.
    pub dir: PathBuf,
    /// The hash of the wheel file, in lower case.
    pub sha256: String,
    /// What its metadata and files say.
    pub facts: WheelFacts,
}

impl Installed {
    /// Whether its metadata says this name and this version.
    pub fn is_of(&self, name: &str, version: &str) -> bool {
        same_name(&self.facts.name, name) && same_version(&self.facts.version, version)
    }

    /// The folder that importers would have on `sys.path`.
    pub fn site(&self) -> PathBuf {
        self.dir.join(SITE)
    }

    /// The wheel's scripts, headers and data; `data/scripts` and so on are there only if the wheel has them.
    pub fn data(&self) -> PathBuf {
        self.dir.join(crate::layout::DATA)
    }

    /// The module table of [`Self::site`].
    pub fn modules(&self) -> PathBuf {
        self.dir.join(crate::modules::FILE)
    }
}

impl Store {
    /// The store in the folder `root`, which need not be there yet.
    ///
    /// # Errors
    /// When `root` is relative and there is no current folder.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref();
        let absolute = std::path::absolute(root).map_err(|e| Error::store("find", root, e))?;
        Ok(Store { root: absolute, limits: Limits::default() })
    }

    /// The user's store: `$PINFOLD_CACHE`, else `$XDG_CACHE_HOME/pinfold`, else `~/.cache/pinfold`.
    ///
    /// # Errors
    /// When none of the three variables is set to something usable.
    pub fn from_env() -> Result<Self, Error> {
        Self::open(pinfold_core::places::store().ok_or(Error::NoHome)?)
    }

    /// The same store with other limits on what a wheel may unpack to.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The store's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The wheel with this hash, if the store has it.
    ///
    /// # Errors
    /// When `sha256` is not a hash, or the folder is there and not as it was written.
    pub fn wheel(&self, sha256: &str) -> Result<Option<Installed>, Error> {
        let sha256 = key(sha256)?;
        let dir = self.wheels().join(&sha256);
        if !exists(&dir)? {
            return Ok(None);
        }
        let facts = WheelFacts::read(&dir)?;
        Ok(Some(Installed { dir, sha256, facts }))
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn wheels(&self) -> PathBuf {
        self.root.join("wheels")
    }

    pub(crate) fn instances(&self) -> PathBuf {
        self.root.join("instances")
    }

    pub(crate) fn hooks(&self) -> PathBuf {
        self.root.join("hooks")
    }

    pub(crate) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

pub(crate) fn exists(dir: &Path) -> Result<bool, Error> {
    dir.try_exists().map_err(|e| Error::store("look for", dir, e))
}

/// A SHA-256 in the form that names a folder.
pub(crate) fn key(sha256: &str) -> Result<String, Error> {
    let key = sha256.to_ascii_lowercase();
    if key.len() != 64 || !key.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::Key { key: crate::path::shown(sha256), what: "SHA-256", digits: "64" });
    }
    Ok(key)
}
