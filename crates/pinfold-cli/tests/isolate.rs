//! `pinfold sync` where two packages would share a library of one name and break by it, with compiled packages and the
//! system's loader.
//!
//! Deliberately not here: real packages (`tests/hook/test_isolated.py`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;

use pinfold_core::closure::{Environment, Native};
use support::native::compiled;
use support::{Project, picture, stderr, stdout};

/// How the process ends that imports these, without the hook: root sees both packages.
fn import(project: &Project, order: [&str; 2]) -> String {
    let code = format!("import {}, {}", order[0], order[1]);
    let output = Command::new(project.venv().join("bin/python")).args(["-c", &code]).output().unwrap();
    match output.status.signal() {
        Some(signal) => format!("signal {signal}"),
        None if output.status.success() => "ok".to_owned(),
        None => stderr(&output).lines().last().unwrap_or_default().to_owned(),
    }
}

fn environment(project: &Project) -> Environment {
    Environment::read(&project.venv().join("closure.json")).unwrap()
}

/// The folders of the store's copies.
fn copies(project: &Project) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.store().join("isolated")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn packages_that_break_each_other_get_libraries_of_their_own() {
    for (scenario, library) in [("05", Some("libdup.so.1")), ("13", Some("libhigh.so.1")), ("24", None)] {
        let (mut project, units) = Project::two_pins(&compiled(scenario));
        let said = stderr(&project.sync());
        assert!(said.contains("Isolated import one, then two"), "{scenario}: {said}");
        for order in [["one", "two"], ["two", "one"]] {
            assert_eq!(import(&project, order), "ok", "{scenario}: {order:?}");
        }
        let environment = environment(&project);
        let isolated: Vec<_> = environment.units.iter().filter(|unit| unit.isolated.is_some()).collect();
        let [unit] = isolated[..] else { panic!("{scenario}: {} units have copies", isolated.len()) };
        let names = &unit.isolated.as_ref().unwrap().libraries;
        assert_eq!(names.keys().next().map(String::as_str), library, "{scenario}");
        assert!(unit.path.starts_with(project.store().join("isolated")), "{}", unit.path.display());
        let tree = stdout(&project.ok(&["tree", "--frozen"]));
        assert!(tree.contains("[lib]") && library.is_none_or(|name| tree.contains(name)), "{tree}");
        let before = picture(&copies(&project)[0]);
        assert!(stderr(&project.sync()).contains("Nothing to do"), "{scenario}");
        project.ok(&["sync", "--frozen", "--force"]);
        assert_eq!(picture(&copies(&project)[0]), before, "{scenario}: made once");
        project.native(&units[0], Native::Shared);
        let said = stderr(&project.sync());
        assert!(said.contains("generation 3") && !said.contains("Isolated"), "{scenario}: {said}");
        assert_ne!(import(&project, ["one", "two"]), "ok", "{scenario}: they are as they were");
    }
}
