//! Every rule against every scenario of `tests/abicheck`, each with the real interpreter beside.
//!
//! Deliberately not here: real packages (`corpus.rs`).

mod isolate;
#[path = "python/mod.rs"]
mod python;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use abicheck::rules;
use python::Python;
use scenario::Scenario;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the checkout")
}

fn scenarios() -> Vec<Scenario> {
    let entries =
        std::fs::read_dir(root().join("tests/abicheck")).expect("the scenarios are in tests/abicheck");
    let folders = entries.map(|entry| entry.expect("tests/abicheck can be read").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.iter().map(|folder| Scenario::read(folder)).collect()
}

#[test]
fn every_rule_against_every_scenario() {
    let python = Python::find(&["3.11", "3.12", "3.13"]).expect("a Python 3.11, 3.12 or 3.13");
    let only = std::env::var("SCENARIO").ok();
    let mut scenarios = scenarios();
    scenarios.retain(|scenario| only.as_ref().is_none_or(|only| scenario.name.contains(only)));
    let (waiting, faults) = (Mutex::new(scenarios.iter()), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(scenario) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                    let wrong = scenario.check(&python);
                    if !wrong.is_empty() {
                        faults.lock().expect("no thread panics with it").insert(&scenario.name, wrong);
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("no thread panicked with it");
    let text: Vec<String> =
        faults.iter().map(|(name, wrong)| format!("{name}:\n  {}", wrong.join("\n  "))).collect();
    assert!(text.is_empty(), "\n{}\n", text.join("\n"));
}

#[test]
fn every_rule_is_shown_by_a_scenario_and_another_says_nothing_of_it() {
    let scenarios = scenarios();
    for rule in rules::ALL {
        let shown = |scenario: &&Scenario| scenario.expected.findings.iter().any(|one| one.code == rule.code);
        let count = scenarios.iter().filter(shown).count();
        assert!(count > 0, "no scenario shows {} ({}); add one to tests/abicheck", rule.code, rule.name);
    }
    let codes: BTreeSet<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
    for scenario in &scenarios {
        for finding in &scenario.expected.findings {
            assert!(codes.contains(finding.code.as_str()), "{} expects {}", scenario.name, finding.code);
        }
    }
    let silent = scenarios.iter().filter(|scenario| scenario.expected.findings.is_empty()).count();
    assert!(silent >= 5, "too few scenarios show what is fine: {silent}");
}

#[test]
fn codes_and_names_are_given_once_and_in_order() {
    let codes: Vec<&str> = rules::ALL.iter().map(|rule| rule.code).collect();
    assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "twice, or not in order: {codes:?}");
    let names: BTreeSet<&str> = rules::ALL.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), codes.len(), "two rules have one name: {names:?}");
}

#[test]
fn every_rule_has_a_page_with_all_its_sections() {
    for rule in rules::ALL {
        let page = rule.page();
        assert!(page.text().starts_with(&format!("# {}\n", rule.name)), "the page of {}", rule.code);
        for section in ["What it does", "Why is this bad?", "Example", "Fix"] {
            let text = page.section(section).unwrap_or_default();
            assert!(text.len() > 20, "the page of {} has no section `{section}`", rule.code);
        }
        let example = page.section("Example").unwrap_or_default();
        assert!(example.contains(rule.code), "the example of {} does not show it: {example}", rule.code);
    }
}

#[test]
fn every_file_with_a_rule_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let pages: Vec<String> = rules::ALL.iter().map(|rule| rule.page().text().to_owned()).collect();
    let mut files = 0;
    for entry in walkdir::WalkDir::new(folder) {
        let path = entry.expect("src/rules can be read").into_path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        if text.contains("const RULE: Rule") {
            files += 1;
            let first = text.lines().next().unwrap_or_default().trim_start_matches("//! ");
            let known = pages.iter().any(|page| page.lines().next() == Some(first));
            assert!(known, "{} has a rule that rules::ALL lacks", path.display());
        }
    }
    assert_eq!(files, rules::ALL.len(), "each rule has a file of its own");
}
