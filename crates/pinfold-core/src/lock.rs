//! `pinfold.lock`: exactly which wheels, units and closures a manifest came to, on one platform and one Python.
//!
//! Made to be committed and reviewed: stable order, one thing a line, no host names, no absolute paths, no
//! credentials. Deliberately not here: how it is computed, and where the bytes of a wheel come from.

mod frozen;
mod hold;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::closure::{Closure, Native, Pin};
use crate::names::{ROOT, UnitId};
use crate::units::{Node, hashes};

pub use frozen::{FrozenPackage, FrozenSet};
pub use hold::Hold;

/// The file name of the lock, beside the manifest.
pub const FILE: &str = "pinfold.lock";

/// The version of the format that this code writes and reads.
pub const VERSION: u32 = 1;

/// The first line of the file.
const HEADER: &str = "# Written by `pinfold lock`; edit the manifest instead.\n";

/// What a manifest came to.
///
/// Invariant (see [`Lock::check`]): wheels are sorted by name, version and hash, units by identifier; every
/// unit has its wheel, and every identifier that is mentioned is a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The format's version: [`VERSION`].
    pub version: u32,
    /// Python's minor version, `3.11`.
    pub python: String,
    /// The platform in wheel-tag form, `linux_x86_64`.
    pub platform: String,
    /// Digest of everything in the manifest that the lock depends on: another digest means that it is stale.
    pub manifest: String,
    /// Whether units may get libraries under names of their own: what the manifest says of all.
    #[serde(default, skip_serializing_if = "Native::is_default")]
    pub native: Native,
    /// The tracks that stay behind, sorted by name.
    #[serde(default, rename = "hold", skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<Hold>,
    /// The wheel files.
    #[serde(default, rename = "wheel")]
    pub wheels: Vec<Wheel>,
    /// The units.
    #[serde(default, rename = "unit")]
    pub units: Vec<LockedUnit>,
    /// The closures; root's first, the others by name.
    #[serde(default, rename = "closure")]
    pub closures: Vec<Closure>,
    /// What packages are built with; in no closure.
    #[serde(default, rename = "build-set", skip_serializing_if = "FrozenSet::is_empty")]
    pub build_set: FrozenSet,
    /// What packages are checked with, beyond their own closures.
    #[serde(default, rename = "check-set", skip_serializing_if = "FrozenSet::is_empty")]
    pub check_set: FrozenSet,
}

/// A wheel file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// The distribution's name, normalised.
    pub name: String,
    /// Its version, as the index writes it.
    pub version: String,
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes, where the index says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The name of the index it comes from; its address is configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The local wheel file, or the local folder it is built from, relative to the lock's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When it was uploaded, where the index says it (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<String>,
    /// The source distribution that it is built from, where the index has no wheel for this platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// A source distribution that a wheel is built from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The file's name.
    pub file: String,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
}

/// A distribution together with the units its dependencies resolved to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedUnit {
    /// `name@hash`.
    pub id: UnitId,
    /// Merkle hash of the wheel and of the units it depends on (see [`crate::units`]).
    pub hash: String,
    /// SHA-256 of its wheel.
    pub wheel: String,
    /// The units that its dependencies resolved to, sorted.
    #[serde(default)]
    pub dependencies: Vec<UnitId>,
    /// Present when the unit is pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
}

