//! The report, in the format and at the place that were asked for.
//!
//! Deliberately not here: the formats (`report`).

use super::{Format, Options, Talk};
use crate::config::replace;
use crate::failure::Failure;
use crate::finding::Severity;
use crate::output::Output;
use crate::report::{Report, html, json, sarif, text};
use crate::rules;
use crate::terminal::count;

/// Shows it.
pub(super) fn show(
    report: &Report,
    options: &Options,
    talk: Talk,
    output: &mut dyn Output,
) -> Result<(), Failure> {
    let look = text::Look {
        verbose: talk.verbose,
        quiet: talk.quiet,
        // A file is no terminal.
        colour: output.colour() && options.output.is_none(),
        width: output.width(),
    };
    let text = match options.format() {
        Format::Text => text::render(report, rules::ALL, look),
        Format::Json => json::render(report),
        Format::Sarif => sarif::render(report, rules::ALL),
        Format::Html => html::render(report, rules::ALL),
    };
    let Some(path) = &options.output else { return output.data(&text) };
    replace(path, text.as_bytes(), "the report")?;
    if !talk.quiet {
        let found = [("error", Severity::Error), ("warning", Severity::Warning), ("note", Severity::Note)];
        let found = found.map(|(word, severity)| count(report.count(severity), word)).join(", ");
        output.note(&format!("wrote {} ({found})", path.display()));
    }
    Ok(())
}
