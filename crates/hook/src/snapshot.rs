//! The modules table as a whole: listed as whoever asks sees it, emptied, and handed back at exit.
//!
//! Deliberately not here: single look-ups (`modules`, `owner`).

use std::ptr;

use pinfold_core::resolve::UnitIndex;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::c_modules;
use crate::frames;
use crate::marks;
use crate::owner::{self, Home};
use crate::state::{Object, State};

/// All modules as whoever asks sees them: its view under natural names, then all others under qualified ones.
pub(crate) fn snapshot<'py>(py: Python<'py>, state: &State) -> PyResult<Bound<'py, pyo3::types::PyDict>> {
    let importer = frames::nearest(state);
    let result = pyo3::types::PyDict::new(py);
    let mut others: Vec<(String, Bound<'py, PyAny>)> = Vec::new();
    let mut add = |home: Home, table: Object| -> PyResult<()> {
        if table.is_null() {
            return Ok(());
        }
        for (key, value) in items(py, table) {
            // SAFETY: `key` is live while its text is used.
            let Some(text) = (unsafe { marks::text(key.as_ptr()) }) else {
                result.set_item(&key, value)?;
                continue;
            };
            let seen = owner::lookup(state, importer, key.as_ptr(), text);
            if ptr::eq(seen, value.as_ptr()) && !result.contains(&key)? {
                result.set_item(&key, value)?;
                continue;
            }
            // A module in the storage may be a unit's, under whose name it is found there.
            let unit = state.unit_of_module(value.as_ptr()).map(Home::Unit);
            let named = unit.filter(|unit| ptr::eq(unit.module(state, key.as_ptr()), value.as_ptr()));
            others.push((named.unwrap_or(home).qualify(state, text), value));
        }
        Ok(())
    };
    add(Home::Root, state.storage)?;
    for (unit, table) in own(state) {
        add(Home::Unit(unit), table)?;
    }
    for (domain, &table) in state.loose.iter().enumerate() {
        add(Home::Loose(domain), table)?;
    }
    for (name, value) in others {
        result.set_item(name, value)?;
    }
    Ok(result)
}

/// Every unit's dictionary, the standard library's last; null where a unit has none.
fn own(state: &State) -> impl Iterator<Item = (UnitIndex, Object)> {
    state.own.iter().copied().enumerate().chain([(marks::STDLIB, state.shadowed_modules)])
}

/// The items of a table itself. `PyDict_Copy` would ask the subclass's methods where the table is the storage.
pub(crate) fn items<'py>(py: Python<'py>, table: Object) -> Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let mut items = Vec::new();
    let (mut position, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
    // SAFETY: the tables are dictionaries that live as long as the process, the GIL is held, and nothing
    // runs between two steps that could change them; key and value are borrowed and made owned at once.
    unsafe {
        while ffi::PyDict_Next(table, &raw mut position, &raw mut key, &raw mut value) != 0 {
            items.push((Bound::from_borrowed_ptr(py, key), Bound::from_borrowed_ptr(py, value)));
        }
    }
    items
}

/// Names and modules of the storage.
pub(crate) fn loaded<'py>(py: Python<'py>, state: &State) -> Vec<(String, Bound<'py, PyAny>)> {
    let named = |(key, value): (Bound<'py, PyAny>, Bound<'py, PyAny>)| {
        // SAFETY: the key is alive while its text is copied; the GIL is held.
        let name = unsafe { marks::text(key.as_ptr()) }?.to_owned();
        Some((name, value))
    };
    items(py, state.storage).into_iter().filter_map(named).collect()
}

/// What stands in the storage under `name` and names below it, while an extension module's init runs.
///
/// Such code may write into the dict of `sys.modules` itself (cffi does: `PyDict_SetItemString(modules, ...)` with
/// its own name and `NAME.lib`), which asks nobody whose module that is. [`Below::settle`] puts that right.
pub(crate) struct Below<'py> {
    name: String,
    before: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
}

