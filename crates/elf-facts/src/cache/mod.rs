//! Facts kept between runs.
//!
//! Facts belong to a content, so that the same wheel installed twice is read once; a file's content is known
//! from `stat(2)` alone while it does not change. The cache is a convenience: what is missing, damaged or cannot be
//! written costs time and never an answer.
//! Deliberately not here: where the cache lies (the caller's choice).

mod given;
mod keys;
mod stored;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::error::FactsError;
use crate::facts::{ContentHash, Facts};
use crate::read;
use given::Given;
use keys::Key;

pub use given::Stamp;

/// Why the cache could not be kept; the facts themselves are not touched by it.
#[derive(Debug, thiserror::Error)]
#[error("could not write to the cache of facts at {}: {source}", path.display())]
pub struct CacheError {
    path: PathBuf,
    source: io::Error,
}

/// A folder of facts, or none.
#[derive(Debug)]
pub struct Cache {
    folder: Option<PathBuf>,
    /// The largest size of the folder in bytes.
    limit: u64,
    known: HashMap<Key, ContentHash>,
    given: Given,
    new: Mutex<New>,
}

/// What this run adds.
#[derive(Debug, Default)]
struct New {
    keys: Vec<(Key, ContentHash)>,
    failed: Option<CacheError>,
}

impl Cache {
    /// The cache in `folder`, which is made when something is first kept, with at most `limit` bytes in it.
    pub fn open(folder: PathBuf, limit: u64) -> Self {
        let known = keys::read(&folder.join(KEYS));
        Self { folder: Some(folder), limit, known, given: Given::default(), new: Mutex::default() }
    }

    /// No cache: every file is read.
    pub fn none() -> Self {
        Self { folder: None, limit: 0, known: HashMap::new(), given: Given::default(), new: Mutex::default() }
    }

    /// Gives facts of the file at `path` that [`Self::put`] put into `folder`; they are used while the file is as it was.
    pub fn give(&mut self, path: PathBuf, stamp: Stamp, folder: &Path, content: ContentHash) {
        self.given.add(path, stamp, folder, content);
    }

    /// Puts `facts` into `folder`, for [`Self::give`] in other runs.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(folder: &Path, facts: &Facts) -> Result<(), CacheError> {
        let path = stored_at(folder, facts.head.content);
        store(&path, facts).map_err(|source| CacheError { path, source })
    }

    /// The facts of the file at `path`. Errors are those of [`crate::read`].
    pub fn get(&self, path: &Path) -> Result<Facts, FactsError> {
        let metadata = fs::metadata(path);
        self.get_known(path, &metadata.map_err(|source| FactsError::Io { path: path.to_owned(), source })?)
    }

    /// As [`Self::get`], for a file whose metadata, all links followed, is known.
    pub fn get_known(&self, path: &Path, metadata: &fs::Metadata) -> Result<Facts, FactsError> {
        if let Some(facts) = self.given.get(path, metadata) {
            return Ok(facts);
        }
        let Some(folder) = &self.folder else { return read(path) };
        let known = self.known.get(&Key::of(metadata));
        if let Some(content) = known
            && let Some(facts) = kept(&stored_at(folder, *content))
        {
            return Ok(facts);
        }
        let (file, metadata) = read::open(path)?;
        let facts = read::read_open(path, &file, metadata.len())?;
        self.keep(folder, Key::of(&metadata), &facts, known.is_some());
        Ok(facts)
    }

    /// Stores `facts`, and its key unless the file may still be changing. `replaces`: what is there could not be used.
    fn keep(&self, folder: &Path, key: Key, facts: &Facts, replaces: bool) {
        let path = stored_at(folder, facts.head.content);
        // The same content under another key: its time says that it is used.
        let there = !replaces && touch(&path);
        let stored = there || store(&path, facts).map_err(|source| self.failed(&path, source)).is_ok();
        if stored && !key.is_fresh() {
            self.new.lock().unwrap_or_else(PoisonError::into_inner).keys.push((key, facts.head.content));
        }
    }

    fn failed(&self, path: &Path, source: io::Error) {
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        new.failed.get_or_insert(CacheError { path: path.to_owned(), source });
    }

    /// Writes what this run learned and removes what was used longest ago above the limit. The first thing that could
    /// not be written, if any, is the error.
    pub fn finish(&self) -> Result<(), CacheError> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let new = std::mem::take(&mut *self.new.lock().unwrap_or_else(PoisonError::into_inner));
        let New { keys, failed } = new;
        if let Some(failed) = failed {
            return Err(failed);
        }
        if keys.is_empty() {
            return Ok(());
        }
        let at = |path: PathBuf| move |source| CacheError { path, source };
        keys::append(&folder.join(KEYS), &keys).map_err(at(folder.join(KEYS)))?;
        shrink(folder, self.limit).map_err(at(folder.clone()))
    }
}

