//! What an environment is made from: a lock that fits the manifest, an interpreter that fits the lock, and the
//! wheels of the lock in the store.
//!
//! Deliberately not here: resolving ([`crate::locking`]) and the environment ([`crate::environment`]).

use std::path::Path;

use anyhow::{Result, anyhow};
use pinfold_core::lock::{FILE, Lock, Wheel};
use wheelsplit::{Expected, Store};

use crate::build::engine::Basis;
use crate::build::limits::Limits;
use crate::build::{Engine, Options};
use crate::context::Context;
use crate::environment::layout::Layout;
use crate::error::Error;
use crate::failure::{carried, hinted};
use crate::interpreter::{self, Interpreter};
use crate::locking::{Upgrade, Workspace};
use crate::manifests::{self, ManifestFileError};
use crate::terminal;
use crate::uv::Uv;
use crate::uv::fetch;
use crate::uv::settings::Settings;

/// A lock that fits the manifest, and the interpreter that it is for.
pub struct Ready {
    /// The lock.
    pub lock: Lock,
    /// The interpreter.
    pub interpreter: Interpreter,
}

/// The lock that fits the manifest, made now if it must be, and may.
///
/// # Errors
/// When it must not change (`--frozen`, `--locked`) and would have to, or cannot be made.
pub fn ready(context: &Context, store: &Store) -> Result<Ready, Error> {
    if context.frozen {
        return frozen(context, store);
    }
    let workspace = Workspace::open(context, store)?;
    if let Some(lock) = &workspace.previous {
        same_world(context, lock, &workspace.interpreter)?;
    }
    let stale = workspace.stale()?;
    match (stale, workspace.previous.as_ref()) {
        (None, Some(lock)) => Ok(Ready { lock: lock.clone(), interpreter: workspace.interpreter }),
        (Some(reason), _) if context.locked => {
            let what = anyhow!("pinfold.lock would have to change, which `--locked` forbids: {reason}");
            Err(hinted(what, "run `pinfold lock`").into())
        }
        _ => {
            let lock = workspace.resolve(&Upgrade::Nothing)?;
            workspace.write(&lock)?;
            terminal::say("Locked", &terminal::count(lock.units.len(), "unit"));
            Ok(Ready { lock, interpreter: workspace.interpreter })
        }
    }
}

/// Warns where the environment in the folder `generation` is not what manifest and lock say by now; for commands that
/// only look at it.
pub fn compare(context: &Context, store: &Store, generation: &Path) {
    // A candidate is what it is to be, whatever the project's lock says.
    if Layout::new(&context.environment).is_ok_and(|layout| layout.is_candidate()) {
        return;
    }
    if let Ok(Some(lock)) = Lock::read(&context.project.join(FILE))
        && let Ok(Some(current)) = Lock::read(&generation.join(FILE))
        && lock != current
    {
        terminal::warn("the environment is not what pinfold.lock says now; `pinfold sync` makes it so");
    }
    if context.frozen {
        return;
    }
    const AS_IT_IS: &str = "what is said here is about the environment as it is";
    let manifest = match manifests::read(&context.manifest) {
        Ok(manifest) => manifest,
        // An environment may be all that is there.
        Err(ManifestFileError::Missing(_)) => return,
        Err(error) => return terminal::warn(&format!("{error}; {AS_IT_IS}")),
    };
    // To look at an environment, nobody needs uv.
    if Uv::find(context.offline).is_err() {
        return;
    }
    match Workspace::of(context, store, manifest).and_then(|workspace| Ok(workspace.stale()?)) {
        Ok(None) => {}
        Ok(Some(reason)) => {
            terminal::warn(&format!("{reason}: {AS_IT_IS}; `pinfold sync` brings it up to date"));
        }
        Err(error) => terminal::warn(&format!("{error}; {AS_IT_IS}")),
    }
}

/// Refuses what would quietly make a committed lock one for another platform, or for the Python of one command.
fn same_world(context: &Context, lock: &Lock, interpreter: &Interpreter) -> Result<(), Error> {
    if lock.platform != interpreter.platform {
        let what = anyhow!("pinfold.lock is for {}, and this is {}", lock.platform, interpreter.platform);
        return Err(hinted(what, "a lock is for one platform; `pinfold lock` makes it one for this").into());
    }
    if context.python.is_some() && lock.python != interpreter.minor {
        let what = anyhow!(
            "pinfold.lock is for Python {}, and `--python` asks for {}",
            lock.python,
            interpreter.minor
        );
        let hint = format!(
            "a lock is for one Python; `pinfold lock --python {}` makes it one for that",
            interpreter.minor
        );
        return Err(hinted(what, hint).into());
    }
    Ok(())
}

