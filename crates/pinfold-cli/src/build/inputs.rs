//! What a build depends on, and its key: of what some builds read and others do not, the key has it where it was read.
//!
//! Tests and the repository are known to have had no part in a build that opened none of it ([`super::watch`]). Its result
//! is kept under the key without them, and is the result of every source that differs in nothing else: the same build
//! would open none of it there, either. So nobody has to say what a build reads, and nobody can say it wrong. Deliberately
//! not here: the same for every file of the source; those that are edited often and read by no build are tests.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use wheelsplit::steps::{Input, Key, Step};

use super::engine::Engine;
use super::one::Subject;
use super::system::BuildSystem;
use super::tools::Frozen;
use crate::digest::hex;

/// Raised when the engine itself builds otherwise than before.
const ENGINE: &str = "3";

/// What a build read beside what every build may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Neither tests nor the repository.
    Neither,
    /// Contents of tests.
    Tests,
    /// The repository; tests count then, too: git tells from a file's size alone that it was changed.
    Repository,
}

impl Read {
    /// All of them, the least first.
    pub(super) const ALL: [Read; 3] = [Read::Neither, Read::Tests, Read::Repository];
}

/// The inputs of a build.
pub(super) struct Inputs<'a> {
    always: Vec<Input>,
    tests: Option<&'a str>,
    /// The source, where a build of it has a repository to ask.
    repository: Option<&'a Path>,
    /// Its state before the build.
    state: OnceLock<String>,
}

impl<'a> Inputs<'a> {
    /// Everything that the wheel depends on, and nothing of the runtime closure.
    pub(super) fn of(
        engine: &Engine<'_>,
        subject: &'a Subject,
        system: &BuildSystem,
        frozen: &Frozen,
    ) -> Self {
        let python = engine.interpreter;
        let source = if subject.sdist.is_some() { "source distribution" } else { "source" };
        let mut always = vec![
            Input::new("engine", ENGINE),
            Input::new(source, &subject.hashes.source),
            Input::new("backend", &system.build_backend),
            Input::new("python", format!("{} {} {}", python.implementation, python.version, python.soabi)),
            Input::new("platform", format!("{} {} {}", python.platform, python.libc, python.libc_version)),
        ];
        let tool = |wheel: &pinfold_core::lock::Wheel| {
            Input::new(format!("tool {}", wheel.name), format!("{} {}", wheel.version, wheel.sha256))
        };
        always.extend(frozen.wheels.iter().map(tool));
        let variables = variables(engine, &subject.name).into_iter();
        always.extend(variables.map(|(name, value)| Input::new(format!("env {name}"), value)));
        let settings = engine.settings.config_settings(&subject.name);
        if settings != Value::Null {
            always.push(Input::new("config-settings", settings.to_string()));
        }
        let repository = subject.sdist.is_none() && subject.source.join(".git").is_dir();
        Inputs {
            always,
            tests: subject.hashes.tests.as_deref(),
            repository: repository.then_some(subject.source.as_path()),
            state: OnceLock::new(),
        }
    }

    /// The key of a build that reads this, as far as it is there.
    pub(super) fn key(&self, read: Read) -> Key {
        let mut inputs = self.always.clone();
        if read != Read::Neither {
            inputs.extend(self.tests.map(|hash| Input::new("tests", hash)));
        }
        if let (Read::Repository, Some(source)) = (read, self.repository) {
            inputs.push(Input::new("git", self.state.get_or_init(|| state(source))));
        }
        Key::new(Step::Build, inputs)
    }

    /// The key that is most like another, where nobody knows what a build would have read.
    pub(super) fn nearest(&self, other: Option<&Key>) -> Key {
        let differs = |key: &Key| other.map_or(0, |other| key.changes_since(other).len());
        let keys = Read::ALL.map(|read| self.key(read));
        keys.into_iter().min_by_key(differs).unwrap_or_else(|| self.key(Read::Neither))
    }

    /// Takes down what the repository is before the build; whether there is one to ask.
    pub(super) fn look_at_repository(&self) -> bool {
        self.repository.map(|source| self.state.get_or_init(|| state(source))).is_some()
    }

    /// Whether the repository is what it was before the build.
    pub(super) fn is_same_repository(&self) -> bool {
        let then = self.state.get();
        self.repository.is_none_or(|source| then.is_none_or(|then| *then == state(source)))
    }
}

/// What git could tell of a source: its commit, branch, tags, and which files it knows. Where there is no git that could
/// say it, there is none that a build could ask.
fn state(source: &Path) -> String {
    const QUESTIONS: [&[&str]; 4] = [
        &["rev-parse", "HEAD"],
        &["symbolic-ref", "-q", "HEAD"],
        &["for-each-ref", "refs/tags"],
        &["ls-files", "--stage"],
    ];
    let mut hasher = Sha256::new();
    for question in QUESTIONS {
        let mut git = Command::new("git");
        git.arg("-C").arg(source).args(question).env("GIT_OPTIONAL_LOCKS", "0");
        let answer = git.stdin(Stdio::null()).stderr(Stdio::null()).output();
        let answer = answer.map(|answer| answer.stdout).unwrap_or_default();
        hasher.update((answer.len() as u64).to_le_bytes());
        hasher.update(&answer);
    }
    hex(&hasher.finalize())
}

/// The variables that a build sees by the manifest's will, those alone that are set.
pub(super) fn variables(engine: &Engine<'_>, name: &str) -> Vec<(String, String)> {
    let mut found = engine.settings.build_variables(name);
    let own = engine.manifest.builds.get(name).map(|build| build.env.as_slice()).unwrap_or_default();
    for variable in engine.manifest.build_set.env.iter().chain(own) {
        if let Some(value) = std::env::var_os(variable) {
            found.insert(variable.clone(), value.to_string_lossy().into_owned());
        }
    }
    found.into_iter().collect()
}
