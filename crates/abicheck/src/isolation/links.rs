//! Links in one unit's folder that lead into another's: what its libraries look for beside it.
//!
//! Deliberately not here: who made them, and why.

use std::collections::BTreeSet;
use std::path::Path;

use elf_isolate::Links;
use pinfold_core::{closure, instance};

/// The links between the folders of units: to folders, and to libraries.
pub fn links(closure: &closure::Environment) -> Links {
    let mut found = Vec::new();
    for unit in closure.units.iter().filter(|unit| unit.native) {
        for entry in walkdir::WalkDir::new(&unit.path).into_iter().flatten() {
            let Some(target) = std::fs::read_link(entry.path()).ok().filter(|target| target.is_absolute())
            else {
                continue;
            };
            let is_other = |other: &closure::Unit| other.path != unit.path && target.starts_with(&other.path);
            let counts = || target.is_dir() || instance::is_elf(&target).unwrap_or(false);
            if closure.units.iter().any(is_other) && counts() {
                found.push((entry.into_path(), target));
            }
        }
    }
    Links::new(found)
}

/// The folders of units that links lead to from that of `unit`, and from there; its own is one of them.
pub(super) fn reached<'c>(
    closure: &'c closure::Environment,
    links: &Links,
    unit: &'c closure::Unit,
) -> BTreeSet<&'c Path> {
    let mut reached = BTreeSet::from([unit.path.as_path()]);
    loop {
        let before = reached.len();
        for (at, to) in links.iter() {
            if reached.iter().any(|folder| at.starts_with(folder)) {
                let into = closure.units.iter().map(|unit| unit.path.as_path());
                reached.extend(into.filter(|folder| to.starts_with(folder)));
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}
