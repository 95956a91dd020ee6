//! The whole: the tracks that passed, or parts of them, tried together with the gates of all.
//!
//! A gate that fails counts from then on, first; the others are run over what it leaves. One that fails where nothing has
//! moved, of a track that does not move, says nothing and is left out. Deliberately not here: which sets of them are tried
//! ([`super::together`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::Lock;

use super::logs::Subject;
use super::moving::{Mover, Part};
use super::together::{Tried, Tries};
use super::trial::{Failed, Verdict};
use crate::error::Error;
use crate::locking::Moving;
use crate::terminal;

/// Why a whole fails, and the log.
pub(super) type Why = (String, Option<String>);

/// What is tried.
pub(super) struct Whole<'a, 'm> {
    mover: &'a Mover<'m>,
    passed: &'a [Part],
    /// Tracks whose gates have failed, the last first.
    failed: Vec<String>,
    /// Whether gates of tracks that do not move pass in the current environment, where that was asked.
    now: BTreeMap<String, bool>,
    /// What passed alone, where it is one.
    alone: Option<Lock>,
}

impl<'a, 'm> Whole<'a, 'm> {
    pub(super) fn new(mover: &'a Mover<'m>, passed: &'a [Part]) -> Self {
        let alone = passed.first().filter(|_| passed.len() == 1).map(|part| part.lock.clone());
        Whole { mover, passed, failed: Vec::new(), now: BTreeMap::new(), alone }
    }

    fn moving(&self, with: &BTreeSet<usize>) -> BTreeMap<String, Moving> {
        let with = with.iter().filter_map(|at| self.passed.get(*at));
        with.map(|part| (part.track.clone(), part.moving.clone())).collect()
    }

    /// Tries `lock` with these gates, or with all.
    fn run(
        &mut self,
        lock: &Lock,
        moving: &BTreeMap<String, Moving>,
        all: bool,
    ) -> Result<Tried<(), Why>, Error> {
        let before = self.mover.trials.runs.get();
        let done = |outcome| Ok(Tried { outcome, runs: self.mover.trials.runs.get() - before });
        loop {
            let counts = |name: &str| moving.contains_key(name) || self.now.get(name) != Some(&false);
            let mut gates = self
                .mover
                .gates(|name| counts(name) && (all || self.failed.iter().any(|failed| failed == name)));
            // What failed before fails first; what passed alone passes most likely.
            let order = |name: &str| {
                let failed = self.failed.iter().position(|failed| failed == name);
                (failed.unwrap_or(self.failed.len()), moving.contains_key(name))
            };
            gates.sort_by_key(|(name, _)| order(name));
            let Failed { reason, log, gate, .. } =
                match self.mover.trials.candidate(Subject::Whole, lock, &gates)? {
                    Verdict::Passed => return done(Ok(())),
                    Verdict::Failed(failed) => failed,
                };
            let Some(gate) = gate else { return done(Err((reason, Some(log)))) };
            if !moving.contains_key(&gate) && !self.passes_now(&gate)? {
                continue;
            }
            self.failed.retain(|failed| *failed != gate);
            self.failed.insert(0, gate);
            return done(Err((reason, Some(log))));
        }
    }

    /// Whether the gate of a track passes where nothing has moved.
    fn passes_now(&mut self, gate: &str) -> Result<bool, Error> {
        let Some(track) = self.mover.workspace.manifest.tracks.get(gate) else { return Ok(true) };
        if let Some(passes) = self.now.get(gate) {
            return Ok(*passes);
        }
        let passes = self.mover.trials.passes_now(gate, track)?;
        if !passes {
            terminal::warn(&format!(
                "the gate of `{gate}` fails in the current environment as well: it says nothing of what moves"
            ));
        }
        self.now.insert(gate.to_owned(), passes);
        Ok(passes)
    }
}

impl Tries for Whole<'_, '_> {
    type Passed = (Lock, BTreeMap<String, Moving>);
    type Failure = Why;
    type Error = Error;

    fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, Why>, Error> {
        let moving = self.moving(with);
        let resolved = self.alone.take().map_or_else(|| self.mover.resolve(&moving), |lock| Ok(Ok(lock)))?;
        let lock = match resolved {
            Ok(lock) => lock,
            Err(refused) => {
                let log = self.mover.note(Subject::Whole, refused)?;
                let why = ("there is no solution".to_owned(), Some(log));
                return Ok(Tried { outcome: Err(why), runs: 0 });
            }
        };
        let Tried { outcome, runs } = self.run(&lock, &moving, false)?;
        Ok(Tried { outcome: outcome.map(|()| (lock, moving)), runs })
    }

    fn confirms(&mut self, (lock, moving): &Self::Passed) -> Result<Tried<(), Why>, Error> {
        self.run(lock, moving, true)
    }
}
