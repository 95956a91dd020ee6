//! The newest of a track that can be had: what is refused stays, and the rest is resolved without it.
//!
//! An error that names a package is believed. Where uv says only that there is no solution, each newer release is looked at
//! alone: what has no wheel is built, and packages are left out until there is a solution; of those that stay the wheel is
//! fetched, to tell what is wrong with it. Deliberately not here: whether what can be had passes ([`super::trial`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::Lock;
use pinfold_core::manifest::MAIN;

use super::candidate::{left, name_of};
use super::lag;
use super::logs::Subject;
use super::moving::Mover;
use super::together::{Tried, Tries, together};
use crate::environment::difference::order;
use crate::error::Error;
use crate::failure::render;
use crate::locking::Moving;
use crate::refusal::{self, Refusal};
use crate::uv::releases::Release;

/// So many new packages are tried at other versions.
const OTHERS: usize = 10;

/// What a track could move to.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    pub(super) lock: Lock,
    pub(super) moving: Moving,
    pub(super) refused: Vec<Refused>,
}

/// A package that cannot be had.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// Its name and version, where they are known.
    package: Option<(String, String)>,
    pub(super) reason: String,
    pub(super) log: String,
}

impl Newest {
    pub(super) fn of(before: &Lock) -> Self {
        Newest { lock: before.clone(), moving: Moving::default(), refused: Vec::new() }
    }
}

impl Mover<'_> {
    /// The newest of a track, without what is refused by now.
    pub(super) fn newest(&self, track: &str, mut newest: Newest) -> Result<Newest, Error> {
        loop {
            let refused = match self.resolve_one(track, &newest.moving)? {
                Ok(lock) => return Ok(Newest { lock, ..newest }),
                Err(refused) => refused,
            };
            let named = refusal::of(&refused);
            let log = self.note(Subject::Track(track), refused)?;
            if !named.is_some_and(|refusal| self.leave(track, &mut newest, &refusal, &log)) {
                return self.unnamed(track, newest, log);
            }
        }
    }

    /// Leaves a package out that is refused; whether that is another question than before.
    pub(super) fn leave(&self, track: &str, newest: &mut Newest, refusal: &Refusal, log: &str) -> bool {
        let Some((name, version)) = &refusal.package else { return false };
        let is_other = match version_of(self.before, track, name) {
            // What is there is not to be had any more: no other version of it is at fault.
            Some(had) if had == *version => return false,
            Some(_) => newest.moving.stay.insert(name.clone()),
            None if newest.moving.without.len() == OTHERS => return false,
            None => newest.moving.without.insert((name.clone(), version.clone())),
        };
        let (package, reason, log) = (refusal.package.clone(), refusal.sentence(), log.to_owned());
        if is_other && newest.refused.iter().all(|one| one.package != package) {
            newest.refused.push(Refused { package, reason, log });
        }
        is_other
    }

    /// The newest where nobody says what is in the way.
    fn unnamed(&self, track: &str, mut newest: Newest, log: String) -> Result<Newest, Error> {
        let environment = self.workspace.interpreter.platform_marker();
        let releases = self.workspace.releases(&environment);
        let stays = newest.moving.stay.clone();
        let wanted = |package: &lag::Package<'_>| !stays.contains(&package.wheel.name);
        let newer = lag::newer_alone(self.workspace, &releases, self.before, track, &wanted)?;
        let newer: BTreeMap<String, Release> =
            newer.into_iter().map(|((_, name, _), release)| (name, release)).collect();
        let versions = newer.iter().map(|(name, release)| (name.clone(), release.version.clone())).collect();
        let alone = self.workspace.alone(&releases, &versions)?;
        let mut is_other = false;
        let mut wheels = Vec::new();
        for wheel in alone {
            let refused = match wheel {
                Ok(wheel) => {
                    wheels.push(wheel);
                    continue;
                }
                Err(refused) => refused,
            };
            let refusal = refusal::of(&refused);
            let log = self.note(Subject::Track(track), refused.into())?;
            is_other |= refusal.is_some_and(|refusal| self.leave(track, &mut newest, &refusal, &log));
        }
        if is_other {
            return self.newest(track, newest);
        }
        let names: Vec<String> = newer.keys().cloned().collect();
        let mut tries = Resolving { mover: self, track, names: &names, moving: newest.moving.clone() };
        let found = together(names.len(), usize::MAX, Some(()), &mut tries)?;
        let mut stay: BTreeSet<String> =
            found.refused.keys().filter_map(|at| names.get(*at)).cloned().collect();
        for name in stay.clone() {
            // Who needs another one that stays may go as far as that lets it.
            let mut moving = newest.moving.clone();
            moving.stay.extend(stay.iter().filter(|other| **other != name).cloned());
            if stay.len() > 1 && self.resolve_one(track, &moving)?.is_ok() {
                stay.remove(&name);
            }
        }
        for wheel in wheels.into_iter().filter(|wheel| stay.contains(&wheel.name)) {
            let refused = self.workspace.bring(&wheel).err();
            let refusal = refused.as_ref().and_then(|error| refusal::of(error.as_std()));
            is_other |= match (refusal, refused) {
                (Some(refusal), Some(error)) => {
                    let log = self.keep(Subject::Track(track), &render(&error, false))?;
                    self.leave(track, &mut newest, &refusal, &log)
                }
                (None, Some(error)) => return Err(error),
                // It is what it needs that cannot be had, and an older one may need something else.
                (_, None) => {
                    let package = (wheel.name, wheel.version);
                    let is_other = newest.moving.without.insert(package.clone());
                    let what = "does not go with the rest: there is no solution".to_owned();
                    let refusal = Refusal { package: Some(package), what };
                    if is_other {
                        let (package, reason) = (refusal.package.clone(), refusal.sentence());
                        newest.refused.push(Refused { package, reason, log: log.clone() });
                    }
                    is_other || self.leave(track, &mut newest, &refusal, &log)
                }
            };
        }
        if is_other {
            return self.newest(track, newest);
        }
        if newest.refused.is_empty() {
            let reason = "there is no solution for it".to_owned();
            newest.refused.push(Refused { package: None, reason, log });
        }
        match found.passed {
            Some((moving, lock)) => Ok(Newest { lock, moving, ..newest }),
            None => Ok(Newest { lock: self.before.clone(), ..newest }),
        }
    }

    /// What of a track's newest `reached` does not have, as a hold says it.
    pub(super) fn left(
        &self,
        track: &str,
        newest: &Newest,
        failed: bool,
        reached: &Lock,
    ) -> Result<Vec<String>, Error> {
        let mut lines: Vec<String> = Vec::new();
        let mut add = |more: Vec<String>| {
            let fresh = |line: &String| !lines.iter().any(|other| name_of(other) == name_of(line));
            let more: Vec<String> = more.into_iter().filter(fresh).collect();
            lines.extend(more);
        };
        if failed {
            add(left(reached, &newest.lock));
        }
        if !newest.refused.is_empty() {
            // As far as it is known without building anything.
            if let Ok(all) = lag::candidate(self.workspace, &BTreeSet::from([track.to_owned()]))? {
                add(left(reached, &all));
            }
            let named = newest.refused.iter().filter_map(|one| one.package.as_ref());
            add(named.filter_map(|package| line(reached, track, package)).collect());
        }
        lines.sort();
        Ok(lines)
    }
}

