//! A project made for one question, in a temporary folder: what do these requirements come to?
//!
//! Pinned packages are leaves in it (`dependency-metadata` without dependencies), versions to prefer stand in a
//! `uv.lock` that is already there, local wheels are constraints. Deliberately not here: where the requirements come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use pep508_rs::{Requirement, VerbatimUrl};
use pinfold_core::names::normalize;
use toml::{Table, Value};

use super::lockfile::{Package, UvLock};
use super::settings::Settings;
use super::{PROJECT, Uv, UvError, is_refusal, said};
use crate::error::Hint;
use crate::locking::Culprit;

/// What uv is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The interpreter.
    pub python: &'a Path,
    /// Its version, `3.11.7`. To uv, `3.11` means all of them: a package that needs 3.11.5 would have no place.
    pub version: &'a str,
    /// The marker of the one platform.
    pub environment: &'a str,
    /// The requirements, PEP 508.
    pub requires: Vec<String>,
    /// Packages without dependencies: name, and version where it comes from a local file.
    pub leaves: Vec<(String, Option<String>)>,
    /// Constraints, PEP 508; also local wheels, which count wherever their name comes up.
    pub constraints: Vec<String>,
    /// Versions to prefer, where the requirements allow it.
    pub preferences: Vec<(String, String)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The requirements contradict each other or name what is not there; uv's explanation.
    #[error("{0}")]
    NoSolution(String),
    /// A package whose source does not tell what it requires, or that is not to be had; uv's words.
    #[error("{0}")]
    Culprit(String, Box<Culprit>),
    /// uv could not do it: no network, wrong settings; uv's words.
    #[error("{0}")]
    Failed(String),
    /// uv could not be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
}

impl Hint for QuestionError {}

impl<'a> Question<'a> {
    /// A question without requirements.
    pub fn new(python: &'a Path, version: &'a str, environment: &'a str) -> Self {
        Question {
            python,
            version,
            environment,
            requires: Vec::new(),
            leaves: Vec::new(),
            constraints: Vec::new(),
            preferences: Vec::new(),
        }
    }

