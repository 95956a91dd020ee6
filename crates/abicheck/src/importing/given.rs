//! What one run learned of a folder, for others: facts of its native files, and what its Python code does.
//!
//! ```text
//! OUT/facts/..     one file for each content
//! OUT/index        which path has which content; what each module does; for which Python, taken by which reader
//! ```
//! Whoever installs each package once, into a folder that never changes (Nix), looks into it once. A file that is not
//! as it was is read again. Deliberately not here: which folders an environment has.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use elf_facts::{Cache, ContentHash, Stamp};
use python_facts::{Facts, Target};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::sources::{READER, sound, source};
use crate::environment::reading;

/// The name of the index in the folder.
const INDEX: &str = "index";
/// Bytes of an index; that of ten thousand modules has some millions.
const LARGEST_INDEX: u64 = 1 << 30;

/// Why a folder could not be looked into, or what was learned not be used.
#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    /// The system refused.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is damaged, or of another version.
    #[error("{} has no facts that this abicheck wrote\nhint: `abicheck facts FOLDER --out OUT` takes them anew", path.display())]
    Stranger {
        /// The folder.
        path: PathBuf,
    },
}

/// What was learned.
#[derive(Serialize, Deserialize)]
pub struct Given {
    reader: String,
    python: (u32, u32),
    folder: PathBuf,
    native: Vec<(PathBuf, Stamp, ContentHash)>,
    modules: Vec<(PathBuf, Stamp, Facts)>,
    /// Where the facts lie; not part of what is written.
    #[serde(skip)]
    facts: PathBuf,
}

/// One file of the folder.
enum Found {
    Native(PathBuf, Stamp, ContentHash),
    Module(PathBuf, Stamp, Facts),
}

impl Given {
    /// Looks into `folder` and keeps what is there in `out`, which is made.
    ///
    /// # Errors
    /// When the folder cannot be listed, or `out` not be written. A file that cannot be read is left to those who ask.
    pub fn take(folder: &Path, out: &Path, target: &Target) -> Result<Self, GivenError> {
        let failed = |doing, path: &Path| {
            let path = path.to_owned();
            move |source| GivenError::Io { doing, path, source }
        };
        let folder = fs::canonicalize(folder).map_err(failed("find", folder))?;
        let mut files = Vec::new();
        for entry in WalkDir::new(&folder).sort_by_file_name() {
            let entry = entry.map_err(|error| failed("list", &folder)(error.into()))?;
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            }
        }
        let facts = out.join("facts");
        fs::create_dir_all(&facts).map_err(failed("make", &facts))?;
        let found: Vec<Option<Found>> = files
            .par_iter()
            .map(|path| look(path, &facts, target).map_err(|source| failed("write", &facts)(source)))
            .collect::<Result<_, _>>()?;
        let mut given = Given {
            reader: READER.to_owned(),
            python: target.version,
            folder,
            native: Vec::new(),
            modules: Vec::new(),
            facts,
        };
        for one in found.into_iter().flatten() {
            match one {
                Found::Native(path, stamp, content) => given.native.push((path, stamp, content)),
                Found::Module(path, stamp, told) => given.modules.push((path, stamp, told)),
            }
        }
        let index = out.join(INDEX);
        let bytes =
            postcard::to_stdvec(&given).map_err(|error| failed("write", &index)(io::Error::other(error)))?;
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        fs::write(&index, [&checksum[..], &bytes].concat()).map_err(failed("write", &index))?;
        Ok(given)
    }

    /// Reads what [`Self::take`] kept in `out`.
    ///
    /// # Errors
    /// When it cannot be read, or another version wrote it.
    pub fn read(out: &Path) -> Result<Self, GivenError> {
        let index = out.join(INDEX);
        let bytes = reading::read(&index, LARGEST_INDEX).map_err(|source| GivenError::Io {
            doing: "read the facts",
            path: index,
            source,
        })?;
        let read = sound(&bytes).and_then(|bytes| postcard::from_bytes::<Given>(bytes).ok());
        let given = read.filter(|given| given.reader == READER);
        let mut given = given.ok_or_else(|| GivenError::Stranger { path: out.to_owned() })?;
        given.facts = out.join("facts");
        Ok(given)
    }

    /// Tells the cache what native files say.
    pub fn tell(&self, cache: &mut Cache) {
        for (path, stamp, content) in &self.native {
            cache.give(path.clone(), *stamp, &self.facts, *content);
        }
    }

    /// What each module does, for that Python.
    pub fn modules(self, python: (u32, u32)) -> Vec<(PathBuf, Stamp, Facts)> {
        if self.python == python { self.modules } else { Vec::new() }
    }

    /// How many native files and modules were looked into.
    pub fn counts(&self) -> (usize, usize) {
        (self.native.len(), self.modules.len())
    }
}

fn look(path: &Path, facts: &Path, target: &Target) -> io::Result<Option<Found>> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    let stamp = Stamp::of(&metadata);
    if path.extension().is_some_and(|end| end == "py") {
        let told = python_facts::read(&source(path), target).unwrap_or_default();
        return Ok(Some(Found::Module(path.to_owned(), stamp, told)));
    }
    match elf_facts::read(path) {
        Ok(read) => {
            let content = read.head.content;
            Cache::put(facts, &read).map_err(io::Error::other)?;
            Ok(Some(Found::Native(path.to_owned(), stamp, content)))
        }
        // What is wrong with it is a finding of those who look at an environment.
        Err(_) => Ok(None),
    }
}
