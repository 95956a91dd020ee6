//! `closure.json`, the one joint of the system: an environment's units, closures, views and paths.
//!
//! Written by `pinfold sync` and by Nix; read by the hook (through [`crate::index`]), by abicheck and by
//! people. The schema is `closure.schema.json` beside this file. Deliberately not here: how units came to
//! be (the lock says that), and any rule of resolution ([`crate::resolve`]).

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::list::List;
use crate::names::{ROOT, UnitId};

/// The version of the format that this code writes and reads.
pub const VERSION: u32 = 1;

/// An environment, as `closure.json` states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The format's version: [`VERSION`].
    pub version: u32,
    /// Python's minor version, `3.12`.
    pub python: String,
    /// The platform in wheel-tag form, `linux_x86_64`.
    pub platform: String,
    /// Every unit, sorted by identifier.
    pub units: List<Unit>,
    /// Every closure; the first is root's.
    pub closures: List<Closure>,
}

/// A distribution together with the units its dependencies resolve to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// `name@hash`, see [`UnitId`].
    pub id: UnitId,
    /// The distribution's name, normalised (PEP 503).
    pub name: String,
    /// The distribution's version, as its metadata writes it.
    pub version: String,
    /// Merkle hash of the wheel and of the units it depends on, 64 hexadecimal digits.
    pub hash: String,
    /// SHA-256 of the wheel file, 64 hexadecimal digits; absent where there was no wheel file.
    #[serde(default)]
    pub wheel: Option<String>,
    /// The folder that importers would have on `sys.path`: packages and `*.dist-info` stand in it.
    pub path: PathBuf,
    /// The module table of that folder (see [`crate::modules`]); scanned when absent.
    #[serde(default)]
    pub modules: Option<PathBuf>,
    /// The units that its declared dependencies resolved to, sorted.
    pub dependencies: Vec<UnitId>,
    /// Names of the closures that it is part of, in the order of [`Environment::closures`].
    ///
    /// A pinned unit is a part of its own closure and of those that require it.
    pub closures: Vec<String>,
    /// The sharing domain of C-level registries, named after a closure.
    pub domain: String,
    /// Whether the distribution has compiled files.
    pub native: bool,
    /// Importable names: top-level ones and, under namespace packages, the first that is not a namespace.
    pub provides: BTreeMap<String, Provided>,
    /// Present when the unit is pinned.
    #[serde(default)]
    pub pin: Option<Pin>,
    /// Present when its files are copies, in which libraries have names of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Isolated>,
    /// Libraries of it that Python code opens for everyone (RTLD_GLOBAL) are for those who need them only: another unit has
    /// the same symbols.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_scope: bool,
}

/// What is different in the copies that a unit has for its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isolated {
    /// By the name that a library had, the one that it is loaded by now: no other unit's library has it.
    pub libraries: BTreeMap<String, String>,
    /// By each name that a library answered to, where it is below the unit's folder: what code of the unit's world gets
    /// that opens it by that name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
}

/// What stands under an importable name of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provided {
    /// A folder with `__init__`.
    Package,
    /// A single file.
    Module,
    /// A folder without `__init__` (PEP 420): several units may have a part of it.
    Namespace,
    /// A folder whose `__init__` extends its path (`pkgutil.extend_path`, `declare_namespace`): both.
    Legacy,
}

/// The pin of a unit: its dependencies are resolved in a closure of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// The name of that closure.
    pub closure: String,
    /// What the unit's own imports may reach beyond what it declares.
    #[serde(default)]
    pub undeclared: Undeclared,
    /// Names of distributions that the closure takes from root.
    #[serde(default)]
    pub share: Vec<String>,
    /// Names of distributions whose types stay inside: `pinfold check` says nothing of their crossing.
    #[serde(default)]
    pub private: Vec<String>,
    /// Whether units of the closure may get libraries under names of their own.
    #[serde(default, skip_serializing_if = "Native::is_default")]
    pub native: Native,
}

/// What is done where a unit would share a library with another unit that brings its own, and that would break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Native {
    /// One of them gets copies under names of their own.
    #[default]
    Isolate,
    /// Nothing: they share it, whoever is first.
    Shared,
}

impl Native {
    /// Whether it is what holds where nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a pinned unit may import beyond its own modules and declared dependencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Undeclared {
    /// Whatever does not mix two versions of something it sees.
    #[default]
    Allow,
    /// Nothing.
    Deny,
    /// Anything, also where that mixes versions.
    Any,
}

/// A set of units resolved together as one consistent environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closure {
    /// `root`, or the name of the pinned distribution (`name==version` where two versions are pinned), or of the track.
    pub name: String,
    /// The pinned unit whose closure it is; absent for root's and for a track's.
    #[serde(default)]
    pub owner: Option<UnitId>,
    /// The track whose closure it is: its owners are all units whose pin names this closure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// The requirements it was resolved from, as the manifest writes them.
    pub requires: Vec<String>,
    /// The units that those requirements name directly, sorted.
    pub direct: Vec<UnitId>,
    /// Every unit of the closure, sorted; one version of a name inside it.
    pub units: Vec<UnitId>,
}

