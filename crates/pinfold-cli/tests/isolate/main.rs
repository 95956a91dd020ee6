//! `pinfold sync` where two packages would share a library of one name and break by it, with compiled packages and the
//! system's loader.
//!
//! Deliberately not here: real packages (`tests/hook/test_real_wheels.py`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod breaking;
mod dependents;
mod spelled;
mod store;
#[path = "../support/mod.rs"]
mod support;
mod unopened;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;

use pinfold_core::closure::Environment;
use support::{Project, stderr};

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
