//! Marks: how a module's globals, and a module's name, carry the unit they belong to.
//!
//! A [`Mark`](mark) stands in the globals of every module under [`KEY`]; a [`UnitName`](unit_name) is a `str`
//! that also knows its unit, and is the `__name__` of modules that root does not see. Both are plain heap
//! types with one machine word behind what they inherit. Deliberately not here: who reads them.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;

use crate::panics;
use crate::state::{self, Object};

/// The value of the mark of the standard library's modules, and of our own: they are walked past.
pub(crate) const TRANSPARENT: usize = usize::MAX;
/// The value for modules of the standard library that root shadows by local ones, as if they were a unit's.
pub(crate) const STDLIB: usize = usize::MAX - 1;
/// The value of the mark of root's modules. What is less is the index of a unit.
pub(crate) const ROOT: usize = usize::MAX - 2;

/// The key of the mark in a module's globals.
pub(crate) const KEY: &CStr = c"__pinfold__";

static KEY_OBJECT: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
static MARK_TYPE: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());
static NAME_TYPE: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());
/// Where the word stands in a `UnitName`: the size of a `str` object in this interpreter.
static NAME_OFFSET: AtomicUsize = AtomicUsize::new(0);

#[repr(C)]
struct MarkObject {
    base: ffi::PyObject,
    value: usize,
}

/// The interned key under which a module's globals carry their mark.
#[inline]
pub(crate) fn key() -> Object {
    KEY_OBJECT.load(Ordering::Relaxed)
}

/// Makes the two types. Called once, at start, with the GIL held.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    if !key().is_null() {
        return Ok(());
    }
    let str_size: usize = py.get_type::<pyo3::types::PyString>().getattr("__basicsize__")?.extract()?;
    let name_size = str_size + size_of::<usize>();
    let too_large = |_| pyo3::exceptions::PyRuntimeError::new_err("str objects of this Python are too large");
    let name_basicsize = c_int::try_from(name_size).map_err(too_large)?;
    // SAFETY: the specs and their slots live through the calls; the functions in the slots have the
    // signatures that their slots ask for; the GIL is held.
    unsafe {
        let key = ffi::PyUnicode_InternFromString(KEY.as_ptr());
        let mut slots = [
            ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: (&raw mut MARK_METHODS).cast() },
            ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
        ];
        let mut spec = ffi::PyType_Spec {
            name: c"pinfold._hook.Mark".as_ptr(),
            basicsize: size_of::<MarkObject>() as c_int,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT) as _,
            slots: slots.as_mut_ptr(),
        };
        let mark_type = ffi::PyType_FromSpec(&raw mut spec);
        let mut slots = [
            ffi::PyType_Slot { slot: ffi::Py_sq_concat, pfunc: name_concat as *mut c_void },
            ffi::PyType_Slot { slot: ffi::Py_mp_subscript, pfunc: name_subscript as *mut c_void },
            ffi::PyType_Slot { slot: ffi::Py_tp_methods, pfunc: (&raw mut NAME_METHODS).cast() },
            ffi::PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
        ];
        let mut spec = ffi::PyType_Spec {
            name: c"pinfold._hook.UnitName".as_ptr(),
            basicsize: name_basicsize,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT) as _,
            slots: slots.as_mut_ptr(),
        };
        let bases = ffi::PyTuple_Pack(1, (&raw mut ffi::PyUnicode_Type).cast::<ffi::PyObject>());
        let name_type = ffi::PyType_FromSpecWithBases(&raw mut spec, bases);
        ffi::Py_XDECREF(bases);
        if key.is_null() || mark_type.is_null() || name_type.is_null() {
            return Err(PyErr::fetch(py));
        }
        NAME_OFFSET.store(str_size, Ordering::Relaxed);
        MARK_TYPE.store(mark_type.cast(), Ordering::Relaxed);
        NAME_TYPE.store(name_type.cast(), Ordering::Relaxed);
        KEY_OBJECT.store(key, Ordering::Relaxed);
    }
    Ok(())
}

