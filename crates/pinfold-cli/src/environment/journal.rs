//! The switch of an environment and its lock as one step: `pinfold.lock` always says what the current generation is.
//!
//! Two files cannot be renamed at once. So a journal says first where the switch leads; the rename of the
//! environment's link is the moment at which it happened; the lock follows, and the journal goes. Whoever finds a
//! journal that nobody works on finishes what it says if the link was renamed, and forgets it if not. Deliberately
//! not here: what `pinfold sync` does, which makes the environment fit a lock that is there already.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use pinfold_core::lock;
use serde::{Deserialize, Serialize};

use super::layout::{Found, Guard, Layout};
use super::{durable, switch};

const FILE: &str = "switch.json";

/// A switch on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    version: u32,
    /// The generation that it leads to.
    generation: u64,
    /// The lock that becomes that generation's.
    lock: PathBuf,
}

/// Makes generation `number` the current one, and `project_lock` what it was made from; the caller holds the lock
/// of the environment.
///
/// # Errors
/// When something cannot be written. The switch has not happened then, or the next command finishes it.
pub fn commit(layout: &Layout, number: u64, project_lock: &Path, _guard: &Guard) -> Result<()> {
    let text = text_of(layout, number)?;
    let journal = Journal { version: 1, generation: number, lock: project_lock.to_owned() };
    let path = layout.home.join(FILE);
    // What a killed process leaves of it is swept like a half-built generation.
    put(&path, &layout.home.join("tmp-switch"), &serde_json::to_string(&journal)?)?;
    if let Err(error) = switch::switch(layout, number) {
        // The link may have been renamed all the same; if not, there is nothing to finish.
        if layout.found().ok() != Some(Found::Generation(number)) {
            let _ = fs::remove_file(&path);
        }
        return Err(error);
    }
    finish(project_lock, &text)?;
    forget(&path)
}

/// Finishes a switch that was cut off, if there is one and nobody works on it.
///
/// # Errors
/// When the lock cannot be written; the journal stays then.
pub fn recover(layout: &Layout) -> Result<()> {
    let path = layout.home.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let Some(_guard) = layout.try_guard() else { return Ok(()) };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
    };
    let happened = serde_json::from_slice::<Journal>(&bytes)
        .ok()
        .filter(|journal| journal.version == 1)
        .filter(|journal| layout.found().ok() == Some(Found::Generation(journal.generation)));
    if let Some(Journal { generation, lock, .. }) = happened
        // A project that was moved in between has its lock with it, and no folder of that name.
        && lock.parent().is_some_and(Path::is_dir)
    {
        finish(&lock, &text_of(layout, generation)?)?;
    }
    forget(&path)
}

/// The text of the lock that a generation was made from.
///
/// # Errors
/// When it cannot be read.
pub fn text_of(layout: &Layout, number: u64) -> Result<String> {
    let path = layout.generation(number).join(lock::FILE);
    fs::read_to_string(&path)
        .map_err(|error| anyhow!(error))
        .with_context(|| format!("could not read {}, the lock of generation {number}", path.display()))
}

fn finish(lock: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(lock).is_ok_and(|there| there == text) {
        return Ok(());
    }
    // A link to a lock stays a link. The name is fixed, so that whoever finishes for a killed process leaves nothing.
    let lock = lock.canonicalize().unwrap_or_else(|_| lock.to_owned());
    put(&lock, &lock.with_extension("lock.pinfold-new"), text)
}

/// Writes a file whole and durable, by way of a temporary one beside it.
fn put(path: &Path, temporary: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        fs::write(temporary, text)?;
        if let Ok(there) = path.metadata() {
            fs::set_permissions(temporary, there.permissions())?;
        }
        durable::one(temporary)?;
        fs::rename(temporary, path)?;
        durable::one(folder)
    };
    write().with_context(|| format!("could not write {}", path.display()))
}

fn forget(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("could not remove {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generations() -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(&folder.path().join(".venv")).unwrap();
        for number in [1, 2] {
            fs::create_dir_all(layout.generation(number)).unwrap();
            fs::write(layout.generation(number).join(lock::FILE), number.to_string()).unwrap();
        }
        fs::write(layout.home.join("lock"), "").unwrap();
        switch::switch(&layout, 1).unwrap();
        (folder, layout)
    }

    #[test]
    fn a_switch_that_was_cut_off_is_finished_or_has_not_happened() {
        let (folder, layout) = generations();
        let lock = folder.path().join(lock::FILE);
        let journal = Journal { version: 1, generation: 2, lock: lock.clone() };
        let path = layout.home.join(FILE);
        for (at, expected) in [(1, "old"), (2, "2")] {
            fs::write(&lock, "old").unwrap();
            fs::write(&path, serde_json::to_string(&journal).unwrap()).unwrap();
            switch::switch(&layout, at).unwrap();
            recover(&layout).unwrap();
            assert_eq!((fs::read_to_string(&lock).unwrap().as_str(), path.exists()), (expected, false));
        }
    }

    #[test]
    fn while_somebody_works_on_it_nobody_else_does() {
        let (folder, layout) = generations();
        let lock = folder.path().join(lock::FILE);
        let guard = layout.guard().unwrap();
        fs::write(layout.home.join(FILE), "half of a j").unwrap();
        recover(&layout).unwrap();
        assert!(layout.home.join(FILE).exists());
        drop(guard);
        recover(&layout).unwrap();
        assert!(!layout.home.join(FILE).exists() && !lock.exists());
        let guard = layout.guard().unwrap();
        commit(&layout, 2, &lock, &guard).unwrap();
        assert_eq!(fs::read_to_string(&lock).unwrap(), "2");
        assert!(!layout.home.join(FILE).exists());
    }
}
