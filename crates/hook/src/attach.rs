//! Adds an attached environment to the running process: reads it, joins it, and makes the new state.
//!
//! Nothing changes until everything is known to be good; an error leaves the process as it was. Deliberately not
//! here: how two environments are joined (`pinfold_core::attach`), and what Python code sees (`pinfold._attach`).

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use pinfold_core::attach::{self, Request};
use pinfold_core::closure::Environment;
use pinfold_core::resolve::Resolver;
use pinfold_core::worlds::World;
use pinfold_core::{index, instance};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::by_name;
use crate::elf;
use crate::frames;
use crate::marking;
use crate::marks;
use crate::put;
use crate::state::{self, Folders, Object, State};

/// What `pinfold._attach` hands over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Parts {
    name: String,
    generation: PathBuf,
    share: Vec<String>,
    host_names: BTreeSet<String>,
    code: Option<PathBuf>,
    /// What markers are evaluated with, as JSON.
    markers: String,
}

/// Adds the functions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(attach_environment, module)?)?;
    put(module, wrap_pyfunction!(is_shareable, module)?)?;
    put(module, wrap_pyfunction!(shared_with, module)?)?;
    put(module, wrap_pyfunction!(run_in, module)?)
}

fn started() -> PyResult<&'static State> {
    state::get().ok_or_else(|| PyRuntimeError::new_err("pinfold's import hook has not started"))
}

fn failed(reason: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(reason.to_string())
}

/// Adds a synced environment as a world; the caller lets only one thread in at a time.
#[pyfunction]
fn attach_environment(py: Python<'_>, parts: Parts) -> PyResult<()> {
    let state = started()?;
    let lock = hold(&parts.generation)?;
    let env = read(&parts.generation)?;
    let markers = attach::markers(&parts.markers).map_err(failed)?;
    let joined = attach::join(
        &state.resolver,
        &Request {
            name: &parts.name,
            generation: &parts.generation,
            env: &env,
            share: &parts.share,
            host_names: parts.host_names,
            code: parts.code.as_deref(),
            markers: &markers,
        },
    )
    .map_err(failed)?;
    let gone = joined.missing();
    if !gone.is_empty() {
        return Err(failed(format!(
            "folders of its units are gone: {}\nhint: `pinfold sync` brings them back",
            gone.join(", ")
        )));
    }
    let instances = joined.instances;
    py.detach(|| instances.iter().try_for_each(|(from, to)| make(from, to))).map_err(failed)?;
    let told_apart = state.plural;
    let state = extended(py, state, Resolver::with_worlds(joined.env, joined.worlds))?;
    let state = state::keep(state);
    state.canonical.borrow_mut().clear();
    // Objects that are loaded already: all of them, if nothing had to be redirected until now.
    elf::forget_strangers();
    elf::redirect_new(state).map_err(failed)?;
    if !told_apart {
        marking::mark_loaded(py, state);
    }
    state::set(state);
    by_name::loaded_before(py, state)?;
    std::mem::forget(lock);
    Ok(())
}

/// The generation's lock, shared, so that it is not collected. An environment without one never is.
fn hold(generation: &Path) -> PyResult<Option<File>> {
    let Ok(file) = File::open(generation.join("lock")) else { return Ok(None) };
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockShared).map_err(std::io::Error::from)?;
    Ok(Some(file))
}

fn read(generation: &Path) -> PyResult<Environment> {
    index::read(&generation.join(index::FILE)).or_else(|damaged| {
        // The index is made from closure.json, which can be read instead.
        Environment::read(&generation.join("closure.json"))
            .map_err(|e| failed(format!("{damaged}; and {e}\nhint: `pinfold sync` writes both anew")))
    })
}

fn make(from: &Path, to: &Path) -> Result<(), String> {
    if to.is_dir() {
        return Ok(());
    }
    instance::put_folder(from, to).map_err(|e| {
        format!(
            "could not make a second copy of {} at {}: {e}\nhint: the environment's folder must be writable, because another unit of this process uses the same files",
            from.display(),
            to.display()
        )
    })
}

/// The state with more units: what is there for the old ones stays what it is.
fn extended(py: Python<'_>, old: &State, resolver: Resolver) -> PyResult<State> {
    let env = resolver.env();
    let units = env.units.len();
    let dict = || PyDict::new(py).into_ptr();
    let own = (0..units).map(|unit| match old.own.get(unit) {
        Some(&own) if !own.is_null() => own,
        _ if resolver.is_rootlike(unit) => std::ptr::null_mut(),
        _ => dict(),
    });
    let loose = (0..env.closures.len()).map(|closure| old.loose.get(closure).copied().unwrap_or_else(dict));
    // Of a unit there is one mark: those of the old state are made now, and not once more in each state.
    let mark = |unit| old.mark(unit).unwrap_or_else(|| marks::new_mark(unit));
    let marks: Vec<Cell<Object>> = (0..units).map(mark).map(Cell::new).collect();
    if marks.iter().any(|mark| mark.get().is_null()) {
        return Err(PyErr::fetch(py));
    }
    let more = state::tables(units - old.tables.len());
    let folders = Folders::new(env);
    Ok(State {
        process: old.process,
        own: own.collect(),
        loose: loose.collect(),
        domain: state::domains(env),
        plain_view: (0..units).map(|unit| resolver.is_rootlike(unit)).collect(),
        marks,
        tables: old.tables.iter().copied().chain(more).collect(),
        plural: true,
        folders,
        resolver,
    })
}

/// Whether root has a distribution of this name, or one that provides a module of it.
#[pyfunction]
fn is_shareable(name: &str) -> PyResult<bool> {
    Ok(attach::is_shareable(&started()?.resolver, name))
}

/// The distributions that a world takes from the host, by normalised name.
#[pyfunction]
fn shared_with(world: &str) -> PyResult<BTreeSet<String>> {
    let state = started()?;
    let shared = named(state, world)?.shared.iter();
    Ok(shared.map(|&unit| state.resolver.env().units[unit].name.clone()).collect())
}

fn named<'s>(state: &'s State, name: &str) -> PyResult<&'s World> {
    let mut worlds = state.resolver.worlds().iter();
    worlds.find(|world| world.name == name).ok_or_else(|| failed(format!("there is no world {name}")))
}

/// Calls a function on behalf of a world's own code, or of root's.
#[pyfunction]
#[pyo3(signature = (world, function, arguments, keywords=None))]
fn run_in<'py>(
    world: Option<&str>,
    function: &Bound<'py, PyAny>,
    arguments: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let state = started()?;
    let value = match world {
        None => marks::ROOT,
        Some(name) => named(state, name)?.importer,
    };
    let _guard = frames::push(value);
    function.call(arguments, keywords)
}
