//! The modules table: the type that `sys.modules` takes on, so that every look-up, C's too, asks who asks.
//!
//! CPython looks modules up with `PyDict_GetItem` when `sys.modules` is exactly a dict and with
//! `PyObject_GetItem` otherwise (`import_get_module` in `Python/import.c`). Giving the one existing dict a
//! subclass of the same size as its type sends all of them here. The rarer methods (`items`, `update`, ...)
//! are written in Python, in `pinfold._modules`, over the functions at the end. Deliberately not here: whose
//! module a name means (`owner`).

use std::ffi::c_int;
use std::ptr;

use pinfold_core::names;
use pinfold_core::resolve::Importer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::frames;
use crate::marks;
use crate::owner::{self, Home};
use crate::state::{self, Object, State};

/// Makes the type. Its instances have exactly the layout of a dict.
pub(crate) fn new_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let mut slots = [
        slot(ffi::Py_mp_subscript, subscript as *mut _),
        slot(ffi::Py_mp_ass_subscript, ass_subscript as *mut _),
        slot(ffi::Py_sq_contains, contains as *mut _),
        slot(ffi::Py_tp_methods, (&raw mut METHODS).cast()),
        slot(0, ptr::null_mut()),
    ];
    // SAFETY: the spec and its slots live through the call, the functions have their slots' signatures.
    unsafe {
        let mut spec = ffi::PyType_Spec {
            name: c"pinfold._hook.Modules".as_ptr(),
            basicsize: 0,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT) as _,
            slots: slots.as_mut_ptr(),
        };
        let bases = ffi::PyTuple_Pack(1, (&raw mut ffi::PyDict_Type).cast::<ffi::PyObject>());
        let ty = ffi::PyType_FromSpecWithBases(&raw mut spec, bases);
        ffi::Py_XDECREF(bases);
        Bound::from_owned_ptr_or_err(py, ty)
    }
}

/// Gives `modules`, an exact dict, the type `ty`, or takes it back when `ty` is `dict` itself.
pub(crate) fn set_type(modules: &Bound<'_, PyAny>, ty: &Bound<'_, PyAny>) -> PyResult<()> {
    let size = |ty: &Bound<'_, PyAny>| -> PyResult<(usize, usize, usize)> {
        let number = |name: &str| ty.getattr(name)?.extract::<usize>();
        Ok((number("__basicsize__")?, number("__dictoffset__")?, number("__weakrefoffset__")?))
    };
    let (old, new) = (size(modules.get_type().as_any())?, size(ty)?);
    if old != new {
        return Err(PyRuntimeError::new_err(format!(
            "the dict type of this Python has another layout than expected: {old:?} and {new:?}"
        )));
    }
    // SAFETY: both types have the same size and offsets, both are garbage collected (inherited), and the
    // object keeps its keys and values; a heap type counts its instances, `dict` itself is immortal.
    unsafe {
        let old = ffi::Py_TYPE(modules.as_ptr());
        ffi::Py_INCREF(ty.as_ptr());
        (*modules.as_ptr()).ob_type = ty.as_ptr().cast();
        if ffi::PyType_GetFlags(old) & ffi::Py_TPFLAGS_HEAPTYPE != 0 {
            ffi::Py_DECREF(old.cast());
        }
    }
    Ok(())
}

/// The module that `key` means for whoever asks. Borrowed; null without an exception when it is not there.
///
/// # Safety
/// `key` is a live object and the GIL is held.
#[inline]
unsafe fn find(key: Object) -> Object {
    // SAFETY: the caller vouches for `key`.
    unsafe {
        let Some(state) = state::get() else { return ptr::null_mut() };
        if let Some(value) = frames::quick()
            && state.plain_view.get(value) == Some(&true)
            && ffi::PyUnicode_CheckExact(key) != 0
        {
            let found = owner::item(state.storage, key);
            if !found.is_null() {
                return found;
            }
        }
        find_slowly(state, key)
    }
}

