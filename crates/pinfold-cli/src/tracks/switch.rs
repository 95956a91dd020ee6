//! An update made the project's own: one at a time, and lock and environment as one step.
//!
//! Deliberately not here: what the update comes to ([`super::moving`]).

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use pinfold_core::lock::{Hold, Lock, Wheel};
use rustix::fs::{FlockOperation, flock};
use wheelsplit::Store;

use super::logs;
use crate::context::Context;
use crate::environment::layout::{CANDIDATES, Layout};
use crate::environment::sync::{Request, build};
use crate::environment::{gc, journal};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::{ready, terminal};

/// Held by the one process that does something with a project; released when dropped, or when the process ends.
#[derive(Debug)]
pub struct Turn {
    _file: File,
}

/// Waits until no other update of this project runs, and says so: also with another environment it would move the same
/// lock, and try candidates in the same place.
///
/// # Errors
/// When the project's folder cannot be written.
pub fn turn(project: &Path) -> Result<Turn> {
    alone(project, "update.lock", "Waiting for another `pinfold update` of this project to finish")
}

/// Waits until nobody else has the turn of this name.
///
/// # Errors
/// When the project's folder cannot be written.
pub fn alone(project: &Path, name: &str, waiting: &str) -> Result<Turn> {
    let folder = project.join(".pinfold");
    let made = fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()));
    made.hint("the project's folder must be writable")?;
    crate::ignore::whole(&folder);
    let path = folder.join(name);
    let file = File::options().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("could not open {}", path.display()))?;
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        terminal::note(waiting);
        flock(&file, FlockOperation::LockExclusive)
            .with_context(|| format!("could not lock {}", path.display()))?;
    }
    Ok(Turn { _file: file })
}

/// Builds a generation of `lock` and makes both current; returns its number.
///
/// # Errors
/// When the lock is not the one any more that the update began with, or something cannot be written.
pub fn commit(
    context: &Context,
    layout: &Layout,
    store: &Store,
    interpreter: &Interpreter,
    (before, lock): (&Lock, &Lock),
) -> Result<u64> {
    let guard = layout.guard()?;
    let path = context.project.join(pinfold_core::lock::FILE);
    if Lock::read(&path)?.as_ref() != Some(before) {
        return Err(hinted(
            anyhow!("pinfold.lock was changed while candidates were tried; nothing was moved"),
            "run `pinfold update` again",
        ));
    }
    let fetch = |wheels: &[Wheel]| ready::fetch(context, store, interpreter, lock, wheels);
    let request = Request { layout, lock, interpreter, store, force: true, fetch: &fetch };
    let built = build(&request, &guard)?;
    journal::commit(layout, built.generation, &path, &guard)?;
    gc::prune(layout);
    Ok(built.generation)
}

/// So many logs are kept besides those that holds name, and so many bytes of them.
const LOGS: usize = 60;
const BYTES: u64 = 256 << 20;

/// Removes the environments of candidates and old logs, but for those that `holds` name.
pub fn tidy(project: &Path, holds: &[Hold]) {
    // Next time, if not now: it is only space.
    let _ = fs::remove_dir_all(project.join(CANDIDATES));
    let logs = fs::read_dir(project.join(logs::FOLDER)).into_iter().flatten().flatten();
    let named =
        |path: &Path| holds.iter().filter_map(|hold| hold.log.as_ref()).any(|log| project.join(log) == path);
    let mut logs: Vec<_> = logs.map(|entry| entry.path()).filter(|path| !named(path)).collect();
    // Their names begin with the moment.
    logs.sort();
    let mut bytes = 0;
    for (at, log) in logs.iter().rev().enumerate() {
        bytes += log.metadata().map_or(0, |metadata| metadata.len());
        if at >= LOGS || bytes > BYTES {
            let _ = fs::remove_file(log);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_logs_stay_and_those_that_holds_name() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join(".pinfold/logs");
        fs::create_dir_all(&logs).unwrap();
        let left = || {
            let entries = fs::read_dir(&logs).unwrap().flatten();
            let mut names: Vec<u32> =
                entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
            names.sort_unstable();
            names
        };
        for number in 100..170 {
            // Sparse: no room is taken.
            let size = match number {
                150 => 100 << 20,
                168 => 200 << 20,
                _ => 0,
            };
            File::create(logs.join(number.to_string())).unwrap().set_len(size).unwrap();
        }
        let hold = Hold {
            track: "main".to_owned(),
            since: String::new(),
            reason: String::new(),
            candidate: Vec::new(),
            log: Some(".pinfold/logs/100".to_owned()),
        };
        tidy(folder.path(), std::slice::from_ref(&hold));
        assert_eq!(left(), std::iter::once(100).chain(151..170).collect::<Vec<u32>>());
        for number in 170..240 {
            File::create(logs.join(number.to_string())).unwrap();
        }
        tidy(folder.path(), &[]);
        assert_eq!(left(), (180..240).collect::<Vec<u32>>());
    }
}
