//! The whole: the tracks that passed, or parts of them, tried together with the gates of all.
//!
//! A gate that fails counts from then on, first; the others are run over what it leaves. One that fails where nothing has
//! moved, of a track that does not move, says nothing and is left out. Of a track that does not go with the others its
//! packages are tried with them, too. Deliberately not here: which sets are tried ([`super::together`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::Lock;

use super::logs::Subject;
use super::moving::{Mover, Part};
use super::together::{Tried, Tries, together};
use super::trial::{Failed, Verdict};
use crate::error::Error;
use crate::locking::Moving;
use crate::terminal;

/// Why a whole fails, and the log.
pub(super) type Why = (String, Option<String>);

/// What passes together, and how it moves.
pub(super) type Together = (Lock, BTreeMap<String, Moving>);

/// What the numbers of a search stand for.
enum Things<'a> {
    /// Tracks, or what of them passed alone.
    Tracks(&'a [Part]),
    /// Packages of one, beside what passes already.
    Packages(&'a Part, Vec<String>, Box<Together>),
}

/// What is tried.
pub(super) struct Whole<'a, 'm> {
    mover: &'a Mover<'m>,
    things: Things<'a>,
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
        Whole { mover, things: Things::Tracks(passed), failed: Vec::new(), now: BTreeMap::new(), alone }
    }

    /// What of a track goes with what passes, where all of it does not.
    pub(super) fn packages(
        &mut self,
        part: &'a Part,
        base: &Together,
        failure: &Why,
    ) -> Result<Option<Together>, Error> {
        let names: Vec<String> = self.mover.moved(&part.lock).into_iter().collect();
        let count = names.len();
        if count < 2 {
            return Ok(None);
        }
        self.things = Things::Packages(part, names, Box::new(base.clone()));
        let runs = self.mover.runs(count);
        Ok(together(count, runs, Some(failure.clone()), self)?.passed)
    }

    fn moving(&self, with: &BTreeSet<usize>) -> BTreeMap<String, Moving> {
        match &self.things {
            Things::Tracks(passed) => {
                let with = with.iter().filter_map(|at| passed.get(*at));
                with.map(|part| (part.track.clone(), part.moving.clone())).collect()
            }
            Things::Packages(part, names, base) => {
                let only = with.iter().filter_map(|at| names.get(*at)).cloned().collect();
                let moving = Moving { only: Some(only), ..part.moving.clone() };
                let own = [(part.track.clone(), moving)];
                base.1.clone().into_iter().chain(own).collect()
            }
        }
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
    type Passed = Together;
    type Failure = Why;
    type Error = Error;

    fn tries(&mut self, with: &BTreeSet<usize>) -> Result<Tried<Self::Passed, Why>, Error> {
        let moving = self.moving(with);
        let resolved = self.alone.take().map_or_else(|| self.mover.resolve(&moving), |lock| Ok(Ok(lock)))?;
        let lock = match resolved {
            Ok(lock) => lock,
            Err(refused) => {
                let why = refused.in_short();
                let log = self.mover.note(Subject::Whole, refused)?;
                return Ok(Tried { outcome: Err((why, Some(log))), runs: 0 });
            }
        };
        if let Things::Packages(_, _, base) = &self.things
            && base.0.units == lock.units
        {
            return Ok(Tried { outcome: Err(("nothing of it moves".to_owned(), None)), runs: 0 });
        }
        let Tried { outcome, runs } = self.run(&lock, &moving, false)?;
        Ok(Tried { outcome: outcome.map(|()| (lock, moving)), runs })
    }

    fn confirms(&mut self, (lock, moving): &Self::Passed) -> Result<Tried<(), Why>, Error> {
        self.run(lock, moving, true)
    }
}