/// As [`find`], where the first look was not enough.
///
/// # Safety
/// As [`find`].
#[cold]
unsafe fn find_slowly(state: &State, key: Object) -> Object {
    // SAFETY: the caller vouches for `key`; `plain` is released after the look-up that borrows it.
    unsafe {
        let Some(text) = marks::text(key) else { return owner::item(state.storage, key) };
        if let Some(unit) = marks::name_unit(key) {
            let plain = marks::new_str(text);
            if plain.is_null() {
                ffi::PyErr_Clear();
                return plain;
            }
            let found = owner::exact(state, unit, plain);
            ffi::Py_DECREF(plain);
            return found;
        }
        // Most imports inside the standard library are of the standard library: no need to walk the stack.
        if state.shadowed.borrow().is_empty() && state.is_stdlib(text) {
            return owner::item(state.storage, key);
        }
        owner::lookup(state, frames::nearest(state), key, text)
    }
}

unsafe extern "C" fn subscript(_: Object, key: Object) -> Object {
    // SAFETY: called by Python with a live key and the GIL.
    unsafe {
        let found = find(key);
        if !found.is_null() {
            return ffi::Py_NewRef(found);
        }
        if ffi::PyErr_Occurred().is_null() {
            raise_key_error(key);
        }
        ptr::null_mut()
    }
}

/// `KeyError(key)`. In a tuple, for a key that is one would become the exception's arguments.
///
/// # Safety
/// `key` is a live object and the GIL is held.
unsafe fn raise_key_error(key: Object) {
    // SAFETY: the caller vouches for `key`; the tuple is released.
    unsafe {
        let arguments = ffi::PyTuple_Pack(1, key);
        if !arguments.is_null() {
            ffi::PyErr_SetObject(ffi::PyExc_KeyError, arguments);
            ffi::Py_DECREF(arguments);
        }
    }
}

unsafe extern "C" fn contains(_: Object, key: Object) -> c_int {
    // SAFETY: called by Python with a live key and the GIL.
    unsafe {
        let found = find(key);
        if found.is_null() && !ffi::PyErr_Occurred().is_null() {
            return -1;
        }
        c_int::from(!found.is_null())
    }
}

/// `modules[key] = value`, or `del modules[key]` when `value` is null.
unsafe extern "C" fn ass_subscript(this: Object, key: Object, value: Object) -> c_int {
    // SAFETY: called by Python with live objects and the GIL; new references are released here.
    unsafe {
        let (Some(state), Some(text)) = (state::get(), marks::text(key)) else {
            return assign(this, key, value);
        };
        if let Some(unit) = marks::name_unit(key) {
            let plain = marks::new_str(text);
            if plain.is_null() {
                return -1;
            }
            if !value.is_null() {
                mark_module(state, value, unit, text);
            }
            let result = assign(owner::home(state, unit, text), plain, value);
            ffi::Py_DECREF(plain);
            return result;
        }
        let importer = frames::nearest(state);
        let (place, name) = owner::target(state, importer, text, value);
        if !value.is_null() && place == state.storage {
            owner::ensure_roots_namespace(state, importer, text);
        }
        if !value.is_null() {
            let asker = match importer {
                Importer::Root => frames::root_value(state),
                Importer::Unit(unit) => unit,
            };
            mark_module(state, value, asker, name.unwrap_or(text));
        }
        match name {
            None => assign(place, key, value),
            Some(name) => {
                let plain = marks::new_str(name);
                if plain.is_null() {
                    return -1;
                }
                let result = assign(place, plain, value);
                ffi::Py_DECREF(plain);
                result
            }
        }
    }
}

/// # Safety
/// `place` is a dict, the others are live or `value` is null; the GIL is held.
unsafe fn assign(place: Object, key: Object, value: Object) -> c_int {
    // SAFETY: the caller vouches for the objects.
    unsafe {
        if value.is_null() { ffi::PyDict_DelItem(place, key) } else { ffi::PyDict_SetItem(place, key, value) }
    }
}

