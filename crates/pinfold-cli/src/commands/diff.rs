//! `pinfold diff`: what differs between two generations, per closure.
//!
//! Deliberately not here: the comparison ([`crate::environment::difference`]).

use serde::Serialize;

use anyhow::anyhow;

use crate::context::{Context, OutputFormat};
use crate::environment::difference::{Change, Difference, Kind, difference};
use crate::environment::history;
use crate::environment::layout::Layout;
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::output;
use crate::terminal::{self, Style, styled};

/// Show which packages differ between two generations
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold diff        the generation before the current one, and the current one
  pinfold diff 6      generation 6 and the current one
  pinfold diff 6 7    generation 6 and generation 7")]
pub struct DiffArgs {
    /// The generation to compare from [default: the one before the current one]
    #[arg(value_name = "N")]
    from: Option<u64>,
    /// The generation to compare to [default: the current one]
    #[arg(value_name = "M")]
    to: Option<u64>,
}

/// What is printed as JSON; `diff.schema.json` beside this file.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    from: u64,
    to: u64,
    python: Python<'a>,
    closures: &'a [Difference],
}

#[derive(Serialize)]
struct Python<'a> {
    from: &'a str,
    to: &'a str,
}

/// Runs the command.
///
/// # Errors
/// When there is no such generation, or it cannot be read.
pub fn run(args: &DiffArgs, context: &Context) -> Result<Outcome, Error> {
    let layout = Layout::new(&context.environment)?;
    let current = history::current(&layout)?;
    let to = args.to.unwrap_or(current);
    let from = match args.from {
        Some(from) => from,
        None => history::before(&layout, to).ok_or_else(|| {
            hinted(
                anyhow!("{} has no generation before {to} to compare with", layout.link.display()),
                "`pinfold generations` shows those that there are",
            )
        })?,
    };
    let (before, after) = (history::environment(&layout, from)?, history::environment(&layout, to)?);
    let closures = difference(&before, &after);
    match context.format {
        OutputFormat::Json => {
            let python = Python { from: &before.python, to: &after.python };
            let document = Document { version: 1, from, to, python, closures: &closures };
            let json = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
            output::data(&format!("{json}\n"))?;
        }
        OutputFormat::Text => {
            let python = (before.python != after.python)
                .then(|| format!("Python {} -> {}\n", before.python, after.python));
            let colour = terminal::colour_on_stdout();
            let text: String = closures.iter().map(|one| block(one, colour)).collect();
            output::data(&format!("{}{text}", python.clone().unwrap_or_default()))?;
            if closures.is_empty() && python.is_none() {
                terminal::note(&format!("Generations {from} and {to} have the same packages"));
            }
        }
    }
    Ok(Outcome::Fine)
}

fn block(difference: &Difference, colour: bool) -> String {
    let mut text = format!("{}\n", styled(&difference.closure, Style::Strong, colour));
    for change in &difference.changes {
        text.push_str(&line(change, colour));
    }
    text
}

/// ` ↑ numpy 1.26.4 -> 2.0.0`
fn line(change: &Change, colour: bool) -> String {
    let (sign, style) = match change.kind {
        Kind::Up => ("up", Style::Plus),
        Kind::Down => ("down", Style::Minus),
        Kind::Added => ("added", Style::Plus),
        Kind::Removed => ("removed", Style::Minus),
        Kind::Rebuilt => ("rebuilt", Style::Dim),
    };
    let versions = match (&change.from, &change.to) {
        (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
        (from, to) => to.as_ref().or(from.as_ref()).cloned().unwrap_or_default(),
    };
    format!("  {} {} {versions}\n", styled(&format!("{sign:<7}"), style, colour), change.package)
}
