//! The report for code scanning: SARIF 2.1.0 (OASIS).
//!
//! Files are told relative to the folder that packages are in, so that two machines write the same. What is ignored is
//! there as suppressed, with its reason. Deliberately not here: lines and columns; findings are about binary files.

use std::path::Path;

use serde_json::{Map, Value, json};
use url::Url;

use super::Report;
use super::json::pretty;
use super::paths::below;
use crate::config::fingerprint;
use crate::finding::{Evidence, Finding, Outcome, Severity};
use crate::rules::Rule;

/// What the base of relative paths is called in a log.
const BASE: &str = "PACKAGES";
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// The whole report; `rules` are all that there are.
pub fn render(report: &Report, rules: &[&'static Rule]) -> String {
    let log = Log { base: report.base.as_deref(), rules };
    let counted = report.findings.iter().map(|finding| log.result(finding, None));
    let ignored = report.ignored.iter().map(|(finding, reason)| log.result(finding, Some(reason)));
    let notification = |note: &String| json!({ "level": "note", "message": { "text": note } });
    let notifications: Vec<Value> = report.notes.iter().map(notification).collect();
    let mut run = json!({
        "tool": { "driver": {
            "name": "abicheck",
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "shortDescription": { "text": env!("CARGO_PKG_DESCRIPTION") },
            "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
        } },
        "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notifications }],
        "results": counted.chain(ignored).collect::<Vec<_>>(),
        "columnKind": "unicodeCodePoints",
        "properties": { "stats": report.stats },
    });
    if let Some(base) = report.base.as_deref().and_then(|base| Url::from_directory_path(base).ok()) {
        run["originalUriBaseIds"] = json!({ BASE: {
            "uri": base.as_str(),
            "description": { "text": "The folder that packages are installed in" },
        } });
    }
    pretty(&json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }))
}

/// A rule, with its page as help.
fn descriptor(rule: &Rule) -> Value {
    let page = rule.page();
    json!({
        "id": rule.code,
        "name": pascal(rule.name),
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": page.section("What it does").unwrap_or(rule.summary) },
        "help": { "text": page.body(), "markdown": page.body() },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": ["abi", "native-library"], "problem.severity": problem(rule.severity) },
    })
}

struct Log<'a> {
    base: Option<&'a Path>,
    rules: &'a [&'static Rule],
}

impl Log<'_> {
    fn result(&self, finding: &Finding, reason: Option<&String>) -> Value {
        let mut result = json!({
            "ruleId": finding.code,
            "level": level(finding.severity),
            "message": { "text": message(finding) },
            "partialFingerprints": { "abicheck/v1": fingerprint(finding) },
            "properties": {
                "packages": finding.packages,
                "order": finding.order,
                "symbols": finding.symbols,
                "verified": finding.verified,
            },
        });
        if let Some(index) = self.rules.iter().position(|rule| rule.code == finding.code) {
            result["ruleIndex"] = index.into();
        }
        // One place is where the finding is shown; all others are told beside it.
        let packages: Vec<Value> =
            finding.packages.iter().map(|name| json!({ "name": name, "kind": "package" })).collect();
        let main = finding.libraries.first().or(finding
            .evidence
            .iter()
            .map(|one| &one.path)
            .find(|path| !path.as_os_str().is_empty()));
        let mut location = Map::new();
        if let Some(path) = main {
            location.insert("physicalLocation".to_owned(), self.physical(path));
        }
        if !packages.is_empty() {
            location.insert("logicalLocations".to_owned(), packages.into());
        }
        if !location.is_empty() {
            result["locations"] = json!([location]);
        }
        let texts = finding.evidence.iter().enumerate().map(|(at, one)| self.related(at, one));
        let others = finding.libraries.iter().skip(1);
        let others = others.filter(|path| !finding.evidence.iter().any(|one| one.path == **path));
        let others = others.map(|path| json!({ "physicalLocation": self.physical(path) }));
        let related: Vec<Value> = texts.chain(others).collect();
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
        if let Some(reason) = reason {
            let suppression = json!({ "kind": "external", "status": "accepted", "justification": reason });
            result["suppressions"] = json!([suppression]);
        }
        result
    }

    fn related(&self, at: usize, one: &Evidence) -> Value {
        let mut location = json!({ "id": at, "message": { "text": one.text } });
        if !one.path.as_os_str().is_empty() {
            location["physicalLocation"] = self.physical(&one.path);
        }
        location
    }

    /// The file at `path`, relative to the base where it is below it.
    fn physical(&self, path: &Path) -> Value {
        let inside = below(path, self.base);
        let uri = |path: &Path| Url::from_file_path(path).ok();
        let artifact = if inside.is_absolute() {
            let uri = uri(inside).map_or_else(|| inside.to_string_lossy().into_owned(), String::from);
            json!({ "uri": uri })
        } else {
            // Encoded as an absolute one is, whose leading slash goes.
            let encoded = uri(&Path::new("/").join(inside));
            let encoded =
                encoded.map_or_else(String::new, |uri| uri.path().trim_start_matches('/').to_owned());
            match self.base {
                Some(_) => json!({ "uri": encoded, "uriBaseId": BASE }),
                None => json!({ "uri": encoded }),
            }
        };
        json!({ "artifactLocation": artifact })
    }
}