/// Why a `closure.json` could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ClosureError {
    /// The file could not be read.
    #[error("could not read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what the schema says.
    #[error("{path} is not a closure.json of version {VERSION}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

impl Closure {
    /// Checks whose it is: root's, the first, is nobody else's, and a track's is called after the track.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(crate) fn check(&self) -> Result<(), String> {
        match (&self.track, &self.owner) {
            (Some(track), _) if *track != self.name || track == ROOT => {
                Err(format!("closure `{}` cannot be that of track `{track}`", self.name))
            }
            (Some(track), Some(owner)) => {
                Err(format!("the closure of track `{track}` has an owner of its own, `{owner}`"))
            }
            _ => Ok(()),
        }
    }
}

impl Environment {
    /// Reads and checks a `closure.json`.
    ///
    /// # Errors
    /// When the file cannot be read, is not JSON of this shape, or contradicts itself ([`Self::check`]).
    pub fn read(path: &Path) -> Result<Self, ClosureError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ClosureError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|reason| ClosureError::Malformed { path: path.to_owned(), reason })
    }

    /// Reads and checks the text of a `closure.json`.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let env: Environment = serde_json::from_str(text).map_err(|e| e.to_string())?;
        env.check()?;
        Ok(env)
    }

    /// The text of the file, stable for equal environments.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Checks what the types cannot: the version, and that every name refers to something.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("its version is {}", self.version));
        }
        if self.closures.first().is_none_or(|c| c.name != ROOT) {
            return Err(format!("its first closure is not `{ROOT}`"));
        }
        let mut pairs = self.units.iter().zip(self.units.iter().skip(1));
        if let Some((_, second)) = pairs.find(|(first, second)| first.id >= second.id) {
            return Err(format!("its units are not sorted and unique at `{}`", second.id));
        }
        // A set: an environment is checked at every start, and a thousand units have ten thousand references.
        let ids: HashSet<&UnitId> = self.units.iter().map(|unit| &unit.id).collect();
        let names: HashSet<&str> = self.closures.iter().map(|closure| closure.name.as_str()).collect();
        if names.len() < self.closures.len() {
            return Err("two of its closures have one name".to_owned());
        }
        let known = |id: &UnitId| ids.contains(id);
        for unit in self.units.iter() {
            if !unit.id.is_well_formed() {
                return Err(format!("`{}` is not the identifier of a unit", unit.id));
            }
            // A relative folder would be another one wherever the process is; the empty one, every folder.
            if !unit.path.is_absolute() {
                return Err(format!("the path of `{}`, `{}`, is not absolute", unit.id, unit.path.display()));
            }
            if let Some(id) = unit.dependencies.iter().find(|id| !known(id)) {
                return Err(format!("`{}` depends on `{id}`, which is not among its units", unit.id));
            }
            let closures = unit.closures.iter().chain(unit.pin.iter().map(|pin| &pin.closure));
            for name in closures.chain([&unit.domain]) {
                if !names.contains(name.as_str()) {
                    return Err(format!("`{}` names closure `{name}`, which is not there", unit.id));
                }
            }
        }
        for closure in self.closures.iter() {
            closure.check()?;
            let ids = closure.units.iter().chain(&closure.direct).chain(&closure.owner);
            if let Some(id) = ids.into_iter().find(|id| !known(id)) {
                return Err(format!("closure `{}` names unit `{id}`, which is not there", closure.name));
            }
        }
        Ok(())
    }

    /// The positions of units with libraries that answer to other names than they did, or that are for themselves: those
    /// that Python code opens otherwise than the loader alone would.
    pub fn renamed(&self) -> Vec<usize> {
        if let Some(image) = self.units.image() {
            return image.renamed().collect();
        }
        let has = |unit: &Unit| {
            unit.own_scope || unit.isolated.as_ref().is_some_and(|isolated| !isolated.files.is_empty())
        };
        self.units.iter().enumerate().filter(|(_, unit)| has(unit)).map(|(position, _)| position).collect()
    }

    /// The positions of the units that `unit` comes to by what it depends on, the nearest first; its own is one of them.
    pub fn reached(&self, unit: usize) -> Vec<usize> {
        self.reached_past(unit, &|_| true)
    }

    /// As [`Self::reached`], past units that are `passable`: what others depend on is their own affair.
    pub fn reached_past(&self, unit: usize, passable: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let mut reached = vec![unit];
        let mut at = 0;
        while let Some(here) = reached.get(at).copied() {
            at += 1;
            let Some(one) = self.units.get(here).filter(|_| passable(here)) else { continue };
            for dependency in one.dependencies.iter().filter_map(|id| self.find(id)) {
                if !reached.contains(&dependency) {
                    reached.push(dependency);
                }
            }
        }
        reached
    }

    /// The position of unit `id` in [`Self::units`].
    pub fn find(&self, id: &UnitId) -> Option<usize> {
        self.units.find(id.as_str(), self.units.len())
    }
}