/// The version of a package in a track's closures.
fn version_of(lock: &Lock, track: &str, name: &str) -> Option<String> {
    let of_track = lock.closures.iter().filter(|closure| closure.track.as_deref().unwrap_or(MAIN) == track);
    let mut wheels =
        of_track.flat_map(|closure| &closure.units).filter_map(|id| lock.wheel(&lock.unit(id)?.wheel));
    wheels.find(|wheel| wheel.name == name).map(|wheel| wheel.version.clone())
}

/// A refused package, as a hold's candidate says it.
fn line(reached: &Lock, track: &str, (name, version): &(String, String)) -> Option<String> {
    match version_of(reached, track, name) {
        Some(there) => order(&there, version).is_lt().then(|| format!("{name} {there} -> {version}")),
        None => Some(format!("{name} {version} (new)")),
    }
}

/// Resolutions without trials.
struct Resolving<'a, 'm> {
    mover: &'a Mover<'m>,
    track: &'a str,
    names: &'a [String],
    moving: Moving,
}

impl Tries for Resolving<'_, '_> {
    type Passed = (Moving, Lock);
    type Failure = ();
    type Error = Error;

    fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, ()>, Error> {
        let names = with.iter().filter_map(|at| self.names.get(*at)).cloned().collect();
        let moving = Moving { only: Some(names), ..self.moving.clone() };
        let outcome = self.mover.resolve_one(self.track, &moving)?.map(|lock| (moving, lock)).map_err(drop);
        Ok(Tried { outcome, runs: 0 })
    }

    fn confirms(&mut self, _: &Self::Passed) -> Result<Tried<(), ()>, Error> {
        Ok(Tried { outcome: Ok(()), runs: 0 })
    }
}
