//! What C code of a unit gets for `PyImport_GetModuleDict`: a dictionary that answers for this unit alone.
//!
//! C code looks into it in three ways. With the mapping protocol, as mypyc does after each import: what is not in
//! it is looked up for the unit (`UnitModules.__missing__`). With `PyDict_GetItem`, as cbor2 does for the
//! standard library's modules: these, and the unit's own, stand in it. And Cython's module init writes into it:
//! `snapshot::Below` moves that to where the unit's modules are. Deliberately not here: whose call it is (`shims`).

use std::ptr;

use pinfold_core::resolve::{Importer, UnitIndex};
use pyo3::ffi;
use pyo3::prelude::*;

use crate::marking;
use crate::marks;
use crate::owner;
use crate::snapshot;
use crate::state::{Object, State};

/// What the C code of one unit has been given.
#[derive(Clone, Copy)]
pub(crate) struct Given {
    dictionary: Object,
    /// What of it was put there by us: the rest, C code has written.
    copied: Object,
    /// How much was loaded when it was last filled.
    size: isize,
}

/// The dictionary of `unit`, with what has been loaded since the last call. Borrowed, and never freed; null,
/// without an exception, when it could not be made.
pub(crate) fn of(py: Python<'_>, state: &State, unit: UnitIndex) -> Object {
    let known = state.c_modules.borrow().get(&unit).copied();
    let Some(given) = known.or_else(|| make(py, unit).ok()) else { return ptr::null_mut() };
    let own = owner::dictionary(state, unit);
    // SAFETY: the tables are dictionaries that live as long as the process; the GIL is held.
    let size = unsafe { ffi::PyDict_Size(state.storage) + ffi::PyDict_Size(own) };
    if size != given.size {
        // What has failed to load, or was removed, is not there any more.
        for (key, value) in snapshot::items(py, given.copied) {
            if !is_stdlib(state, &key) && owner::item(own, key.as_ptr()) != value.as_ptr() {
                given.forget(&key);
            }
        }
        for (key, value) in snapshot::items(py, state.storage) {
            if is_stdlib(state, &key) {
                given.copy(&key, &value);
            }
        }
        for (key, value) in snapshot::items(py, own) {
            given.copy(&key, &value);
        }
        state.c_modules.borrow_mut().insert(unit, Given { size, ..given });
    }
    given.dictionary
}

/// Moves what C code of `unit` has written into its dictionary to where the unit's modules are.
pub(crate) fn settle(py: Python<'_>, state: &State, unit: UnitIndex) {
    let Some(given) = state.c_modules.borrow().get(&unit).copied() else { return };
    let own = owner::dictionary(state, unit);
    for (key, value) in snapshot::items(py, given.dictionary) {
        if owner::item(given.copied, key.as_ptr()) != value.as_ptr() {
            if owner::item(own, key.as_ptr()).is_null() && !is_of_the_standard_library(state, &key, &value) {
                put(own, &key, &value);
            }
            put(given.copied, &key, &value);
        }
    }
}

impl Given {
    fn copy(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) {
        put(self.dictionary, key, value);
        put(self.copied, key, value);
    }

    fn forget(&self, key: &Bound<'_, PyAny>) {
        for table in [self.dictionary, self.copied] {
            // SAFETY: the tables and the key are live and the GIL is held; what is not there stays away.
            unsafe {
                if ffi::PyDict_DelItem(table, key.as_ptr()) != 0 {
                    ffi::PyErr_Clear();
                }
            }
        }
    }
}

fn is_stdlib(state: &State, key: &Bound<'_, PyAny>) -> bool {
    // SAFETY: the key is alive while its text is looked at.
    unsafe { marks::text(key.as_ptr()) }.is_some_and(|name| state.is_stdlib(name))
}

/// Whether `value` is the standard library's module of this name, loaded by the import system, and no unit's: while
/// an extension module `pydantic.dataclasses` begins, somebody may load `dataclasses`.
pub(crate) fn is_of_the_standard_library(
    state: &State,
    key: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> bool {
    is_stdlib(state, key)
        && match marking::file(value.as_ptr()) {
            Some(file) => state.unit_of_origin(&file).is_none(),
            // Built in or frozen; what C code has made by itself has no spec.
            None => value.getattr("__spec__").is_ok_and(|spec| !spec.is_none()),
        }
}

/// The module that `name` means for `unit`; `None` when it is not loaded.
pub(crate) fn module_of<'py>(
    state: &State,
    unit: UnitIndex,
    name: &Bound<'py, PyAny>,
) -> Option<Bound<'py, PyAny>> {
    // SAFETY: `name` is alive while its text is used; what is found is kept alive by its table and made owned at
    // once; the GIL is held.
    unsafe {
        let text = marks::text(name.as_ptr())?;
        let found = owner::lookup(state, Importer::Unit(unit), name.as_ptr(), text);
        Bound::from_borrowed_ptr_or_opt(name.py(), found)
    }
}

/// Puts a module where those of `unit` are, in addition to the dictionary that C code has put it into.
pub(crate) fn keep(state: &State, unit: UnitIndex, name: &Bound<'_, PyAny>, module: &Bound<'_, PyAny>) {
    if !is_of_the_standard_library(state, name, module) {
        put(owner::dictionary(state, unit), name, module);
    }
}

fn make(py: Python<'_>, unit: UnitIndex) -> PyResult<Given> {
    let dictionary = py.import("pinfold._modules")?.getattr("UnitModules")?.call1((unit,))?;
    let copied = pyo3::types::PyDict::new(py).into_any();
    Ok(Given { dictionary: dictionary.into_ptr(), copied: copied.into_ptr(), size: -1 })
}

fn put(dictionary: Object, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) {
    // SAFETY: all three are live and the GIL is held; a failed insertion leaves things as they were.
    unsafe {
        if ffi::PyDict_SetItem(dictionary, key.as_ptr(), value.as_ptr()) != 0 {
            ffi::PyErr_Clear();
        }
    }
}
