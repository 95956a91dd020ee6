//! From a lock to an environment that is what the lock says: fetch, assemble, build, switch; or nothing at all.
//!
//! Until the last step the old environment stands as it was, whatever fails. Deliberately not here: making the
//! lock, and what is said about it all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use pinfold_core::closure::Environment;
use pinfold_core::lock::{Lock, Wheel};
use wheelsplit::{Installed, Store};

use super::assemble::{Assembled, assemble};
use super::changes::{Change, changes};
use super::generation::{self, Blueprint, Stamp};
use super::hook::Package;
use super::layout::{Found, Guard, Layout};
use super::{gc, isolate, registry, switch};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::terminal;
use crate::uv::tags::Tags;

/// What an environment is made from.
pub struct Request<'a> {
    /// Where it is.
    pub layout: &'a Layout,
    /// What it must hold.
    pub lock: &'a Lock,
    /// The interpreter.
    pub interpreter: &'a Interpreter,
    /// The store.
    pub store: &'a Store,
    /// Move aside what is not ours; build anew even if nothing changed.
    pub force: bool,
    /// Brings wheels that the store lacks into it.
    pub fetch: &'a dyn Fn(&[Wheel]) -> Result<()>,
}

/// What was done.
#[derive(Debug, PartialEq, Eq)]
pub enum Synced {
    /// Nothing: the environment is what it should be.
    Unchanged {
        /// The current generation.
        generation: u64,
    },
    /// A new generation is current.
    Switched {
        /// Its number.
        generation: u64,
        /// How many wheels were fetched.
        fetched: usize,
        /// What came and went.
        changes: Vec<Change>,
        /// Which packages got libraries under names of their own, one sentence each.
        isolated: Vec<String>,
    },
}

/// Makes the environment what the lock says.
///
/// # Errors
/// When something cannot be done; the old environment is whole then.
pub fn sync(request: &Request<'_>) -> Result<Synced> {
    let synced = sync_while(request, || true)?;
    synced.ok_or_else(|| anyhow!("the lock was changed meanwhile"))
}

/// As [`sync`], unless `still` says, when other processes are done with the environment, that its lock is not what is
/// wanted any more: then nothing is done.
///
/// # Errors
/// When something cannot be done; the old environment is whole then.
pub fn sync_while(request: &Request<'_>, still: impl Fn() -> bool) -> Result<Option<Synced>> {
    let Request { layout, lock, interpreter, store, .. } = *request;
    fits(lock, interpreter)?;
    let text = lock.to_toml().context("could not write the lock as text")?;
    let package = Package::find()?;
    let stamp = Stamp::new(layout, &text, interpreter, &package.digest, store.root());
    if !request.force
        && let Some(generation) = current(layout, &stamp)?
    {
        generation::tidy(layout);
        return Ok(Some(Synced::Unchanged { generation }));
    }
    // Before any work: what stands there may not be ours to replace.
    if !request.force && matches!(layout.found()?, Found::Foreign(_)) {
        layout.claim(false)?;
    }
    let guard = layout.guard()?;
    if !still() {
        return Ok(None);
    }
    // Another process may have done it while we waited.
    if !request.force
        && let Some(generation) = current(layout, &stamp)?
    {
        return Ok(Some(Synced::Unchanged { generation }));
    }
    let before = previous(layout);
    let Built { generation, fetched, environment, isolated } = build(request, &guard)?;
    layout.claim(request.force)?;
    switch::switch(layout, generation)?;
    gc::prune(layout);
    let changes = changes(before.as_ref(), &environment);
    Ok(Some(Synced::Switched { generation, fetched, changes, isolated }))
}

/// A generation that is complete, and that nobody uses yet.
#[derive(Debug)]
pub struct Built {
    /// Its number.
    pub generation: u64,
    /// How many wheels were fetched.
    pub fetched: usize,
    /// Its units, closures and views.
    pub environment: Environment,
    /// Which of them got libraries under names of their own, one sentence each.
    pub isolated: Vec<String>,
}

/// Builds a generation beside the current one, which stays; whoever switches to it holds the lock until then.
///
/// # Errors
/// When something cannot be done; nothing but wheels in the store is left of it then.
pub fn build(request: &Request<'_>, _guard: &Guard) -> Result<Built> {
    let Request { layout, lock, interpreter, store, .. } = *request;
    fits(lock, interpreter)?;
    let text = lock.to_toml().context("could not write the lock as text")?;
    let package = Package::find()?;
    let stamp = Stamp::new(layout, &text, interpreter, &package.digest, store.root());
    let _shared = match store.try_share()? {
        Some(shared) => shared,
        None => {
            let _waiting = terminal::spinner("Waiting for `pinfold gc` to finish with the store");
            store.share()?
        }
    };
    let tags: Vec<String> = Tags::of_interpreter(interpreter).list().into_iter().map(str::to_owned).collect();
    for wheel in &lock.wheels {
        wheelsplit::check_platform(&wheel.file, &tags)?;
    }
    let (wheels, fetched) = gather(request)?;
    if let Err(error) = registry::register(store.root(), &layout.home) {
        let root = store.root().display();
        terminal::warn(&format!(
            "could not register this environment in the store {root}: {error}; `pinfold gc` will not know that it uses it"
        ));
    }
    let mut assembled = assemble(lock, store, &wheels)?;
    let done = isolate::isolate(&mut assembled, lock.native, store, interpreter, &wheels, request.force)?;
    let stamp = Stamp { left: done.left, ..stamp };
    let Assembled { environment, roots } = assembled;
    let hook = package.in_store(store, interpreter)?;
    let prompt = prompt(layout);
    let blueprint = Blueprint {
        link: &layout.link,
        interpreter,
        environment: &environment,
        roots: &roots,
        hook: &hook,
        lock: Some(&text),
        prompt: &prompt,
    };
    let built = generation::build(layout, &blueprint, &stamp);
    let generation = built.hint(
        "the environment that was there is as it was; free space or permissions, then `pinfold sync` again",
    )?;
    Ok(Built { generation, fetched, environment, isolated: done.mended })
}

