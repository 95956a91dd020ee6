//! `abicheck.toml`, or `[tool.abicheck]` of a `pyproject.toml`, as a person wrote it.
//!
//! Every key is known here; whatever is wrong is told with its line. Deliberately not here: which file is read
//! (`find.rs`), and what it does to findings.

use std::path::{Path, PathBuf};

use serde::de::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::error::ConfigError;
use super::exercises::UserExercise;
use super::fingerprint::bare;
use crate::failure::did_you_mean;
use crate::rules::{self, Rule};

/// What the user configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// Findings that the user knows and accepts.
    pub ignore: Vec<Ignore>,
    /// The baseline, a file.
    pub baseline: Option<PathBuf>,
    /// Warnings count.
    pub strict: bool,
    /// What `--verify` does with packages.
    pub exercises: Vec<UserExercise>,
}

/// Findings that the user accepts, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The rule's code.
    pub code: &'static str,
    /// Normalised names that a finding must all be about; none for every finding of the rule.
    pub packages: Vec<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Where it stands.
    pub line: usize,
}

const KEYS: [&str; 4] = ["baseline", "exercises", "ignore", "strict"];
const IGNORE_KEYS: [&str; 3] = ["packages", "reason", "rule"];

/// Whether `text`, a `pyproject.toml`, has `[tool.abicheck]`. What is no TOML has none: it is not our file.
pub(super) fn mentions(text: &str) -> bool {
    let Ok(root) = text.parse::<toml::Table>() else { return false };
    root.get("tool").and_then(|tool| tool.get("abicheck")).is_some()
}

/// Reads `text`, which stands in the file at `path` and may name `rules`.
pub(super) fn read(path: &Path, text: &str, rules: &[&'static Rule]) -> Result<Config, ConfigError> {
    let reader = Reader { path, text, rules };
    let root = DeTable::parse(text).map_err(|error| {
        reader.wrong(error.span().map_or(0, |span| span.start), error.message().to_owned(), None)
    })?;
    // A file of another name, which the user gave, may be in either shape.
    let pyproject = path.file_name().is_some_and(|name| name == "pyproject.toml") || mentions(text);
    let mut table = root.get_ref();
    if pyproject {
        let tool = table.get("tool").and_then(|tool| tool.get_ref().as_table());
        let Some(own) = tool.and_then(|tool| tool.get("abicheck")) else {
            let hint = "add it, or name another file: `--config FILE`".to_owned();
            return Err(reader.wrong(0, "there is no [tool.abicheck] in this file".to_owned(), Some(hint)));
        };
        table = own.get_ref().as_table().ok_or_else(|| reader.kind(own, "tool.abicheck", "a table"))?;
    }
    reader.only(table, &KEYS, if pyproject { "[tool.abicheck]" } else { "abicheck.toml" })?;
    let mut config = Config { path: Some(path.to_owned()), ..Config::default() };
    if let Some(value) = table.get("strict") {
        config.strict =
            value.get_ref().as_bool().ok_or_else(|| reader.kind(value, "strict", "true or false"))?;
    }
    if let Some(value) = table.get("baseline") {
        let file: String = reader.of(value, "baseline", "a string, the path of a file")?;
        config.baseline = Some(path.parent().unwrap_or(Path::new(".")).join(file));
    }
    if let Some(value) = table.get("ignore") {
        let expected = "a list of tables { rule = \"...\", packages = [...], reason = \"...\" }";
        let entries = value.get_ref().as_array().ok_or_else(|| reader.kind(value, "ignore", expected))?;
        config.ignore =
            entries.iter().map(|entry| reader.ignore(entry, expected)).collect::<Result<_, _>>()?;
    }
    if let Some(value) = table.get("exercises") {
        config.exercises = reader.exercises(value)?;
    }
    Ok(config)
}

pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    text: &'a str,
    rules: &'a [&'static Rule],
}

impl Reader<'_> {
    fn ignore(&self, entry: &Spanned<DeValue<'_>>, expected: &str) -> Result<Ignore, ConfigError> {
        let table = entry.get_ref().as_table().ok_or_else(|| self.kind(entry, "ignore", expected))?;
        self.only(table, &IGNORE_KEYS, "an entry of `ignore`")?;
        let start = entry.span().start;
        let missing = |key: &str, hint: &str| {
            self.wrong(start, format!("an entry of `ignore` has no `{key}`"), Some(hint.to_owned()))
        };
        let value = table
            .get("rule")
            .ok_or_else(|| missing("rule", "a code or a name; `abicheck rules` prints them"))?;
        let asked: String = self.of(value, "rule", "a string, a code or a name")?;
        let rule = rules::named(self.rules, &asked).ok_or_else(|| {
            let known = self.rules.iter().flat_map(|rule| [rule.code, rule.name]);
            let hint = did_you_mean(&asked, known);
            let hint = hint.unwrap_or_else(|| "`abicheck rules` prints the rules that there are".to_owned());
            self.wrong(value.span().start, format!("there is no rule `{asked}`"), Some(hint))
        })?;
        let packages: Vec<String> = match table.get("packages") {
            Some(value) => self.of(value, "packages", "a list of names of distributions")?,
            None => Vec::new(),
        };
        let why = "say why the finding does no harm: those who read this file later cannot know";
        let value = table.get("reason").ok_or_else(|| missing("reason", why))?;
        let reason: String = self.of(value, "reason", "a string")?;
        if reason.trim().is_empty() {
            let what = "`reason` is empty".to_owned();
            return Err(self.wrong(value.span().start, what, Some(why.to_owned())));
        }
        let packages = packages.iter().map(|name| bare(name)).collect();
        Ok(Ignore { code: rule.code, packages, reason: reason.trim().to_owned(), line: self.line(start) })
    }

    fn only(&self, table: &DeTable<'_>, known: &[&'static str], place: &str) -> Result<(), ConfigError> {
        let Some(key) = table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        let hint = did_you_mean(name, known.iter().copied());
        let hint = hint.unwrap_or_else(|| format!("it may have {}", known.join(", ")));
        Err(self.wrong(key.span().start, format!("unknown key `{name}` in {place}"), Some(hint)))
    }

    pub(super) fn of<'de, T: Deserialize<'de>>(
        &self,
        value: &Spanned<DeValue<'de>>,
        key: &str,
        expected: &str,
    ) -> Result<T, ConfigError> {
        T::deserialize(ValueDeserializer::from(value.clone())).map_err(|_| self.kind(value, key, expected))
    }

    pub(super) fn kind(&self, value: &Spanned<DeValue<'_>>, key: &str, expected: &str) -> ConfigError {
        let found = self.text.get(value.span()).unwrap_or_default().lines().next().unwrap_or_default();
        self.wrong(value.span().start, format!("`{key}` must be {expected}, but is {found}"), None)
    }

    pub(super) fn wrong(&self, offset: usize, what: String, hint: Option<String>) -> ConfigError {
        ConfigError::Wrong { path: self.path.to_owned(), line: self.line(offset), what, hint }
    }

    pub(super) fn line(&self, offset: usize) -> usize {
        self.text.get(..offset).unwrap_or_default().matches('\n').count() + 1
    }
}
