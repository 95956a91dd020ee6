//! What Python code opens in processes with Pinfold's import hook: libraries of units that have other names now, and those
//! that are for their unit only.
//!
//! Deliberately not here: code that opens libraries for others (the hook asks for whom), and what is loaded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pinfold_core::closure;

use super::DistributionId;

/// For each distribution, the files that a bare name means to its code: its own, then those of what it depends on.
#[derive(Debug, Default)]
pub struct Answers {
    names: Vec<BTreeMap<String, Vec<PathBuf>>>,
    own_scope: Vec<bool>,
}

impl Answers {
    /// Those of an environment of pins, whose distributions are its units in their order.
    pub(super) fn of(closure: &closure::Environment) -> Self {
        if closure.renamed().is_empty() {
            return Self::default();
        }
        Self {
            names: (0..closure.units.len()).map(|unit| answers(closure, unit)).collect(),
            own_scope: closure.units.iter().map(|unit| unit.own_scope).collect(),
        }
    }

    /// Whether a distribution's libraries are for itself, also where Python code opens them for everyone.
    pub fn has_own_scope(&self, distribution: DistributionId) -> bool {
        self.own_scope.get(distribution).copied().unwrap_or_default()
    }

    /// The files that may be meant: the first that is loaded is, and nothing where none is.
    pub fn files(&self, asker: DistributionId, name: &str) -> &[PathBuf] {
        let known = self.names.get(asker).and_then(|names| names.get(name));
        known.map(Vec::as_slice).unwrap_or_default()
    }
}

fn answers(closure: &closure::Environment, unit: usize) -> BTreeMap<String, Vec<PathBuf>> {
    let mut names: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for near in closure.reached(unit) {
        let near = &closure.units[near];
        for (name, file) in near.isolated.iter().flat_map(|isolated| &isolated.files) {
            names.entry(name.clone()).or_default().push(near.path.join(file));
        }
    }
    names
}