/// The lock as it is: nothing is asked of uv, and the manifest counts only for the interpreter that it names.
fn frozen(context: &Context, store: &Store) -> Result<Ready, Error> {
    let path = context.project.join(FILE);
    let lock = Lock::read(&path)?.ok_or_else(|| {
        let what = anyhow!("there is no {}, and `--frozen` forbids to write it", path.display());
        hinted(what, "run `pinfold lock`")
    })?;
    let python = match manifests::read(&context.manifest) {
        Ok(manifest) => manifest.python,
        Err(ManifestFileError::Missing(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let uv = Uv::find(context.offline).ok();
    let program = uv.as_ref().map(Uv::program);
    let interpreter =
        interpreter::choose(context, store.root(), python.as_deref(), Some(&lock.python), program)?;
    if lock.python != interpreter.minor || lock.platform != interpreter.platform {
        let what = anyhow!(
            "pinfold.lock is for Python {} on {}, not for Python {} on {}, and `--frozen` forbids to change it",
            lock.python,
            lock.platform,
            interpreter.minor,
            interpreter.platform
        );
        return Err(hinted(what, "run `pinfold lock`, or choose the lock's Python with `--python`").into());
    }
    Ok(Ready { lock, interpreter })
}

/// The hash of the wheel that a locked source is built to now.
///
/// # Errors
/// When it cannot be built.
pub fn built(engine: &Engine<'_>, wheel: &Wheel) -> Result<String, Error> {
    let builder = engine.builder();
    let path = match (&wheel.path, &wheel.source) {
        (None, Some(source)) => builder.distribution(&wheel.name, &wheel.version, &source.sha256)?,
        (path, _) => {
            let path =
                crate::locking::local::clean(&engine.project.join(path.as_deref().unwrap_or_default()));
            builder.local(&wheel.name, &path)?
        }
    };
    let hash = fetch::sha256(&path);
    Ok(hash.map_err(|e| anyhow!("could not read {}: {e}", path.display()))?)
}

/// Brings wheels of `lock` into the store.
///
/// # Errors
/// When one cannot be had, or is not what the lock says.
pub fn fetch(
    context: &Context,
    store: &Store,
    interpreter: &Interpreter,
    lock: &Lock,
    wheels: &[Wheel],
) -> Result<()> {
    bring(context, store, interpreter, lock, wheels).map_err(carried)
}

fn bring(
    context: &Context,
    store: &Store,
    interpreter: &Interpreter,
    lock: &Lock,
    wheels: &[Wheel],
) -> Result<(), Error> {
    let progress = terminal::bar("Fetching", wheels.len() as u64);
    // Files that are here need nobody's help, and no uv.
    let is_file = |wheel: &&Wheel| {
        !wheel.is_built() && wheel.path.as_ref().is_some_and(|path| context.project.join(path).is_file())
    };
    let (files, others): (Vec<&Wheel>, Vec<&Wheel>) = wheels.iter().partition(is_file);
    for wheel in files {
        let path = context.project.join(wheel.path.as_deref().unwrap_or_default());
        let (name, version) = (wheel.name.clone(), wheel.version.clone());
        let expected = Expected { name, version, sha256: Some(wheel.sha256.clone()) };
        store.install_file(&path, &expected).map_err(anyhow::Error::from)?;
        progress.step();
    }
    if others.is_empty() {
        return Ok(());
    }
    let manifest = manifests::read(&context.manifest)?;
    let uv = Uv::find(context.offline)?.within(Limits::new(&manifest, context.timeout));
    let settings = Settings::gather(&manifest, &context.manifest)?;
    let basis = Basis {
        uv: &uv,
        interpreter,
        settings: &settings,
        project: &context.project,
        manifest: &manifest,
        store,
    };
    // The lock says what things are built with: it is not to change any more.
    let mut options = Options::of(context);
    options.frozen = options.frozen.or(Some("it should, for what it names could not be built otherwise"));
    let engine = Engine::new(basis, Some(lock), options, false)?;
    let others: Vec<Wheel> = others.into_iter().cloned().collect();
    fetch::into_store(&engine.builder(), &others, &|| progress.step())?;
    others.iter().filter(|wheel| wheel.is_built()).for_each(|wheel| engine.installed(wheel, true));
    Ok(())
}
