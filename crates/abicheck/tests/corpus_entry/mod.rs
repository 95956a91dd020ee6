//! One environment of the corpus: installed, run, and checked.
//!
//! Deliberately not here: which ones are tried.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use abicheck::analysis::{Analysis, Wishes};
use abicheck::environment::{self, Environment};
use abicheck::finding::{Finding, Outcome, Severity, Verified};
use abicheck::importing::Sources;
use abicheck::rules;
use abicheck::verify::Verifier;
use elf_facts::Cache;
use serde::Deserialize;

use crate::isolate::isolate;
use crate::python::Python;

/// An environment of `corpus.toml`, which says what the fields mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) python: String,
    requirements: Vec<String>,
    #[serde(default)]
    no_deps: bool,
    #[serde(default)]
    pub(crate) sample: bool,
    run: Vec<Run>,
    #[serde(default)]
    error: Vec<ExpectedError>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    isolates: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    code: Vec<String>,
    ends: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedError {
    code: String,
    order: Option<Vec<String>>,
    symbol: Option<String>,
    library: Option<String>,
    confirmed: Option<String>,
}

impl Entry {
    /// All of the file at `path`.
    pub(crate) fn read_all(path: &Path) -> Vec<Self> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Corpus {
            environment: Vec<Entry>,
        }
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let corpus: Corpus =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        corpus.environment
    }

    /// Installs it and compares. Returns a line for people, and what is otherwise than expected.
    pub(crate) fn check(&self, python: &Python, uv: &Path) -> (String, Vec<String>) {
        let venv = match self.install(python, uv) {
            Ok(venv) => venv,
            Err(said) => return (format!("{:<14} not installed", self.name), vec![said]),
        };
        let mut wrong: Vec<String> = self.run.iter().filter_map(|run| run.differs(&venv, None)).collect();
        let verify = self.error.iter().any(|expected| expected.confirmed.is_some());
        let (findings, packages) = findings(&venv, None, verify);
        if self.isolates {
            wrong.extend(self.isolated(&venv));
        }
        let of = |severity| findings.iter().filter(move |finding| finding.severity == severity);
        wrong.extend(self.errors_differ(&of(Severity::Error).collect::<Vec<_>>()));
        let mut warnings: Vec<&str> = of(Severity::Warning).map(|finding| finding.code).collect();
        warnings.dedup();
        if warnings != self.warnings {
            let titles: Vec<&str> = of(Severity::Warning).map(|finding| finding.title.as_str()).collect();
            wrong.push(format!("warnings {warnings:?}, not {:?}: {titles:#?}", self.warnings));
        }
        let said: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity > Severity::Note)
            .map(|finding| format!("{} {}", finding.code, finding.title))
            .collect();
        let [errors, warnings, notes] =
            [Severity::Error, Severity::Warning, Severity::Note].map(|severity| of(severity).count());
        let line = format!(
            "{:<14} {:<7} {packages:>8} {errors:>7} {warnings:>9} {notes:>6}  {}",
            self.name,
            self.python,
            said.join("; ")
        );
        (line, wrong)
    }

    /// What is not as it should be with the copies of `abicheck isolate`: every run ends well, and no error is left.
    fn isolated(&self, venv: &Path) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let out = folder.path().join("isolated");
        if let Err(said) = isolate(&[venv], &out) {
            return vec![format!("was not isolated: {said}")];
        }
        let well = |run: &Run| Run { code: run.code.clone(), ends: "ok".to_owned() };
        let runs = self.run.iter().filter_map(|run| well(run).differs(venv, Some(&out)));
        let mut wrong: Vec<String> = runs.map(|wrong| format!("isolated, {wrong}")).collect();
        let (left, _) = findings(&out, Some(venv.join("bin/python")), false);
        let left = left.iter().filter(|finding| finding.severity == Severity::Error);
        wrong.extend(left.map(|finding| format!("isolated, and still {}: {}", finding.code, finding.title)));
        wrong
    }

    /// Below cargo's folder for tests.
    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus").join(&self.name)
    }

    /// Removes the environment, if there is one.
    pub(crate) fn remove(&self) -> Result<(), String> {
        match std::fs::remove_dir_all(self.folder()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(format!("could not remove {}: {error}", self.folder().display()))
            }
            _ => Ok(()),
        }
    }

    /// The environment, made anew when its requirements changed.
    fn install(&self, python: &Python, uv: &Path) -> Result<PathBuf, String> {
        let folder = self.folder();
        let stated = format!("{} {}", python.executable.display(), self.requirements.join(" "));
        if std::fs::read_to_string(folder.join("installed")).is_ok_and(|installed| installed == stated) {
            return Ok(folder);
        }
        self.remove()?;
        run(Command::new(&python.executable).args(["-m", "venv", "--without-pip"]).arg(&folder))?;
        let mut install = Command::new(uv);
        install.args(["pip", "install", "--quiet", "--only-binary", ":all:", "--python"]);
        install.arg(folder.join("bin/python")).args(self.no_deps.then_some("--no-deps"));
        run(install.args(&self.requirements))?;
        std::fs::write(folder.join("installed"), stated).map_err(|error| error.to_string())?;
        Ok(folder)
    }

    fn errors_differ(&self, found: &[&Finding]) -> Vec<String> {
        let lacking = self.error.iter().filter(|expected| !found.iter().any(|found| expected.is(found)));
        let lacking = lacking.map(|expected| format!("not found: {expected:?}"));
        let odd = found.iter().filter(|found| !self.error.iter().any(|expected| expected.is(found)));
        let odd = odd.map(|found| format!("not expected: {} {}", found.code, found.message));
        let tried = self.error.iter().filter_map(|expected| {
            let (word, found) =
                (expected.confirmed.as_ref()?, found.iter().find(|found| expected.is(found))?);
            let verified = found.verified.as_ref();
            let confirms =
                |one: &Verified| one.outcome == Outcome::Confirmed && one.detail.contains(word.as_str());
            let wrong = || format!("not confirmed by {word:?}, but {verified:?}: {}", found.title);
            (!verified.is_some_and(confirms)).then(wrong)
        });
        lacking.chain(odd).chain(tried).collect()
    }
}

