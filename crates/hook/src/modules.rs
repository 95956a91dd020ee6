//! The modules table: the type that `sys.modules` takes on, so that every look-up, C's too, asks who asks.
//!
//! CPython looks modules up with `PyDict_GetItem` when `sys.modules` is exactly a dict and with
//! `PyObject_GetItem` otherwise (`import_get_module` in `Python/import.c`). Giving the one existing dict a
//! subclass of the same size as its type sends all of them here. Deliberately not here: the rarer methods (`rarer`),
//! and whose module a name means (`owner`).

use std::ffi::{CStr, c_int};
use std::ptr;

use pinfold_core::resolve::Importer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::frames;
use crate::loaded;
use crate::marking::mark_module;
use crate::marks;
use crate::owner;
use crate::panics;
use crate::pickling;
use crate::snapshot;
use crate::state::{self, Object, State};
use crate::trace;

mod rarer;

/// Makes the type. Its instances have exactly the layout of a dict.
pub(crate) fn new_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let [new, repr, compare, or, or_in_place] = rarer::slots();
    let mut slots = [
        new,
        repr,
        compare,
        or,
        or_in_place,
        slot(ffi::Py_mp_subscript, subscript as *mut _),
        slot(ffi::Py_mp_ass_subscript, ass_subscript as *mut _),
        slot(ffi::Py_sq_contains, contains as *mut _),
        slot(ffi::Py_mp_length, length as *mut _),
        slot(ffi::Py_tp_iter, iterate as *mut _),
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
        // Where there is nothing to tell apart, it does not matter who asks.
        if (!state.plural || frames::quick().is_some_and(|value| state.sees_as_root(value)))
            && ffi::PyUnicode_CheckExact(key) != 0
        {
            let found = owner::item(state.storage, key);
            if !found.is_null() {
                return found;
            }
        }
        // What comes before cannot panic, and is on the path of every cached import.
        panics::guarded(ptr::null_mut(), || find_slowly(state, key))
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
            let found =
                if pickling::refuses(text) { ptr::null_mut() } else { owner::exact(state, unit, plain) };
            ffi::Py_DECREF(plain);
            return found;
        }
        // Most imports inside the standard library are of the standard library: no need to walk the stack.
        if state.shadowed.borrow().is_empty() && state.is_stdlib(text) {
            return owner::item(state.storage, key);
        }
        let importer = frames::asking(state, text);
        let found = owner::lookup(state, importer, key, text);
        if trace::on() && !found.is_null() {
            trace::again(state, importer, text);
        }
        found
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
    // SAFETY: called by Python with live objects and the GIL.
    panics::guarded(-1, || unsafe { set_item(this, key, value) })
}

/// # Safety
/// As [`assign`], with the modules table as the place.
unsafe fn set_item(this: Object, key: Object, value: Object) -> c_int {
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
        if value.is_null() && find(key).is_null() {
            // What the asker does not see it cannot delete.
            if ffi::PyErr_Occurred().is_null() {
                raise_key_error(key);
            }
            return -1;
        }
        let (place, name) = owner::target(state, importer, text, value);
        if !value.is_null() && place == state.storage {
            owner::ensure_roots_namespace(state, importer, text);
        }
        if !value.is_null() {
            let asker = match importer {
                Importer::Root => marks::ROOT,
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
    // SAFETY: called by Python with a tuple and the GIL.
    panics::guarded(ptr::null_mut(), || unsafe { pop_item(this, arguments) })
}

/// # Safety
/// `arguments` is a tuple and the GIL is held.
unsafe fn pop_item(this: Object, arguments: Object) -> Object {
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
            if let Err(error) = loaded::module(state, text, found) {
                Python::attach(|py| error.restore(py));
                ffi::Py_DECREF(found);
                return ptr::null_mut();
            }
        }
        if ass_subscript(this, key, ptr::null_mut()) != 0 {
            ffi::Py_DECREF(found);
            return ptr::null_mut();
        }
        found
    }
}

/// All modules as whoever asks sees them, as a new dict; null with an exception set on failure.
fn listed() -> Object {
    panics::guarded(ptr::null_mut(), || {
        Python::attach(|py| {
            let result = match state::get() {
                Some(state) => snapshot::snapshot(py, state),
                None => Ok(pyo3::types::PyDict::new(py)),
            };
            match result {
                Ok(dict) => dict.into_ptr(),
                Err(error) => {
                    error.restore(py);
                    ptr::null_mut()
                }
            }
        })
    })
}

/// What `method` of a dict gives for [`listed`].
fn of_listed(method: unsafe extern "C" fn(Object) -> Object) -> Object {
    let dict = listed();
    if dict.is_null() {
        return dict;
    }
    // SAFETY: a new dict, which the result keeps alive if it needs it; the GIL is held by every caller.
    unsafe {
        let result = method(dict);
        ffi::Py_DECREF(dict);
        result
    }
}

/// # Safety
/// `dict` is a live dict and the GIL is held.
unsafe fn call(dict: Object, name: &CStr) -> Object {
    // SAFETY: the caller vouches for the dict; the method is released.
    unsafe {
        let method = ffi::PyObject_GetAttrString(dict, name.as_ptr());
        if method.is_null() {
            return method;
        }
        let result = ffi::PyObject_CallObject(method, ptr::null_mut());
        ffi::Py_DECREF(method);
        result
    }
}

unsafe extern "C" fn dict_keys(dict: Object) -> Object {
    // SAFETY: only `of_listed` calls this, with a live dict.
    unsafe { call(dict, c"keys") }
}

unsafe extern "C" fn dict_values(dict: Object) -> Object {
    // SAFETY: as above.
    unsafe { call(dict, c"values") }
}

unsafe extern "C" fn dict_items(dict: Object) -> Object {
    // SAFETY: as above.
    unsafe { call(dict, c"items") }
}

// In C, not in Python: between a list of the names and the look-ups that follow (`dict(sys.modules)`), no other
// thread may import or fail to.

unsafe extern "C" fn iterate(_: Object) -> Object {
    of_listed(ffi::PyObject_GetIter)
}

unsafe extern "C" fn keys(_: Object, _: Object) -> Object {
    of_listed(dict_keys)
}

unsafe extern "C" fn values(_: Object, _: Object) -> Object {
    of_listed(dict_values)
}

unsafe extern "C" fn items(_: Object, _: Object) -> Object {
    of_listed(dict_items)
}

unsafe extern "C" fn copy(_: Object, _: Object) -> Object {
    listed()
}

unsafe extern "C" fn length(_: Object) -> ffi::Py_ssize_t {
    let dict = listed();
    if dict.is_null() {
        return -1;
    }
    // SAFETY: a new dict, released here; the GIL is held.
    unsafe {
        let size = ffi::PyDict_Size(dict);
        ffi::Py_DECREF(dict);
        size
    }
}

static mut METHODS: [ffi::PyMethodDef; 15] = {
    let [a, b, c, d, e, f, g] = rarer::METHODS;
    [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        marks::method(c"get", get, ffi::METH_VARARGS),
        marks::method(c"pop", pop, ffi::METH_VARARGS),
        marks::method(c"keys", keys, ffi::METH_NOARGS),
        marks::method(c"values", values, ffi::METH_NOARGS),
        marks::method(c"items", items, ffi::METH_NOARGS),
        marks::method(c"copy", copy, ffi::METH_NOARGS),
        marks::method(c"__copy__", copy, ffi::METH_NOARGS),
        ffi::PyMethodDef::zeroed(),
    ]
};
