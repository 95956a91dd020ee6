//! What came of checks, and which keys a package had the last time.
//!
//! ```text
//! checked/<key of the check>.json
//! last/<hash of project, package and step>.json
//! ```
//! Both are only memory: what is lost, or cannot be read, costs a step that runs once more, or an explanation.
//! Deliberately not here: what a build made ([`super::built`]), and whether a wheel is installed, which its folder says.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::key::{Key, Step};
use crate::error::Error;
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

#[derive(Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) project: PathBuf,
    package: String,
    key: Key,
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

    /// The key that the step had the last time, if that is known.
    pub fn last(&self, place: &Place<'_>) -> Option<Key> {
        let remembered: Remembered = read(&self.last_file(place))?;
        (remembered.project == place.project).then_some(remembered.key)
    }

    /// Remembers the key of a step.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn remember(&self, place: &Place<'_>, key: &Key) -> Result<(), Error> {
        if self.last(place).as_ref() == Some(key) {
            return Ok(());
        }
        let (project, package) = (place.project.to_owned(), place.package.to_owned());
        write(&self.last_file(place), &Remembered { project, package, key: key.clone() })
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

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Whoever reads it meanwhile sees the old content or the new.
fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let failed = |e: std::io::Error| Error::store("write", path, e);
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder).map_err(failed)?;
    let text = serde_json::to_vec_pretty(value).map_err(|e| failed(e.into()))?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
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
        store.remember(&place, &key).unwrap();
        assert_eq!(store.last(&place), Some(key));
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
    fn a_memory_that_cannot_be_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let digest = "c".repeat(64);
        let checked = Checked { wheel: digest.clone(), passed: true, ended: String::new(), last: vec![] };
        store.keep_checked(&digest, &checked).unwrap();
        assert_eq!(store.checked(&digest), Some(checked));
        fs::write(store.checked_folder().join(format!("{digest}.json")), "{").unwrap();
        assert_eq!(store.checked(&digest), None);
    }
}
