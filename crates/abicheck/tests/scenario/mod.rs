//! One scenario: built, imported by the real interpreter, and checked with all rules.
//!
//! Deliberately not here: what each one shows, which its `expect.toml` says.

mod expect;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use abicheck::analysis::{Analysis, Wishes};
use abicheck::environment::{self, Environment};
use abicheck::finding::Finding;
use abicheck::importing::Sources;
use abicheck::rules;
use elf_facts::Cache;

pub(crate) use expect::Expected;

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
            let ended = really(&root, &site, &run.import);
            if !expect::matches(&run.ends, &ended) {
                let import = run.import.join(", ");
                wrong.push(format!("`import {import}` ended with {ended:?}, not with {:?}", run.ends));
            }
        }
        let findings = findings(&root);
        wrong.extend(expect::compare(&self.expected.findings, &findings, &site));
        wrong
    }

    /// A virtual environment with what `build.sh` makes.
    fn build(&self, python: &Python, root: &Path) -> Result<PathBuf, String> {
        let site = root.join(format!("venv/lib/python{}/site-packages", python.minor));
        let bin = root.join("venv/bin");
        for folder in [&site, &bin] {
            std::fs::create_dir_all(folder).expect("folders can be made");
        }
        let home = python.executable.parent().unwrap_or(Path::new("/"));
        std::fs::write(root.join("venv/pyvenv.cfg"), format!("home = {}\n", home.display()))
            .expect("pyvenv.cfg can be written");
        std::os::unix::fs::symlink(&python.executable, bin.join("python")).expect("links can be made");
        let shell = ". \"$SCENARIOS/prelude.sh\"; . \"$SCENARIO/build.sh\"";
        let abi = format!("cp{}", python.minor.replace('.', ""));
        let output = Command::new("sh")
            .args(["-euc", shell])
            .env("SCENARIOS", self.folder.parent().unwrap_or(&self.folder))
            .env("SCENARIO", &self.folder)
            .env("SITE", &site)
            .env("SUFFIX", suffix(python))
            .env("TAG", format!("{abi}-{abi}-linux_{}", std::env::consts::ARCH))
            .current_dir(root)
            .output()
            .expect("a shell can be run");
        if output.status.success() {
            return Ok(site);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("was not built:\n{said}\nhint: on Debian: apt-get install g++"))
    }
}

/// What extension modules of `python` end with.
fn suffix(python: &Python) -> String {
    let asked = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
    let output = Command::new(&python.executable).args(["-I", "-c", asked]).output().expect("Python runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// How a real process ends that imports `modules` in this order: `ok`, its signal, or the last line that it says.
fn really(root: &Path, site: &Path, modules: &[String]) -> String {
    let output = Command::new(root.join("venv/bin/python"))
        .args(["-W", "ignore", "-c", &format!("import {}", modules.join(", "))])
        .env_remove("PYTHONPATH")
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

/// What all rules say of the environment below `root`.
fn findings(root: &Path) -> Vec<Finding> {
    let environment = Environment::read(&[root.join("venv")], &environment::Wishes::default())
        .expect("the environment can be read");
    let target = python_facts::Target { version: environment.interpreter.version };
    let sources = Sources::open(target, None);
    let cache = Arc::new(Cache::none());
    let analysis = Analysis::of(&environment, cache, &sources, &Wishes::default(), &|_| {})
        .expect("the environment can be analysed");
    rules::check(&analysis)
}
