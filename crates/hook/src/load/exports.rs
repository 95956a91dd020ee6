//! The functions of `pinfold._hook` that load modules, and keep their bytecode.
//!
//! Each is a few lines over a module of this crate, as in `crate::exports`. Deliberately not here: anything else.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{fromlist, locks};
use crate::put;
use crate::state::{self, State};

/// Adds the functions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(pause_collector, module)?)?;
    put(module, wrap_pyfunction!(resume_collector, module)?)?;
    put(module, wrap_pyfunction!(canonical, module)?)?;
    put(module, wrap_pyfunction!(read_code, module)?)?;
    put(module, wrap_pyfunction!(write_code, module)?)?;
    put(module, wrap_pyfunction!(prepare_loading, module)?)?;
    put(module, wrap_pyfunction!(remember_importlib, module)?)?;
    put(module, wrap_pyfunction!(find_and_load, module)?)?;
    put(module, wrap_pyfunction!(handle_fromlist, module)?)?;
    put(module, wrap_pyfunction!(lock_unlock_module, module)?)?;
    put(module, wrap_pyfunction!(give_lock, module)?)?;
    Ok(())
}

fn started() -> PyResult<&'static State> {
    state::get().ok_or_else(|| PyRuntimeError::new_err("pinfold's import hook has not started"))
}

/// Has the collector wait until [`resume_collector`]: the start makes objects that stay. Whether it was at work.
#[pyfunction]
fn pause_collector() -> bool {
    // SAFETY: the GIL is held; a flag of the interpreter is read and cleared.
    unsafe { ffi::PyGC_Disable() != 0 }
}

/// Lets the collector work again.
#[pyfunction]
fn resume_collector() {
    // SAFETY: the GIL is held; a flag of the interpreter is set.
    unsafe { ffi::PyGC_Enable() };
}

/// One of `gc.callbacks`, while modules are being loaded.
#[pyfunction]
pub(super) fn collected(py: Python<'_>, phase: &str, _info: &Bound<'_, PyAny>) -> PyResult<()> {
    if phase == "stop" { super::collected(py) } else { Ok(()) }
}

/// What runs in a child after a fork.
#[pyfunction]
pub(super) fn forked(py: Python<'_>) -> PyResult<()> {
    super::forked(py)
}

/// `os.path.realpath` of a folder that is there; the path as it is, where it is not.
#[pyfunction]
fn canonical(path: &str) -> String {
    std::fs::canonicalize(path)
        .ok()
        .and_then(|path| path.to_str().map(str::to_owned))
        .unwrap_or_else(|| path.to_owned())
}

/// The code object of a unit's source file, from the store's bytecode; `None` where that has none.
#[pyfunction]
fn read_code<'py>(py: Python<'py>, unit: usize, path: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let state = started()?;
    match (state.fast.get(), relative(state, unit, path)) {
        (Some(fast), Some(relative)) => super::make::read(py, state, fast, unit, &relative, path),
        _ => Ok(None),
    }
}

/// Keeps the marshalled code of a unit's source file for later starts.
#[pyfunction]
fn write_code(unit: usize, path: &str, code: &[u8]) -> PyResult<()> {
    let state = started()?;
    if let (Some(fast), Some(relative)) = (state.fast.get(), relative(state, unit, path)) {
        fast.codes.write(state, unit, &relative, code);
    }
    Ok(())
}

/// The path of a unit's file relative to the unit's folder.
fn relative(state: &State, unit: usize, path: &str) -> Option<String> {
    let described = state.resolver.env().units.get(unit)?;
    Some(std::path::Path::new(path).strip_prefix(&described.path).ok()?.to_str()?.to_owned())
}

/// Collects what the functions below need of importlib; `bootstrap` and `external` are its two halves.
#[pyfunction]
fn prepare_loading(bootstrap: &Bound<'_, PyAny>, external: &Bound<'_, PyAny>) -> PyResult<()> {
    super::prepare(bootstrap.py(), started()?, bootstrap, external)
}

/// Takes importlib's classes as they are now, after our own changes, for what they are where nobody changed them.
#[pyfunction]
fn remember_importlib(py: Python<'_>) -> PyResult<()> {
    started()?.fast.get().map_or(Ok(()), |fast| fast.stdlib.remember(py))
}

/// `importlib._bootstrap._find_and_load`.
#[pyfunction]
fn find_and_load<'py>(name: &Bound<'py, PyAny>, import_: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    super::find_and_load(name, import_)
}

/// `importlib._bootstrap._handle_fromlist`.
#[pyfunction]
#[pyo3(signature = (module, fromlist, import_, *, recursive=false))]
fn handle_fromlist<'py>(
    module: &Bound<'py, PyAny>,
    fromlist: &Bound<'py, PyAny>,
    import_: &Bound<'py, PyAny>,
    recursive: bool,
) -> PyResult<Bound<'py, PyAny>> {
    fromlist::handle(module, fromlist, import_, recursive)
}

/// `importlib._bootstrap._lock_unlock_module`.
#[pyfunction]
fn lock_unlock_module<'py>(name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    locks::lock_unlock_module(name)
}

/// Gives importlib's lock of a module to the thread that loads this module without one.
#[pyfunction]
fn give_lock(name: &Bound<'_, PyAny>, lock: &Bound<'_, PyAny>) -> PyResult<()> {
    match name.cast::<PyString>()?.to_str() {
        Ok(name) => locks::give(name, lock),
        // Of a file whose name is not UTF-8: nothing that the hook loads by itself.
        Err(_) => Ok(()),
    }
}
