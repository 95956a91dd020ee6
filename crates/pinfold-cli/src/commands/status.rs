//! `pinfold status`: where each track stands, and whether one has stayed behind for too long.
//!
//! It changes nothing, and looks at pinfold.lock alone where it must: without a network holds and their deadlines are
//! still told. Deliberately not here: what a deadline is ([`crate::tracks::standing`]).

mod text;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::anyhow;
use clap::builder::NonEmptyStringValueParser;
use pinfold_core::lock::{FILE, Lock};
use serde::Serialize;
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::environment::layout::Layout;
use crate::error::{Error, Outcome};
use crate::failure::{self, hinted};
use crate::locking::Workspace;
use crate::tracks::clock::Clock;
use crate::tracks::lag::{Lags, lags};
use crate::tracks::moving::names;
use crate::tracks::notify::{self, Event, Told};
use crate::tracks::standing::{Standing, standings};
use crate::{output, ready, terminal};

/// Show where each track stands, and what is held back
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold status                              exit code 1 if a track is past its `max-lag`
  pinfold status --offline                    holds and deadlines, without a look at what is newer
  pinfold status --exclude-newer 2024-06-20   as it is on that day")]
pub struct StatusArgs {
    /// Play this day (UTC) or moment: nothing that was uploaded later is there, and ages are counted to it
    #[arg(long, value_name = "DATE")]
    exclude_newer: Option<String>,
    /// Run this line in the shell, with a report as JSON on stdin, when a hold begins, changes, is near its deadline,
    /// passes it, or ends
    #[arg(long, value_name = "CMD", value_parser = NonEmptyStringValueParser::new())]
    notify: Option<String>,
}

/// What is printed as JSON; `status.schema.json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    tracks: Vec<Entry<'a>>,
}

/// A track.
#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    held: bool,
    reason: Option<&'a str>,
    since: Option<&'a str>,
    days_behind: Option<i64>,
    versions_behind: Option<usize>,
    deadline: Option<String>,
    packages: BTreeMap<&'a str, &'a str>,
}

/// Runs the command.
///
/// # Errors
/// When there is no lock, or it cannot be read.
pub fn run(args: &StatusArgs, context: &Context) -> Result<Outcome, Error> {
    let clock = Clock::new(args.exclude_newer.as_deref())?;
    let mut seen = Seen::open(context, &clock)?;
    seen.look();
    if context.offline && seen.lags.is_some() {
        terminal::note(
            "What is newer is told as uv last saw it, which may have been long ago: `--offline` asks nobody",
        );
    }
    let standings = seen.standings(&clock);
    match context.format {
        OutputFormat::Json => {
            let json = serde_json::to_string_pretty(&document(&standings)).map_err(anyhow::Error::from)?;
            output::data(&format!("{json}\n"))?;
        }
        OutputFormat::Text => {
            output::data(&text::render(&standings, &clock, terminal::colour_on_stdout()))?;
        }
    }
    let mut outcome = Outcome::Fine;
    for standing in standings.iter().filter(|standing| standing.is_past(&clock)) {
        terminal::warn(&text::past(standing, &clock));
        outcome = Outcome::Findings;
    }
    if let Some(command) = &args.notify {
        warn(seen.tell(context, &clock, command), command);
    }
    Ok(outcome)
}

/// Tells of holds after an update; what goes wrong with that is said, and nothing else. Where the update `failed`,
/// there may be nothing to tell of, which it says itself.
pub(super) fn tell(context: &Context, clock: &Clock, command: &str, failed: bool) {
    match Seen::open(context, clock) {
        Ok(mut seen) => warn(seen.tell(context, clock, command), command),
        Err(_) if failed => {}
        Err(error) => warn(Err(error), command),
    }
}

fn warn(told: Result<Option<String>, Error>, command: &str) {
    let why = match told {
        Ok(None) => return,
        Ok(Some(why)) => why,
        Err(error) => format!("could not be run: {error}"),
    };
    terminal::warn(&format!("`--notify {command}` {why}; it will be told again the next time"));
}

