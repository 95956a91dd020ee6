//! Globals in pickles: whose a class or function is that is pickled by name, and what is written for it.
//!
//! An object is of the module in whose namespace it is found under its `__module__` and `__qualname__`, as
//! pickle checks too; here every version's module of that name is tried, root's first. For what is not root's,
//! the pickle gets `getattr(importlib.import_module("numpy@b76fa8fd7a29:numpy"), "ndarray")`: it loads with
//! stock pickle wherever that unit is, in every protocol, and fails elsewhere with an error that names the unit.
//! Deliberately not here: who asks (`pickling`).

use std::sync::atomic::{AtomicPtr, Ordering};

use pinfold_core::names::QUALIFIER;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDictMethods, PyModule, PyString, PyType};

use crate::frames;
use crate::identity;
use crate::marks;
use crate::owner;
use crate::pickling;
use crate::snapshot;
use crate::state::{Object, State};

/// `pinfold._pickling.reduced`, which makes what is written.
static REDUCED: AtomicPtr<ffi::PyObject> = AtomicPtr::new(std::ptr::null_mut());

/// Keeps the function that makes what is written.
pub(crate) fn prepare(reduced: Bound<'_, PyAny>) {
    REDUCED.store(reduced.into_ptr(), Ordering::Relaxed);
}

/// What an object is to a pickler.
pub(crate) enum Global<'py> {
    /// Not a class or function.
    Neither,
    /// What stock pickle writes is right, or is an error.
    Ordinary,
    /// Another unit's than root's: what is written for it. Its `__module__` is a plain name.
    Named(Bound<'py, PyAny>),
    /// The same, where `__module__` carries the unit.
    Carried(Bound<'py, PyAny>),
}

/// What `object` is to a pickler.
pub(crate) fn of<'py>(state: &State, object: &Bound<'py, PyAny>) -> PyResult<Global<'py>> {
    let py = object.py();
    let name = if object.is_instance_of::<PyType>() || is_function(object) {
        pyo3::intern!(py, "__qualname__")
    } else if is_module_function(object) {
        pyo3::intern!(py, "__name__")
    } else {
        return Ok(Global::Neither);
    };
    match object.getattr(name) {
        Ok(name) => named(state, object, &name),
        Err(_) => Ok(Global::Ordinary),
    }
}

pub(crate) fn is_function(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the type of Python functions is exported by every CPython, outside the limited API; only its
    // address is used.
    std::ptr::eq(object.get_type_ptr(), &raw mut PyFunction_Type)
}

/// Whether `object` is a C function of a module: others are bound to an object, and pickled with it.
fn is_module_function(object: &Bound<'_, PyAny>) -> bool {
    if !object.is_exact_instance_of::<PyCFunction>() {
        return false;
    }
    // SAFETY: it is a C function, as was just seen; the module is borrowed from it; the GIL is held.
    unsafe {
        let owner = ffi::PyCFunction_GetSelf(object.as_ptr());
        owner.is_null() || ffi::PyObject_TypeCheck(owner, &raw mut ffi::PyModule_Type) != 0
    }
}

/// Whether an object that is neither may be found in a module under a name: it has one, or its module is not root's.
pub(crate) fn may_be_named(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    let carried = object.getattr(pyo3::intern!(py, "__module__")).is_ok_and(|module| {
        // SAFETY: the name is alive; the GIL is held.
        unsafe { marks::name_unit(module.as_ptr()) }.is_some()
    });
    carried
        || object.getattr(pyo3::intern!(py, "__name__")).is_ok_and(|name| name.is_instance_of::<PyString>())
}

/// The same as [`named`] of an object whose `__module__` is missing or `None`, as a ufunc's is: stock pickle looks
/// into every module then; here into those of the unit of its type.
fn without_module<'py>(
    state: &State,
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
) -> PyResult<Global<'py>> {
    let py = object.py();
    let Some(unit) = identity::unit_of(state, object).filter(|&unit| !state.resolver.in_root(unit)) else {
        return Ok(Global::Ordinary);
    };
    // SAFETY: both are alive while their texts are used; the GIL is held.
    let Some(path) = (unsafe { marks::text(name.as_ptr()) }) else { return Ok(Global::Ordinary) };
    for (key, module) in snapshot::items(py, state.own(unit)) {
        // Not by its attributes: that may load more.
        let Ok(module) = module.cast::<PyModule>() else { continue };
        if !module.dict().get_item(name)?.is_some_and(|found| found.is(object)) {
            continue;
        }
        // SAFETY: the key is alive while its text is used; the GIL is held.
        if let Some(text) = unsafe { marks::text(key.as_ptr()) } {
            return Ok(Global::Named(written(py, &owner::qualify(state, unit, text), path)?));
        }
    }
    Ok(Global::Ordinary)
}

