//! Which tracks move: each one's newest candidate is tried alone, then those that passed together.
//!
//! What of a track can be had at all is found in [`super::newest`], what passes without the rest in [`super::part`].
//! Where the whole fails although each part passed, as few tracks as 2n runs of the gates find are held back
//! ([`super::whole`]). Deliberately not here: what a trial is ([`super::trial`]).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::Context as _;
use pinfold_core::lock::{FILE, Hold, Lock};
use pinfold_core::manifest::{MAIN, Track};

use super::candidate::{is_over, left, name_of, said};
use super::clock::Clock;
use super::logs::{self, Subject};
use super::newest::Newest;
use super::together::together;
use super::trial::{Failed, Trials, Verdict};
use super::whole::{Whole, Why};
use crate::environment::history;
use crate::environment::layout::Layout;
use crate::error::Error;
use crate::failure::render;
use crate::locking::{LockingError, Moving, Upgrade, Workspace};
use crate::terminal;

/// What came of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is nothing newer.
    Current,
    /// It moves.
    Moved(Vec<String>),
    /// It stays, but for those of its packages that move without the rest.
    Held(Hold, Vec<String>),
}

/// What an update comes to.
pub struct Moves {
    /// The lock, with its holds.
    pub lock: Lock,
    /// What came of each track that was asked for.
    pub fates: BTreeMap<String, Fate>,
}

/// A track of which something passed alone.
pub(super) struct Part {
    pub(super) track: String,
    pub(super) moving: Moving,
    pub(super) lock: Lock,
}

/// What is needed to find out.
pub struct Mover<'a> {
    /// The project.
    pub workspace: &'a Workspace,
    /// The lock to move from.
    pub before: &'a Lock,
    /// The day.
    pub clock: &'a Clock,
    /// What candidates are tried with.
    pub trials: &'a Trials<'a>,
}

