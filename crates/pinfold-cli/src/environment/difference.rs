//! What differs between two generations: per closure, the packages that went up or down, came or went.
//!
//! Deliberately not here: how it is shown.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use pep440_rs::Version;
use pinfold_core::closure::Environment;
use serde::Serialize;

/// What happened to a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A later version.
    Up,
    /// An earlier version.
    Down,
    /// It came.
    Added,
    /// It went.
    Removed,
    /// The same version from another wheel.
    Rebuilt,
}

/// A package that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name.
    pub package: String,
    /// What happened to it.
    pub kind: Kind,
    /// Its version before.
    pub from: Option<String>,
    /// Its version after.
    pub to: Option<String>,
}

/// A closure in which something differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name.
    pub closure: String,
    /// Its packages that differ, by name.
    pub changes: Vec<Change>,
}

/// Compares two environments; closures in the order of the later one, those that are gone last.
pub fn difference(before: &Environment, after: &Environment) -> Vec<Difference> {
    let (old, new) = (packages(before), packages(after));
    let gone = old.iter().filter(|(name, _)| new.iter().all(|(other, _)| other != name));
    let names = new.iter().chain(gone).map(|(name, _)| name);
    let none = BTreeMap::new();
    let of = |all: &'_ [(String, Packages)], name: &str| -> Packages {
        all.iter().find(|(other, _)| other == name).map_or(&none, |(_, packages)| packages).clone()
    };
    let differences = names
        .map(|name| Difference { closure: name.clone(), changes: compare(&of(&old, name), &of(&new, name)) });
    differences.filter(|difference| !difference.changes.is_empty()).collect()
}

/// Per package its version and its wheel.
type Packages = BTreeMap<String, (String, Option<String>)>;

fn packages(environment: &Environment) -> Vec<(String, Packages)> {
    let units = |ids: &[pinfold_core::names::UnitId]| {
        let units = ids.iter().filter_map(|id| environment.units.get(environment.find(id)?));
        units.map(|unit| (unit.name.clone(), (unit.version.clone(), unit.wheel.clone()))).collect()
    };
    environment.closures.iter().map(|closure| (closure.name.clone(), units(&closure.units))).collect()
}

fn compare(old: &Packages, new: &Packages) -> Vec<Change> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let (from, to) = (old.get(name), new.get(name));
        let kind = match (from, to) {
            (None, Some(_)) => Kind::Added,
            (Some(_), None) => Kind::Removed,
            (Some(from), Some(to)) if from == to => return None,
            (Some((from, _)), Some((to, _))) => match order(from, to) {
                Ordering::Less => Kind::Up,
                Ordering::Greater => Kind::Down,
                Ordering::Equal => Kind::Rebuilt,
            },
            (None, None) => return None,
        };
        let version = |side: Option<&(String, Option<String>)>| side.map(|(version, _)| version.clone());
        Some(Change { package: name.clone(), kind, from: version(from), to: version(to) })
    };
    names.into_iter().filter_map(change).collect()
}

/// By PEP 440; what is no such version is compared as text.
pub fn order(one: &str, other: &str) -> Ordering {
    match (Version::from_str(one), Version::from_str(other)) {
        (Ok(one), Ok(other)) => one.cmp(&other),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(entries: &[(&str, &str, &str)]) -> Packages {
        let entry = |(name, version, wheel): &(&str, &str, &str)| {
            ((*name).to_owned(), ((*version).to_owned(), Some((*wheel).to_owned())))
        };
        entries.iter().map(entry).collect()
    }

    #[test]
    fn versions_are_compared_as_versions() {
        let old =
            side(&[("a", "1.9", "a"), ("b", "2.0", "b"), ("c", "1", "c"), ("e", "1", "e"), ("f", "1", "f")]);
        let new = side(&[
            ("a", "1.10", "A"),
            ("b", "2.0rc1", "B"),
            ("d", "1", "d"),
            ("e", "1", "E"),
            ("f", "1", "f"),
        ]);
        let kinds: Vec<(String, Kind)> =
            compare(&old, &new).into_iter().map(|c| (c.package, c.kind)).collect();
        let expected = [
            ("a", Kind::Up),
            ("b", Kind::Down),
            ("c", Kind::Removed),
            ("d", Kind::Added),
            ("e", Kind::Rebuilt),
        ];
        assert_eq!(kinds, expected.map(|(name, kind)| (name.to_owned(), kind)));
    }
}
