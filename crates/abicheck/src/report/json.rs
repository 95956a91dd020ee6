//! The report for programs. Its schema is `schema/report.schema.json`.
//!
//! Paths and symbols that are not UTF-8 are written with U+FFFD where they are not: JSON has no other way.
//! Deliberately not here: the graph, which is for the page that people look at.

use serde::Serialize;

use super::{Report, Stats};
use crate::config::fingerprint;
use crate::finding::{Finding, Severity, SymbolName, Verified};

/// The version of the format: a program that reads another one should say so.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    findings: Vec<Entry<'a>>,
    ignored: Vec<Ignored<'a>>,
    notes: &'a [String],
    stats: &'a Stats,
}

/// A finding as this format, and the page, have it.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    code: &'a str,
    severity: Severity,
    title: &'a str,
    message: &'a str,
    packages: &'a [String],
    order: Option<&'a [String]>,
    libraries: Vec<String>,
    symbols: &'a [SymbolName],
    evidence: Vec<Line<'a>>,
    hint: &'a str,
    verified: Option<&'a Verified>,
    fingerprint: String,
}

#[derive(Serialize)]
struct Line<'a> {
    path: Option<String>,
    text: &'a str,
}

#[derive(Serialize)]
struct Ignored<'a> {
    #[serde(flatten)]
    finding: Entry<'a>,
    reason: &'a str,
}

impl<'a> From<&'a Finding> for Entry<'a> {
    fn from(finding: &'a Finding) -> Self {
        let lossy = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
        let line = |one: &'a crate::finding::Evidence| Line {
            path: (!one.path.as_os_str().is_empty()).then(|| lossy(&one.path)),
            text: &one.text,
        };
        Self {
            code: finding.code,
            severity: finding.severity,
            title: &finding.title,
            message: &finding.message,
            packages: &finding.packages,
            order: finding.order.as_deref(),
            libraries: finding.libraries.iter().map(lossy).collect(),
            symbols: &finding.symbols,
            evidence: finding.evidence.iter().map(line).collect(),
            hint: &finding.hint,
            verified: finding.verified.as_ref(),
            fingerprint: fingerprint(finding),
        }
    }
}

/// The whole report.
pub fn render(report: &Report) -> String {
    let ignored = report.ignored.iter().map(|(finding, reason)| Ignored { finding: finding.into(), reason });
    let document = Document {
        version: VERSION,
        findings: report.findings.iter().map(Entry::from).collect(),
        ignored: ignored.collect(),
        notes: &report.notes,
        stats: &report.stats,
    };
    pretty(&document)
}

/// `value` as JSON that people can read too.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // Strings and numbers under string keys: nothing here can fail to be written.
    let mut text =
        serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::report::sample;

    #[test]
    fn the_report_keeps_to_its_schema() {
        let schema: Value =
            serde_json::from_str(include_str!("../../schema/report.schema.json")).expect("a schema");
        let schema = jsonschema::draft202012::new(&schema).expect("a schema of draft 2020-12");
        for report in [sample::report(), Report::default()] {
            let document: Value = serde_json::from_str(&render(&report)).expect("JSON");
            let wrong: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
        // A schema that takes everything would say nothing.
        let mut document: Value = serde_json::from_str(&render(&sample::report())).expect("JSON");
        document["findings"][0]["severity"] = json!("fatal");
        assert!(!schema.is_valid(&document));
    }

    #[test]
    fn names_that_are_not_utf8_are_written() {
        let document: Value = serde_json::from_str(&render(&sample::report())).expect("JSON");
        let library = document["findings"][1]["libraries"][0].as_str().expect("a path");
        assert!(library.ends_with("lib\u{fffd}</script>.so"), "{library}");
        assert_eq!(document["findings"][1]["verified"], Value::Null);
        assert_eq!(document["findings"][0]["verified"]["outcome"], "confirmed");
        assert_eq!(document["findings"][0]["symbols"], json!([{"name": "foo_open", "version": "FOO_2.0"}]));
    }
}
