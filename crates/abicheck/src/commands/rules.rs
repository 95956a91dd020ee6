//! `abicheck rules`: every rule, as a table, as JSON, or as the page `docs/abicheck-rules.md`.
//!
//! Deliberately not here: the rules' own pages in a terminal (`explain`).

use serde_json::json;

use crate::failure::{Failure, Outcome};
use crate::finding::Severity;
use crate::output::Output;
use crate::report::json::{VERSION, pretty};
use crate::rules::{self, Rule};
use crate::terminal::{Style, styled};

/// List the rules
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// How they are printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output_format: Format,
}

/// How rules are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A table for people
    #[default]
    Text,
    /// For programs
    Json,
    /// All pages, as docs/abicheck-rules.md has them
    Markdown,
}

/// Prints them.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let text = match options.output_format {
        Format::Text => table(rules::ALL, output.colour()),
        Format::Json => json(rules::ALL),
        Format::Markdown => markdown(rules::ALL),
    };
    output.data(&text)?;
    Ok(Outcome::Fine)
}

/// A severity as people read it.
pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn table(rules: &[&'static Rule], colour: bool) -> String {
    let widest = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let line = |rule: &&Rule| {
        let style = match rule.severity {
            Severity::Error => Style::Error,
            Severity::Warning => Style::Warning,
            Severity::Note => Style::Note,
        };
        let severity = styled(&format!("{:7}", word(rule.severity)), style, colour);
        format!(
            "{}  {:widest$}  {severity}  {}\n",
            styled(rule.code, Style::Strong, colour),
            rule.name,
            rule.summary
        )
    };
    rules.iter().map(line).collect()
}

fn json(rules: &[&'static Rule]) -> String {
    let rule = |rule: &&Rule| {
        json!({
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity,
            "summary": rule.summary,
            "page": rule.page().body(),
        })
    };
    pretty(&json!({ "version": VERSION, "rules": rules.iter().map(rule).collect::<Vec<_>>() }))
}

fn markdown(rules: &[&'static Rule]) -> String {
    let mut text =
        "# The rules of abicheck\n\nWritten by `abicheck rules --output-format markdown`; a test compares. \
                    A rule's severity is that of its worst findings.\n\n\
                    | code | name | severity | what it finds |\n|---|---|---|---|\n"
            .to_owned();
    for rule in rules {
        let anchor = format!("{}-{}", rule.code, rule.name).to_lowercase();
        let severity = word(rule.severity);
        let summary = rule.summary.replace('|', "\\|");
        text.push_str(&format!("| [{}](#{anchor}) | {} | {severity} | {summary} |\n", rule.code, rule.name));
    }
    for rule in rules {
        text.push_str(&format!("\n## {} {}\n\n{}\n", rule.code, rule.name, deeper(rule.page().body())));
    }
    text
}

/// `page` with its headings one level deeper, except in examples.
fn deeper(page: &str) -> String {
    let mut fenced = false;
    let line = |line: &str| {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && line.starts_with('#') { format!("#{line}") } else { line.to_owned() }
    };
    page.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            table(&sample::RULES, false),
            "AB102  shared-library  error    Two packages bring a library of one name, and one copy serves both\n\
             AB301  several-openmp  warning  Several OpenMP runtimes in one process\n\
             AB401  interposed      note     A reference of libstdc++ is answered by a wheel\n"
        );
    }

    #[test]
    fn pages_stand_below_the_table() {
        let text = markdown(&sample::RULES);
        assert!(
            text.contains("| [AB301](#ab301-several-openmp) | several-openmp | warning | Several"),
            "{text}"
        );
        assert!(
            text.contains("\n## AB102 shared-library\n\n### What it does\nTwice the same name"),
            "{text}"
        );
        assert!(text.contains("\n### Fix\nGive each a name.\n"), "{text}");
    }

    #[test]
    fn the_page_in_docs_is_what_is_printed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/abicheck-rules.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == markdown(rules::ALL),
            "docs/abicheck-rules.md is not what the rules say; write it anew: \
             cargo run -p abicheck -- rules --output-format markdown > docs/abicheck-rules.md"
        );
    }
}
