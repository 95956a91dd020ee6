//! Folders of copies, each named by its key: those that are there, and those that are made now.
//!
//! Nothing is asked to be writable before something is written: where all are there, a store may be read-only.
//! Deliberately not here: what is in them.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Makes an empty folder for copies that are not there.
pub type Stage<'a> = &'a dyn Fn() -> Result<PathBuf, Failure>;

/// Where folders of copies are.
pub(super) struct Folders<'a> {
    there: &'a Path,
    stage: Stage<'a>,
    staged: OnceCell<PathBuf>,
}

impl<'a> Folders<'a> {
    pub(super) fn new(there: &'a Path, stage: Stage<'a>) -> Self {
        Self { there, stage, staged: OnceCell::new() }
    }

    /// The folder for those that are not there, which is made the first time.
    pub(super) fn staged(&self) -> Result<&Path, Failure> {
        match self.staged.get() {
            Some(staged) => Ok(staged),
            None => {
                let made = (self.stage)()?;
                Ok(self.staged.get_or_init(|| made))
            }
        }
    }

    /// Whether the folder that `place` is in was there, and is not made anew.
    pub(super) fn is_there(&self, place: &Path) -> bool {
        self.root_of(place) == self.there
    }

    /// What the folder that `place` is in stands in, or will.
    pub(super) fn root_of(&self, place: &Path) -> &Path {
        let key = place.iter().next().unwrap_or_default();
        match self.staged.get() {
            Some(staged) if staged.join(key).exists() || !self.there.join(key).is_dir() => staged,
            _ => self.there,
        }
    }

    /// Whether that folder was there before anything was made.
    pub(super) fn was_there(&self, place: &Path) -> bool {
        self.there.join(place.iter().next().unwrap_or_default()).is_dir()
    }

    /// Removes what was made.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        let Some(staged) = self.staged.get() else { return Ok(()) };
        let removed = std::fs::read_dir(staged).and_then(|entries| {
            entries.into_iter().try_for_each(|entry| std::fs::remove_dir_all(entry?.path()))
        });
        removed.map_err(|error| Failure::new(format!("could not empty {}: {error}", staged.display())))
    }
}