const KEYS: &str = "keys";
/// Bytes of keys: some hundred thousand files.
const MOST_KEYS: u64 = 8 << 20;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Where the facts of `content` lie.
fn stored_at(folder: &Path, content: ContentHash) -> PathBuf {
    let name = content.to_string();
    folder.join(&name[..2]).join(&name[2..])
}

/// Opens a file of the cache. What is no file blocks nobody (fifo(7)).
fn open(path: &Path) -> io::Result<(fs::File, fs::Metadata)> {
    let file = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// The facts at `path`; that they are used is noted once a day.
fn kept(path: &Path) -> Option<Facts> {
    let (mut file, metadata) = open(path).ok()?;
    let facts = stored::read(&mut file, metadata.len())?;
    if metadata.modified().is_ok_and(|used| used.elapsed().is_ok_and(|age| age > DAY)) {
        // Where it cannot be noted, they go sooner, and are read again.
        let _ = file.set_modified(SystemTime::now());
    }
    Some(facts)
}

/// The facts at `path`, where nobody notes that they are used.
fn stored_in(path: &Path) -> Option<Facts> {
    let (mut file, metadata) = open(path).ok()?;
    stored::read(&mut file, metadata.len())
}

/// Sets the time of the file at `path` to now; whether there is one.
fn touch(path: &Path) -> bool {
    open(path).and_then(|(file, _)| file.set_modified(SystemTime::now())).is_ok()
}

/// Writes the facts beside their place and moves them there, so that no reader sees a part.
fn store(path: &Path, facts: &Facts) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    stored::write(facts, file.as_file_mut())?;
    file.persist(path)?;
    Ok(())
}

/// Removes the files used longest ago until at most `limit` bytes are left, keys included. Files that another run
/// is writing are left alone for an hour.
fn shrink(folder: &Path, limit: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                // Another run may remove it first.
                let Ok(metadata) = file.metadata() else { continue };
                files.push((metadata.modified()?, metadata.len(), file.path()));
            }
        }
    }
    let mut size: u64 = files.iter().map(|(_, size, _)| size).sum();
    files.sort();
    for (used, length, path) in files {
        let in_the_making = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let old = used.elapsed().is_ok_and(|age| age > Duration::from_secs(3600));
        if (in_the_making && !old) || (!in_the_making && size <= limit) {
            continue;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => size = size.saturating_sub(length),
        }
    }
    forget(folder, limit)
}

/// Starts the keys anew when they alone take a tenth of the limit, or are so many that to read them takes long: files
/// that are still there are asked once more.
fn forget(folder: &Path, limit: u64) -> io::Result<()> {
    let keys = folder.join(KEYS);
    let large = fs::metadata(&keys).map(|metadata| metadata.len() > MOST_KEYS.min(limit / 10));
    let forgotten = large.and_then(|large| if large { fs::remove_file(&keys) } else { Ok(()) });
    // Another run may have been first.
    forgotten.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
