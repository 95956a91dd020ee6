//! `pinfold generations`: what the environment was, and can be again.

use jiff::Timestamp;
use serde::Serialize;

use crate::context::{Context, OutputFormat};
use crate::environment::difference::{Difference, Kind, difference};
use crate::environment::history::{self, Generation};
use crate::environment::layout::Layout;
use crate::error::{Error, Outcome};
use crate::output;
use crate::terminal::{self, Style, count, styled};

/// Show the generations of the environment
#[derive(Clone, Debug, clap::Args)]
pub struct GenerationsArgs {}

/// What is printed as JSON; `generations.schema.json` beside this file.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    environment: &'a std::path::Path,
    current: u64,
    generations: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    number: u64,
    current: bool,
    in_use: bool,
    created: Option<String>,
    python: Option<String>,
    units: Option<usize>,
    closures: Option<usize>,
    #[serde(skip)]
    since: String,
}

/// Runs the command.
///
/// # Errors
/// When there is no environment, or it is not ours.
pub fn run(_: &GenerationsArgs, context: &Context) -> Result<Outcome, Error> {
    let layout = Layout::new(&context.environment)?;
    let generations = history::list(&layout)?;
    let current = history::current(&layout)?;
    let mut before = None;
    let mut entries = Vec::new();
    for generation in generations {
        let here = history::environment(&layout, generation.number).ok();
        let since = match (&before, &here) {
            (Some(before), Some(here)) => summary(&difference(before, here)),
            (None, Some(_)) => String::new(),
            (_, None) => "damaged, or made by another Pinfold".to_owned(),
        };
        entries.push(entry(&generation, here.as_ref(), since));
        before = here.or(before);
    }
    match context.format {
        OutputFormat::Json => {
            let document =
                Document { version: 1, environment: &context.environment, current, generations: entries };
            let json = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
            output::data(&format!("{json}\n"))?;
        }
        OutputFormat::Text => {
            let colour = terminal::colour_on_stdout();
            let lines: String = entries.iter().map(|entry| line(entry, colour)).collect();
            output::data(&lines)?;
            if !entries.iter().any(|entry| entry.current) {
                terminal::warn(&format!(
                    "generation {current}, which {} leads to, is gone",
                    layout.link.display()
                ));
            }
        }
    }
    Ok(Outcome::Fine)
}

fn entry(
    generation: &Generation,
    environment: Option<&pinfold_core::closure::Environment>,
    since: String,
) -> Entry {
    let created = generation.stamp.as_ref().and_then(|stamp| time(stamp.created));
    Entry {
        number: generation.number,
        current: generation.current,
        in_use: generation.in_use,
        created,
        python: generation.stamp.as_ref().map(|stamp| stamp.python.clone()),
        units: environment.map(|environment| environment.units.iter().count()),
        closures: environment.map(|environment| environment.closures.iter().count()),
        since,
    }
}

/// Seconds since 1970 as RFC 3339.
fn time(seconds: u64) -> Option<String> {
    Some(Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?.to_string())
}

/// ` * 8  2026-11-22 10:21  Python 3.11.7  11 units in 2 closures  2 up, 1 added`
fn line(entry: &Entry, colour: bool) -> String {
    let mark = if entry.current { "*" } else { " " };
    let number = format!("{mark} {:>3}", entry.number);
    let number = if entry.current { styled(&number, Style::Strong, colour) } else { number };
    let mut parts = vec![number];
    parts.extend(entry.created.as_ref().map(|time| time.replace('T', " ").chars().take(16).collect()));
    parts.extend(entry.python.as_ref().map(|python| format!("Python {python}")));
    if let (Some(units), Some(closures)) = (entry.units, entry.closures) {
        let closures = if closures > 1 { format!(" in {closures} closures") } else { String::new() };
        parts.push(format!("{}{closures}", count(units, "unit")));
    }
    if !entry.since.is_empty() {
        parts.push(styled(&entry.since, Style::Dim, colour));
    }
    if entry.in_use {
        parts.push("a process runs in it".to_owned());
    }
    format!("{}\n", parts.join("  "))
}

/// `2 up, 1 added`: packages, each counted once.
fn summary(differences: &[Difference]) -> String {
    let kinds = [
        (Kind::Up, "up"),
        (Kind::Down, "down"),
        (Kind::Added, "added"),
        (Kind::Removed, "removed"),
        (Kind::Rebuilt, "rebuilt"),
    ];
    let of = |kind: Kind| {
        let changes = differences.iter().flat_map(|difference| &difference.changes);
        let mut all: Vec<_> = changes.filter(|change| change.kind == kind).collect();
        all.sort_by_key(|change| (&change.package, &change.from, &change.to));
        all.dedup();
        all.len()
    };
    let parts = kinds.map(|(kind, word)| (of(kind), word));
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    if parts.is_empty() { "the same packages".to_owned() } else { parts.join(", ") }
}
