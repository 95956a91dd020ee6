//! Telling somebody of holds: a command that gets a report as JSON, once for each thing that happened.
//!
//! What was told stands in `.pinfold/told.json`. It is this machine's: the lock says what is held, to everybody, and not
//! who was told. A command that fails has told nothing, and is run again the next time. Deliberately not here: what is
//! in the report beside the events ([`crate::commands::status`]).

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use pinfold_core::lock::Hold;
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::logs::{self, Subject};
use super::standing::Standing;
use super::switch::{Turn, alone};
use crate::build::{Lines, Run};

/// What happened to a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It began.
    Begins,
    /// It has another reason, or another candidate.
    Changes,
    /// Its deadline is near.
    Near,
    /// Its deadline has passed.
    Past,
    /// It ended.
    Ends,
}

/// Something that happened to a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// The track.
    pub track: String,
    /// What happened.
    pub event: Kind,
    /// In a sentence.
    pub sentence: String,
    /// When the track must have moved (RFC 3339).
    pub deadline: Option<String>,
    /// What the track would have moved to.
    pub candidate: Vec<String>,
    /// What was said when it failed, relative to the project.
    pub log: Option<String>,
}

/// What was told of each track that is held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    version: u32,
    tracks: BTreeMap<String, Known>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    since: String,
    reason: String,
    candidate: Vec<String>,
    near: bool,
    past: bool,
}

const VERSION: u32 = 1;
const FILE: &str = "told.json";

/// A deadline is near for so many days, or for the last quarter of `max-lag` where that is less.
const NEAR: u32 = 3;

/// A command that takes longer is ended.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits until nobody else of this project tells something.
///
/// # Errors
/// When the project's folder cannot be written.
pub fn turn(project: &Path) -> Result<Turn> {
    alone(project, "told.lock", "Waiting for another pinfold to tell of this project's holds")
}

impl Told {
    /// What was told so far; nothing where that cannot be read.
    pub fn read(project: &Path) -> Self {
        let bytes = fs::read(project.join(".pinfold").join(FILE)).unwrap_or_default();
        let told = serde_json::from_slice::<Told>(&bytes).ok();
        told.filter(|told| told.version == VERSION).unwrap_or_default()
    }

    /// Remembers it, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, project: &Path, _turn: &Turn) -> Result<()> {
        let path = project.join(".pinfold").join(FILE);
        let temporary = path.with_extension("json.new");
        fs::write(&temporary, serde_json::to_string(self)?)
            .and_then(|()| fs::rename(&temporary, &path))
            .with_context(|| format!("could not write {}", path.display()))
    }

    /// What happened since, and what will have been told then.
    pub fn news(&self, standings: &[Standing<'_>], clock: &Clock) -> (Vec<Event>, Told) {
        let mut events = Vec::new();
        let mut told = Told { version: VERSION, tracks: BTreeMap::new() };
        for standing in standings {
            let Some(hold) = standing.hold else { continue };
            let (past, near) = (standing.is_past(clock), is_near(standing, clock));
            let known = self.tracks.get(&standing.name).filter(|known| known.since == hold.since);
            let mut kinds = Vec::new();
            match known {
                None => kinds.push(Kind::Begins),
                Some(known) if known.reason != hold.reason || known.candidate != hold.candidate => {
                    kinds.push(Kind::Changes);
                }
                Some(_) => {}
            }
            if past && !known.is_some_and(|known| known.past) {
                kinds.push(Kind::Past);
            } else if near && !past && !known.is_some_and(|known| known.near) {
                kinds.push(Kind::Near);
            }
            events.extend(kinds.into_iter().map(|kind| event(&standing.name, kind, hold, standing.deadline)));
            let (since, reason) = (hold.since.clone(), hold.reason.clone());
            let candidate = hold.candidate.clone();
            told.tracks.insert(standing.name.clone(), Known { since, reason, candidate, near, past });
        }
        for (track, known) in self.tracks.iter().filter(|(track, _)| !told.tracks.contains_key(*track)) {
            let hold = Hold {
                track: track.clone(),
                since: known.since.clone(),
                reason: known.reason.clone(),
                candidate: Vec::new(),
                log: None,
            };
            events.push(event(track, Kind::Ends, &hold, None));
        }
        (events, told)
    }
}

fn is_near(standing: &Standing<'_>, clock: &Clock) -> bool {
    let hours = i64::from(NEAR.min(standing.max_lag.div_ceil(4))) * 24;
    let near = SignedDuration::from_hours(hours);
    standing.deadline.is_some_and(|deadline| deadline.duration_since(clock.now()) <= near)
}

fn event(track: &str, kind: Kind, hold: &Hold, deadline: Option<Timestamp>) -> Event {
    let since: String = hold.since.chars().take(10).collect();
    let (reason, deadline) = (&hold.reason, deadline.map(|moment| moment.to_string()));
    // A hold without a moment that can be read is past it as well.
    let by = deadline.as_ref().map_or_else(
        || "at once".to_owned(),
        |moment| format!("by {}", moment.chars().take(10).collect::<String>()),
    );
    let track_since = format!("track `{track}`, held since {since}");
    let sentence = match kind {
        Kind::Begins => format!("track `{track}` is held since {since}: {reason}; it must have moved {by}"),
        Kind::Changes => {
            format!("{track_since}, is held for another reason or at another candidate: {reason}")
        }
        Kind::Near => format!("{track_since}, must have moved {by}, which is near: {reason}"),
        Kind::Past => format!("{track_since}, must have moved {by}, which is past: {reason}"),
        Kind::Ends => format!("{track_since}, is not held any more; it was because {reason}"),
    };
    let (candidate, log) = (hold.candidate.clone(), hold.log.clone());
    Event { track: track.to_owned(), event: kind, sentence, deadline, candidate, log }
}

/// Runs `command`, a line for the shell, with `report` on its standard input; says why it has told nothing.
///
/// # Errors
/// When there is nowhere to put the report.
pub fn run(project: &Path, command: &str, report: &str, clock: &Clock) -> Result<Option<String>> {
    let (shown, _) = logs::create(project, &clock.text(), Subject::Notify)?;
    // A file, which a command that reads nothing does not keep us waiting for.
    let mut input = tempfile::tempfile().context("could not make a temporary file for the report")?;
    input.write_all(report.as_bytes()).and_then(|()| input.rewind()).context("could not write the report")?;
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(project);
    let line = Lines::new(false, false).begin("notify", "Telling of holds");
    let log = project.join(&shown);
    let run = Run { command: shell, log, timeout: Some(TIMEOUT), line: &line, input: Some(input) };
    Ok(match run.wait() {
        Ok(ended) if ended.is_fine() => None,
        Ok(ended) => {
            let last = ended.last.last().map(|line| format!(": {line}")).unwrap_or_default();
            Some(format!("{}{last} (see {shown})", ended.words()))
        }
        Err(error) => Some(format!("could not be started: {error}")),
    })
}
