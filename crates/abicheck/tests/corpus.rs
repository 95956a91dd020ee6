//! Real packages from the index, of `tests/abicheck/corpus.toml`: what abicheck says, beside what they really do.
//!
//! `cargo test` tries those that are marked `sample`; `cargo xtask corpus` all of them, or those that it is given.
//! Deliberately not here: what each one shows, which the file says.

mod corpus_entry;
mod isolate;
#[path = "python/mod.rs"]
mod python;

use std::path::{Path, PathBuf};
use std::process::Command;

use corpus_entry::Entry;
use python::Python;

/// Names of environments, or `all`; without it the sample.
const WANTED: &str = "ABICHECK_CORPUS";
/// Whether each environment is removed once it was compared.
const REMOVE: &str = "ABICHECK_CORPUS_REMOVE";

#[test]
fn real_packages_break_as_abicheck_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the checkout");
    let entries = Entry::read_all(&path.join("tests/abicheck/corpus.toml"));
    let wanted = std::env::var(WANTED).unwrap_or_default();
    let names: Vec<&str> = wanted.split(' ').filter(|name| !name.is_empty()).collect();
    for name in names.iter().filter(|name| **name != "all") {
        assert!(entries.iter().any(|entry| entry.name == *name), "no environment is named {name}");
    }
    let is_wanted = |entry: &&Entry| match &names[..] {
        [] => entry.sample,
        ["all"] => true,
        names => names.contains(&entry.name.as_str()),
    };
    let Some(uv) = uv() else { return skip("there is no uv (PINFOLD_UV, or on PATH)") };
    let mut faults = Vec::new();
    println!(
        "{:<14} {:<7} {:>8} {:>7} {:>9} {:>6}  said",
        "", "python", "packages", "errors", "warnings", "notes"
    );
    for entry in entries.iter().filter(is_wanted) {
        let Some(python) = Python::find(&[&entry.python]) else {
            skip(&format!("there is no Python {} for {}", entry.python, entry.name));
            continue;
        };
        let (line, mut wrong) = entry.check(&python, &uv);
        if std::env::var_os(REMOVE).is_some() {
            wrong.extend(entry.remove().err());
        }
        println!("{line}");
        faults.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", entry.name)));
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// `PINFOLD_UV`, else the one on PATH.
fn uv() -> Option<PathBuf> {
    let given = std::env::var_os("PINFOLD_UV").map(PathBuf::from);
    let found = given.unwrap_or_else(|| PathBuf::from("uv"));
    Command::new(&found)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
        .then_some(found)
}

fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"), "{why}, and CI is set");
    eprintln!("SKIPPED: {why}");
}
