//! What a new generation brings and what it drops, as people read it.

use std::collections::BTreeMap;

use pinfold_core::closure::Environment;
use pinfold_core::names::ROOT;
use serde::Serialize;

/// A distribution that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Whether it came.
    pub came: bool,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The closures that have it; empty for root's.
    pub closures: Vec<String>,
}

/// Compares two environments by name, version and closures, ordered by name.
pub fn changes(before: Option<&Environment>, after: &Environment) -> Vec<Change> {
    let old = before.map(distributions).unwrap_or_default();
    let new = distributions(after);
    let one = |came: bool, (name, version): &(String, String), closures: &[String]| Change {
        came,
        name: name.clone(),
        version: version.clone(),
        closures: closures.to_vec(),
    };
    let gone = old
        .iter()
        .filter(|(key, _)| !new.contains_key(*key))
        .map(|(key, closures)| one(false, key, closures));
    let here =
        new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(key, closures)| one(true, key, closures));
    let mut all: Vec<Change> = gone.chain(here).collect();
    all.sort_by(|a, b| (&a.name, a.came, &a.version).cmp(&(&b.name, b.came, &b.version)));
    all
}

/// Name and version to the closures that have it; none where root's has.
fn distributions(environment: &Environment) -> BTreeMap<(String, String), Vec<String>> {
    let mut all: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for unit in environment.units.iter() {
        let key = (unit.name.clone(), unit.version.clone());
        all.entry(key).or_default().extend(unit.closures.iter().cloned());
    }
    for closures in all.values_mut() {
        closures.sort();
        closures.dedup();
        if closures.iter().any(|closure| closure == ROOT) {
            closures.clear();
        }
    }
    all
}
