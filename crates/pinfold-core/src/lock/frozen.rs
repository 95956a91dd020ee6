//! Sets of wheels that are frozen beside the closures: what packages are built with, and what they are checked with.
//!
//! They are resolved apart from the closures and stay as they are, whatever moves there. Deliberately not here: how they
//! are resolved and used.

use serde::{Deserialize, Serialize};

use super::Wheel;

/// Wheels for builds or checks, and which of them each package uses.
///
/// Invariant (see [`super::Lock::check`]): wheels are sorted as those of the lock, packages by name, and every
/// hash that a package mentions is that of a wheel of the set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenSet {
    /// What the manifest asks for in every package's name, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// The wheel files.
    #[serde(default, rename = "wheel", skip_serializing_if = "Vec::is_empty")]
    pub wheels: Vec<Wheel>,
    /// The packages that are built or checked with them.
    #[serde(default, rename = "package", skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<FrozenPackage>,
}

/// What one package is built or checked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenPackage {
    /// Its name, normalised.
    pub name: String,
    /// The unit that is checked, `name@hash`; builds know no units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// What it asks for, sorted: its `[build-system]` or its check's requirements, and the manifest's own.
    #[serde(default)]
    pub requires: Vec<String>,
    /// What its build backend asks for in addition, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dynamic: Vec<String>,
    /// Hashes of the wheels that this came to, sorted.
    #[serde(default)]
    pub wheels: Vec<String>,
}

impl FrozenSet {
    /// Whether nothing is built or checked.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty() && self.wheels.is_empty() && self.requires.is_empty()
    }

    /// What `name` is built or checked with.
    pub fn package(&self, name: &str) -> Option<&FrozenPackage> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The wheels of a package, in the order of the set.
    pub fn wheels_of<'a>(&'a self, package: &'a FrozenPackage) -> impl Iterator<Item = &'a Wheel> {
        self.wheels.iter().filter(|wheel| package.wheels.contains(&wheel.sha256))
    }

    /// Puts everything in order, and takes out wheels that no package uses.
    pub fn tidy(&mut self) {
        for package in &mut self.packages {
            package.wheels.sort();
            package.wheels.dedup();
        }
        self.packages.sort();
        self.packages.dedup();
        let used = |wheel: &Wheel| self.packages.iter().any(|package| package.wheels.contains(&wheel.sha256));
        let mut wheels: Vec<Wheel> = self.wheels.iter().filter(|wheel| used(wheel)).cloned().collect();
        wheels.sort();
        wheels.dedup_by(|a, b| a.sha256 == b.sha256);
        self.wheels = wheels;
    }

    /// Checks that every hash is that of a wheel of the set; `table` names the set in messages.
    pub(super) fn check(&self, table: &str) -> Result<(), String> {
        for package in &self.packages {
            let missing = package.wheels.iter().find(|hash| self.wheels.iter().all(|w| w.sha256 != **hash));
            if let Some(hash) = missing {
                return Err(format!(
                    "`{}` in [{table}] has the wheel {hash}, which is not listed there",
                    package.name
                ));
            }
        }
        super::check_wheels(&self.wheels)
    }
}