/// Title, message, hint and verification: viewers show no more than the message.
fn message(finding: &Finding) -> String {
    // Many messages say the title first.
    let title = (!finding.message.starts_with(&finding.title)).then_some(&finding.title);
    let mut parts: Vec<String> = title.into_iter().chain([&finding.message]).cloned().collect();
    parts.retain(|part| !part.is_empty());
    if let Some(order) = finding.order.as_ref().filter(|order| order.len() > 1) {
        parts.push(format!("Order: import {}.", order.join(", then ")));
    }
    if !finding.hint.is_empty() {
        parts.push(format!("Hint: {}", finding.hint));
    }
    if let Some(verified) = &finding.verified {
        let outcome = match verified.outcome {
            Outcome::Confirmed => "confirmed",
            Outcome::NotReproduced => "not reproduced",
            Outcome::BrokeOtherwise => "broke otherwise",
        };
        parts.push(format!("Verified: {outcome}: {}", verified.detail));
    }
    parts.join("\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The words that code scanning services sort by.
fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "recommendation",
        other => level(other),
    }
}

/// `MissingVersion` of `missing-version`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split('-').filter_map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn log(report: &Report) -> Value {
        serde_json::from_str(&render(report, &sample::RULES)).expect("JSON")
    }

    #[test]
    fn logs_keep_to_the_schema_of_sarif() {
        let schema = include_str!("../../tests/sarif/sarif-schema-2.1.0.json");
        // The standard's own pattern of a language has a lone `]`, which not every reader of patterns takes.
        let schema = schema.replace("{2}]?$", "{2}\\\\]?$");
        let schema: Value = serde_json::from_str(&schema).expect("a schema");
        let schema = jsonschema::draft7::new(&schema).expect("a schema of draft 7");
        for report in [sample::report(), Report::default()] {
            let log = log(&report);
            let wrong: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
        }
        let mut wrong = log(&sample::report());
        wrong["runs"][0]["results"][0]["level"] = json!("fatal");
        assert!(!schema.is_valid(&wrong), "a schema that takes everything would say nothing");
    }

    #[test]
    fn places_are_the_same_on_every_machine() {
        let mut other = sample::report();
        let site = "/elsewhere/site-packages";
        let base = other.base.replace(site.into()).expect("a base");
        let moved = |path: &mut std::path::PathBuf| {
            if let Ok(rest) = path.strip_prefix(&base) {
                *path = Path::new(site).join(rest);
            }
        };
        for finding in other.findings.iter_mut().chain(other.ignored.iter_mut().map(|(finding, _)| finding)) {
            finding.libraries.iter_mut().for_each(moved);
            finding.evidence.iter_mut().for_each(|one| moved(&mut one.path));
        }
        let (here, there) = (log(&sample::report()), log(&other));
        assert_eq!(here["runs"][0]["results"], there["runs"][0]["results"]);
        assert_ne!(here["runs"][0]["originalUriBaseIds"], there["runs"][0]["originalUriBaseIds"]);
        let artifact = &here["runs"][0]["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(*artifact, json!({ "uri": "c%20d/lib%FF%3C/script%3E.so", "uriBaseId": BASE }));
    }

    #[test]
    fn rules_are_told_by_index_and_what_is_ignored_with_its_reason() {
        let log = log(&sample::report());
        let run = &log["runs"][0];
        let results = run["results"].as_array().expect("results");
        assert_eq!(results.len(), 5);
        for result in results {
            let index = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        }
        assert_eq!(results[4]["suppressions"][0]["justification"], "seen, and harmless here");
        assert!(results[0].get("suppressions").is_none());
        assert_eq!(run["tool"]["driver"]["rules"][0]["name"], "SharedLibrary");
        let said = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
        assert!(said.as_str().is_some_and(|text| text.starts_with("x.pth")), "{said}");
    }
}
