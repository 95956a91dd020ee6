//! `pinfold gc`: remove what no environment uses.
//!
//! Deliberately not here: what is in use ([`crate::environment::gc`]).

use std::path::PathBuf;

use serde::Serialize;
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::environment::gc::{self, Report};
use crate::error::{Error, Outcome};
use crate::output;
use crate::terminal::{self, count, size};

/// Remove old generations, and wheels that no environment uses
#[derive(Clone, Debug, clap::Args)]
pub struct GcArgs {
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Document<'r> {
    version: u32,
    dry_run: bool,
    bytes: u64,
    generations: &'r [PathBuf],
    in_use: &'r [PathBuf],
    forgotten: &'r [PathBuf],
    wheels: &'r [PathBuf],
    instances: &'r [PathBuf],
    isolated: &'r [PathBuf],
    hooks: &'r [PathBuf],
    bytecode: &'r [PathBuf],
    builds: &'r [PathBuf],
    leftovers: &'r [PathBuf],
}

/// Runs the command.
///
/// # Errors
/// When the store or an environment cannot be read, or a folder not be removed.
pub fn run(args: &GcArgs, context: &Context) -> Result<Outcome, Error> {
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let report = {
        let _busy = terminal::spinner("Looking for what no environment uses");
        gc::collect(&store, args.dry_run)?
    };
    match context.format {
        OutputFormat::Json => output::data(&format!("{}\n", json(&report, args.dry_run)))?,
        OutputFormat::Text => tell(&report, args.dry_run, context.verbose > 0)?,
    }
    Ok(Outcome::Fine)
}

fn json(report: &Report, dry_run: bool) -> String {
    let store = &report.store;
    let document = Document {
        version: 1,
        dry_run,
        bytes: report.bytes,
        generations: &report.generations,
        in_use: &report.in_use,
        forgotten: &report.forgotten,
        wheels: &store.wheels,
        instances: &store.instances,
        isolated: &store.isolated,
        hooks: &store.hooks,
        bytecode: &store.bytecode,
        builds: &store.builds,
        leftovers: &store.leftovers,
    };
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn tell(report: &Report, dry_run: bool, verbose: bool) -> Result<(), Error> {
    let store = &report.store;
    let kinds = [
        (&report.generations, "old generation"),
        (&store.wheels, "wheel"),
        (&store.instances, "instance"),
        (&store.isolated, "isolated copy"),
        (&store.hooks, "copy of the hook"),
        (&store.bytecode, "bytecode folder"),
        (&store.builds, "build"),
        (&store.leftovers, "leftover"),
    ];
    let parts: Vec<String> = kinds
        .iter()
        .filter(|(list, _)| !list.is_empty())
        .map(|(list, noun)| plural(list.len(), noun))
        .collect();
    let verb = if dry_run { "Would remove" } else { "Removed" };
    if parts.is_empty() {
        terminal::note("Nothing to remove: everything in the store is used by an environment");
    } else {
        terminal::say(verb, &format!("{} ({})", parts.join(", "), size(report.bytes)));
    }
    for folder in &report.in_use {
        terminal::note(&format!("Kept {}: a process runs in it", folder.display()));
    }
    if !report.forgotten.is_empty() {
        let gone = if dry_run { "Would forget" } else { "Forgot" };
        terminal::note(&format!(
            "{gone} {} that {} gone",
            count(report.forgotten.len(), "environment"),
            if report.forgotten.len() == 1 { "is" } else { "are" }
        ));
    }
    if verbose || dry_run {
        for folder in kinds.iter().flat_map(|(list, _)| list.iter()) {
            output::data(&format!("{}\n", folder.display()))?;
        }
    }
    Ok(())
}

fn plural(number: usize, noun: &str) -> String {
    match noun {
        "isolated copy" if number != 1 => format!("{number} isolated copies"),
        "copy of the hook" if number != 1 => format!("{number} copies of the hook"),
        _ => count(number, noun),
    }
}