    /// Asks uv.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub fn ask(&self, uv: &Uv, settings: &Settings) -> Result<UvLock, QuestionError> {
        let folder = folder()?;
        write(&folder.path().join("pyproject.toml"), &self.pyproject(settings)?)?;
        let lock = folder.path().join("uv.lock");
        if !self.preferences.is_empty() {
            write(&lock, &self.preferred())?;
        }
        let python = self.python.as_os_str();
        let output = uv.ask(folder.path(), ["lock".as_ref(), "--python".as_ref(), python])?;
        if output.status.success() {
            return Ok(UvLock::read(&lock)?);
        }
        let said = said(&output);
        Err(match (is_refusal(&output), Culprit::of_uv(&said)) {
            (false, _) => QuestionError::Failed(said),
            (true, Some(culprit)) => QuestionError::Culprit(said, Box::new(culprit)),
            (true, None) => QuestionError::NoSolution(said),
        })
    }

    /// The extras that `answer` asks its packages for, by name.
    ///
    /// `uv.lock` leaves out an extra that a package does not have, and a leaf has none here; a list of requirements
    /// keeps it. The versions are those of the answer, so that it is the same resolution.
    ///
    /// # Errors
    /// See [`QuestionError`].
    pub fn extras(
        &self,
        uv: &Uv,
        settings: &Settings,
        answer: &UvLock,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, QuestionError> {
        let folder = folder()?;
        write(&folder.path().join("pyproject.toml"), &self.pyproject(settings)?)?;
        write(&folder.path().join("versions.txt"), &versions(answer))?;
        let given = ["pip", "compile", "pyproject.toml", "--constraints", "versions.txt", "--quiet"];
        let form = ["--no-strip-extras", "--no-annotate", "--no-header", "--python"].map(AsRef::as_ref);
        let args = given.map(AsRef::as_ref).into_iter().chain(form).chain([self.python.as_os_str()]);
        let output = uv.ask(folder.path(), args)?;
        if !output.status.success() {
            return Err(QuestionError::Failed(said(&output)));
        }
        let mut extras = BTreeMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines().filter(|line| !line.trim().is_empty()) {
            let one = Requirement::<VerbatimUrl>::from_str(line)
                .map_err(|e| UvError::Format(format!("the requirement `{line}`: {e}")))?;
            let asked = one.extras.iter().map(|extra| normalize(extra.as_ref()));
            extras.insert(normalize(one.name.as_ref()), asked.collect());
        }
        Ok(extras)
    }

    fn pyproject(&self, settings: &Settings) -> Result<String, UvError> {
        let mut uv = settings.table();
        uv.insert("package".to_owned(), false.into());
        uv.insert("environments".to_owned(), strings([self.environment.to_owned()]));
        // A workspace of its own: uv looks no further up.
        uv.insert("workspace".to_owned(), Table::new().into());
        let leaves = self.leaves.iter().map(|(name, version)| {
            let mut leaf = Table::new();
            leaf.insert("name".to_owned(), name.clone().into());
            leaf.extend(version.clone().map(|version| ("version".to_owned(), version.into())));
            leaf.insert("requires-dist".to_owned(), Value::Array(Vec::new()));
            Value::Table(leaf)
        });
        append(&mut uv, "dependency-metadata", leaves.collect());
        append(
            &mut uv,
            "constraint-dependencies",
            self.constraints.iter().cloned().map(Value::from).collect(),
        );
        let mut project = Table::new();
        project.insert("name".to_owned(), PROJECT.into());
        project.insert("version".to_owned(), "0".into());
        project.insert("requires-python".to_owned(), format!("=={}", self.version).into());
        project.insert("dependencies".to_owned(), strings(self.requires.iter().cloned()));
        document([("project", project), ("tool", Table::from_iter([("uv".to_owned(), uv.into())]))])
    }

    /// A lock of a project that never was: uv prefers the versions in it.
    fn preferred(&self) -> String {
        let mut text = format!("version = 1\nrequires-python = \"=={}\"\n", self.version);
        for (name, version) in &self.preferences {
            text.push_str(&format!(
                "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                 source = {{ registry = \"https://index.invalid/simple\" }}\n"
            ));
        }
        text
    }
}

/// The versions of a resolution as constraints; local packages are constraints of the project already.
fn versions(answer: &UvLock) -> String {
    let from_index = answer.packages.iter().filter(|package| package.source.registry.is_some());
    // A name at several versions is there for other platforms too: which one is meant is left to uv.
    let alone = |one: &&Package| answer.packages.iter().filter(|other| other.name == one.name).count() == 1;
    let line = |package: &Package| Some(format!("{}=={}\n", package.name, package.version.as_ref()?));
    from_index.filter(alone).filter_map(line).collect()
}

/// A temporary folder whose path no marker of another project stands above in a way that uv would follow.
pub(crate) fn folder() -> Result<tempfile::TempDir, UvError> {
    tempfile::Builder::new()
        .prefix("pinfold-")
        .tempdir()
        .map_err(UvError::io("make a temporary folder in", &std::env::temp_dir()))
}

/// The text of a TOML document of these tables.
pub(crate) fn document<const N: usize>(tables: [(&str, Table); N]) -> Result<String, UvError> {
    let document: Table =
        tables.into_iter().map(|(key, table)| (key.to_owned(), Value::Table(table))).collect();
    toml::to_string(&document).map_err(|e| UvError::Format(e.to_string()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), UvError> {
    std::fs::write(path, text).map_err(UvError::io("write", path))
}

fn strings(items: impl IntoIterator<Item = String>) -> Value {
    Value::Array(items.into_iter().map(Value::String).collect())
}

/// Adds to a list that the person's settings may have begun; ours come first, because the first entry counts.
fn append(table: &mut Table, key: &str, mut items: Vec<Value>) {
    if let Some(Value::Array(given)) = table.get(key) {
        items.extend(given.iter().cloned());
    }
    if !items.is_empty() {
        table.insert(key.to_owned(), Value::Array(items));
    }
}
