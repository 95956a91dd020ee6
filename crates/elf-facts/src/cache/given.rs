//! Facts that another run took and kept in a folder of its own, given to this run: by path, and only read.
//!
//! Deliberately not here: who took them, and which folder is whose.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::facts::{ContentHash, Facts};

/// What tells that a file at a path is as it was: its size, and when it was modified (seconds, nanoseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp(u64, i64, i64);

impl Stamp {
    /// The stamp of a file with this metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self(metadata.size(), metadata.mtime(), metadata.mtime_nsec())
    }
}

/// Facts by the path of their file.
#[derive(Debug, Default)]
pub(super) struct Given(HashMap<PathBuf, (Stamp, PathBuf, ContentHash)>);

impl Given {
    pub(super) fn add(&mut self, path: PathBuf, stamp: Stamp, folder: &Path, content: ContentHash) {
        self.0.insert(path, (stamp, super::stored_at(folder, content), content));
    }

    /// The facts of a file that is as it was when they were taken.
    pub(super) fn get(&self, path: &Path, metadata: &Metadata) -> Option<Facts> {
        let (stamp, stored, content) = self.0.get(path)?;
        let facts = (*stamp == Stamp::of(metadata)).then(|| super::stored_in(stored))??;
        (facts.head.content == *content).then_some(facts)
    }
}
