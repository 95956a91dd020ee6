//! The functions for pickles: what stands in `_pickle` in the place of stock's, and what `pinfold._pickling` calls.
//!
//! Deliberately not here: how a pickler is told what to write (`pickling`, `globals`).

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{intern, wrap_pyfunction};

use crate::globals::{self, Global};
use crate::pickling;
use crate::put;
use crate::state::State;

/// Stock `_pickle.dump` and `dumps`, our `Pickler`, and `io.BytesIO`.
struct Parts {
    dump: Py<PyAny>,
    dumps: Py<PyAny>,
    pickler: Py<PyAny>,
    bytes_io: Py<PyAny>,
}

static PARTS: OnceLock<Parts> = OnceLock::new();

/// Adds the functions to `pinfold._hook`.
pub(super) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(take_over_pickle, module)?)?;
    put(module, wrap_pyfunction!(dump_as_root, module)?)?;
    put(module, wrap_pyfunction!(reduce, module)?)?;
    put(module, wrap_pyfunction!(reduced_global, module)?)
}

/// Puts the hook's pickler and functions into `_pickle`, just loaded.
#[pyfunction]
fn take_over_pickle(
    module: &Bound<'_, PyModule>,
    reduced: Bound<'_, PyAny>,
    bytes_io: Bound<'_, PyAny>,
) -> PyResult<()> {
    globals::prepare(reduced);
    pickling::take_over(module)?;
    let parts = Parts {
        dump: module.getattr("dump")?.unbind(),
        dumps: module.getattr("dumps")?.unbind(),
        pickler: module.getattr("Pickler")?.unbind(),
        bytes_io: bytes_io.unbind(),
    };
    if PARTS.set(parts).is_ok() {
        module.setattr("dump", wrap_pyfunction!(dump, module)?)?;
        module.setattr("dumps", wrap_pyfunction!(dumps, module)?)?;
    }
    Ok(())
}

/// The environment's state where its units are not all root's, and the parts.
fn parts() -> PyResult<(Option<&'static State>, &'static Parts)> {
    let state = super::started()?;
    let parts =
        PARTS.get().ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("pickle is not taken over"))?;
    Ok((Some(state).filter(|state| state.plural), parts))
}

/// Return the pickled representation of the object as a bytes object.
#[pyfunction]
#[pyo3(signature = (obj, protocol=None, *, fix_imports=None, buffer_callback=None))]
#[pyo3(text_signature = "($module, /, obj, protocol=None, *, fix_imports=True,\n      buffer_callback=None)")]
fn dumps<'py>(
    obj: &Bound<'py, PyAny>,
    protocol: Option<Bound<'py, PyAny>>,
    fix_imports: Option<Bound<'py, PyAny>>,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = obj.py();
    let (state, parts) = parts()?;
    if state.is_none_or(|state| !state.has_others()) {
        let _as_root = state.map(pickling::begin_plain);
        if fix_imports.is_none() && buffer_callback.is_none() {
            return parts.dumps.bind(py).call1((obj, protocol));
        }
        let named = named(py, fix_imports, buffer_callback)?;
        return parts.dumps.bind(py).call((obj, protocol), Some(&named));
    }
    let file = parts.bytes_io.bind(py).call0()?;
    write(parts, obj, &file, protocol, fix_imports, buffer_callback)?;
    file.call_method0(intern!(py, "getvalue"))
}

/// Write a pickled representation of obj to the open file object file.
#[pyfunction]
#[pyo3(signature = (obj, file, protocol=None, *, fix_imports=None, buffer_callback=None))]
#[pyo3(
    text_signature = "($module, /, obj, file, protocol=None, *, fix_imports=True,\n     buffer_callback=None)"
)]
fn dump<'py>(
    obj: &Bound<'py, PyAny>,
    file: &Bound<'py, PyAny>,
    protocol: Option<Bound<'py, PyAny>>,
    fix_imports: Option<Bound<'py, PyAny>>,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let (state, parts) = parts()?;
    if state.is_none() {
        let named = named(obj.py(), fix_imports, buffer_callback)?;
        parts.dump.bind(obj.py()).call((obj, file, protocol), Some(&named))?;
        return Ok(());
    }
    write(parts, obj, file, protocol, fix_imports, buffer_callback)
}

fn write<'py>(
    parts: &Parts,
    obj: &Bound<'py, PyAny>,
    file: &Bound<'py, PyAny>,
    protocol: Option<Bound<'py, PyAny>>,
    fix_imports: Option<Bound<'py, PyAny>>,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = obj.py();
    let fix_imports = fix_imports.unwrap_or_else(|| pyo3::types::PyBool::new(py, true).to_owned().into_any());
    let pickler = parts.pickler.bind(py).call1((file, protocol, fix_imports, buffer_callback))?;
    pickler.call_method1(intern!(py, "dump"), (obj,))?;
    Ok(())
}

fn named<'py>(
    py: Python<'py>,
    fix_imports: Option<Bound<'py, PyAny>>,
    buffer_callback: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let named = PyDict::new(py);
    if let Some(fix_imports) = fix_imports {
        named.set_item(intern!(py, "fix_imports"), fix_imports)?;
    }
    if let Some(callback) = buffer_callback {
        named.set_item(intern!(py, "buffer_callback"), callback)?;
    }
    Ok(named)
}

/// `dump(pickler, obj)` of the pickler written in Python, while which plain names mean root's modules.
#[pyfunction]
fn dump_as_root<'py>(
    dump: &Bound<'py, PyAny>,
    pickler: &Bound<'py, PyAny>,
    obj: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let state = super::started()?;
    let _dumping = state.plural.then(|| pickling::begin(state));
    dump.call1((pickler, obj))
}

/// `reducer_override(obj)` of the pickler written in Python.
#[pyfunction]
fn reduce<'py>(
    pickler: &Bound<'py, PyAny>,
    obj: &Bound<'py, PyAny>,
    protocol: std::ffi::c_long,
) -> PyResult<Bound<'py, PyAny>> {
    let state = super::started()?;
    if !state.plural {
        return Ok(obj.py().NotImplemented().into_bound(obj.py()));
    }
    pickling::reduce(state, pickler, obj, protocol)
}

/// What is written for a global that is not root's, as a tuple of `__reduce__`'s; `None` for any other.
#[pyfunction]
#[pyo3(signature = (obj, name=None))]
fn reduced_global<'py>(
    obj: &Bound<'py, PyAny>,
    name: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyTuple>>> {
    let state = super::started()?;
    if !state.plural {
        return Ok(None);
    }
    let global = match name {
        Some(name) => globals::named(state, obj, name)?,
        None => match globals::of(state, obj)? {
            Global::Neither => match obj.getattr(intern!(obj.py(), "__name__")) {
                Ok(name) => globals::named(state, obj, &name)?,
                Err(_) => Global::Ordinary,
            },
            global => global,
        },
    };
    Ok(match global {
        Global::Named(value) | Global::Carried(value) => Some(value.cast_into::<PyTuple>()?),
        _ => None,
    })
}
