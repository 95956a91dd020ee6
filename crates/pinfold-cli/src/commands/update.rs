//! `pinfold update`: move tracks to what is newest and passes, and hold the others where they are.
//!
//! Deliberately not here: which tracks move ([`crate::tracks`]).

mod build_set;

use std::collections::BTreeSet;
use std::time::Instant;

use anyhow::anyhow;
use clap::builder::NonEmptyStringValueParser;
use pinfold_core::lock::{Hold, Lock};
use pinfold_core::names::nearest;
use serde::Serialize;
use wheelsplit::Store;

use super::rollback::no_gate;
use super::{status, sync};
use crate::context::{Context, OutputFormat};
use crate::environment::layout::Layout;
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::locking::{Upgrade, Workspace};
use crate::manifests;
use crate::output;
use crate::terminal::{self, Style, elapsed, styled};
use crate::tracks::clock::Clock;
use crate::tracks::moving::{Fate, Mover, Moves, names};
use crate::tracks::standing::began;
use crate::tracks::switch;
use crate::tracks::trial::Trials;

/// Move tracks to the newest versions that pass their gates, and hold the others
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold update                              every track
  pinfold update science                      one track
  pinfold update --exclude-newer 2024-06-16   as it would have been on that day
  pinfold update --build-set                  what packages are built with, and nothing else")]
pub struct UpdateArgs {
    /// The tracks to move; root is `main` [default: all]
    #[arg(value_name = "TRACK", conflicts_with = "build_set")]
    tracks: Vec<String>,
    /// Play this day (UTC) or moment: nothing that was uploaded later is there
    #[arg(long, value_name = "DATE", conflicts_with = "build_set")]
    exclude_newer: Option<String>,
    /// Run this line in the shell, with a report as JSON on stdin, when a hold begins, changes, is near its deadline,
    /// passes it, or ends
    #[arg(long, value_name = "CMD", conflicts_with = "build_set", value_parser = NonEmptyStringValueParser::new())]
    notify: Option<String>,
    /// Resolve the build set anew, and build what depends on it; versions of the closures stay
    #[arg(long)]
    build_set: bool,
}

/// What is printed as JSON; `update/update.schema.json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    changed: bool,
    generation: Option<u64>,
    now: String,
    tracks: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    outcome: &'static str,
    changes: &'a [String],
    hold: Option<&'a Hold>,
}

/// Runs the command.
///
/// # Errors
/// When something could not be tried or written; lock and environment are as they were then.
pub fn run(args: &UpdateArgs, context: &Context) -> Result<Outcome, Error> {
    if context.frozen || context.locked {
        let what = anyhow!("`pinfold update` changes pinfold.lock, which `--locked` and `--frozen` forbid");
        return Err(hinted(what, "leave the flag out").into());
    }
    if args.build_set {
        return build_set::run(context);
    }
    let clock = Clock::new(args.exclude_newer.as_deref())?;
    let layout = Layout::new(&context.environment)?;
    no_gate(&layout, "update")?;
    let outcome = tracks(args, context, &clock, &layout);
    if let Some(command) = &args.notify {
        // Also where nothing could be tried: a deadline may have passed.
        status::tell(context, &clock, command, outcome.is_err());
    }
    outcome
}

/// Moves the tracks.
fn tracks(args: &UpdateArgs, context: &Context, clock: &Clock, layout: &Layout) -> Result<Outcome, Error> {
    let start = Instant::now();
    let _turn = switch::turn(&context.project)?;
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let mut workspace = Workspace::open(context, &store)?;
    let tracks = chosen(&args.tracks, &workspace)?;
    // On a day of the past a lock that does not fit, or is not there, is made as it would have been made then.
    if let (Some(limit), Some(_)) = (clock.limit(), workspace.stale()?) {
        workspace.limit(&limit);
        let lock = workspace.resolve(&Upgrade::Nothing)?;
        workspace.write(&lock)?;
    }
    // Candidates are compared with what is there: it must be what manifest and lock say.
    let synced = sync::bring(context, false)?;
    sync::report_changes(&synced, context);
    let before = synced.lock;
    workspace.previous = Some(before.clone());
    turned_back(clock, &before, args.exclude_newer.is_some())?;
    let unknown = clock.unknown(before.wheels.iter());
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        let what = anyhow!(
            "the index does not say when files of {names} were uploaded, so no day of the past can be played"
        );
        return Err(
            hinted(what, "leave `--exclude-newer` out, or use an index that says it (PEP 700)").into()
        );
    }
    if let Some(limit) = clock.limit() {
        workspace.limit(&limit);
    }
    let interpreter = workspace.interpreter.clone();
    let trials = Trials::new(context, &store, &interpreter, &clock.text())?;
    let mover = Mover { workspace: &workspace, before: &before, clock, trials: &trials };
    let moves = mover.moves(&tracks);
    let holds = moves.as_ref().map_or(&before.holds, |moves| &moves.lock.holds);
    switch::tidy(&context.project, holds);
    let moves = moves?;
    // A bound that somebody wrote meanwhile was not asked.
    if manifests::read(&context.manifest)? != workspace.manifest {
        let file = context.manifest.file_name().unwrap_or_default().to_string_lossy();
        let what = anyhow!("{file} was changed while candidates were tried; nothing was moved");
        return Err(hinted(what, "run `pinfold update` again").into());
    }
    let generation = match moves.lock == before {
        true => None,
        false => Some(switch::commit(context, layout, &store, &interpreter, (&before, &moves.lock))?),
    };
    match context.format {
        OutputFormat::Json => json(&moves, generation, clock)?,
        OutputFormat::Text => text(&moves, generation, start)?,
    }
    Ok(Outcome::Fine)
}

