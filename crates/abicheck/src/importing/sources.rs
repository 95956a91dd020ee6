//! Sources of modules, read and kept: the cache of Python code, apart from that of ELF facts.
//!
//! One file for each version of Python, read whole at the start of a run and written whole at its end where something
//! was new. Of its modules only those are decoded that a walk comes to: other environments' stand there too.
//! Deliberately not here: what effects mean.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use elf_facts::Stamp;
use python_facts::{Call, Effect, Facts, Target};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::given::Given;
use crate::environment::reading;

/// Why the cache could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("could not write the cache of Python code, {}: {source}", path.display())]
pub struct SourcesError {
    path: PathBuf,
    source: io::Error,
}

/// A file as `stat(2)` tells it from others: device, inode, size, seconds, nanoseconds.
type File = (u64, u64, u64, i64, i64);
/// What was read of a file: all of it, 0, or what one of its functions does that is called in one way.
type Key = (File, u64);

/// What stands in front of the cache: where each module's effects are behind it, each to be taken alone.
#[derive(Serialize, Deserialize)]
struct Index {
    /// What reads: facts of another version of the reader are not taken.
    reader: String,
    places: Vec<(Key, Range<usize>)>,
}

/// The cache as it was at the start.
#[derive(Default)]
struct Kept {
    places: FxHashMap<Key, Range<usize>>,
    /// The effects of all modules.
    effects: Vec<u8>,
}

impl Kept {
    /// What `bytes`, a whole file, have; `None` where they are damaged, or another reader's.
    fn of(bytes: &[u8]) -> Option<Self> {
        let (index, effects) = postcard::take_from_bytes::<Index>(sound(bytes)?).ok()?;
        let known = index.reader == READER && index.places.len() < MOST;
        known.then(|| Self { places: index.places.into_iter().collect(), effects: effects.to_vec() })
    }

    fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        postcard::from_bytes(self.effects.get(self.places.get(key)?.clone())?).ok()
    }
}

/// What was read in this run.
#[derive(Default)]
struct New {
    facts: FxHashMap<Key, Arc<Facts>>,
    calls: FxHashMap<Key, Arc<Vec<Effect>>>,
}

/// Sources for one Python.
pub struct Sources {
    target: Target,
    path: Option<PathBuf>,
    kept: Kept,
    given: FxHashMap<PathBuf, (Stamp, Arc<Facts>)>,
    new: Mutex<New>,
}

/// This reader, and how it keeps effects.
pub(super) const READER: &str = concat!(env!("CARGO_PKG_VERSION"), " 5");
/// Sources larger than this are not read: tables of data, which import nothing.
const LARGEST: u64 = 8 << 20;
/// Bytes of the cache; a hundred thousand modules have some tens of millions.
const LARGEST_CACHE: u64 = 1 << 30;
/// The cache starts anew when it holds more modules than this.
const MOST: usize = 100_000;

impl Sources {
    /// Sources for `target`, kept in `folder` if there is one.
    pub fn open(target: Target, folder: Option<&Path>) -> Self {
        let path =
            folder.map(|folder| folder.join(format!("python-{}.{}", target.version.0, target.version.1)));
        let read = path.as_ref().and_then(|path| reading::read(path, LARGEST_CACHE).ok());
        let kept = read.and_then(|bytes| Kept::of(&bytes)).unwrap_or_default();
        Self { target, path, kept, given: FxHashMap::default(), new: Mutex::default() }
    }

    /// Takes what another run learned of a folder.
    pub fn give(&mut self, given: Given) {
        let modules = given.modules(self.target.version);
        self.given.extend(modules.into_iter().map(|(path, stamp, facts)| (path, (stamp, Arc::new(facts)))));
    }

    /// What another run learned of a file that is as it was then.
    fn given(&self, path: &Path) -> Option<Arc<Facts>> {
        let (stamp, facts) = self.given.get(path)?;
        let metadata = fs::metadata(path).ok()?;
        (*stamp == Stamp::of(&metadata)).then(|| facts.clone())
    }

    /// What is told of the module in the file at `path`; nothing where it cannot be read.
    pub fn facts(&self, path: &Path) -> Arc<Facts> {
        if let Some(facts) = self.given(path) {
            return facts;
        }
        let Some(file) = file_at(path) else { return Arc::default() };
        let key = (file, 0);
        if let Some(facts) = self.kept.get(&key) {
            return Arc::new(facts);
        }
        if let Some(facts) = self.fresh().facts.get(&key) {
            return facts.clone();
        }
        let facts = Arc::new(python_facts::read(&source(path), &self.target).unwrap_or_default());
        self.fresh().facts.insert(key, facts.clone());
        facts
    }

    /// What the function or class `called` of that module does where `call` calls it.
    pub fn called(&self, path: &Path, called: &str, call: &Call) -> Arc<Vec<Effect>> {
        let Some(file) = file_at(path) else { return Arc::default() };
        let mut hasher = DefaultHasher::new();
        (called, &call.arguments, &call.keywords, call.around.is_some()).hash(&mut hasher);
        let key = (file, hasher.finish().max(1));
        if let Some(effects) = self.kept.get(&key) {
            return Arc::new(effects);
        }
        if let Some(effects) = self.fresh().calls.get(&key) {
            return effects.clone();
        }
        let effects = python_facts::call(&source(path), &self.target, called, call).unwrap_or_default();
        let effects = Arc::new(effects);
        self.fresh().calls.insert(key, effects.clone());
        effects
    }

    fn fresh(&self) -> MutexGuard<'_, New> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What running a program does; nothing is kept of it.
    ///
    /// # Errors
    /// What the parser says.
    pub fn facts_of_program(&self, source: &str) -> Result<Facts, String> {
        python_facts::read_program(source, &self.target)
    }

    /// Writes what was new.
    pub fn finish(&self) -> Result<(), SourcesError> {
        let new = std::mem::take(&mut *self.fresh());
        let is_new = !new.facts.is_empty() || !new.calls.is_empty();
        let Some(path) = self.path.as_ref().filter(|_| is_new) else { return Ok(()) };
        let mut effects = self.kept.effects.clone();
        let kept = self.kept.places.iter().map(|(key, range)| (*key, range.clone()));
        let mut places: Vec<(Key, Range<usize>)> = kept.collect();
        let at = |source| SourcesError { path: path.clone(), source };
        let failed = |error| at(io::Error::other(error));
        for (key, facts) in new.facts {
            let start = effects.len();
            effects = postcard::to_extend(&*facts, effects).map_err(failed)?;
            places.push((key, start..effects.len()));
        }
        for (key, called) in new.calls {
            let start = effects.len();
            effects = postcard::to_extend(&*called, effects).map_err(failed)?;
            places.push((key, start..effects.len()));
        }
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(at)?;
        let mut bytes = postcard::to_stdvec(&Index { reader: READER.to_owned(), places }).map_err(failed)?;
        bytes.append(&mut effects);
        let checksum = crc32fast::hash(&bytes).to_le_bytes();
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(at)?;
        [&checksum[..], &bytes].iter().try_for_each(|part| file.write_all(part)).map_err(at)?;
        file.persist(path).map_err(|error| at(error.error))?;
        Ok(())
    }
}

fn file_at(path: &Path) -> Option<File> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
}

pub(super) fn source(path: &Path) -> String {
    let bytes = reading::read(path, LARGEST).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What stands behind a right checksum: damage would be taken for what a module does, or nest without end.
pub(super) fn sound(bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, rest) = bytes.split_first_chunk()?;
    (u32::from_le_bytes(*checksum) == crc32fast::hash(rest)).then_some(rest)
}