/// A new mark with `value`; null with an exception set when memory runs out.
pub(crate) fn new_mark(value: usize) -> Object {
    let ty = MARK_TYPE.load(Ordering::Relaxed);
    // SAFETY: the type was made by `prepare` with the size of a MarkObject and without a dictionary; the GIL
    // is held by every caller.
    unsafe {
        let object = ffi::PyType_GenericAlloc(ty, 0);
        if !object.is_null() {
            (*object.cast::<MarkObject>()).value = value;
        }
        object
    }
}

/// The value of a mark, `None` for anything else.
///
/// # Safety
/// `object` is a valid object or null, and the GIL is held.
#[inline]
pub(crate) unsafe fn mark_value(object: Object) -> Option<usize> {
    // SAFETY: the caller vouches for the object; the type tells that it is a MarkObject.
    unsafe {
        if object.is_null() || ffi::Py_TYPE(object) != MARK_TYPE.load(Ordering::Relaxed) {
            return None;
        }
        Some((*object.cast::<MarkObject>()).value)
    }
}

/// The value of the mark in a module's globals.
pub(crate) fn mark_in(globals: &Bound<'_, pyo3::types::PyDict>) -> Option<usize> {
    // SAFETY: both are live objects and the GIL is held; the mark is borrowed from the globals and read at once.
    unsafe { mark_value(ffi::PyDict_GetItemWithError(globals.as_ptr(), key())) }
}

/// Puts the mark of `value` into a module's globals, or takes out the one that is there.
pub(crate) fn put_in(
    globals: &Bound<'_, pyo3::types::PyDict>,
    state: &state::State,
    value: Option<usize>,
) -> PyResult<()> {
    let mark = value.and_then(|value| state.mark(value));
    // SAFETY: the key and the marks live as long as the process, the dictionary is alive, and the GIL is held.
    let done = unsafe {
        match mark {
            Some(mark) => ffi::PyDict_SetItem(globals.as_ptr(), key(), mark),
            None if ffi::PyDict_Contains(globals.as_ptr(), key()) == 1 => {
                ffi::PyDict_DelItem(globals.as_ptr(), key())
            }
            None => 0,
        }
    };
    if done == 0 { Ok(()) } else { Err(PyErr::fetch(globals.py())) }
}

/// As [`mark_value`], of any object of Python's.
pub(crate) fn value_of(object: &Bound<'_, PyAny>) -> Option<usize> {
    // SAFETY: the object is alive and the GIL is held.
    unsafe { mark_value(object.as_ptr()) }
}

/// A `UnitName`: `name` as a `str` that carries `unit`. New reference; null with an exception set on failure.
pub(crate) fn new_name(name: &str, unit: usize) -> Object {
    let ty = NAME_TYPE.load(Ordering::Relaxed);
    // SAFETY: `str.__new__(UnitName, name)` allocates NAME_OFFSET + one word; the GIL is held.
    unsafe {
        let plain = ffi::PyUnicode_FromStringAndSize(name.as_ptr().cast(), name.len() as ffi::Py_ssize_t);
        if plain.is_null() {
            return plain;
        }
        let object = ffi::PyObject_CallFunctionObjArgs(ty.cast(), plain, ptr::null_mut::<ffi::PyObject>());
        ffi::Py_DECREF(plain);
        if !object.is_null() {
            // Zero is what `type(name)(text)` leaves: a name without a unit.
            name_word(object).write(unit + 1);
        }
        object
    }
}

/// The unit of a `UnitName`, `None` for any other object.
///
/// # Safety
/// `object` is a valid object, and the GIL is held.
#[inline]
pub(crate) unsafe fn name_unit(object: Object) -> Option<usize> {
    // SAFETY: the caller vouches for the object; the exact type tells that the word is there.
    unsafe {
        if ffi::Py_TYPE(object) != NAME_TYPE.load(Ordering::Relaxed) {
            return None;
        }
        name_word(object).read().checked_sub(1)
    }
}