/// Why a lock could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The file could not be read or written.
    #[error("could not {what} {path}: {source}")]
    Io {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not a lock, or contradicts itself.
    #[error("{path} is not a lock of version {VERSION}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// How the file names of source distributions end: PEP 625's, and those before it.
const SDIST: [&str; 5] = [".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"];

/// Whether a path names a source distribution, and no folder or wheel.
pub fn is_sdist(path: &str) -> bool {
    SDIST.iter().any(|end| path.ends_with(end))
}

impl Wheel {
    /// Whether it is built here, from a folder or from a source distribution.
    pub fn is_built(&self) -> bool {
        self.source.is_some() || self.path.as_ref().is_some_and(|path| !path.ends_with(".whl"))
    }

    /// Whether it is built from a folder of this machine.
    pub fn is_folder(&self) -> bool {
        self.source.is_none() && self.is_built() && !self.path.as_deref().is_some_and(is_sdist)
    }
}

impl Lock {
    /// Reads and checks a lock; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, is not of this shape, or contradicts itself.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LockError::Io { what: "read", path: path.to_owned(), source }),
        };
        Self::parse(&text).map(Some).map_err(|reason| LockError::Malformed { path: path.to_owned(), reason })
    }

    /// Reads and checks the text of a lock.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|e: toml::de::Error| e.to_string())?;
        match table.get("version").and_then(toml::Value::as_integer) {
            Some(version) if version == i64::from(VERSION) => {}
            Some(version) if version > i64::from(VERSION) => {
                return Err(format!("its version is {version}, which a newer Pinfold writes"));
            }
            Some(version) => return Err(format!("its version is {version}")),
            None => return Err("it has no `version`".to_owned()),
        }
        let lock: Lock = toml::from_str(text).map_err(|e| e.to_string())?;
        lock.check()?;
        Ok(lock)
    }

    /// The text of the file, the same for equal locks.
    ///
    /// # Errors
    /// When the content has no TOML form, which its types do not allow.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEADER}{}", toml::to_string_pretty(self)?))
    }

    /// Checks what the types cannot: order, and that every name refers to something.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.closures.first().is_none_or(|c| c.name != ROOT) {
            return Err(format!("its first closure is not `{ROOT}`"));
        }
        if let Some(pair) = self.units.windows(2).find(|pair| pair[0].id >= pair[1].id) {
            return Err(format!("its units are not sorted and unique at `{}`", pair[1].id));
        }
        for unit in &self.units {
            if self.wheel(&unit.wheel).is_none() {
                return Err(format!("unit `{}` has a wheel that is not listed", unit.id));
            }
            if let Some(id) = unit.dependencies.iter().find(|id| self.unit(id).is_none()) {
                return Err(format!("unit `{}` depends on `{id}`, which is not there", unit.id));
            }
        }
        for closure in &self.closures {
            closure.check()?;
            let mut ids = closure.units.iter().chain(&closure.direct).chain(&closure.owner);
            if let Some(id) = ids.find(|id| self.unit(id).is_none()) {
                return Err(format!("closure `{}` names unit `{id}`, which is not there", closure.name));
            }
        }
        check_wheels(&self.wheels)?;
        hold::check(&self.holds)?;
        self.build_set.check("build-set")?;
        self.check_set.check("check-set")?;
        self.check_hashes()
    }

    /// Checks that every unit is named after its wheel and its dependencies: where an edit by hand shows.
    fn check_hashes(&self) -> Result<(), String> {
        let position = |id: &UnitId| self.units.binary_search_by(|unit| unit.id.cmp(id)).ok();
        let name = |unit: &LockedUnit| self.wheel(&unit.wheel).map_or("", |wheel| &wheel.name).to_owned();
        let nodes: Vec<Node> = self
            .units
            .iter()
            .map(|unit| Node {
                name: name(unit),
                wheel: unit.wheel.clone(),
                dependencies: unit.dependencies.iter().filter_map(position).collect(),
            })
            .collect();
        let named = |(unit, (node, hash)): &(&LockedUnit, (&Node, &String))| {
            unit.hash == **hash && unit.id == UnitId::new(&node.name, hash)
        };
        let hashes = hashes(&nodes);
        match self.units.iter().zip(nodes.iter().zip(&hashes)).find(|unit| !named(unit)) {
            Some((unit, _)) => {
                Err(format!("the hash of unit `{}` is not that of its wheel and dependencies", unit.id))
            }
            None => Ok(()),
        }
    }

    /// The unit with identifier `id`.
    pub fn unit(&self, id: &UnitId) -> Option<&LockedUnit> {
        self.units.binary_search_by(|unit| unit.id.cmp(id)).ok().and_then(|i| self.units.get(i))
    }

    /// The wheel with hash `sha256`.
    pub fn wheel(&self, sha256: &str) -> Option<&Wheel> {
        self.wheels.iter().find(|wheel| wheel.sha256 == sha256)
    }
}

/// Checks that hashes are hashes, and that no name leads elsewhere.
fn check_wheels(wheels: &[Wheel]) -> Result<(), String> {
    let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(wheel) = wheels.iter().find(|wheel| !is_hash(&wheel.sha256)) {
        return Err(format!("the sha256 of `{}` is not 64 hexadecimal digits", wheel.file));
    }
    match wheels.iter().find(|wheel| wheel.file.contains(['/', '\\'])) {
        Some(wheel) => Err(format!("the wheel `{}` is not a plain file name", wheel.file)),
        None => Ok(()),
    }
}
