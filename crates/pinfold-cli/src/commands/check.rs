//! `pinfold check`: say what a person should know about the environment before running it.
//!
//! It looks at the environment as it is, and imports nothing. Deliberately not here: the rules
//! ([`crate::check`]).

use anyhow::anyhow;
use pinfold_core::index;
use pinfold_core::resolve::Resolver;
use serde_json::json;
use wheelsplit::Store;

use crate::check::{Finding, Severity, check};
use crate::context::{Context, OutputFormat};
use crate::environment::generation::Stamp;
use crate::environment::layout::Layout;
use crate::environment::sync::existing;
use crate::error::{Error, Outcome};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::terminal::{Style, count, styled};
use crate::{output, ready, terminal};

/// Say what may go wrong: types that cross versions, undeclared imports, files in each other's way
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Exit code 1 where there are warnings; docs/check.md explains each code.")]
pub struct CheckArgs {
    /// Say the warnings only
    #[arg(long)]
    no_notes: bool,
}

/// Runs the command.
///
/// # Errors
/// When there is no environment, or its files cannot be read.
pub fn run(args: &CheckArgs, context: &Context) -> Result<Outcome, Error> {
    let layout = Layout::new(&context.environment)?;
    let generation = existing(&layout)?;
    let environment = index::read(&generation.join(index::FILE))
        .map_err(anyhow::Error::from)
        .hint("`pinfold sync --force` builds the environment anew")?;
    let stamp = Stamp::read(&generation).ok_or_else(|| {
        hinted(
            anyhow!("{} is not a generation of this version of Pinfold", generation.display()),
            "`pinfold sync` builds a new one",
        )
    })?;
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    ready::compare(context, &store, &generation);
    let interpreter = Interpreter::query(&stamp.interpreter, store.root())?;
    let resolver = Resolver::new(environment);
    let mut findings =
        check(&resolver, &interpreter, &store).hint("`pinfold sync` brings back what the store lacks")?;
    if args.no_notes {
        findings.retain(|finding| finding.severity != Severity::Note);
    }
    let units = resolver.env().units.len();
    match context.format {
        OutputFormat::Json => output::data(&json(&findings, units)?)?,
        OutputFormat::Text => output::data(&text(&findings, units, terminal::colour_on_stdout()))?,
    }
    let grave = findings.iter().any(|finding| finding.severity == Severity::Warning);
    Ok(if grave { Outcome::Findings } else { Outcome::Fine })
}

fn number(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.severity == severity).count()
}

fn json(findings: &[Finding], units: usize) -> Result<String, anyhow::Error> {
    let document = json!({
        "version": 1,
        "units": units,
        "warnings": number(findings, Severity::Warning),
        "notes": number(findings, Severity::Note),
        "findings": findings,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn text(findings: &[Finding], units: usize, colour: bool) -> String {
    let mut text = String::new();
    for finding in findings {
        let (word, style) = match finding.severity {
            Severity::Warning => ("warning", Style::Warning),
            Severity::Note => ("note", Style::Dim),
        };
        let head = styled(&format!("{word}[{}]", finding.code), style, colour);
        text.push_str(&format!("{head}: {}\n", styled(&finding.message, Style::Strong, colour)));
        for line in &finding.evidence {
            text.push_str(&format!("  {line}\n"));
        }
        for line in &finding.hints {
            text.push_str(&format!("{}: {line}\n", styled("hint", Style::Hint, colour)));
        }
        text.push('\n');
    }
    let (warnings, notes) = (number(findings, Severity::Warning), number(findings, Severity::Note));
    let total = match (warnings, notes) {
        (0, 0) => "nothing to say".to_owned(),
        _ => format!("{}, {}", count(warnings, "warning"), count(notes, "note")),
    };
    text.push_str(&format!("{}: {total}\n", count(units, "unit")));
    text
}
