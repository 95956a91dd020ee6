//! What a build made, `built/<key>/`: the normalised wheel file, and a record of what it is.
//!
//! ```text
//! built/<key of the build>/{NAME-VERSION-TAGS.whl, record.json}
//! sources/<sha256 of a source distribution>/    its files, unpacked
//! ```
//! Both are complete or absent, as everything in the store: one rename puts wheel and record there together, so that
//! a process that is killed leaves nothing that could be taken for a result. Deliberately not here: building.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::pack;
use crate::source::file::hash;
use crate::staging::Staging;
use crate::store::{Store, exists, key};

const RECORD: &str = "record.json";

/// What is known of a built wheel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltRecord {
    /// The version of this file's format.
    pub version: u32,
    /// The name of the wheel file.
    pub file: String,
    /// SHA-256 of the normalised wheel file.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of the source distribution that it was built from, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdist: Option<String>,
    /// What the build asked for beyond its `[build-system]` (PEP 517, `get_requires_for_build_wheel`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dynamic: Vec<String>,
}

/// A wheel that a build made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The wheel file in the store.
    pub wheel: PathBuf,
    /// What is known of it.
    pub record: BuiltRecord,
}

const VERSION: u32 = 1;

impl Store {
    /// What the build with this key made, if it was made before.
    ///
    /// # Errors
    /// When `digest` is not a key, or the folder is there and not as it was written.
    pub fn built(&self, digest: &str) -> Result<Option<Built>, Error> {
        let dir = self.built_folder().join(key(digest)?);
        if !exists(&dir)? {
            return Ok(None);
        }
        let damaged = |reason: String| Error::Damaged { path: dir.clone(), reason };
        let record = read_record(&dir).map_err(damaged)?;
        let wheel = dir.join(&record.file);
        if !exists(&wheel)? {
            return Err(damaged(format!("{} is gone", record.file)));
        }
        Ok(Some(Built { wheel, record }))
    }

    /// Keeps `wheel`, normalised, as what the build with this key made. If the store has another result for the key,
    /// it stays, unless `anew` is set: then this one takes its place.
    ///
    /// # Errors
    /// When the wheel cannot be read as a zip archive, or the store cannot take it.
    pub fn keep_built(
        &self,
        digest: &str,
        wheel: &Path,
        sdist: Option<String>,
        dynamic: Vec<String>,
        anew: bool,
    ) -> Result<Built, Error> {
        let target = self.built_folder().join(key(digest)?);
        let staging = Staging::new(self, "built-")?;
        let normal = pack::normalise(wheel, staging.path())
            .map_err(|source| Error::Unreadable { path: wheel.to_owned(), source })?;
        let (_, sha256, size) = hash(&normal, self.limits().total)?;
        let file = normal.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let record = BuiltRecord { version: VERSION, file, sha256, size, sdist, dynamic };
        if anew && let Some(there) = self.built(digest).ok().flatten() {
            if there.record == record {
                return Ok(there);
            }
            self.discard(&target)?;
        }
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        crate::write::text(&staging.path().join(RECORD), &text)?;
        staging.publish(&target)?;
        self.built(digest)?.ok_or_else(|| Error::Damaged {
            path: target.clone(),
            reason: "it vanished while it was used".to_owned(),
        })
    }

    /// Forgets what the build with the key `digest` made, unless that is `but`.
    ///
    /// # Errors
    /// When it is not a key, or cannot be removed.
    pub fn forget_built(&self, digest: &str, but: &str) -> Result<(), Error> {
        let dir = self.built_folder().join(key(digest)?);
        if digest != but && exists(&dir)? { self.discard(&dir) } else { Ok(()) }
    }

    /// The unpacked source distribution of this hash; if it is not there, `fill` writes it into a temporary folder
    /// first.
    ///
    /// # Errors
    /// When `sha256` is not a hash, `fill` fails, or the store cannot take it.
    pub fn source<E: From<Error>>(
        &self,
        sha256: &str,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let dir = self.sources_folder().join(key(sha256)?);
        if !exists(&dir)? {
            let staging = Staging::new(self, "source-")?;
            fill(staging.path())?;
            staging.publish(&dir)?;
        }
        Ok(dir)
    }

    pub(crate) fn built_folder(&self) -> PathBuf {
        self.root().join("built")
    }

    pub(crate) fn sources_folder(&self) -> PathBuf {
        self.root().join("sources")
    }
}

pub(super) fn read_record(dir: &Path) -> Result<BuiltRecord, String> {
    let text = fs::read_to_string(dir.join(RECORD)).map_err(|e| format!("{RECORD}: {e}"))?;
    let record: BuiltRecord = serde_json::from_str(&text).map_err(|e| format!("{RECORD}: {e}"))?;
    let plain = Path::new(&record.file).file_name().is_some_and(|name| name == record.file.as_str());
    match record.version {
        VERSION if plain => Ok(record),
        VERSION => Err(format!("{RECORD} names no plain file")),
        other => Err(format!("{RECORD} has version {other}, this pinfold reads {VERSION}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn wheel(folder: &Path, text: &str) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("a-1-py3-none-any.whl");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        zip.start_file("a.py", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap();
        path
    }

    #[test]
    fn a_result_stays_until_it_is_made_anew_and_differs() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store")).unwrap();
        let digest = "a".repeat(64);
        assert_eq!(store.built(&digest).unwrap(), None);
        let (one, two) = (wheel(&folder.path().join("1"), "x = 1"), wheel(&folder.path().join("2"), "x = 2"));
        let keep = |wheel: &Path, anew| store.keep_built(&digest, wheel, None, Vec::new(), anew).unwrap();
        let first = keep(&one, false);
        assert_eq!(store.built(&digest).unwrap().as_ref(), Some(&first));
        assert_eq!(keep(&two, false), first, "the first result of a key stays");
        assert_ne!(keep(&two, true).record.sha256, first.record.sha256);
        assert_eq!(keep(&one, true), first, "the same wheel has the same hash");
    }

    #[test]
    fn what_is_not_whole_is_said_to_be_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("store")).unwrap();
        let digest = "b".repeat(64);
        let built = store.keep_built(&digest, &wheel(folder.path(), ""), None, Vec::new(), false).unwrap();
        fs::remove_file(&built.wheel).unwrap();
        let error = store.built(&digest).unwrap_err().to_string();
        assert!(error.contains("is damaged: a-1-py3-none-any.whl is gone"), "{error}");
        assert!(store.built("../../etc").is_err());
    }
}