impl<'py> Below<'py> {
    /// Notes what is there before; `None` for a unit whose modules belong into the storage.
    pub(crate) fn note(py: Python<'py>, state: &State, unit: usize, name: &str) -> Option<Self> {
        if !state.plural || owner::dictionary(state, unit) == state.storage {
            return None;
        }
        let before = below(py, state.storage, name);
        Some(Below { name: name.to_owned(), before })
    }

    /// Moves what came since into the unit's own dictionary, and restores what was there.
    pub(crate) fn settle(self, py: Python<'py>, state: &State, unit: usize) -> PyResult<()> {
        let own = owner::dictionary(state, unit);
        for (key, value) in below(py, state.storage, &self.name) {
            let mark = state.mark_of_module(value.as_ptr());
            let earlier = self.before.iter().find(|(name, _)| name.as_any().eq(&key).unwrap_or(false));
            // Another thread may load root's module of this name meanwhile: it has a mark, and it stays.
            if earlier.is_some_and(|(_, there)| there.is(&value))
                || mark.is_some_and(|mark| mark != unit)
                || c_modules::is_of_the_standard_library(state, &key, &value)
            {
                continue;
            }
            // SAFETY: the tables and objects are live and the GIL is held; `own` holds the value before the storage lets it go.
            let done = unsafe {
                let kept = owner::item(own, key.as_ptr());
                let moved =
                    if kept.is_null() { ffi::PyDict_SetItem(own, key.as_ptr(), value.as_ptr()) } else { 0 };
                let restored = match earlier {
                    Some((_, there)) => ffi::PyDict_SetItem(state.storage, key.as_ptr(), there.as_ptr()),
                    None => ffi::PyDict_DelItem(state.storage, key.as_ptr()),
                };
                moved == 0 && restored == 0
            };
            if !done {
                return Err(PyErr::fetch(py));
            }
        }
        c_modules::settle(py, state, unit);
        Ok(())
    }
}

/// Entries under `name`, under its last component (which is what C code knows as its name), and below either.
fn below<'py>(py: Python<'py>, table: Object, name: &str) -> Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let last = name.rsplit_once('.').map_or(name, |(_, last)| last);
    let mut found = items(py, table);
    found.retain(|(key, _)| {
        // SAFETY: the key is alive while its text is looked at; the GIL is held.
        let text = unsafe { marks::text(key.as_ptr()) }.unwrap_or_default();
        let under =
            |name| text.strip_prefix(name).is_some_and(|rest: &str| rest.is_empty() || rest.starts_with('.'));
        under(name) || under(last)
    });
    found
}

/// Empties every table.
pub(crate) fn clear(state: &State) {
    let owned = own(state).map(|(_, table)| table);
    let tables = std::iter::once(state.storage).chain(owned).chain(state.loose.iter().copied());
    for table in tables.filter(|table| !table.is_null()) {
        // SAFETY: the tables are dictionaries that live as long as the process; the GIL is held.
        unsafe { ffi::PyDict_Clear(table) };
    }
}

/// Moves every unit's modules into the storage under qualified names, for the interpreter to tear down.
pub(crate) fn gather(py: Python<'_>, state: &State) -> PyResult<()> {
    for (unit, table) in own(state).filter(|(_, table)| !table.is_null()) {
        move_into_storage(py, state, table, |name| owner::qualify(state, unit, name))?;
    }
    for (closure, &table) in state.loose.iter().enumerate() {
        move_into_storage(py, state, table, |name| Home::Loose(closure).qualify(state, name))?;
    }
    Ok(())
}

fn move_into_storage(
    py: Python<'_>,
    state: &State,
    table: Object,
    rename: impl Fn(&str) -> String,
) -> PyResult<()> {
    // SAFETY: the tables are dictionaries that live as long as the process; the GIL is held; the list keeps
    // the modules alive while they move.
    unsafe {
        let items = items(py, table);
        ffi::PyDict_Clear(table);
        for (key, value) in items {
            let name = marks::text(key.as_ptr()).unwrap_or_default();
            let name = pyo3::types::PyString::new(py, &rename(name));
            if ffi::PyDict_SetItem(state.storage, name.as_ptr(), value.as_ptr()) != 0 {
                return Err(PyErr::fetch(py));
            }
        }
    }
    Ok(())
}