/// # Safety
/// `object` is a `UnitName`.
unsafe fn name_word(object: Object) -> *mut usize {
    // SAFETY: the type's basicsize is NAME_OFFSET plus one word, and objects are aligned to words.
    unsafe { object.cast::<u8>().add(NAME_OFFSET.load(Ordering::Relaxed)).cast() }
}

static mut MARK_METHODS: [ffi::PyMethodDef; 4] = [
    method(c"__reduce_ex__", mark_reduce, ffi::METH_O),
    method(c"__copy__", mark_itself, ffi::METH_NOARGS),
    method(c"__deepcopy__", mark_itself, ffi::METH_O),
    ffi::PyMethodDef::zeroed(),
];

static mut NAME_METHODS: [ffi::PyMethodDef; 5] = [
    method(c"__copy__", mark_itself, ffi::METH_NOARGS),
    method(c"__deepcopy__", mark_itself, ffi::METH_O),
    method(c"__reduce_ex__", name_reduce, ffi::METH_O),
    method(c"rpartition", name_rpartition, ffi::METH_O),
    ffi::PyMethodDef::zeroed(),
];

pub(crate) const fn method(
    name: &'static CStr,
    function: ffi::PyCFunction,
    flags: c_int,
) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
        ml_flags: flags,
        ml_doc: ptr::null(),
    }
}

/// A copy of a module's globals keeps the mark itself.
unsafe extern "C" fn mark_itself(this: Object, _: Object) -> Object {
    // SAFETY: called by Python with a valid object and the GIL.
    unsafe { ffi::Py_NewRef(this) }
}

/// `(str, ())`: marks are of one process. Where the globals come to life again, their file marks them anew.
unsafe extern "C" fn mark_reduce(_: Object, _: Object) -> Object {
    // SAFETY: called by Python with the GIL; a null is handed on with its exception.
    unsafe {
        let nothing = ffi::PyTuple_New(0);
        if nothing.is_null() {
            return nothing;
        }
        let result = ffi::PyTuple_Pack(2, (&raw mut ffi::PyUnicode_Type).cast::<c_void>(), nothing);
        ffi::Py_DECREF(nothing);
        result
    }
}

/// `(str, (qualified name,))`: pickle then writes a name that resolves to this unit from anywhere.
unsafe extern "C" fn name_reduce(this: Object, _: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL.
    panics::guarded(ptr::null_mut(), || unsafe { reduced(this) })
}

/// # Safety
/// `this` is a UnitName; the GIL is held.
unsafe fn reduced(this: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL; all references are checked.
    unsafe {
        let qualified = qualified_name(this);
        if qualified.is_null() {
            return qualified;
        }
        let arguments = ffi::PyTuple_Pack(1, qualified);
        ffi::Py_DECREF(qualified);
        if arguments.is_null() {
            return arguments;
        }
        let result = ffi::PyTuple_Pack(2, (&raw mut ffi::PyUnicode_Type).cast::<c_void>(), arguments);
        ffi::Py_DECREF(arguments);
        result
    }
}

/// `str.rpartition`, with a first part that carries the unit too: importlib finds a module's parent by it.
unsafe extern "C" fn name_rpartition(this: Object, separator: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL.
    panics::guarded(ptr::null_mut(), || unsafe { parted(this, separator) })
}

/// # Safety
/// `this` is a UnitName, `separator` a live object; the GIL is held.
unsafe fn parted(this: Object, separator: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL; all references are checked.
    unsafe {
        let parts = ffi::PyUnicode_RPartition(this, separator);
        let Some(unit) = name_unit(this).filter(|_| !parts.is_null()) else { return parts };
        let head = text(ffi::PyTuple_GetItem(parts, 0)).unwrap_or_default();
        if head.is_empty() {
            return parts;
        }
        let head = new_name(head, unit);
        let result = if head.is_null() {
            head
        } else {
            ffi::PyTuple_Pack(3, head, ffi::PyTuple_GetItem(parts, 1), ffi::PyTuple_GetItem(parts, 2))
        };
        ffi::Py_XDECREF(head);
        ffi::Py_DECREF(parts);
        result
    }
}