/// The tracks that are named, which must be there; all where none is.
fn chosen(named: &[String], workspace: &Workspace) -> Result<BTreeSet<String>, Error> {
    let known = names(workspace);
    if let Some(unknown) = named.iter().find(|name| !known.contains(*name)) {
        let near = nearest(unknown, &known);
        let all: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let hint = near.map_or_else(
            || format!("the tracks are {}", all.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(hinted(anyhow!("there is no track `{unknown}`"), hint).into());
    }
    Ok(if named.is_empty() { known } else { named.iter().cloned().collect() })
}

/// A day before what the lock has would move everything back; a clock that was turned back is only said.
fn turned_back(clock: &Clock, before: &Lock, given: bool) -> Result<(), Error> {
    for hold in before.holds.iter().filter(|hold| began(hold).is_some_and(|since| since > clock.now())) {
        terminal::warn(&format!(
            "track `{}` is held since {}, and the clock says {}: one of them is wrong",
            hold.track,
            hold.since,
            clock.text()
        ));
    }
    let Some(newer) = clock.behind(before) else { return Ok(()) };
    if given {
        let what = anyhow!("the day to play ends at {}, but {newer}", clock.text());
        let hint = "an update only moves on; `pinfold rollback` goes back, and `exclude-newer` in [uv] limits a lock";
        return Err(hinted(what, hint).into());
    }
    terminal::warn(&format!(
        "the clock says {}, but {newer}: one of them is wrong, and ages of holds are counted by this clock",
        clock.text()
    ));
    Ok(())
}

fn json(moves: &Moves, generation: Option<u64>, clock: &Clock) -> Result<(), Error> {
    let tracks = moves.fates.iter().map(|(name, fate)| match fate {
        Fate::Current => Entry { name, outcome: "current", changes: &[], hold: None },
        Fate::Moved(changes) => Entry { name, outcome: "moved", changes, hold: None },
        Fate::Held(hold, moved) => Entry { name, outcome: "held", changes: moved, hold: Some(hold) },
    });
    let changed = generation.is_some();
    let document = Document { version: 1, changed, generation, now: clock.text(), tracks: tracks.collect() };
    let json = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
    output::data(&format!("{json}\n"))
}

fn text(moves: &Moves, generation: Option<u64>, start: Instant) -> Result<(), Error> {
    let colour = terminal::colour_on_stdout();
    let mut out = String::new();
    for (name, fate) in &moves.fates {
        let name = styled(name, Style::Strong, colour);
        match fate {
            Fate::Current => out.push_str(&format!("{name}  nothing newer\n")),
            Fate::Moved(changes) => {
                out.push_str(&format!("{name}  moved\n"));
                out.extend(changes.iter().map(|change| format!("  {change}\n")));
            }
            Fate::Held(hold, moved) => {
                let since: String = hold.since.chars().take(10).collect();
                out.push_str(&format!("{name}  held since {since}: {}\n", hold.reason));
                out.extend(hold.candidate.iter().map(|change| format!("  {change}\n")));
                out.extend(hold.log.iter().map(|log| format!("  log: {log}\n")));
                out.extend(moved.iter().map(|change| format!("  moved without it: {change}\n")));
            }
        }
    }
    output::data(&out)?;
    let took = elapsed(start.elapsed());
    match generation {
        Some(number) => {
            terminal::say("Switched", &format!("to generation {number}, with pinfold.lock, in {took}"))
        }
        None => terminal::note(&format!("Nothing to do: everything is as it was (looked at in {took})")),
    }
    Ok(())
}
