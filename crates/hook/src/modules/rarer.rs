//! The rarer methods of `sys.modules`: what a dict has besides look-up, assignment, deletion and lists.
//!
//! Each works on a snapshot, the asker's view under natural names and then all other modules under qualified names,
//! with which they can be looked up from anywhere; or by the methods that a single entry has. Source of what must
//! agree: `Objects/dictobject.c`. In Rust, because making fifteen Python functions at every start takes longer
//! than all that the others do there. Deliberately not here: whose module a name means (`owner`).

use std::ffi::{CStr, c_int};
use std::ptr;

use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::panics;
use crate::snapshot;
use crate::state::{self, Object};

type Answer<'py> = PyResult<Bound<'py, PyAny>>;

fn listed(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    match state::get() {
        Some(state) => snapshot::snapshot(py, state),
        None => Err(PyRuntimeError::new_err("pinfold's import hook has not started")),
    }
}

/// Runs `work` with what C passed; an error or a panic becomes an exception.
///
/// # Safety
/// Called by Python: with the GIL and live objects, of which `arguments` and `named` may be null.
unsafe fn answered(
    this: Object,
    arguments: Object,
    named: Object,
    work: impl for<'py> FnOnce(
        &Bound<'py, PyAny>,
        &Bound<'py, PyTuple>,
        Option<&Bound<'py, PyDict>>,
    ) -> Answer<'py>,
) -> Object {
    panics::guarded(ptr::null_mut(), || {
        Python::attach(|py| {
            // SAFETY: the caller vouches for the objects; borrowed for the time of the call.
            let (this, arguments, named) = unsafe {
                (
                    Bound::from_borrowed_ptr(py, this),
                    Bound::from_borrowed_ptr_or_opt(py, arguments),
                    Bound::from_borrowed_ptr_or_opt(py, named),
                )
            };
            let result = (|| {
                let arguments = match arguments {
                    Some(arguments) => arguments.cast_into::<PyTuple>()?,
                    None => PyTuple::empty(py),
                };
                let named = named.map(|named| named.cast_into::<PyDict>()).transpose()?;
                work(&this, &arguments, named.as_ref())
            })();
            result.map_or_else(
                |error| {
                    error.restore(py);
                    ptr::null_mut()
                },
                Bound::into_ptr,
            )
        })
    })
}

fn none(py: Python<'_>) -> Answer<'_> {
    Ok(py.None().into_bound(py))
}

/// Enters what `dict(*given, **named)` has.
fn enter<'py>(
    this: &Bound<'py, PyAny>,
    given: &Bound<'py, PyTuple>,
    named: Option<&Bound<'py, PyDict>>,
) -> PyResult<()> {
    let given = this.py().get_type::<PyDict>().call(given, named)?.cast_into::<PyDict>()?;
    for (name, module) in &given {
        this.set_item(name, module)?;
    }
    Ok(())
}

unsafe extern "C" fn update(this: Object, given: Object, named: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, given, named, |this, given, named| {
            enter(this, given, named).and_then(|()| none(this.py()))
        })
    }
}

unsafe extern "C" fn clear(this: Object, _: Object) -> Object {
    let work = |this: &Bound<'_, PyAny>| {
        if let Some(state) = state::get() {
            snapshot::clear(state);
        }
        match PyErr::take(this.py()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    };
    // SAFETY: called by Python.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            work(this).and_then(|()| none(this.py()))
        })
    }
}

unsafe extern "C" fn setdefault(this: Object, arguments: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, arguments, ptr::null_mut(), |this, arguments, _| {
            let py = this.py();
            let (key, default) = match arguments.len() {
                1 => (arguments.get_item(0)?, py.None().into_bound(py)),
                2 => (arguments.get_item(0)?, arguments.get_item(1)?),
                _ => return Err(PyTypeError::new_err("setdefault expected 1 or 2 arguments")),
            };
            match this.get_item(&key) {
                Err(error) if error.is_instance_of::<PyKeyError>(py) => {
                    this.set_item(&key, &default)?;
                    Ok(default)
                }
                found => found,
            }
        })
    }
}

unsafe extern "C" fn popitem(this: Object, _: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            let last = listed(this.py())?.call_method0(intern!(this.py(), "popitem"))?;
            this.del_item(last.get_item(0)?)?;
            Ok(last)
        })
    }
}