impl Mover<'_> {
    /// Finds out what of `tracks` moves.
    ///
    /// # Errors
    /// When something could not be tried for a reason that is no track's: uv, the network, the disk.
    pub fn moves(&self, tracks: &BTreeSet<String>) -> Result<Moves, Error> {
        let mut fates = BTreeMap::new();
        let mut passed: Vec<Part> = Vec::new();
        for track in tracks {
            let (fate, part) = self.alone(track)?;
            tell(track, &fate);
            fates.insert(track.clone(), fate);
            passed.extend(part);
        }
        let mut lock = self.together(&passed, &mut fates)?;
        self.date(&mut fates, &lock);
        lock.holds = self.holds(&fates);
        Ok(Moves { lock, fates })
    }

    /// What comes of a track alone, and what of it passes.
    fn alone(&self, track: &str) -> Result<(Fate, Option<Part>), Error> {
        let mut newest = self.newest(track, Newest::of(self.before))?;
        let (moved, failed) = loop {
            if newest.lock.units == self.before.units {
                break (None, None);
            }
            let gates = self.gates(|name| name == track);
            match self.trials.candidate(Subject::Track(track), &newest.lock, &gates)? {
                Verdict::Passed => break (Some((newest.moving.clone(), newest.lock.clone())), None),
                Verdict::Failed(failed) => {
                    // What cannot be installed stays, and the newest without it is another candidate.
                    if let Some(refusal) = &failed.refusal
                        && self.leave(track, &mut newest, refusal, &failed.log)
                    {
                        newest = self.newest(track, newest)?;
                        continue;
                    }
                    break (self.part(track, &newest)?, Some(failed));
                }
            }
        };
        let lines = moved.as_ref().map(|(_, lock)| said(self.before, lock)).unwrap_or_default();
        let fate = match (&failed, newest.refused.is_empty()) {
            (None, true) if moved.is_none() => Fate::Current,
            (None, true) => Fate::Moved(lines),
            _ => {
                let reached = moved.as_ref().map_or(self.before, |(_, lock)| lock);
                Fate::Held(self.hold(track, &newest, failed.as_ref(), reached)?, lines)
            }
        };
        let part = moved.map(|(moving, lock)| Part { track: track.to_owned(), moving, lock });
        Ok((fate, part))
    }

    /// The hold of a track of which `reached` is all that passes.
    fn hold(
        &self,
        track: &str,
        newest: &Newest,
        failed: Option<&Failed>,
        reached: &Lock,
    ) -> Result<Hold, Error> {
        let own = failed.map(|failed| (failed.reason.clone(), failed.log.clone()));
        let refused = newest.refused.iter().map(|one| (one.reason.clone(), one.log.clone()));
        let why: Vec<(String, String)> = own.into_iter().chain(refused).collect();
        let reasons: Vec<&str> = why.iter().map(|(reason, _)| reason.as_str()).collect();
        let log = why.first().map(|(_, log)| log.clone());
        let candidate = self.left(track, newest, failed.is_some(), reached)?;
        Ok(self.held(track, &reasons.join("; "), candidate, log))
    }

    /// The lock of the tracks that move together; the others among `passed` become held.
    fn together(&self, passed: &[Part], fates: &mut BTreeMap<String, Fate>) -> Result<Lock, Error> {
        let mut whole = Whole::new(self, passed);
        let found = together(passed.len(), self.runs(passed.len()), None, &mut whole)?;
        let mut base = found.passed.unwrap_or_else(|| (self.before.clone(), BTreeMap::new()));
        for (at, why) in found.refused {
            let Some(part) = passed.get(at) else { continue };
            let reached = whole.packages(part, &base, &why)?.unwrap_or_else(|| base.clone());
            let own = self.moved(&part.lock);
            let mut stays = left(&reached.0, &part.lock);
            stays.retain(|line| own.contains(name_of(line)));
            let moved = said(&base.0, &reached.0);
            let fate = self.refused(&part.track, stays, moved, &why, fates.get(&part.track));
            fates.insert(part.track.clone(), fate);
            base = reached;
        }
        Ok(base.0)
    }

    /// So many runs of gates find which of `count` things go with all: as many as 2n runs of all gates are. The last is
    /// that of those that have not failed.
    pub(super) fn runs(&self, count: usize) -> usize {
        let gates = self.gates(|_| true).len().max(1);
        (2 * count * gates + 1).saturating_sub(gates)
    }

    /// What becomes of a track whose candidate passes alone, and of which `stays` does not go with the others.
    ///
    /// Where that is a part of a track that fails by itself, its own failure stays the reason.
    fn refused(
        &self,
        track: &str,
        stays: Vec<String>,
        moved: Vec<String>,
        (reason, log): &Why,
        fate: Option<&Fate>,
    ) -> Fate {
        if let Some(Fate::Held(hold, _)) = fate {
            let log = log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default();
            terminal::warn(&format!(
                "what passes of track `{track}` without the rest does not pass with the others, so that this stays as \
                 well: {}: {reason}{log}",
                stays.join(", ")
            ));
            let all: BTreeSet<String> = hold.candidate.iter().cloned().chain(stays).collect();
            let all = all.into_iter().collect();
            return Fate::Held(self.held(track, &hold.reason, all, hold.log.clone()), moved);
        }
        let reason = format!("it passes alone, and not with the others: {reason}");
        let fate = Fate::Held(self.held(track, &reason, stays, log.clone()), moved);
        tell(track, &fate);
        fate
    }

    /// Resolves with these tracks moving; the inner error is the candidate's own.
    pub(super) fn resolve(
        &self,
        tracks: &BTreeMap<String, Moving>,
    ) -> Result<Result<Lock, LockingError>, Error> {
        let engine = self.workspace.engine(self.workspace.options(), false)?;
        match self.workspace.resolve_with(&engine, &Upgrade::Tracks(tracks.clone())) {
            Ok(lock) => Ok(Ok(lock)),
            Err(refused) if refused.is_refusal() => Ok(Err(refused)),
            Err(error) => Err(error.into()),
        }
    }

    /// The gates of tracks that are wanted.
    pub(super) fn gates(&self, wanted: impl Fn(&str) -> bool) -> Vec<(&str, &Track)> {
        let tracks = self.workspace.manifest.tracks.iter();
        let tracks = tracks.filter(|(name, track)| !track.gate.is_empty() && wanted(name));
        tracks.map(|(name, track)| (name.as_str(), track)).collect()
    }

    fn held(&self, track: &str, reason: &str, candidate: Vec<String>, log: Option<String>) -> Hold {
        let earlier = self.before.holds.iter().find(|hold| hold.track == track);
        // The same failure of the same candidate is no news, and no reason for another generation.
        let project = &self.trials.context.project;
        let logged = |hold: &Hold| hold.log.as_ref().is_none_or(|log| project.join(log).is_file());
        let same = |hold: &&Hold| hold.reason == reason && hold.candidate == candidate && logged(hold);
        if let Some(same) = earlier.filter(same) {
            return same.clone();
        }
        Hold {
            track: track.to_owned(),
            since: earlier
                .map(|hold| hold.since.clone())
                .or_else(|| self.rolled_back(track, &candidate))
                .unwrap_or_else(|| self.clock.text()),
            reason: reason.to_owned(),
            candidate,
            log,
        }
    }

    /// Since when generations that a rollback has left hold some of this: going back makes nothing younger.
    fn rolled_back(&self, track: &str, candidate: &[String]) -> Option<String> {
        // A package, and the version that it stays at.
        let stays =
            |line: &String| line.split_once(" -> ").map_or_else(|| line.clone(), |(from, _)| from.to_owned());
        let about: BTreeSet<String> = candidate.iter().map(stays).collect();
        let layout = Layout::new(&self.trials.context.environment).ok()?;
        let current = history::current(&layout).ok()?;
        let left = layout.generations().into_iter().filter(|number| *number > current);
        let locks = left.filter_map(|number| Lock::read(&layout.generation(number).join(FILE)).ok()?);
        let holds = locks.flat_map(|lock| lock.holds).filter(|hold| hold.track == track);
        let same = holds.filter(|hold| hold.candidate.iter().any(|line| about.contains(&stays(line))));
        // A day that is played may be before them.
        let now = self.clock.text();
        same.map(|hold| hold.since).filter(|since| *since <= now).min()
    }

    /// Where all that an earlier hold was about moves to `lock`, what holds the track now is another one.
    fn date(&self, fates: &mut BTreeMap<String, Fate>, lock: &Lock) {
        for (track, fate) in fates {
            let earlier = self.before.holds.iter().find(|hold| hold.track == *track);
            if let Fate::Held(hold, _) = fate
                && earlier.is_some_and(|earlier| is_over(earlier, lock))
            {
                hold.since = self.clock.text();
            }
        }
    }

    /// The holds of the new lock: those of tracks that nobody asked for stay as they are.
    fn holds(&self, fates: &BTreeMap<String, Fate>) -> Vec<Hold> {
        let stay = self.before.holds.iter().filter(|hold| !fates.contains_key(&hold.track)).cloned();
        let fresh = fates.values().filter_map(|fate| match fate {
            Fate::Held(hold, _) => Some(hold.clone()),
            _ => None,
        });
        let mut holds: Vec<Hold> = stay.chain(fresh).collect();
        holds.sort();
        holds
    }

    /// Keeps why something is refused; returns where, relative to the project.
    pub(super) fn note(&self, subject: Subject<'_>, refused: LockingError) -> Result<String, Error> {
        self.keep(subject, &render(&refused.into(), false))
    }

    /// Keeps what was said in a log of its own.
    pub(super) fn keep(&self, subject: Subject<'_>, said: &str) -> Result<String, Error> {
        let (shown, mut log) = logs::create(&self.trials.context.project, &self.trials.moment, subject)?;
        log.write_all(said.as_bytes()).with_context(|| format!("could not write {shown}"))?;
        Ok(shown)
    }
}

/// The names of all tracks: those of the manifest, and root's.
pub fn names(workspace: &Workspace) -> BTreeSet<String> {
    workspace.manifest.tracks.keys().cloned().chain([MAIN.to_owned()]).collect()
}

fn tell(track: &str, fate: &Fate) {
    if let Fate::Held(hold, _) = fate {
        let log = hold.log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default();
        terminal::warn(&format!("track `{track}` is held: {}{log}", hold.reason));
    }
}
