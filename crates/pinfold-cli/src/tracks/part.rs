//! What of a track that failed passes without the rest.
//!
//! Packages that move by themselves are looked for as tracks are that move together ([`super::together`]), with the track's
//! own gate. Where one that stays was taken along by others, these are tried once more at what goes with it.
//! Deliberately not here: what cannot be had at all ([`super::newest`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::Lock;

use super::logs::Subject;
use super::moving::Mover;
use super::newest::Newest;
use super::together::{Tried, Tries, together};
use super::trial::{Failed, Verdict};
use crate::commands::lock::changes;
use crate::error::Error;
use crate::locking::Moving;
use crate::terminal;

impl Mover<'_> {
    /// What of a track passes, whose newest failed: how it moves, and the lock.
    pub(super) fn part(&self, track: &str, newest: &Newest) -> Result<Option<(Moving, Lock)>, Error> {
        let names: Vec<String> = self.moved(&newest.lock).into_iter().collect();
        let first: BTreeSet<String> = names.iter().cloned().collect();
        let mut parts =
            Parts { mover: self, track, newest, names: &names, tries: 0, best: None, ends: false };
        let found = together(names.len(), 2 * names.len(), Some(first), &mut parts)?;
        let best = found.passed.filter(|(_, lock)| lock.units != self.before.units);
        // Those that fail by themselves stay; who takes them along may go as far as they let it.
        let left: BTreeSet<&String> = found.refused.keys().filter_map(|at| names.get(*at)).collect();
        let alone = |at: &usize, moved: &BTreeSet<String>| {
            let along = |name: &String| moved.iter().any(|moved| moved != name && left.contains(moved));
            names.get(*at).is_some_and(|name| !along(name))
        };
        let (stay, along): (Vec<_>, Vec<_>) = found.refused.iter().partition(|(at, why)| alone(at, why));
        if stay.is_empty() || along.is_empty() {
            return Ok(best);
        }
        let mut moving = newest.moving.clone();
        moving.stay.extend(stay.iter().filter_map(|(at, _)| names.get(**at)).cloned());
        let Some(lock) = self.resolve_one(track, &moving)?.ok() else { return Ok(best) };
        let there = best.as_ref().map_or(self.before, |(_, lock)| lock);
        if lock.units == there.units {
            return Ok(best);
        }
        let gates = self.gates(|name| name == track);
        let passes = self.trials.candidate(Subject::Part(track), &lock, &gates)? == Verdict::Passed;
        Ok(if passes { Some((moving, lock)) } else { best })
    }

    /// Names of what has another version in `lock`.
    pub(super) fn moved(&self, lock: &Lock) -> BTreeSet<String> {
        let moved = changes(Some(self.before), lock).into_iter();
        moved
            .filter(|change| change.from.is_some() && change.to.is_some())
            .map(|change| change.name)
            .collect()
    }

    pub(super) fn resolve_one(
        &self,
        track: &str,
        moving: &Moving,
    ) -> Result<Result<Lock, crate::locking::LockingError>, Error> {
        self.resolve(&BTreeMap::from([(track.to_owned(), moving.clone())]))
    }
}

struct Parts<'a, 'm> {
    mover: &'a Mover<'m>,
    track: &'a str,
    newest: &'a Newest,
    names: &'a [String],
    tries: usize,
    /// The last that passed.
    best: Option<Lock>,
    /// Nothing more is tried.
    ends: bool,
}

impl Parts<'_, '_> {
    /// Where one package among n must stay, something has passed after so many trials; where nothing has, a gate that
    /// fails in the current environment as well says nothing of parts, and no more are tried.
    fn looks_for_hope(&mut self, gate: Option<&str>) -> Result<(), Error> {
        let most = 2 * (usize::BITS - self.names.len().leading_zeros()) as usize;
        if self.best.is_some() || self.ends || self.tries != most || gate.is_none() {
            return Ok(());
        }
        let Some(track) = self.mover.workspace.manifest.tracks.get(self.track) else { return Ok(()) };
        self.ends = !self.mover.trials.passes_now(self.track, track)?;
        if self.ends {
            terminal::warn(&format!(
                "the gate of `{}` fails in the current environment as well: no more parts of the track are tried",
                self.track
            ));
        }
        Ok(())
    }
}

impl Tries for Parts<'_, '_> {
    type Passed = (Moving, Lock);
    /// What would have moved.
    type Failure = BTreeSet<String>;
    type Error = Error;

    fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, Self::Failure>, Error> {
        let names: BTreeSet<String> = with.iter().filter_map(|at| self.names.get(*at)).cloned().collect();
        let fails = |moved| Ok(Tried { outcome: Err(moved), runs: 0 });
        if self.ends {
            return fails(names);
        }
        let moving = Moving { only: Some(names.clone()), ..self.newest.moving.clone() };
        let lock = match self.mover.resolve_one(self.track, &moving)? {
            Ok(lock) => lock,
            Err(_) => return fails(names),
        };
        // What does not move now may do so when others have.
        if lock.units == self.best.as_ref().unwrap_or(self.mover.before).units {
            return fails(names);
        }
        let before = self.mover.trials.runs.get();
        let gates = self.mover.gates(|name| name == self.track);
        let verdict = self.mover.trials.candidate(Subject::Part(self.track), &lock, &gates)?;
        let runs = self.mover.trials.runs.get() - before;
        self.tries += runs.min(1);
        let outcome = match verdict {
            Verdict::Passed => {
                self.best = Some(lock.clone());
                Ok((moving, lock))
            }
            Verdict::Failed(Failed { gate, .. }) => {
                self.looks_for_hope(gate.as_deref())?;
                Err(self.mover.moved(&lock))
            }
        };
        Ok(Tried { outcome, runs })
    }

    fn confirms(&mut self, _: &Self::Passed) -> Result<Tried<(), Self::Failure>, Error> {
        Ok(Tried { outcome: Ok(()), runs: 0 })
    }
}
