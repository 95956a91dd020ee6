//! Which versions a resolution should keep where it can: only what must move moves.
//!
//! Deliberately not here: local packages, of which there is one version.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::Lock;
use pinfold_core::names::ROOT;

use super::resolved::{Resolved, Whom, versions};

/// What of the lock that was may move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Upgrade {
    /// Only what must.
    #[default]
    Nothing,
    /// These, normalised.
    Packages(BTreeSet<String>),
    /// What is said of these tracks, and nothing of the others.
    Tracks(BTreeMap<String, Moving>),
    /// Everything.
    Everything,
}

/// What of a track may move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moving {
    /// Everything.
    All,
    /// These packages, normalised.
    These(BTreeSet<String>),
}

/// The lock that was, and what of it may move.
#[derive(Clone, Copy, Debug)]
pub struct Preferences<'a> {
    /// The lock that was.
    pub previous: Option<&'a Lock>,
    /// What may move.
    pub upgrade: &'a Upgrade,
}

impl Preferences<'_> {
    /// The versions that the closure of `whom` should prefer, given the closures that are resolved already.
    pub fn of(&self, whom: &Whom, before: &[Resolved]) -> Vec<(String, String)> {
        let was = self.was(whom);
        if let Upgrade::Tracks(tracks) = self.upgrade
            && *whom != Whom::Root
        {
            // What stays keeps its versions, also where root has others by now; a track that moves takes the newest.
            match tracks.get(whom.track()) {
                None | Some(Moving::These(_)) => return was.into_iter().collect(),
                Some(Moving::All) if matches!(whom, Whom::Track(_)) => return Vec::new(),
                Some(Moving::All) => {}
            }
        }
        let Some(root) = before.first() else { return was.into_iter().collect() };
        let root_was = self.was(&Whom::Root);
        let mut preferred: BTreeMap<String, String> = BTreeMap::new();
        for closure in std::iter::once(root).chain(before.get(1..).unwrap_or_default()) {
            for (name, member) in &closure.members {
                preferred.entry(name.clone()).or_insert_with(|| member.wheel.version.clone());
            }
        }
        for (name, version) in was {
            // What went along with root goes along with it again; what differed keeps its own version.
            let along = root_was.get(&name) == Some(&version) && root.members.contains_key(&name);
            if !along {
                preferred.insert(name, version);
            }
        }
        preferred.into_iter().collect()
    }

    /// The versions of a closure in the lock that was, without those that may move.
    fn was(&self, whom: &Whom) -> BTreeMap<String, String> {
        let Some(previous) = self.previous else { return BTreeMap::new() };
        let moves = |name: &String| match self.upgrade {
            Upgrade::Nothing => false,
            Upgrade::Packages(names) => names.contains(name),
            Upgrade::Everything => true,
            Upgrade::Tracks(tracks) => match tracks.get(whom.track()) {
                None => false,
                Some(Moving::All) => true,
                Some(Moving::These(names)) => names.contains(name),
            },
        };
        let fits = |name: &str| match whom {
            Whom::Root => name == ROOT,
            Whom::Pin(owner) => name.split("==").next() == Some(&owner.name),
            Whom::Track(track) => name == track,
        };
        let exact = match whom {
            Whom::Pin(owner) => Some(format!("{}=={}", owner.name, owner.version)),
            _ => None,
        };
        let closures = || previous.closures.iter();
        let closure = closures()
            .find(|c| Some(&c.name) == exact.as_ref())
            .or_else(|| closures().find(|c| fits(&c.name)));
        let versions = closure.map(|closure| versions(previous, closure)).unwrap_or_default();
        versions.into_iter().filter(|(name, _)| !moves(name)).collect()
    }
}
