//! What an importer sees besides modules: distributions, `sys.path`, and finders; and calls on its behalf.
//!
//! The functions here answer `pinfold._metadata`, `pinfold._lists` and `pinfold._stdlib`. Deliberately not
//! here: the rules (`pinfold_core::distributions`), and how Python code comes to ask.

use pinfold_core::names;
use pinfold_core::resolve::{Importer, UnitIndex};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::frames;
use crate::marks;
use crate::modules;
use crate::put;
use crate::state::State;

/// Makes `sys.path` and `sys.meta_path` answer by who asks again, when a program has replaced them.
static ADOPT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Modules of the standard library that `pinfold._stdlib` completes when they are loaded.
pub(crate) const COMPLETED: [&str; 5] =
    ["concurrent.futures.thread", "multiprocessing.pool", "runpy", "threading", "unittest.mock"];

/// The spec of one of [`COMPLETED`].
pub(crate) fn completed_spec<'py>(
    name: &Bound<'py, PyAny>,
    path: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let spec = name.py().import("pinfold._stdlib")?.call_method1("completed_spec", (name, path))?;
    Ok((!spec.is_none()).then_some(spec))
}

pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(distributions, module)?)?;
    put(module, wrap_pyfunction!(unit_of_mark, module)?)?;
    put(module, wrap_pyfunction!(has_in_view, module)?)?;
    put(module, wrap_pyfunction!(set_list_type, module)?)?;
    put(module, wrap_pyfunction!(on_replaced_lists, module)?)?;
    put(module, wrap_pyfunction!(as_importer, module)?)?;
    Ok(())
}

/// Who asks now, and its unit if that has a view of its own.
pub(crate) fn asker() -> Option<(&'static State, Importer, Option<UnitIndex>)> {
    let (state, importer) = frames::current()?;
    Some((state, importer, state.resolver.own_view(importer)))
}

/// Unit, folder and name of the distributions that whoever asks sees, or of the one called `name`.
///
/// `None` for root, whose distributions stand in `site-packages`; but for a name that is not there, what a tool
/// up the call stack that runs root's code has under it.
#[pyfunction]
#[pyo3(signature = (name=None))]
fn distributions(name: Option<&str>) -> Option<Vec<(UnitIndex, String, String)>> {
    let (state, importer, viewer) = asker()?;
    let stack = frames::stack(state);
    let units: Vec<UnitIndex> = match name.map(names::normalize) {
        Some(name) => state.resolver.distribution(importer, &name, &stack).into_iter().collect(),
        None if viewer.is_some() => state.resolver.distributions(importer, &stack),
        None => return None,
    };
    if viewer.is_none() && units.iter().all(|&unit| state.resolver.in_root(unit)) {
        return None;
    }
    let described = |unit: UnitIndex| {
        let described = &state.resolver.env().units[unit];
        (unit, described.path.to_string_lossy().into_owned(), described.name.clone())
    };
    Some(units.into_iter().map(described).collect())
}

/// The unit of a mark, `None` for root's and for anything else.
#[pyfunction]
fn unit_of_mark(mark: &Bound<'_, PyAny>) -> Option<UnitIndex> {
    marks::value_of(mark).filter(|&value| value < marks::ROOT)
}

/// Whether whoever asks, or a tool that runs it, sees this unit.
#[pyfunction]
fn has_in_view(unit: UnitIndex) -> bool {
    asker().is_none_or(|(state, importer, _)| {
        state.resolver.has_in_view(importer, unit, || frames::stack(state))
    })
}

/// Gives a list a type of the same layout, `list` itself included.
#[pyfunction]
fn set_list_type(list: &Bound<'_, PyList>, ty: &Bound<'_, PyAny>) -> PyResult<()> {
    modules::set_type(list.as_any(), ty)
}

/// Has `function` called when a plain list stands where one that answers by who asks was.
#[pyfunction]
fn on_replaced_lists(py: Python<'_>, function: Py<PyAny>) {
    let _ = ADOPT.set(py, function);
}

/// Tells [`on_replaced_lists`]'s function that `list`, just read from `sys`, is a plain list.
pub(crate) fn adopt(list: &Bound<'_, PyAny>) -> PyResult<()> {
    if list.is_exact_instance_of::<PyList>()
        && let Some(function) = ADOPT.get(list.py())
    {
        function.call0(list.py())?;
    }
    Ok(())
}

/// A function that imports on behalf of one importer, whoever calls it.
#[pyclass(module = "pinfold._hook", frozen)]
struct AsImporter {
    function: Py<PyAny>,
    value: usize,
}

#[pymethods]
impl AsImporter {
    #[pyo3(signature = (*args, **kwargs))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        kwargs: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _guard = frames::push(self.value);
        self.function.bind(py).call(args, kwargs)
    }
}

/// `function`, to be called on behalf of `unit`, or of whoever asks now.
#[pyfunction]
#[pyo3(signature = (function, unit=None))]
fn as_importer(function: Py<PyAny>, unit: Option<UnitIndex>) -> AsImporter {
    let value = unit.unwrap_or_else(|| match frames::current() {
        Some((_, Importer::Unit(unit))) => unit,
        _ => marks::ROOT,
    });
    AsImporter { function, value }
}
