//! Projects whose packages come from a folder of wheels, resolved by the real uv.
//!
//! Deliberately not here: any test, and projects with a lock written by hand, which stand beside this.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::{Project, said, stderr, wheel_bytes};

/// Whether uv is there; where it is not, the test says so, and fails in CI.
pub fn uv() -> bool {
    let found = pinfold_cli::uv::Uv::find(true).is_ok();
    if !found {
        assert!(std::env::var_os("CI").is_none(), "these tests need uv (PINFOLD_UV, or on PATH)");
        eprintln!("SKIPPED: there is no uv (PINFOLD_UV, or on PATH)");
    }
    found
}

/// A project whose packages come from the folder `links`.
pub fn project(manifest: &str) -> Project {
    let project = Project::new();
    fs::create_dir_all(project.path("app/links")).unwrap();
    write(&project, manifest);
    project
}

pub fn write(project: &Project, manifest: &str) {
    let text = format!("{manifest}\n[uv]\nno-index = true\nfind-links = [\"links\"]\n");
    fs::write(project.path("app/pinfold.toml"), text).unwrap();
}

pub fn link(project: &Project, name: &str, version: &str, requires: &[&str]) {
    put(&project.path("app/links"), name, version, requires);
}

pub fn put(folder: &Path, name: &str, version: &str, requires: &[&str]) {
    let module = format!("{name}.py");
    let bytes = wheel_bytes(name, version, requires, &[(&module, &format!("version = {version:?}\n"))]);
    fs::write(folder.join(format!("{name}-{version}-py3-none-any.whl")), bytes).unwrap();
}

pub fn fails(project: &Project, args: &[&str]) -> String {
    let output: Output = project.command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "pinfold {args:?}: {}", said(&output));
    stderr(&output).replace(&project.app().display().to_string(), "[APP]")
}