unsafe extern "C" fn reversed(this: Object, _: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            listed(this.py())?.call_method0(intern!(this.py(), "__reversed__"))
        })
    }
}

unsafe extern "C" fn deepcopy(this: Object, arguments: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, arguments, ptr::null_mut(), |this, arguments, _| {
            let copy = this.py().import("copy")?;
            copy.call_method1("deepcopy", (listed(this.py())?, arguments.get_item(0)?))
        })
    }
}

/// As a plain dict, which it is anywhere else.
unsafe extern "C" fn reduce_ex(this: Object, _: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            let py = this.py();
            let reduced = (py.get_type::<PyDict>(), (listed(py)?,));
            Ok(reduced.into_pyobject(py)?.into_any())
        })
    }
}

unsafe extern "C" fn repr(this: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            Ok(listed(this.py())?.repr()?.into_any())
        })
    }
}

unsafe extern "C" fn compare(this: Object, other: Object, how: c_int) -> Object {
    // SAFETY: called by Python, with `other` live too.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            let py = this.py();
            let other = Bound::from_borrowed_ptr(py, other);
            let same = || Ok::<_, PyErr>(this.is(&other) || listed(py)?.eq(&other)?);
            let answer = match CompareOp::from_raw(how) {
                Some(CompareOp::Eq) => same()?,
                Some(CompareOp::Ne) => !same()?,
                _ => return Ok(py.NotImplemented().into_bound(py)),
            };
            Ok(pyo3::types::PyBool::new(py, answer).to_owned().into_any())
        })
    }
}

/// `one | other`, of which one is the table.
unsafe extern "C" fn or(one: Object, other: Object) -> Object {
    // SAFETY: called by Python, with `other` live too.
    unsafe {
        answered(one, ptr::null_mut(), ptr::null_mut(), |one, _, _| {
            let py = one.py();
            let is_table = |object: Object| state::get().is_some_and(|state| ptr::eq(state.storage, object));
            if is_table(one.as_ptr()) {
                listed(py)?.bitor(Bound::from_borrowed_ptr(py, other))
            } else {
                one.bitor(listed(py)?)
            }
        })
    }
}

unsafe extern "C" fn or_in_place(this: Object, other: Object) -> Object {
    // SAFETY: called by Python, with `other` live too.
    unsafe {
        answered(this, ptr::null_mut(), ptr::null_mut(), |this, _, _| {
            let py = this.py();
            enter(this, &PyTuple::new(py, [Bound::from_borrowed_ptr(py, other)])?, None)?;
            Ok(this.clone())
        })
    }
}

/// There is one such table; whoever makes another (`fromkeys`, `copy`) wants a dict.
unsafe extern "C" fn new(ty: *mut ffi::PyTypeObject, given: Object, named: Object) -> Object {
    // SAFETY: called by Python.
    unsafe {
        answered(ty.cast(), given, named, |ty, given, named| ty.py().get_type::<PyDict>().call(given, named))
    }
}

const fn with_names(name: &'static CStr, function: ffi::PyCFunctionWithKeywords) -> ffi::PyMethodDef {
    ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: function },
        ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
        ml_doc: ptr::null(),
    }
}

/// The methods, for the type's list.
pub(super) const METHODS: [ffi::PyMethodDef; 7] = {
    use crate::marks::method;
    [
        with_names(c"update", update),
        method(c"clear", clear, ffi::METH_NOARGS),
        method(c"setdefault", setdefault, ffi::METH_VARARGS),
        method(c"popitem", popitem, ffi::METH_NOARGS),
        method(c"__reversed__", reversed, ffi::METH_NOARGS),
        method(c"__deepcopy__", deepcopy, ffi::METH_VARARGS),
        method(c"__reduce_ex__", reduce_ex, ffi::METH_VARARGS),
    ]
};

/// The operators, for the type's slots.
pub(super) fn slots() -> [ffi::PyType_Slot; 5] {
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    [
        slot(ffi::Py_tp_new, new as *mut _),
        slot(ffi::Py_tp_repr, repr as *mut _),
        slot(ffi::Py_tp_richcompare, compare as *mut _),
        slot(ffi::Py_nb_or, or as *mut _),
        slot(ffi::Py_nb_inplace_or, or_in_place as *mut _),
    ]
}
