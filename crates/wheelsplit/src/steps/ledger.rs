//! What came of checks, and which keys a package had: the last one, and the one that somebody was told of.
//!
//! ```text
//! checked/<key of the check>.json
//! last/<hash of project, package and step>.json
//! ```
//! Both are only memory: what is lost, or cannot be read, costs a step that runs once more, or an explanation.
//! Deliberately not here: what a build made ([`super::built`]), and whether a wheel is installed, which its folder says.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::{Key, Step};
use crate::error::Error;
use crate::memory::{self, read};
use crate::store::{Store, key};

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// SHA-256 of the wheel that was checked: without it, nobody needs to know.
    pub wheel: String,
    /// Whether it passed.
    pub passed: bool,
    /// How it ended, in words: `exit code 1`.
    pub ended: String,
    /// The last lines that it said.
    pub last: Vec<String>,
}

/// Whose key: one step of one package in one project.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The project's folder, absolute.
    pub project: &'a Path,
    /// The package, and where it has several units, which of them.
    pub package: &'a str,
    /// The step.
    pub step: Step,
}

/// What is remembered of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Its last key.
    pub seen: Key,
    /// Its key when somebody was told of it the last time: what ran unseen in between is not forgotten by that.
    pub told: Option<Key>,
    /// The run that `seen` is of, if it ran and nobody was told of it.
    pub ran: Option<Ran>,
}

/// A run that nobody was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The command that it ran in.
    pub command: String,
    /// When, in words.
    pub at: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) project: PathBuf,
    package: String,
    memory: Memory,
}

impl Store {
    /// What came of the check with this key, if it is known.
    pub fn checked(&self, digest: &str) -> Option<Checked> {
        read(&self.checked_folder().join(format!("{}.json", key(digest).ok()?)))
    }

    /// Keeps what came of a check.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn keep_checked(&self, digest: &str, checked: &Checked) -> Result<(), Error> {
        write(&self.checked_folder().join(format!("{}.json", key(digest)?)), checked)
    }

    /// What is remembered of the step, if anything is.
    pub fn last(&self, place: &Place<'_>) -> Option<Memory> {
        let remembered: Remembered = read(&self.last_file(place))?;
        (remembered.project == place.project).then_some(remembered.memory)
    }

    /// Remembers that the step has this key now, and `ran` in between if it did.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remember(&self, place: &Place<'_>, key: &Key, ran: Option<Ran>) -> Result<(), Error> {
        let last = self.last(place);
        // A run of another key is not how this one came about.
        let before = last.clone().filter(|last| last.seen == *key).and_then(|last| last.ran);
        let told = last.as_ref().and_then(|last| last.told.clone());
        self.put(place, last, Memory { seen: key.clone(), told, ran: ran.or(before) })
    }

    /// Remembers that somebody was told of this key.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn told(&self, place: &Place<'_>, key: &Key) -> Result<(), Error> {
        let memory = Memory { seen: key.clone(), told: Some(key.clone()), ran: None };
        self.put(place, self.last(place), memory)
    }

    fn put(&self, place: &Place<'_>, last: Option<Memory>, memory: Memory) -> Result<(), Error> {
        if last.as_ref() == Some(&memory) {
            return Ok(());
        }
        let (project, package) = (place.project.to_owned(), place.package.to_owned());
        write(&self.last_file(place), &Remembered { project, package, memory })
    }

    pub(super) fn checked_folder(&self) -> PathBuf {
        self.root().join("checked")
    }

    pub(super) fn last_folder(&self) -> PathBuf {
        self.root().join("last")
    }

    fn last_file(&self, place: &Place<'_>) -> PathBuf {
        let mut hasher = Sha256::new();
        for part in [place.project.as_os_str().as_encoded_bytes(), place.package.as_bytes()] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(place.step.name());
        let name: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.last_folder().join(format!("{name}.json"))
    }
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let failed = |e: std::io::Error| Error::store("write", path, e);
    let text = serde_json::to_vec_pretty(value).map_err(|e| failed(e.into()))?;
    memory::replace(path, |file| file.write_all(&text).and_then(|()| file.sync_all())).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::super::key::Input;
    use super::*;

    #[test]
    fn every_package_of_every_project_has_a_memory_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let place = Place { project: Path::new("/srv/a"), package: "x", step: Step::Build };
        let key = Key::new(Step::Build, [Input::new("source", "1")]);
        assert_eq!(store.last(&place), None);
        store.remember(&place, &key, None).unwrap();
        assert_eq!(store.last(&place), Some(Memory { seen: key, told: None, ran: None }));
        let strangers = [
            Place { project: Path::new("/srv/b"), ..place },
            Place { package: "y", ..place },
            Place { step: Step::Check, ..place },
        ];
        for stranger in strangers {
            assert_eq!(store.last(&stranger), None, "{stranger:?}");
        }
    }

    #[test]
    fn what_somebody_was_told_of_outlives_what_ran_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let place = Place { project: Path::new("/srv/a"), package: "x", step: Step::Build };
        let key = |source: &str| Key::new(Step::Build, [Input::new("source", source)]);
        let ran = Some(Ran { command: "sync".to_owned(), at: "noon".to_owned() });
        store.told(&place, &key("1")).unwrap();
        store.remember(&place, &key("2"), ran.clone()).unwrap();
        store.remember(&place, &key("2"), None).unwrap();
        let memory = |seen, ran| Some(Memory { seen: key(seen), told: Some(key("1")), ran });
        assert_eq!(store.last(&place), memory("2", ran));
        store.remember(&place, &key("3"), None).unwrap();
        assert_eq!(store.last(&place), memory("3", None));
        store.told(&place, &key("3")).unwrap();
        assert_eq!(store.last(&place).unwrap().told, Some(key("3")));
    }

    #[test]
    fn a_memory_that_cannot_be_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let digest = "c".repeat(64);
        let checked = Checked { wheel: digest.clone(), passed: true, ended: String::new(), last: vec![] };
        store.keep_checked(&digest, &checked).unwrap();
        assert_eq!(store.checked(&digest), Some(checked));
        std::fs::write(store.checked_folder().join(format!("{digest}.json")), "{").unwrap();
        assert_eq!(store.checked(&digest), None);
    }
}
