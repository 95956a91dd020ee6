//! Which versions a resolution should keep where it can: only what must move moves.
//!
//! Deliberately not here: local packages, of which there is one version.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::closure::Closure;
use pinfold_core::lock::{Lock, LockedUnit, Wheel};
use pinfold_core::manifest::Manifest;
use pinfold_core::names::ROOT;

use super::locked::Locked;
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

/// What of a track may move; names are normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moving {
    /// These packages alone, and what must go along; everything where it is `None`.
    pub only: Option<BTreeSet<String>>,
    /// These stay at the versions that they have, whoever needs others.
    pub stay: BTreeSet<String>,
    /// What the track does not have yet is not taken at these versions.
    pub without: BTreeSet<(String, String)>,
}

impl Moving {
    fn moves(&self, name: &str) -> bool {
        !self.stay.contains(name) && self.only.as_ref().is_none_or(|only| only.contains(name))
    }
}

/// The lock that was, and what of it may move.
#[derive(Clone, Copy, Debug)]
pub struct Preferences<'a> {
    /// The lock that was.
    pub previous: Option<&'a Lock>,
    /// What may move.
    pub upgrade: &'a Upgrade,
    /// What closures there are to be.
    pub manifest: &'a Manifest,
}

/// Versions by name.
type Versions = BTreeMap<String, String>;

impl<'a> Preferences<'a> {
    /// The versions that the closure of `whom` should prefer, given the closures that are resolved already.
    pub fn of(&self, whom: &Whom, before: &[Resolved]) -> Vec<(String, String)> {
        let was = self.was(whom);
        let elsewhere = self.elsewhere(whom);
        let alone = |was: Versions| fill(was, elsewhere.clone()).into_iter().collect();
        if let Upgrade::Tracks(tracks) = self.upgrade
            && *whom != Whom::Root
        {
            // What stays keeps its versions, also where root has others by now; a track that moves takes the newest.
            match tracks.get(whom.track()) {
                Some(Moving { only: None, .. }) if matches!(whom, Whom::Track(_)) => return Vec::new(),
                Some(Moving { only: None, .. }) => {}
                _ => return alone(was),
            }
        }
        let Some(root) = before.first() else { return alone(was) };
        let root_was = self.was(&Whom::Root);
        let mut preferred = Versions::new();
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
        alone(preferred)
    }

    /// The very files that the lock has.
    pub(super) fn locked(&self) -> Option<Locked<'a>> {
        self.previous.map(|lock| Locked { lock, upgrade: self.upgrade })
    }

    /// What the closure of `whom` must not leave, or not take, as constraints (PEP 508).
    pub fn constraints(&self, whom: &Whom) -> Vec<String> {
        let Upgrade::Tracks(tracks) = self.upgrade else { return Vec::new() };
        let Some(moving) = tracks.get(whom.track()) else { return Vec::new() };
        let had = self.had(whom).into_iter().filter(|(name, _)| moving.stay.contains(name));
        let stays = had.map(|(name, version)| format!("{name}=={version}"));
        stays.chain(moving.without.iter().map(|(name, version)| format!("{name}!={version}"))).collect()
    }

    /// As [`Self::had`], without those that may move.
    fn was(&self, whom: &Whom) -> Versions {
        self.kept(whom, self.had(whom))
    }

    /// The versions that the closure had in the lock that was, and those that its packages had where they were before it
    /// was theirs (another track, a pin of their own).
    fn had(&self, whom: &Whom) -> Versions {
        let Some(previous) = self.previous else { return Versions::new() };
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
        let own = whom.names(self.manifest);
        // One that has a closure of that name has been at home there.
        let new = |name: &&String| closure.is_none_or(|closure| !has(previous, closure, name));
        let new: Vec<&String> = own.iter().filter(new).collect();
        let home = |c: &&Closure| new.iter().any(|name| is_home(previous, c, name));
        let found = closure.into_iter().chain(closures().filter(home));
        found.map(|closure| versions(previous, closure)).fold(Versions::new(), fill)
    }

    /// The versions of packages that were not in the closure: those of root, where they come from when they get a pin or
    /// a track; and those of closures that are no more.
    fn elsewhere(&self, whom: &Whom) -> Versions {
        let Some(previous) = self.previous else { return Versions::new() };
        let is_gone = |closure: &&Closure| match (&closure.track, closure.name.as_str()) {
            (_, ROOT) => *whom != Whom::Root,
            (Some(track), _) => !self.manifest.tracks.contains_key(track),
            (None, name) => {
                let pin = self.manifest.pins.get(name.split("==").next().unwrap_or(name));
                pin.is_none_or(|pin| pin.track.is_some())
            }
        };
        let gone = previous.closures.iter().filter(is_gone).map(|closure| versions(previous, closure));
        self.kept(whom, gone.fold(Versions::new(), fill))
    }

    /// Without those that may move in the closure of `whom`.
    fn kept(&self, whom: &Whom, mut versions: Versions) -> Versions {
        versions.retain(|name, _| match self.upgrade {
            Upgrade::Nothing => true,
            Upgrade::Packages(names) => !names.contains(name),
            Upgrade::Everything => false,
            Upgrade::Tracks(tracks) => match tracks.get(whom.track()) {
                None => true,
                Some(moving) => !moving.moves(name),
            },
        });
        versions
    }
}

/// What is there already comes first.
fn fill(mut there: Versions, more: Versions) -> Versions {
    for (name, version) in more {
        there.entry(name).or_insert(version);
    }
    there
}

/// Whether a closure of the lock has a package of that name.
fn has(lock: &Lock, closure: &Closure, name: &str) -> bool {
    members(lock, closure).any(|(_, wheel)| wheel.name == name)
}

/// Whether the closure was that of the package itself: its pin's, or its track's.
fn is_home(lock: &Lock, closure: &Closure, name: &str) -> bool {
    let owns = |unit: &LockedUnit| unit.pin.as_ref().is_some_and(|pin| pin.closure == closure.name);
    members(lock, closure).any(|(unit, wheel)| wheel.name == name && owns(unit))
}

fn members<'a>(lock: &'a Lock, closure: &'a Closure) -> impl Iterator<Item = (&'a LockedUnit, &'a Wheel)> {
    let units = closure.units.iter().filter_map(|id| lock.unit(id));
    units.filter_map(|unit| Some((unit, lock.wheel(&unit.wheel)?)))
}
