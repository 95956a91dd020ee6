//! One scenario: built, imported by the real interpreter, and checked with all rules.
//!
//! Deliberately not here: what each one shows, which its `expect.toml` says.

mod expect;
#[path = "../venv/mod.rs"]
mod venv;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use abicheck::analysis::{Analysis, Wishes};
use abicheck::environment::{self, Environment};
use abicheck::finding::{Finding, Severity};
use abicheck::importing::Sources;
use abicheck::rules;
use elf_facts::Cache;

pub(crate) use expect::Expected;

use crate::isolate::isolate;
use crate::python::Python;

/// A folder of `tests/abicheck`.
pub(crate) struct Scenario {
    folder: PathBuf,
    pub(crate) name: String,
    pub(crate) expected: Expected,
}

impl Scenario {
    /// Reads `expect.toml`.
    pub(crate) fn read(folder: &Path) -> Self {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder: folder.to_owned(), name, expected: Expected::read(&folder.join("expect.toml")) }
    }

    /// Builds it for `python` and compares: what its imports really do, and what the rules say. Returns what is
    /// otherwise than expected.
    pub(crate) fn check(&self, python: &Python) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("the folder is there");
        let site = match self.build(python, &root) {
            Ok(site) => site,
            Err(said) => return vec![said],
        };
        let mut wrong = Vec::new();
        for run in &self.expected.runs {
            let ended = really(&root, &site, &run.import, None);
            if !expect::matches(&run.ends, &ended) {
                let import = run.import.join(", ");
                wrong.push(format!("`import {import}` ended with {ended:?}, not with {:?}", run.ends));
            }
        }
        let found = findings(&root.join("venv"));
        wrong.extend(expect::compare(&self.expected.findings, &found, &site));
        if self.expected.isolates {
            wrong.extend(self.isolated(&root, &site));
        }
        wrong
    }

    /// What is not as it should be with the copies of `abicheck isolate`.
    fn isolated(&self, root: &Path, site: &Path) -> Vec<String> {
        let out = root.join("isolated");
        if let Err(said) = isolate(&[&root.join("venv")], &out) {
            return vec![format!("was not isolated: {said}")];
        }
        let mut wrong = Vec::new();
        for run in &self.expected.runs {
            let ended = really(root, site, &run.import, Some(&out));
            if ended != "ok" {
                wrong.push(format!("isolated, `import {}` ended with {ended:?}", run.import.join(", ")));
            }
        }
        let left = findings_by(&out, Some(root.join("venv/bin/python")));
        let left = left.iter().filter(|finding| finding.severity == Severity::Error);
        wrong
            .extend(left.map(|finding| format!("isolated, and still {}: {}", finding.code, finding.message)));
        wrong
    }

    /// A virtual environment with what `build.sh` makes.
    fn build(&self, python: &Python, root: &Path) -> Result<PathBuf, String> {
        let script = std::fs::read_to_string(self.folder.join("build.sh")).expect("a scenario is built");
        venv::build(python, root, &script)
    }
}

/// How a real process ends that imports `modules` in this order, from `before` first: `ok`, its signal, or the last
/// line that it says.
fn really(root: &Path, site: &Path, modules: &[String], before: Option<&Path>) -> String {
    let output = Command::new(root.join("venv/bin/python"))
        .args(["-W", "ignore", "-c", &format!("import {}", modules.join(", "))])
        .env_remove("PYTHONPATH")
        .envs(before.map(|folder| ("PYTHONPATH", folder)))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(root)
        .output()
        .expect("the interpreter runs");
    if let Some(signal) = output.status.signal() {
        return format!("signal {signal}");
    }
    if output.status.success() {
        return "ok".to_owned();
    }
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().last().unwrap_or_default().replace(&format!("{}/", site.display()), "@/")
}

/// What all rules say of `environment`.
fn findings(environment: &Path) -> Vec<Finding> {
    findings_by(environment, None)
}

fn findings_by(environment: &Path, python: Option<PathBuf>) -> Vec<Finding> {
    let environment = Environment::read(&[environment.to_owned()], &environment::Wishes { python })
        .expect("the environment can be read");
    let target = python_facts::Target { version: environment.interpreter.version };
    let sources = Sources::open(target, None);
    let cache = Arc::new(Cache::none());
    let analysis = Analysis::of(&environment, cache, &sources, &Wishes::default(), &|_| {})
        .expect("the environment can be analysed");
    rules::check(&analysis)
}