impl ExpectedError {
    fn is(&self, found: &Finding) -> bool {
        let names = found.symbols.iter().map(|symbol| {
            let version = symbol.version.as_ref().map(|version| format!("@{version}"));
            symbol.name.clone().unwrap_or_default() + &version.unwrap_or_default()
        });
        let files = found.libraries.iter().filter_map(|path| path.file_name());
        self.code == found.code
            && self.order == found.order
            && self.symbol.as_ref().is_none_or(|symbol| names.clone().any(|name| name == *symbol))
            && self.library.as_ref().is_none_or(|library| {
                files.clone().any(|file| file.to_string_lossy().starts_with(library.as_str()))
            })
    }
}

impl Run {
    /// How it ends, with what is in `before` first, if not as expected.
    fn differs(&self, venv: &Path, before: Option<&Path>) -> Option<String> {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let output = Command::new(venv.join("bin/python"))
            .args(["-W", "ignore", "-c", &self.code.join("\n")])
            .env_remove("PYTHONPATH")
            .envs(before.map(|folder| ("PYTHONPATH", folder)))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(folder.path())
            .output()
            .expect("the interpreter runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let ended = match output.status.signal() {
            Some(signal) => format!("signal {signal}"),
            None if output.status.success() => "ok".to_owned(),
            None => said.lines().last().unwrap_or_default().to_owned(),
        };
        let parts: Vec<&str> = self.ends.split('*').collect();
        let same = match &parts[..] {
            [whole] => ended == *whole || ended.ends_with(&format!(": {whole}")),
            parts => parts.iter().all(|part| ended.contains(part)),
        };
        (!same).then(|| format!("`{}` ended with {ended:?}, not with {:?}", self.code.join("; "), self.ends))
    }
}

/// What all rules say, run for real if asked, and how many packages there are.
fn findings(venv: &Path, python: Option<PathBuf>, verify: bool) -> (Vec<Finding>, usize) {
    let environment = Environment::read(&[venv.to_owned()], &environment::Wishes { python })
        .unwrap_or_else(|error| panic!("{}: {error}", venv.display()));
    let target = python_facts::Target { version: environment.interpreter.version };
    let (sources, cache) = (Sources::open(target, None), Arc::new(Cache::none()));
    let analysis = Analysis::of(&environment, cache, &sources, &Wishes::default(), &|_| {})
        .unwrap_or_else(|error| panic!("{}: {error}", venv.display()));
    let mut findings = rules::check(&analysis);
    if verify {
        let names: Vec<String> =
            (0..environment.distributions.len()).map(|id| analysis.name(id).to_owned()).collect();
        Verifier::new(&environment, &names, Duration::from_secs(120))
            .and_then(|verifier| verifier.verify(&mut findings, &[], &|_| {}))
            .unwrap_or_else(|error| panic!("{}: {error}", venv.display()));
    }
    (findings, analysis.packages.len())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let said = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(()).ok_or_else(said)
}