/// Puts a mark into the globals of a module that comes into the table, unless it has one.
///
/// The module of a unit's file belongs to that unit, whoever found it; the standard library's stay without
/// a mark; everything else is the asker's.
///
/// # Safety
/// `module` is a live object and the GIL is held.
unsafe fn mark_module(state: &State, module: Object, asker: usize, name: &str) {
    // SAFETY: the caller vouches for `module`; `globals` is borrowed from it; errors are cleared, for an
    // object without globals needs no mark.
    unsafe {
        if ffi::PyObject_TypeCheck(module, &raw mut ffi::PyModule_Type) == 0 {
            return;
        }
        let globals = ffi::PyModule_GetDict(module);
        if globals.is_null() || !owner::item(globals, marks::key()).is_null() {
            return;
        }
        let origin = origin(module);
        // `runpy.run_path` puts a module called `<run_path>` there, whose file is set later.
        if origin.is_none() && name.starts_with('<') {
            return;
        }
        let unit = origin.as_deref().and_then(|path| state.unit_of_origin(path));
        let value = match unit {
            Some(unit) => crate::finder::unit_of_loader(module).unwrap_or(unit),
            None if is_from_stdlib(state, name, origin.as_deref()) => return,
            None => {
                if state.is_stdlib(name) && name != "__main__" && name != "__mp_main__" && origin.is_some() {
                    state.shadowed.borrow_mut().insert(names::top(name).to_owned());
                }
                // Other finders' modules are root's, also when a unit was the first to ask.
                if origin.is_some() { frames::root_value(state) } else { asker }
            }
        };
        if let Some(&mark) = state.marks.get(value)
            && ffi::PyDict_SetItem(globals, marks::key(), mark) != 0
        {
            ffi::PyErr_Clear();
        }
    }
}

/// Marks globals that came to run without passing through the table (`spec.loader.exec_module`, `runpy`, a
/// cleared `__main__`), by their own `__file__`. `None` for globals without one, such as those of `exec`:
/// they are walked past, and so is what is marked transparent.
///
/// # Safety
/// `globals` is a live dictionary and the GIL is held.
pub(crate) unsafe fn mark_globals(state: &State, globals: Object) -> Option<usize> {
    let text_at = |key: &std::ffi::CStr| {
        // SAFETY: the caller vouches for the dictionary; the value is kept alive by it and used at once.
        unsafe {
            let key = ffi::PyUnicode_InternFromString(key.as_ptr());
            let found = if key.is_null() { key } else { owner::item(globals, key) };
            ffi::Py_XDECREF(key);
            ffi::PyErr_Clear();
            if found.is_null() { None } else { marks::text(found) }
        }
    };
    let main = text_at(c"__name__") == Some("__main__");
    let root = frames::root_value(state);
    let (value, mark) = match text_at(c"__file__") {
        Some(file) => match state.unit_of_origin(file) {
            Some(unit) => (unit, state.marks[unit]),
            None if is_stdlib_file(state, file) && !main => (marks::TRANSPARENT, state.transparent),
            None => (root, state.marks[root]),
        },
        None if main => (root, state.marks[root]),
        None => return None,
    };
    // SAFETY: the caller vouches for the dictionary; marks live as long as the process.
    unsafe {
        if ffi::PyDict_SetItem(globals, marks::key(), mark) != 0 {
            ffi::PyErr_Clear();
        }
    }
    Some(value)
}

/// Whether a file is of the standard library, or of our own package.
fn is_stdlib_file(state: &State, file: &str) -> bool {
    let inside = |folder: &String| {
        file.strip_prefix(folder.as_str()).is_some_and(|rest| {
            rest.starts_with('/')
                && !rest.starts_with("/site-packages/")
                && !rest.starts_with("/dist-packages/")
        })
    };
    file.starts_with("<frozen") || state.stdlib_paths.iter().any(inside) || file.contains("/pinfold/_")
}

fn is_from_stdlib(state: &State, name: &str, origin: Option<&str>) -> bool {
    if !state.is_stdlib(name) || name == "__main__" || name == "__mp_main__" {
        return false;
    }
    let Some(origin) = origin else { return true };
    // Our own package is walked past like importlib, wherever it is installed.
    if names::top(name) == "pinfold" {
        return true;
    }
    matches!(origin, "built-in" | "frozen") || is_stdlib_file(state, origin)
}

/// `module.__spec__.origin`, else `module.__file__`.
///
/// # Safety
/// `module` is a live object and the GIL is held.
unsafe fn origin(module: Object) -> Option<String> {
    // SAFETY: the caller vouches for `module`; every reference is released, every error cleared.
    unsafe {
        let spec = ffi::PyObject_GetAttrString(module, c"__spec__".as_ptr());
        let mut origin = ptr::null_mut();
        if !spec.is_null() {
            origin = ffi::PyObject_GetAttrString(spec, c"origin".as_ptr());
            ffi::Py_DECREF(spec);
        }
        ffi::PyErr_Clear();
        let mut text = (!origin.is_null()).then(|| marks::text(origin).map(str::to_owned)).flatten();
        ffi::Py_XDECREF(origin);
        if text.is_none() {
            let file = ffi::PyObject_GetAttrString(module, c"__file__".as_ptr());
            ffi::PyErr_Clear();
            text = (!file.is_null()).then(|| marks::text(file).map(str::to_owned)).flatten();
            ffi::Py_XDECREF(file);
        }
        text
    }
}

