//! Whose code is that stands in no unit's folder: what is loaded by the path of its file, run, or executed.
//!
//! It is root's, wherever the file stands and whoever loads it; but what code of an attached world loads is the
//! world's own code, for a world finds nothing of root's. Its mark is set when the module is made, before its
//! functions can be called by anybody else. Deliberately not here: files of units, whose folders tell (`marking`).

use pinfold_core::names;
use pinfold_core::resolve::Importer;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

use crate::frames;
use crate::marking;
use crate::marks;
use crate::put;
use crate::state::{self, State};

/// `importlib._bootstrap._init_module_attrs` and `runpy._run_code`, as the standard library has them.
static INIT_ATTRIBUTES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static RUN_CODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Adds the functions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(take_over_init, module)?)?;
    put(module, wrap_pyfunction!(take_over_run, module)?)
}

/// The value of the mark of code that is of no unit and no part of the standard library, when `asker` loads it.
pub(crate) fn of_no_unit(
    state: &State,
    name: &str,
    asker: usize,
    stack: impl FnOnce() -> Vec<Importer>,
) -> usize {
    let world = if asker < marks::ROOT && !state.resolver.worlds().is_empty() {
        state.resolver.world_at(asker, stack)
    } else {
        None
    };
    let world = world.filter(|world| !world.host_names.contains(names::top(name)));
    match (world, state.base) {
        (Some(world), _) => world.importer,
        // The program is whose it was started as.
        (None, Importer::Unit(unit)) if marking::is_main(name) => unit,
        (None, _) => marks::ROOT,
    }
}

/// Whoever stands first on a call stack, where it matters to [`of_no_unit`].
pub(crate) fn asker(state: &State, stack: impl Fn() -> Vec<Importer>) -> usize {
    if state.resolver.worlds().is_empty() {
        return marks::ROOT;
    }
    stack().first().map_or(marks::ROOT, value)
}

fn value(importer: &Importer) -> usize {
    match *importer {
        Importer::Root => marks::ROOT,
        Importer::Unit(unit) => unit,
    }
}

/// Puts a function of ours into the place of `_init_module_attrs`, in importlib's own globals.
#[pyfunction]
fn take_over_init(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let _ = INIT_ATTRIBUTES.set(module.py(), module.getattr("_init_module_attrs")?.unbind());
    module.setattr("_init_module_attrs", wrap_pyfunction!(init_module_attrs, module)?)
}

/// As importlib's: sets what a new module has before it runs; then a world's own is marked as that.
#[pyfunction]
#[pyo3(signature = (spec, module, **how))]
fn init_module_attrs<'py>(
    spec: &Bound<'py, PyAny>,
    module: &Bound<'py, PyAny>,
    how: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(stock) = INIT_ATTRIBUTES.get(spec.py()) else { return Ok(module.clone()) };
    let made = stock.bind(spec.py()).call((spec, module), how)?;
    if let Some(state) = state::get()
        && let Ok(module) = module.cast_exact::<PyModule>()
        && let Ok(name) = spec.getattr("name").and_then(|name| name.extract::<String>())
        && let Importer::Unit(unit) = frames::asking(state, &name)
        && marks::mark_in(&module.dict()).is_none()
        && let Some(file) = marking::file(module.as_ptr())
        && state.unit_of_origin(&file).is_none()
        && !marking::is_from_stdlib(state, &name, Some(&file))
        && !marking::is_stdlib_file(state, &file)
    {
        let value = of_no_unit(state, &name, unit, || frames::stack(state));
        if value != marks::ROOT {
            marks::put_in(&module.dict(), state, Some(value))?;
        }
    }
    Ok(made)
}

/// Puts a function of ours into the place of `runpy._run_code`, which is not seen in tracebacks.
#[pyfunction]
fn take_over_run(runpy: &Bound<'_, PyModule>) -> PyResult<()> {
    let run = runpy.getattr("_run_code")?;
    // After a reload it is stock's again.
    if run.cast_exact::<PyCFunction>().is_err() {
        let _ = RUN_CODE.set(runpy.py(), run.unbind());
        runpy.setattr("_run_code", wrap_pyfunction!(run_code, runpy)?)?;
    }
    Ok(())
}

/// As runpy's: runs code in globals, which belong to whose the file is, and to nobody else that had them before.
#[pyfunction]
#[pyo3(signature = (code, run_globals, init_globals=None, mod_name=None, mod_spec=None, pkg_name=None, script_name=None))]
#[expect(clippy::too_many_arguments, reason = "they are runpy's")]
fn run_code<'py>(
    py: Python<'py>,
    code: &Bound<'py, PyAny>,
    run_globals: &Bound<'py, PyDict>,
    init_globals: Option<&Bound<'py, PyAny>>,
    mod_name: Option<&Bound<'py, PyAny>>,
    mod_spec: Option<&Bound<'py, PyAny>>,
    pkg_name: Option<&Bound<'py, PyAny>>,
    script_name: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(given) = init_globals {
        run_globals.call_method1("update", (given,))?;
    }
    if let Some(state) = state::get() {
        let name = mod_name.and_then(|name| name.extract::<String>().ok()).unwrap_or_default();
        let origin = mod_spec.and_then(|spec| spec.getattr("origin").ok());
        let file = origin.as_ref().or(script_name).and_then(|file| file.extract::<String>().ok());
        let unit = file.as_deref().and_then(|file| state.unit_of_origin(file));
        let stdlib = file.as_deref().is_some_and(|file| marking::is_stdlib_file(state, file));
        if unit.is_none() && stdlib && !marking::is_main(&name) {
            marks::put_in(run_globals, state, None)?;
        } else {
            let of_nobody = || {
                let asker = value(&frames::nearest(state));
                of_no_unit(state, &name, asker, || frames::stack(state))
            };
            marks::put_in(run_globals, state, Some(unit.unwrap_or_else(of_nobody)))?;
        }
    }
    let Some(stock) = RUN_CODE.get(py) else { return Ok(py.None().into_bound(py)) };
    let arguments = (code, run_globals, py.None(), mod_name, mod_spec, pkg_name, script_name);
    stock.bind(py).call1(arguments.into_pyobject(py)?.cast_into::<PyTuple>()?)
}
