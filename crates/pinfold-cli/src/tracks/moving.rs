//! Which tracks move: each one's newest candidate is tried alone, then those that passed together.
//!
//! Where the whole fails although each part passed, as few tracks as 2n trials find are held back ([`super::together`]);
//! there is one more trial for each gate that is broken already. Deliberately not here: what a trial is
//! ([`super::trial`]).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use anyhow::Context as _;
use pinfold_core::lock::{Hold, Lock};
use pinfold_core::manifest::{MAIN, Track};

use super::candidate::{is_over, said};
use super::clock::Clock;
use super::logs::{self, Subject};
use super::together::together;
use super::trial::{Trials, Verdict};
use crate::commands::lock::changes;
use crate::error::Error;
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
struct Part {
    track: String,
    moving: Moving,
    candidate: Vec<String>,
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
    /// Tracks whose gates fail in the current environment too, and so say nothing of what moves.
    pub mute: RefCell<BTreeSet<String>>,
}

impl Mover<'_> {
    /// Finds out what of `tracks` moves.
    ///
    /// # Errors
    /// When something could not be tried for a reason that is no track's: uv, the network, the disk.
    pub fn moves(&self, tracks: &BTreeSet<String>) -> Result<Moves, Error> {
        let mut fates = BTreeMap::new();
        let mut passed: Vec<Part> = Vec::new();
        let mut alone: Option<Lock> = None;
        for track in tracks {
            let fate = match self.resolve(&BTreeMap::from([(track.clone(), Moving::All)]))? {
                Err(refused) => {
                    let log = Some(self.note(Subject::Track(track), &refused)?);
                    Fate::Held(self.held(track, "there is no solution for it", Vec::new(), log), Vec::new())
                }
                Ok(lock) if lock.units == self.before.units => Fate::Current,
                Ok(lock) => {
                    let candidate = said(self.before, &lock);
                    match self.trials.candidate(
                        Subject::Track(track),
                        &lock,
                        &self.gates(|name| name == track),
                    )? {
                        Verdict::Passed => {
                            let (track, candidate) = (track.clone(), candidate.clone());
                            passed.push(Part { track, moving: Moving::All, candidate: candidate.clone() });
                            alone = Some(lock);
                            Fate::Moved(candidate)
                        }
                        Verdict::Failed { reason, log, .. } => {
                            let part = self.part(track, &lock)?;
                            let rest = part.as_ref().map_or(candidate, |(_, part)| said(part, &lock));
                            let hold = self.held(track, &reason, rest, Some(log));
                            let mut moved = Vec::new();
                            if let Some((names, part)) = part {
                                moved = said(self.before, &part);
                                let (track, moving) = (track.clone(), Moving::These(names));
                                passed.push(Part { track, moving, candidate: moved.clone() });
                                alone = Some(part);
                            }
                            Fate::Held(hold, moved)
                        }
                    }
                }
            };
            tell(track, &fate);
            fates.insert(track.clone(), fate);
        }
        let mut lock = self.together(&passed, alone, &mut fates)?;
        self.date(&mut fates, &lock);
        lock.holds = self.holds(&fates);
        Ok(Moves { lock, fates })
    }

    /// What of a track that failed passes without the rest: its packages, and the lock.
    ///
    /// Groups of packages are added to what passes; a group that makes it fail is halved. One package among n that
    /// must stay takes about 2 log n trials.
    fn part(&self, track: &str, candidate: &Lock) -> Result<Option<(BTreeSet<String>, Lock)>, Error> {
        let moved = changes(Some(self.before), candidate).into_iter();
        let moved = moved.filter(|change| change.from.is_some() && change.to.is_some());
        let names: BTreeSet<String> = moved.map(|change| change.name).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut found: Option<(BTreeSet<String>, Lock)> = None;
        let mut groups = halves(&names);
        while let Some(group) = groups.pop() {
            let (moving, here) = found
                .as_ref()
                .map_or((BTreeSet::new(), self.before), |(moving, lock)| (moving.clone(), lock));
            let with: BTreeSet<String> = moving.into_iter().chain(group.iter().cloned()).collect();
            let tracks = BTreeMap::from([(track.to_owned(), Moving::These(with.clone()))]);
            let resolved = self.resolve(&tracks)?.ok();
            let resolved = resolved.filter(|lock| lock.units != here.units && lock.units != candidate.units);
            let passes = match &resolved {
                None => false,
                Some(lock) => {
                    let gates = self.gates(|name| name == track);
                    self.trials.candidate(Subject::Part(track), lock, &gates)? == Verdict::Passed
                }
            };
            match resolved.filter(|_| passes) {
                Some(lock) => found = Some((with, lock)),
                None => groups.extend(halves(&group)),
            }
        }
        Ok(found)
    }

    /// The lock of the tracks that move together; the others among `passed` become held.
    fn together(
        &self,
        passed: &[Part],
        alone: Option<Lock>,
        fates: &mut BTreeMap<String, Fate>,
    ) -> Result<Lock, Error> {
        let mut known = alone.filter(|_| passed.len() == 1);
        let found = together(passed.len(), |with| {
            let with = with.iter().filter_map(|at| passed.get(*at));
            let with = with.map(|part| (part.track.clone(), part.moving.clone())).collect();
            let resolved = known.take().map_or_else(|| self.resolve(&with), |lock| Ok(Ok(lock)))?;
            self.whole(resolved, &with)
        })?;
        for (at, failure) in found.refused {
            let Some(Part { track, candidate, .. }) = passed.get(at) else { continue };
            let fate = self.refused(track, candidate, &failure, fates.get(track));
            fates.insert(track.clone(), fate);
        }
        Ok(found.passed.unwrap_or_else(|| self.before.clone()))
    }

    /// What becomes of a track whose candidate passes alone, and not in the whole.
    ///
    /// Where that is a part of a track that fails by itself, its own failure stays the reason.
    fn refused(
        &self,
        track: &str,
        candidate: &[String],
        (reason, log): &(String, Option<String>),
        fate: Option<&Fate>,
    ) -> Fate {
        if let Some(Fate::Held(hold, part)) = fate {
            let log = log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default();
            terminal::warn(&format!(
                "what passes of track `{track}` without the rest stays as well, because it does not pass with the \
                 others: {reason}{log}"
            ));
            let all: BTreeSet<String> = hold.candidate.iter().chain(part).cloned().collect();
            let all = all.into_iter().collect();
            return Fate::Held(self.held(track, &hold.reason, all, hold.log.clone()), Vec::new());
        }
        let reason = format!("it passes alone, and not with the others: {reason}");
        let fate = Fate::Held(self.held(track, &reason, candidate.to_vec(), log.clone()), Vec::new());
        tell(track, &fate);
        fate
    }

    /// Tries a whole with the gates of all tracks; why it fails, and the log.
    ///
    /// A gate of a track that does not move, and that fails where nothing has moved, is left out: one that is broken
    /// would hold back everything.
    fn whole(
        &self,
        resolved: Result<Lock, LockingError>,
        moving: &BTreeMap<String, Moving>,
    ) -> Result<Result<Lock, (String, Option<String>)>, Error> {
        let lock = match resolved {
            Ok(lock) => lock,
            Err(refused) => {
                let log = self.note(Subject::Whole, &refused)?;
                return Ok(Err(("there is no solution".to_owned(), Some(log))));
            }
        };
        loop {
            let gates = self.gates(|name| moving.contains_key(name) || !self.mute.borrow().contains(name));
            let (reason, log, gate) = match self.trials.candidate(Subject::Whole, &lock, &gates)? {
                Verdict::Passed => return Ok(Ok(lock)),
                Verdict::Failed { reason, log, gate } => (reason, log, gate),
            };
            let tracks = &self.workspace.manifest.tracks;
            let still =
                gate.filter(|name| !moving.contains_key(name)).and_then(|name| tracks.get_key_value(&name));
            match still {
                Some((name, gate)) if !self.trials.passes_now(name, gate)? => {
                    terminal::warn(&format!(
                        "the gate of `{name}` fails in the current environment as well: it says nothing of what moves"
                    ));
                    self.mute.borrow_mut().insert(name.clone());
                }
                _ => return Ok(Err((reason, Some(log)))),
            }
        }
    }

    /// Resolves with these tracks moving; the inner error is the candidate's own.
    fn resolve(&self, tracks: &BTreeMap<String, Moving>) -> Result<Result<Lock, LockingError>, Error> {
        let engine = self.workspace.engine(self.workspace.options(), false)?;
        match self.workspace.resolve_with(&engine, &Upgrade::Tracks(tracks.clone())) {
            Ok(lock) => Ok(Ok(lock)),
            Err(refused) if refused.is_refusal() => Ok(Err(refused)),
            Err(error) => Err(error.into()),
        }
    }

    fn gates(&self, wanted: impl Fn(&str) -> bool) -> Vec<(&str, &Track)> {
        let tracks = self.workspace.manifest.tracks.iter().filter(|(name, _)| wanted(name));
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
            since: earlier.map_or_else(|| self.clock.text(), |hold| hold.since.clone()),
            reason: reason.to_owned(),
            candidate,
            log,
        }
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

    /// Keeps what uv said; returns where, relative to the project.
    fn note(&self, subject: Subject<'_>, refused: &LockingError) -> Result<String, Error> {
        let (shown, mut log) = logs::create(&self.trials.context.project, &self.trials.moment, subject)?;
        writeln!(log, "{refused}").with_context(|| format!("could not write {shown}"))?;
        Ok(shown)
    }
}

/// The names of all tracks: those of the manifest, and root's.
pub fn names(workspace: &Workspace) -> BTreeSet<String> {
    workspace.manifest.tracks.keys().cloned().chain([MAIN.to_owned()]).collect()
}

/// Two halves, to be taken from the end; nothing of one package alone, which cannot be less.
fn halves(names: &[String]) -> Vec<Vec<String>> {
    let (first, second) = names.split_at(names.len() / 2);
    if first.is_empty() { Vec::new() } else { vec![second.to_vec(), first.to_vec()] }
}

fn tell(track: &str, fate: &Fate) {
    if let Fate::Held(hold, _) = fate {
        let log = hold.log.as_ref().map(|log| format!(" ({log})")).unwrap_or_default();
        terminal::warn(&format!("track `{track}` is held: {}{log}", hold.reason));
    }
}