/// What an object that is pickled under `name`, dotted where it is nested, is to a pickler.
pub(crate) fn named<'py>(
    state: &State,
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
) -> PyResult<Global<'py>> {
    let py = object.py();
    pickling::allow(false);
    let module = match object.getattr(pyo3::intern!(py, "__module__")) {
        Ok(module) if !module.is_none() => module,
        _ => return without_module(state, object, name),
    };
    // SAFETY: both are alive while their texts are used; the GIL is held.
    let (text, path, unit) = unsafe {
        (marks::text(module.as_ptr()), marks::text(name.as_ptr()), marks::name_unit(module.as_ptr()))
    };
    let (Some(text), Some(path)) = (text, path) else { return Ok(Global::Ordinary) };
    if text.contains(QUALIFIER) {
        return Ok(Global::Ordinary);
    }
    let key = PyString::new(py, text);
    if let Some(unit) = unit {
        let mut found = owner::exact(state, unit, key.as_ptr());
        if found.is_null() {
            let _here = frames::push(unit);
            if py.import("importlib")?.call_method1("import_module", (&module,)).is_ok() {
                found = owner::exact(state, unit, key.as_ptr());
            }
        }
        if !is_at(py, found, path, object) {
            pickling::allow(true);
            return Ok(Global::Ordinary);
        }
        return Ok(Global::Carried(written(py, &owner::qualify(state, unit, text), path)?));
    }
    Ok(match plain_owner(state, &key, path, object) {
        Some(unit) => Global::Named(written(py, &owner::qualify(state, unit, text), path)?),
        None => Global::Ordinary,
    })
}

/// The unit, not seen by root, in whose module of the plain name `module` the object is found; `None` if it is
/// root's, or nobody's.
pub(crate) fn plain_owner(
    state: &State,
    module: &Bound<'_, PyString>,
    path: &str,
    object: &Bound<'_, PyAny>,
) -> Option<usize> {
    let py = object.py();
    if is_at(py, owner::item(state.storage, module.as_ptr()), path, object) {
        return None;
    }
    let tables = state.own.iter().enumerate();
    let mut having =
        tables.filter(|&(_, &table)| is_at(py, owner::item(table, module.as_ptr()), path, object));
    having.next().map(|(unit, _)| unit)
}

/// Whether `object` is what stands under the dotted `path` in `module`, which is borrowed and may be null.
pub(crate) fn is_at(py: Python<'_>, module: Object, path: &str, object: &Bound<'_, PyAny>) -> bool {
    if module.is_null() {
        return false;
    }
    // SAFETY: the module is kept alive by its table until it is owned here; the GIL is held.
    let mut found = unsafe { Bound::from_borrowed_ptr(py, module) };
    for part in path.split('.') {
        match found.getattr(part) {
            Ok(next) => found = next,
            Err(_) => return false,
        }
    }
    found.is(object)
}

/// As [`is_at`], but asks no module's `__getattr__`: what is made or imported only when it is asked for is not
/// there, and must not be woken while modules are being loaded.
pub(crate) fn is_there_at(py: Python<'_>, module: Object, path: &str, object: &Bound<'_, PyAny>) -> bool {
    if module.is_null() {
        return false;
    }
    // SAFETY: the module is kept alive by its table until it is owned here; the GIL is held.
    let mut found = unsafe { Bound::from_borrowed_ptr(py, module) };
    for part in path.split('.') {
        let next = match found.cast::<PyModule>() {
            Ok(module) => module.dict().get_item(part).ok().flatten(),
            Err(_) => found.getattr(part).ok(),
        };
        match next {
            Some(next) => found = next,
            None => return false,
        }
    }
    found.is(object)
}

fn written<'py>(py: Python<'py>, module: &str, path: &str) -> PyResult<Bound<'py, PyAny>> {
    let reduced = REDUCED.load(Ordering::Relaxed);
    if reduced.is_null() {
        return Ok(py.NotImplemented().into_bound(py));
    }
    // SAFETY: the function was kept for ever by `prepare`; the GIL is held.
    unsafe { Bound::from_borrowed_ptr(py, reduced) }.call1((module, path))
}

// `Include/cpython/funcobject.h`.
unsafe extern "C" {
    static mut PyFunction_Type: ffi::PyTypeObject;
}
