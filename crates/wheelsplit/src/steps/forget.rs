//! What of the steps' results a collection removes: what was made for wheels that nobody uses any more.
//!
//! Deliberately not here: which wheels are in use, and the removal itself ([`crate::gc`]).

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::built::read_record;
use super::ledger::{Checked, Remembered};
use crate::error::Error;
use crate::gc::list;
use crate::memory::read;
use crate::store::Store;

impl Store {
    /// Folders of built wheels that are not live, and of the sources that only those were built from.
    pub(crate) fn dead_builds(&self, wheels: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
        let mut sources = BTreeSet::new();
        let mut dead = Vec::new();
        for folder in list(&self.built_folder())? {
            match read_record(&folder) {
                Ok(record) if wheels.contains(&record.sha256) => sources.extend(record.sdist),
                // Live, or damaged: then nobody can use it.
                _ => dead.push(folder),
            }
        }
        let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let unpacked = list(&self.sources_folder())?.into_iter();
        dead.extend(unpacked.filter(|path| name(path).is_none_or(|name| !sources.contains(&name))));
        Ok(dead)
    }

    /// Files of checks of wheels that are not live, and of projects that are gone.
    pub(crate) fn dead_records(&self, wheels: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
        let live = |checked: &Checked| wheels.contains(&checked.wheel);
        let checks =
            list(&self.checked_folder())?.into_iter().filter(|path| !read(path).is_some_and(|c| live(&c)));
        let there = |last: &Remembered| last.project.try_exists().unwrap_or(true);
        let last =
            list(&self.last_folder())?.into_iter().filter(|path| !read(path).is_some_and(|l| there(&l)));
        Ok(checks.chain(last).collect())
    }
}
