//! Static types of C code: which unit's they are, and a `__module__` that says so.
//!
//! The `__module__` of a type that is not a heap type is cut from its C name at each question, so nothing can be
//! put there. But such a type stands in the data of the shared object that defines it, which `elf` has walked:
//! its address tells the unit. The getter of `type.__module__` is replaced, in its descriptor, by one that knows
//! this. Deliberately not here: heap types, whose `__module__` is an item (`identity`).

use std::collections::HashMap;
use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use pinfold_core::resolve::UnitIndex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::identity;
use crate::marks;
use crate::panics;
use crate::state::{self, Object};

/// Segments of the units' shared objects: end, start, unit; sorted.
static SEGMENTS: Mutex<Vec<(usize, usize, UnitIndex)>> = Mutex::new(Vec::new());

/// Per address of a static type: its name, or zero where the stock one is right.
static NAMES: Mutex<Option<HashMap<usize, usize>>> = Mutex::new(None);

/// The stock getter.
static STOCK: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Notes a segment of a shared object in a unit's folder.
pub(crate) fn note_segment(start: usize, end: usize, unit: UnitIndex) {
    let mut segments = SEGMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let position = segments.partition_point(|&(other, ..)| other < end);
    segments.insert(position, (end, start, unit));
}

/// The unit in whose shared objects an address lies.
fn unit_at(address: usize) -> Option<UnitIndex> {
    let segments = SEGMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    let position = segments.partition_point(|&(end, ..)| end <= address);
    segments.get(position).filter(|&&(_, start, _)| start <= address).map(|&(.., unit)| unit)
}

/// The unit of a static type, `None` for the interpreter's own and for heap types.
pub(crate) fn unit_of_static(ty: Object) -> Option<UnitIndex> {
    // SAFETY: the callers pass a type, with the GIL held.
    let heap = unsafe { ffi::PyType_GetFlags(ty.cast()) } & ffi::Py_TPFLAGS_HEAPTYPE != 0;
    if heap { None } else { unit_at(ty as usize) }
}

/// The unit whose machine code a C function is.
pub(crate) fn unit_of_code(function: &Bound<'_, pyo3::types::PyCFunction>) -> Option<UnitIndex> {
    // SAFETY: a live C function, with the GIL held.
    unsafe { ffi::PyCFunction_GetFunction(function.as_ptr()) }.and_then(|code| unit_at(code as usize))
}

/// `Objects/descrobject.c`: a `getset_descriptor`.
#[repr(C)]
struct Descriptor {
    base: ffi::PyObject,
    ty: Object,
    name: Object,
    qualname: Object,
    getset: *mut ffi::PyGetSetDef,
}

/// Replaces the getter of `type.__module__`. Doing it twice does no harm.
///
/// # Errors
/// Where this interpreter's `type` is not as expected.
pub(crate) fn take_over(py: Python<'_>) -> PyResult<()> {
    let ty = py.get_type::<pyo3::types::PyType>();
    let descriptor = ty.getattr("__dict__")?.get_item("__module__")?;
    let other = || PyRuntimeError::new_err("`type.__module__` of this Python is not as expected");
    // SAFETY: the object's type tells its layout, whose members are checked before the getter is replaced; the
    // table of getters is not read-only (`static PyGetSetDef type_getsets[]`); the GIL is held.
    unsafe {
        if ffi::Py_TYPE(descriptor.as_ptr()) != &raw mut ffi::PyGetSetDescr_Type {
            return Err(other());
        }
        let descriptor = &*descriptor.as_ptr().cast::<Descriptor>();
        if descriptor.ty != ty.as_ptr()
            || descriptor.getset.is_null()
            || CStr::from_ptr((*descriptor.getset).name) != c"__module__"
        {
            return Err(other());
        }
        let Some(stock) = (*descriptor.getset).get else { return Err(other()) };
        if std::ptr::fn_addr_eq(stock, module as ffi::getter) {
            return Ok(());
        }
        STOCK.store(stock as *mut c_void, Ordering::Relaxed);
        (*descriptor.getset).get = Some(module);
    }
    Ok(())
}

/// `type.__module__`.
unsafe extern "C" fn module(ty: Object, closure: *mut c_void) -> Object {
    // SAFETY: called by Python with a type and the GIL; the stock getter has this signature.
    unsafe {
        let stock = std::mem::transmute::<*mut c_void, ffi::getter>(STOCK.load(Ordering::Relaxed));
        let name = stock(ty, closure);
        if name.is_null() {
            return name;
        }
        // A panic leaves the name as it is.
        let carried = panics::caught(|| carried_for(ty, name)).unwrap_or(ptr::null_mut());
        if carried.is_null() {
            return name;
        }
        ffi::Py_DECREF(name);
        ffi::Py_NewRef(carried)
    }
}

/// The name that `ty` gets instead of `name`; null where it keeps its own. Borrowed.
///
/// # Safety
/// Both are live objects and the GIL is held.
unsafe fn carried_for(ty: Object, name: Object) -> Object {
    let known = || {
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        names.get_or_insert_default().get(&(ty as usize)).copied()
    };
    // SAFETY: the caller vouches for the objects.
    unsafe {
        let Some(unit) = unit_of_static(ty) else { return ptr::null_mut() };
        known().map_or_else(|| carried_name(ty, unit, name), |known| known as Object)
    }
}

/// The name that a static type of `unit` gets instead of `name`, kept for ever; null where it keeps its own.
///
/// # Safety
/// Both are live objects and the GIL is held.
unsafe fn carried_name(ty: Object, unit: UnitIndex, name: Object) -> Object {
    // SAFETY: the caller vouches for the objects; the name is kept by the table.
    unsafe {
        let (Some(state), Some(text)) = (state::get(), marks::text(name)) else {
            return std::ptr::null_mut();
        };
        let carried = match identity::provider(state, unit, text) {
            Some(unit) => marks::new_name(text, unit),
            None => std::ptr::null_mut(),
        };
        ffi::PyErr_Clear();
        NAMES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(ty as usize, carried as usize);
        carried
    }
}

/// Sets an item of a class's dictionary, also where the class is immutable.
pub(crate) fn set_item(
    class: &Bound<'_, pyo3::types::PyType>,
    key: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = class.py();
    // A mapping proxy refers to the dictionary itself, and to nothing else.
    let referents = py.import("gc")?.call_method1("get_referents", (class.getattr("__dict__")?,))?;
    referents.get_item(0)?.cast::<pyo3::types::PyDict>()?.set_item(key, value)?;
    // SAFETY: a live type whose dictionary was changed; the GIL is held.
    unsafe { ffi::PyType_Modified(class.as_type_ptr()) };
    Ok(())
}
