//! The dictionaries that C code of closures has for the builtins', for `pinfold._builtins`, which keeps them right.
//!
//! Deliberately not here: how C code comes to have one of its own (`shims`), and what goes into which of them.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::frames;
use crate::put;
use crate::shims;
use crate::state;

use pinfold_core::resolve::Importer;

pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(builtins_of_asker, module)?)?;
    put(module, wrap_pyfunction!(builtins_of_all, module)?)
}

/// The domain of whoever asks, and its dictionary; `None` for those who have the real one. Made if `make` says so.
#[pyfunction]
fn builtins_of_asker(py: Python<'_>, make: bool) -> Option<(usize, Bound<'_, PyDict>)> {
    let (state, importer) = frames::current()?;
    let Importer::Unit(unit) = importer else { return None };
    let domain = state.domain[unit];
    let own = state.has_own_registries(unit).then(|| shims::builtins_of(py, state, domain, make))??;
    Some((domain, own))
}

/// All such dictionaries, with their domains, and what new ones are made from, with none.
#[pyfunction]
fn builtins_of_all(py: Python<'_>) -> Vec<(Option<usize>, Bound<'_, PyDict>)> {
    let Some(state) = state::get() else { return Vec::new() };
    let last = state.domain.iter().copied().max().unwrap_or_default();
    let domains = (1..=last).filter_map(|d| Some((Some(d), shims::builtins_of(py, state, d, false)?)));
    shims::builtins_template(py, state).map(|template| (None, template)).into_iter().chain(domains).collect()
}