/// Refuses a lock for another Python or platform.
fn fits(lock: &Lock, interpreter: &Interpreter) -> Result<()> {
    if lock.python != interpreter.minor {
        return Err(hinted(
            anyhow!(
                "the lock is for Python {}, and {} is Python {}",
                lock.python,
                interpreter.executable.display(),
                interpreter.version
            ),
            format!(
                "`pinfold lock --python {}` makes a lock for it, `--python {}` uses the lock that is there",
                interpreter.minor, lock.python
            ),
        ));
    }
    if lock.platform != interpreter.platform {
        return Err(hinted(
            anyhow!("the lock is for {}, and this is {}", lock.platform, interpreter.platform),
            "a lock is for one platform; `pinfold lock` makes one for this",
        ));
    }
    Ok(())
}

/// The current generation, if it is what `stamp` says and whole.
fn current(layout: &Layout, stamp: &Stamp) -> Result<Option<u64>> {
    let Found::Generation(number) = layout.found()? else { return Ok(None) };
    let folder = layout.generation(number);
    let Some(there) = Stamp::read(&folder) else { return Ok(None) };
    let right = there.digest == stamp.digest && generation::healthy(&folder, &there);
    Ok(right.then_some(number))
}

/// Every wheel of the lock, from the store; what it lacks is fetched first.
fn gather(request: &Request<'_>) -> Result<(BTreeMap<String, Installed>, usize)> {
    let mut wheels = BTreeMap::new();
    let missing = take(request, &request.lock.wheels, &mut wheels)?;
    if missing.is_empty() {
        return Ok((wheels, 0));
    }
    (request.fetch)(&missing)?;
    let still = take(request, &missing, &mut wheels)?;
    match still.first() {
        Some(wheel) => Err(anyhow!("the wheel {} was fetched and is not in the store", wheel.file)),
        None => Ok((wheels, missing.len())),
    }
}

/// Takes the wheels that the store has; returns the others.
fn take(
    request: &Request<'_>,
    wanted: &[Wheel],
    wheels: &mut BTreeMap<String, Installed>,
) -> Result<Vec<Wheel>> {
    let mut missing = Vec::new();
    for wheel in wanted {
        match request.store.wheel(&wheel.sha256)? {
            Some(installed) => {
                same(wheel, &installed)?;
                wheels.insert(wheel.sha256.clone(), installed);
            }
            None => missing.push(wheel.clone()),
        }
    }
    Ok(missing)
}

/// Refuses a wheel of which the lock says that it is another: nobody looked inside when that was written.
fn same(wheel: &Wheel, installed: &Installed) -> Result<()> {
    if installed.is_of(&wheel.name, &wheel.version) {
        return Ok(());
    }
    let facts = &installed.facts;
    let what = anyhow!(
        "pinfold.lock says that {} is {} {}, but its metadata says {} {}",
        wheel.file,
        wheel.name,
        wheel.version,
        facts.name,
        facts.version
    );
    Err(hinted(what, "take back the change to pinfold.lock, or remove it and run `pinfold lock`"))
}

/// The model of the environment that is there.
fn previous(layout: &Layout) -> Option<Environment> {
    let Ok(Found::Generation(number)) = layout.found() else { return None };
    pinfold_core::index::read(&layout.generation(number).join(pinfold_core::index::FILE)).ok()
}

/// `.venv` says nothing in a prompt: the project's folder does.
fn prompt(layout: &Layout) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let own = name(&layout.link).unwrap_or_default();
    let parent = layout.link.parent().and_then(name);
    match parent {
        Some(parent) if own.trim_start_matches('.') == "venv" => parent,
        _ => own,
    }
}

/// The current generation's folder, for commands that only look.
///
/// # Errors
/// When there is no environment, or it is not ours.
pub fn existing(layout: &Layout) -> Result<PathBuf> {
    let missing = |what: String| hinted(anyhow!(what), "`pinfold sync` makes it");
    match layout.found()? {
        Found::Generation(number) => {
            let folder = layout.generation(number);
            if fs::metadata(&folder).is_ok() {
                return Ok(folder);
            }
            Err(missing(format!("generation {number} of {} is gone", layout.link.display())))
        }
        Found::Nothing => Err(missing(format!("there is no environment {}", layout.link.display()))),
        Found::Foreign(what) => Err(hinted(
            anyhow!("{} is {what}, and Pinfold did not make it", layout.link.display()),
            "`pinfold sync --force` moves it aside and makes one; `--env PATH` names another",
        )),
    }
}