/// What the command of `--notify` reads; `notify.schema.json`.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    status: Document<'a>,
    now: String,
    project: &'a Path,
    events: Vec<Event>,
}

/// What was looked at.
struct Seen {
    workspace: Workspace,
    lock: Lock,
    lags: Option<Lags>,
    layout: Layout,
}

impl Seen {
    /// Looks at the lock and at the environment.
    ///
    /// # Errors
    /// When there is no lock, or it cannot be read.
    fn open(context: &Context, clock: &Clock) -> Result<Self, Error> {
        let store = Store::from_env().map_err(anyhow::Error::from)?;
        let mut workspace = Workspace::open(context, &store)?;
        let lock = workspace.previous.clone().ok_or_else(|| {
            let what =
                anyhow!("there is no {}, so no track has anything", context.project.join(FILE).display());
            hinted(what, "`pinfold sync` makes it and the environment")
        })?;
        if let Some(newer) = clock.behind(&lock) {
            terminal::warn(&format!(
                "the clock says {}, but {newer}: ages are counted by this clock",
                clock.text()
            ));
        }
        let layout = Layout::new(&context.environment)?;
        if layout.link.exists() {
            ready::compare(context, &store, &layout.link);
        }
        if let Some(limit) = clock.limit() {
            workspace.limit(&limit);
        }
        Ok(Seen { workspace, lock, lags: None, layout })
    }

    /// Looks for what is newer; that nobody could is no reason to say nothing of holds.
    fn look(&mut self) {
        match lags(&self.workspace, &self.lock, &names(&self.workspace)) {
            Ok(lags) => self.lags = Some(lags),
            Err(error) => {
                let said = failure::render(&error, false);
                let said = said.trim_end().trim_start_matches("error: ").replace('\n', "\n  ");
                terminal::warn(&format!("could not look for newer releases, so only holds are told: {said}"));
            }
        }
    }

    /// Tells of what happened since the last time; says why nothing was told.
    fn tell(&mut self, context: &Context, clock: &Clock, command: &str) -> Result<Option<String>, Error> {
        let project = &context.project;
        let turn = notify::turn(project)?;
        let told = Told::read(project);
        let (events, then) = told.news(&self.standings(clock), clock);
        if !events.is_empty() {
            if self.lags.is_none() {
                self.look();
            }
            let standings = self.standings(clock);
            let report = Report { now: clock.text(), project, events, status: document(&standings) };
            let report = serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?;
            if let Some(failure) = notify::run(project, command, &format!("{report}\n"), clock)? {
                return Ok(Some(failure));
            }
        }
        if told != then {
            then.write(project, &turn)?;
        }
        Ok(None)
    }

    /// Where all tracks stand.
    fn standings(&self, clock: &Clock) -> Vec<Standing<'_>> {
        standings(&self.workspace, &self.lock, self.lags.as_ref(), clock, &self.layout)
    }
}

/// The document of these tracks.
fn document<'a>(standings: &'a [Standing<'a>]) -> Document<'a> {
    let entry = |standing: &'a Standing<'a>| Entry {
        name: &standing.name,
        held: standing.hold.is_some(),
        reason: standing.hold.map(|hold| hold.reason.as_str()),
        since: standing.hold.map(|hold| hold.since.as_str()),
        days_behind: standing.days,
        versions_behind: standing.versions,
        deadline: standing.deadline.map(|moment| moment.to_string()),
        packages: versions(standing),
    };
    Document { version: 1, tracks: standings.iter().map(entry).collect() }
}

/// The version of each package; of one that pins of `main` have at another version, root's.
fn versions<'a>(standing: &'a Standing<'a>) -> BTreeMap<&'a str, &'a str> {
    let mut versions = BTreeMap::new();
    let (root, others): (Vec<_>, Vec<_>) =
        standing.packages.iter().partition(|(package, _)| package.closure == pinfold_core::names::ROOT);
    for (package, _) in root.into_iter().chain(others) {
        versions.entry(package.wheel.name.as_str()).or_insert(package.wheel.version.as_str());
    }
    versions
}
