//! Collection: old generations of every registered environment, then what no generation uses in the store.
//!
//! A sync removes old generations of its own environment by itself ([`prune`]); the store is for `pinfold gc` alone.
//! A generation stays if it is the current one, among the last [`KEPT`] or the last [`KEPT`] that differ, or locked by a running process (the hook
//! holds a shared lock on its file `lock`). Deliberately not here: removal of folders of the store, which
//! wheelsplit does under its own lock.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pinfold_core::closure::Environment;
use pinfold_core::index;
use pinfold_core::lock::{self, Lock};
use rustix::fs::{FlockOperation, flock};
use walkdir::WalkDir;
use wheelsplit::{Collected, Live, Store};

use super::generation::contents;
use super::layout::{Found, KEPT, Layout};
use super::registry;
use crate::failure::WithHint;

/// What a collection removed, or would remove.
#[derive(Debug, Default)]
pub struct Report {
    /// Folders of old generations.
    pub generations: Vec<PathBuf>,
    /// Generations that would be old, but a process runs in them.
    pub in_use: Vec<PathBuf>,
    /// Registered environments that are gone.
    pub forgotten: Vec<PathBuf>,
    /// Folders of the store.
    pub store: Collected,
    /// Bytes in all.
    pub bytes: u64,
}

/// Collects; with `dry_run` only says what would be removed.
///
/// # Errors
/// When the registry or an environment cannot be read: nothing in the store is removed on a guess.
pub fn collect(store: &Store, dry_run: bool) -> Result<Report> {
    let held = store.exclusive()?;
    let mut report = Report::default();
    let mut live = Live::default();
    let homes =
        registry::registered(store.root()).context("could not read the store's registry of environments")?;
    for home in homes {
        if !home
            .try_exists()
            .with_context(|| format!("could not look for the environment {}", home.display()))?
        {
            if !dry_run {
                registry::forget(store.root(), &home)?;
            }
            report.forgotten.push(home);
            continue;
        }
        let layout = layout_of(&home)?;
        let old = old_generations(&layout, &mut report)?;
        for number in layout.generations() {
            if !old.contains(&number) {
                mark(store, &layout.generation(number), &mut live)?;
            }
        }
        for number in old {
            let folder = layout.generation(number);
            report.bytes += size(&folder);
            if !dry_run {
                remove(&layout, number)?;
            }
            report.generations.push(folder);
        }
    }
    report.store = store.collect(&held, &live, dry_run)?;
    report.bytes += report.store.bytes;
    Ok(report)
}

/// `/project/.pinfold/.venv` is the home of `/project/.venv`.
fn layout_of(home: &Path) -> Result<Layout> {
    let project = home.parent().and_then(Path::parent).unwrap_or(home);
    Layout::new(&project.join(home.file_name().unwrap_or_default()))
}

/// Numbers of the generations that may go.
fn old_generations(layout: &Layout, report: &mut Report) -> Result<BTreeSet<u64>> {
    let current = match layout.found()? {
        Found::Generation(number) => Some(number),
        _ => None,
    };
    let numbers = layout.generations();
    let mut old = BTreeSet::new();
    let different = different(layout, &numbers);
    for &number in numbers.iter().take(numbers.len().saturating_sub(KEPT)) {
        if Some(number) == current || different.contains(&number) {
            continue;
        }
        let folder = layout.generation(number);
        if in_use(&folder) {
            report.in_use.push(folder);
        } else {
            old.insert(number);
        }
    }
    Ok(old)
}

/// The last [`KEPT`] generations of which none has what the next one has: one that only records another hold pushes no
/// other out.
fn different(layout: &Layout, numbers: &[u64]) -> BTreeSet<u64> {
    let mut kept = BTreeSet::new();
    let mut later = None;
    // There is nothing to look at where all stay.
    for &number in numbers.iter().rev().filter(|_| numbers.len() > KEPT) {
        let contents = contents(&layout.generation(number));
        if kept.len() < KEPT && (contents.is_none() || contents != later) {
            kept.insert(number);
        }
        later = contents;
    }
    kept
}

/// Removes the environment's generations beyond the last [`KEPT`] that no process runs in; the caller holds its
/// lock. What cannot be removed now is for the next time: it is only space.
pub fn prune(layout: &Layout) {
    for number in old_generations(layout, &mut Report::default()).unwrap_or_default() {
        let _ = remove(layout, number);
    }
}

/// Whether a process holds the generation's lock.
pub fn in_use(generation: &Path) -> bool {
    match File::open(generation.join("lock")) {
        Ok(file) => flock(&file, FlockOperation::NonBlockingLockExclusive).is_err(),
        Err(_) => false,
    }
}

/// What a generation refers to stays.
fn mark(store: &Store, generation: &Path, live: &mut Live) -> Result<()> {
    // `rm -rf .venv/` empties what the link leads to: nothing can run in it, and nothing is used by it.
    let gone = |name: &str| matches!(generation.join(name).try_exists(), Ok(false));
    if gone("closure.json") && gone(index::FILE) {
        return Ok(());
    }
    let environment = Environment::read(&generation.join("closure.json"))
        .with_context(|| format!("could not tell what {} uses", generation.display()))
        .with_hint(|| {
            format!("if it is of no use any more, delete {} and try again", generation.display())
        })?;
    // What its packages are built and checked with is used when they are built again.
    if let Ok(Some(lock)) = Lock::read(&generation.join(lock::FILE)) {
        let tools = lock.build_set.wheels.into_iter().chain(lock.check_set.wheels);
        live.wheels.extend(tools.map(|wheel| wheel.sha256));
    }
    let instances = store.root().join("instances");
    for unit in environment.units.iter() {
        live.wheels.extend(unit.wheel.clone());
        if let Ok(copies) = unit.path.strip_prefix(store.isolated()) {
            live.isolated.extend(copies.iter().next().map(|key| key.to_string_lossy().into_owned()));
        }
        // `<store>/instances/<key>/site-packages`
        if let Ok(inside) = unit.path.strip_prefix(&instances)
            && let Some(key) = inside.iter().next().and_then(|key| key.to_str())
        {
            live.instances.insert(key.to_owned());
        }
    }
    // `<store>/hooks/<hash>/pinfold`
    for python in fs::read_dir(generation.join("lib")).into_iter().flatten().flatten() {
        let link = fs::read_link(python.path().join("site-packages/pinfold"));
        let hash = link.ok().and_then(|target| Some(target.parent()?.file_name()?.to_str()?.to_owned()));
        live.hooks.extend(hash);
    }
    Ok(())
}

/// Removes a generation: renamed out of its place first, so that it is whole or gone.
fn remove(layout: &Layout, number: u64) -> Result<()> {
    let folder = layout.generation(number);
    let doomed = layout.home.join(format!("tmp-gc-{number}"));
    fs::rename(&folder, &doomed)
        .and_then(|()| fs::remove_dir_all(&doomed))
        .with_context(|| format!("could not remove {}", folder.display()))
}

fn size(folder: &Path) -> u64 {
    let entries = WalkDir::new(folder).into_iter().flatten();
    entries
        .filter_map(|entry| entry.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}
