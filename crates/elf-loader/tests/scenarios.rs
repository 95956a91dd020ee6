//! Every rule of `tests/loader`, with the real loader and in the simulation.
//!
//! Deliberately not here: real packages, which `cargo xtask parity` installs.

mod scenario;

use std::path::{Path, PathBuf};

use scenario::{Scenario, check};

/// The folder of the scenarios.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the checkout").join("tests/loader")
}

#[test]
fn every_rule_holds_in_the_simulation_as_in_the_real_loader() {
    let entries = std::fs::read_dir(folder()).expect("the scenarios are in tests/loader");
    let folders = entries.map(|entry| entry.expect("tests/loader can be read").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(folders.len() >= 25, "the rules of the loader are more than {}", folders.len());
    let only = std::env::var("SCENARIO").ok();
    folders.retain(|path| only.as_ref().is_none_or(|only| path.to_string_lossy().contains(only)));
    let (mut faults, mut counts) = (Vec::new(), [0; 5]);
    for path in &folders {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let scenario = Scenario::read(path);
        for (at, (report, wrong)) in check(&scenario, &folder(), &|trace| trace).into_iter().enumerate() {
            for (sum, count) in
                counts.iter_mut().zip([1, report.opens, report.loads, report.scopes, report.bindings])
            {
                *sum += count;
            }
            let all = wrong.into_iter().chain(report.differences);
            faults.extend(
                all.map(|fault| format!("{name}, run {}: {fault}\n  rule: {}", at + 1, scenario.rule)),
            );
        }
    }
    let [runs, opens, loads, scopes, bindings] = counts;
    let scenarios = folders.len();
    println!(
        "{scenarios} scenarios in {runs} runs: {opens} opens, {loads} loads, {scopes} scopes and {bindings} bindings \
         are equal"
    );
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_load_or_a_binding_that_differs_is_seen() {
    let scenario = Scenario::read(&folder().join("26_breadth_first"));
    // Each change of what the real loader reported, and how many differences it makes.
    let changes = [
        ("", "", 0),
        ("to @/libtwo.so [0]: normal symbol `f'", "to @/libdeep.so [0]: normal symbol `f'", 2),
        ("binding file @/a.so [0] to @/libtwo.so", "no binding", 1),
        ("file=libtwo.so [0];  generating link map", "", 1),
        (" @/libone.so @/libtwo.so", " @/libtwo.so @/libone.so", 1),
        ("opening file=@/a.so", "", 1),
    ];
    for (from, to, expected) in changes {
        let change = |trace: Vec<u8>| {
            let text = String::from_utf8(trace).expect("the trace is text");
            let end = text.find("/a.so [0];  dynamically").expect("a.so is opened");
            let start = text[..end].rfind("file=").expect("by its path") + "file=".len();
            let root = text[start..end].to_owned();
            let from = from.replace('@', &root);
            assert!(text.contains(&from), "{from} is in the trace");
            if from.is_empty() { text } else { text.replace(&from, &to.replace('@', &root)) }.into_bytes()
        };
        for (report, wrong) in check(&scenario, &folder(), &change) {
            assert_eq!(wrong, [""; 0], "the simulation is not changed");
            assert_eq!(report.differences.len(), expected, "{from}: {:#?}", report.differences);
        }
    }
}
