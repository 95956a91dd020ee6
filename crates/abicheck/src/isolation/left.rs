//! What still breaks, and why nothing was done about it.
//!
//! Deliberately not here: what the caller makes of it. Where files cannot be edited, somebody has to decide; the rest is by
//! its nature nothing that other names could mend.

use std::collections::{BTreeMap, BTreeSet};

use elf_isolate::Kept;
use pinfold_core::names::UnitId;

use crate::environment::DistributionId;

/// Two units that break each other, and are left as they are.
#[derive(Clone, Debug)]
pub struct Left {
    /// The units.
    pub units: (UnitId, UnitId),
    /// The error, in a sentence, with its code.
    pub title: String,
    /// Why they are left.
    pub why: Why,
}

/// Why two units are left as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Neither has only files that can be edited, or names that can be replaced: a sentence each.
    Uneditable(BTreeSet<String>),
    /// Names of their own would not mend it, or cannot be given.
    Other(String),
}

/// The files that cannot be edited, in a sentence each, by the packages that load them: these keep their files.
#[derive(Debug, Default)]
pub(super) struct Uneditable(BTreeMap<DistributionId, BTreeSet<String>>);

impl Uneditable {
    /// Adds a file of these packages.
    pub(super) fn add(&mut self, packages: &[DistributionId], why: &str) {
        for package in packages {
            self.0.entry(*package).or_default().insert(why.to_owned());
        }
    }

    /// Why neither of two packages can give way, for their files or for these reasons of their names.
    pub(super) fn of_both(&self, a: DistributionId, b: DistributionId, names: &[String]) -> Why {
        let files = [a, b].into_iter().filter_map(|id| self.0.get(&id)).flatten();
        Why::Uneditable(files.chain(names).cloned().collect())
    }
}

/// Why names have to stay.
pub(super) fn kept(kept: &BTreeSet<Kept>) -> Why {
    Why::Other(kept.iter().map(stays).collect::<Vec<_>>().join("; "))
}

/// A name that stays, in a sentence.
fn stays(kept: &Kept) -> String {
    let (name, why) = kept.told();
    format!("{name} stays one for all: {why}")
}