/// `name[0:]`, with which `importlib.import_module` begins, is the name itself; other parts are plain `str`s.
unsafe extern "C" fn name_subscript(this: Object, key: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL.
    panics::guarded(ptr::null_mut(), || unsafe { part(this, key) })
}

/// # Safety
/// `this` is a UnitName, `key` a live object; the GIL is held.
unsafe fn part(this: Object, key: Object) -> Object {
    // SAFETY: called by Python with live objects and the GIL; the slot of `str` has this signature.
    unsafe {
        let slot = ffi::PyType_GetSlot(&raw mut ffi::PyUnicode_Type, ffi::Py_mp_subscript);
        let subscript = std::mem::transmute::<*mut c_void, ffi::binaryfunc>(slot);
        let part = subscript(this, key);
        if part.is_null() || ffi::PyUnicode_GetLength(part) != ffi::PyUnicode_GetLength(this) {
            return part;
        }
        // As long as the whole: the whole, unless it was turned round.
        if ffi::PyUnicode_Compare(part, this) == 0 {
            ffi::Py_DECREF(part);
            return ffi::Py_NewRef(this);
        }
        ffi::PyErr_Clear();
        part
    }
}

/// `name + ".sub"` and `"name." + "sub"` carry the unit too; any other sum is a plain `str`.
unsafe extern "C" fn name_concat(this: Object, other: Object) -> Object {
    // SAFETY: called by Python with a UnitName and the GIL.
    panics::guarded(ptr::null_mut(), || unsafe { sum(this, other) })
}

/// # Safety
/// `this` is a UnitName, `other` a live object; the GIL is held.
unsafe fn sum(this: Object, other: Object) -> Object {
    // SAFETY: called by Python with live objects and the GIL; all references are checked.
    unsafe {
        let sum = ffi::PyUnicode_Concat(this, other);
        let dotted = |end: Option<&str>, at_end: bool| {
            end.is_some_and(|text| if at_end { text.ends_with('.') } else { text.starts_with('.') })
        };
        if sum.is_null() || !(dotted(text(this), true) || dotted(text(other), false)) {
            return sum;
        }
        let (Some(unit), Some(joined)) = (name_unit(this), text(sum)) else { return sum };
        let name = new_name(joined, unit);
        ffi::Py_DECREF(sum);
        name
    }
}

/// The qualified form of a `UnitName`, as a plain `str`. New reference or null with an exception set.
///
/// # Safety
/// `name` is a `UnitName` and the GIL is held.
unsafe fn qualified_name(name: Object) -> Object {
    // SAFETY: the caller vouches for `name`.
    unsafe {
        let text = text(name);
        let (Some(unit), Some(text), Some(state)) = (name_unit(name), text, state::get()) else {
            return ffi::PyUnicode_FromObject(name);
        };
        let qualified = crate::owner::qualify(state, unit, text);
        new_str(&qualified)
    }
}

/// A plain `str`. New reference; null with an exception set on failure. The GIL is held.
pub(crate) fn new_str(text: &str) -> Object {
    // SAFETY: the pointer and length are those of a live string.
    unsafe { ffi::PyUnicode_FromStringAndSize(text.as_ptr().cast(), text.len() as ffi::Py_ssize_t) }
}

/// The text of a `str` object; `None` for other objects and for lone surrogates.
///
/// # Safety
/// `object` is a valid object that outlives the text, and the GIL is held.
pub(crate) unsafe fn text<'a>(object: Object) -> Option<&'a str> {
    // SAFETY: the buffer belongs to the object and holds UTF-8 of the given length.
    unsafe {
        if ffi::PyUnicode_Check(object) == 0 {
            return None;
        }
        let mut size = 0;
        let data = ffi::PyUnicode_AsUTF8AndSize(object, &raw mut size);
        if data.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let bytes = std::slice::from_raw_parts(data.cast::<u8>(), size as usize);
        Some(std::str::from_utf8_unchecked(bytes))
    }
}
