//! Copies of units in which libraries have names of their own: `isolated/<key>/`, for all environments that want the same.
//!
//! Several units are copied together, and looked at together before any counts; each is then complete or absent, durable
//! and read-only, as everything here. Deliberately not here: what is copied and how, and what a key is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::memory;
use crate::staging::Staging;
use crate::store::{Store, exists, key};

/// Copies in the making: a folder for one folder each, named by its key. What is not published is removed.
pub struct Isolating {
    staging: Staging,
    isolated: PathBuf,
}

impl Store {
    /// Where copies are, each in a folder of its key.
    pub fn isolated(&self) -> PathBuf {
        self.root().join("isolated")
    }

    /// An empty folder for copies.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn isolating(&self) -> Result<Isolating, Error> {
        Ok(Isolating { staging: Staging::new(self, "isolated-")?, isolated: self.isolated() })
    }
}

/// What came of looking at an environment, for the next one that has the same: `verdicts/<key>.json`. Only memory: what is
/// lost, or cannot be read, is found out again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The hashes of its wheels.
    pub wheels: BTreeSet<String>,
    /// Of each unit with copies, its identifier.
    pub units: BTreeMap<String, Copied>,
    /// The identifiers of units whose libraries are for themselves.
    pub own_scope: BTreeSet<String>,
    /// What is said to people about what was mended.
    pub mended: Vec<String>,
    /// What was left as it is.
    pub left: Vec<Left>,
}

/// Two units that break each other, and were left as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Their identifiers.
    pub units: [String; 2],
    /// How, in a sentence.
    pub title: String,
    /// Why, in sentences.
    pub why: Vec<String>,
    /// Whether that is for files of both that cannot be edited.
    pub uneditable: bool,
}

/// A unit with copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The name of their folder.
    pub key: String,
    /// By the name that a library had, the one that it has now.
    pub libraries: BTreeMap<String, String>,
    /// By each name that a library answered to, where it is below `site-packages`.
    pub files: BTreeMap<String, String>,
}

const VERDICTS: &str = "verdicts";

impl Store {
    /// What came of an environment; nothing where nobody looked, or copies are gone.
    pub fn verdict(&self, of: &str) -> Option<Verdict> {
        let verdict: Verdict = memory::read(&self.verdict_file(of).ok()?)?;
        let is_there = |copied: &Copied| self.isolated().join(&copied.key).is_dir();
        verdict.units.values().all(is_there).then_some(verdict)
    }

    /// Keeps a verdict for the next environment; without it, that takes longer.
    pub fn keep_verdict(&self, of: &str, verdict: &Verdict) {
        if let (Ok(path), Ok(text)) = (self.verdict_file(of), serde_json::to_vec(verdict)) {
            let _ = memory::replace(&path, |file| file.write_all(&text));
        }
    }

    fn verdict_file(&self, of: &str) -> Result<PathBuf, Error> {
        Ok(self.root().join(VERDICTS).join(format!("{}.json", key(of)?)))
    }

    /// Verdicts on environments of which a wheel is not live.
    pub(crate) fn dead_verdicts(&self, wheels: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
        let mut files = crate::gc::list(&self.root().join(VERDICTS))?;
        files.retain(|path| {
            !memory::read(path).is_some_and(|verdict: Verdict| verdict.wheels.is_subset(wheels))
        });
        Ok(files)
    }
}

impl Isolating {
    /// The folder.
    pub fn path(&self) -> &Path {
        self.staging.path()
    }

    /// Makes the copies durable and gives each its place; those that another process made first stay.
    ///
    /// # Errors
    /// When a name is no key, or the store cannot be written.
    pub fn publish(self) -> Result<(), Error> {
        let folders = crate::gc::list(self.staging.path())?;
        let mut targets = Vec::new();
        for folder in folders {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            targets.push((self.isolated.join(key(&name)?), folder));
        }
        self.staging.make_durable()?;
        for (target, folder) in targets {
            if !exists(&target)? {
                Staging::place(&folder, &target)?;
            }
        }
        Ok(())
    }
}