/// Marks a module that was there before the hook.
pub(crate) fn mark(state: &State, module: &Bound<'_, PyAny>, name: &str, value: usize) {
    // SAFETY: the module is live and the GIL is held.
    unsafe { mark_module(state, module.as_ptr(), value, name) }
}

/// `get(key, default=None)`: importlib calls it at every import that is not cached.
unsafe extern "C" fn get(_: Object, arguments: Object) -> Object {
    // SAFETY: called by Python with a tuple and the GIL.
    unsafe {
        let count = ffi::PyTuple_Size(arguments);
        if !(1..=2).contains(&count) {
            ffi::PyErr_SetString(ffi::PyExc_TypeError, c"get expected 1 or 2 arguments".as_ptr());
            return ptr::null_mut();
        }
        let found = find(ffi::PyTuple_GetItem(arguments, 0));
        if !found.is_null() {
            return ffi::Py_NewRef(found);
        }
        if !ffi::PyErr_Occurred().is_null() {
            return ptr::null_mut();
        }
        ffi::Py_NewRef(if count == 2 { ffi::PyTuple_GetItem(arguments, 1) } else { ffi::Py_None() })
    }
}

/// `pop(key[, default])`: importlib calls it after every load.
unsafe extern "C" fn pop(this: Object, arguments: Object) -> Object {
    // SAFETY: called by Python with a tuple and the GIL; `found` is owned before it is deleted.
    unsafe {
        let count = ffi::PyTuple_Size(arguments);
        if !(1..=2).contains(&count) {
            ffi::PyErr_SetString(ffi::PyExc_TypeError, c"pop expected 1 or 2 arguments".as_ptr());
            return ptr::null_mut();
        }
        let key = ffi::PyTuple_GetItem(arguments, 0);
        let found = find(key);
        if found.is_null() {
            if ffi::PyErr_Occurred().is_null() {
                if count == 2 {
                    return ffi::Py_NewRef(ffi::PyTuple_GetItem(arguments, 1));
                }
                raise_key_error(key);
            }
            return ptr::null_mut();
        }
        let found = ffi::Py_NewRef(found);
        if let (Some(state), Some(text)) = (state::get(), marks::text(key)) {
            owner::bind_to_roots_namespace(state, text, found);
        }
        if ass_subscript(this, key, ptr::null_mut()) != 0 {
            ffi::Py_DECREF(found);
            return ptr::null_mut();
        }
        found
    }
}

static mut METHODS: [ffi::PyMethodDef; 3] = [
    marks::method(c"get", get, ffi::METH_VARARGS),
    marks::method(c"pop", pop, ffi::METH_VARARGS),
    ffi::PyMethodDef::zeroed(),
];

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
    for (unit, &table) in state.own.iter().enumerate() {
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

/// The items of a table itself. `PyDict_Copy` would ask the subclass's methods where the table is the storage.
fn items<'py>(py: Python<'py>, table: Object) -> Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
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

/// Empties every table.
pub(crate) fn clear(state: &State) {
    let tables = std::iter::once(&state.storage).chain(&state.own).chain(&state.loose);
    for &table in tables.filter(|table| !table.is_null()) {
        // SAFETY: the tables are dictionaries that live as long as the process; the GIL is held.
        unsafe { ffi::PyDict_Clear(table) };
    }
}

/// Moves every unit's modules into the storage under qualified names, for the interpreter to tear down.
pub(crate) fn gather(py: Python<'_>, state: &State) -> PyResult<()> {
    for (unit, &table) in state.own.iter().enumerate().filter(|(_, table)| !table.is_null()) {
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

impl State {
    /// The unit whose mark a module carries.
    pub(crate) fn unit_of_module(&self, module: Object) -> Option<usize> {
        // SAFETY: the callers pass live objects, with the GIL held; the globals are borrowed.
        unsafe {
            if ffi::PyObject_TypeCheck(module, &raw mut ffi::PyModule_Type) == 0 {
                return None;
            }
            let mark = owner::item(ffi::PyModule_GetDict(module), marks::key());
            marks::mark_value(mark).filter(|&value| value < self.stdlib_unit())
        }
    }
}
