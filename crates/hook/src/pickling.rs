//! Pickling: what root does not see is written under a name that says whose it is, in every protocol.
//!
//! `_pickle.Pickler` gets a subclass in its place, and `dump` and `dumps` go through it. While it writes, plain
//! names mean root's modules, whoever pickles: so stock pickle's own check (is the object found under its name
//! the very object?) lets nothing pass that would load as another version. What is not root's is handed to
//! `globals` by a `reducer_override`, which stock pickle looks up as it begins, and asks first; nobody else finds
//! it, for a subclass may inherit one from a class that stands behind the pickler. Source: `Modules/_pickle.c`. Deliberately not
//! here: whose an object is (`globals`), and the pickler written in Python (`pinfold._pickling`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{c_int, c_long, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::frames;
use crate::globals::{self, Global};
use crate::marks;
use crate::panics;
use crate::state::{self, Object, State};

/// What `protocol=None` means to the interpreters that `start` accepts, and the highest that they know.
const DEFAULT_PROTOCOL: c_long = 4;
const HIGHEST_PROTOCOL: c_long = 5;
/// `Include/object.h`: `Py_TPFLAGS_IMMUTABLETYPE`, as stock's has.
const IMMUTABLE: std::ffi::c_ulong = 1 << 8;

/// Stock `_pickle.Pickler`, its `dump`, `_pickle.PicklingError`, and our `Pickler`.
static STOCK: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
static STOCK_DUMP: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
static ERROR: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
/// Where a pickler keeps its protocol: behind what it inherits.
static OFFSET: AtomicUsize = AtomicUsize::new(0);

/// A `dump` that is under way.
struct Dump {
    /// The number of the push that makes plain names root's.
    push: Option<usize>,
    /// Whether stock pickle may look at a module that root does not see, for it will not find the object there.
    allowed: bool,
    /// The pickler that has not looked its `reducer_override` up yet, null when it has.
    beginning: Object,
    /// Per type of what was met: whether it says itself how it is reduced.
    custom: HashMap<usize, bool>,
}

thread_local! {
    static DUMPS: RefCell<Vec<Dump>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a dump alive.
pub(crate) struct Dumping {
    _as_root: Option<frames::Guard>,
}

/// Says that from here on, until the guard is dropped, a pickler writes.
pub(crate) fn begin(state: &State) -> Dumping {
    begin_with(state, ptr::null_mut())
}

fn begin_with(state: &State, beginning: Object) -> Dumping {
    let as_root = state.plural.then(|| frames::push(marks::ROOT));
    let push = as_root.as_ref().map(frames::Guard::serial);
    DUMPS.with_borrow_mut(|dumps| {
        dumps.push(Dump { push, allowed: false, beginning, custom: HashMap::new() })
    });
    Dumping { _as_root: as_root }
}

/// Says whether the next object is one that stock pickle will not find under its name, and say so itself.
pub(crate) fn allow(allowed: bool) {
    DUMPS.with_borrow_mut(|dumps| {
        if let Some(dump) = dumps.last_mut() {
            dump.allowed = allowed;
        }
    });
}

impl Drop for Dumping {
    fn drop(&mut self) {
        DUMPS.with_borrow_mut(Vec::pop);
    }
}

/// The same for stock pickle's own functions, where no module is loaded that root does not see.
pub(crate) fn begin_plain(_: &State) -> frames::Guard {
    frames::push(marks::ROOT)
}

/// Whether whoever looks a module up by a name that carries a unit is stock pickle, about to write that name without
/// the unit; a `PicklingError` is set then. Nothing comes here but what [`reduce`] was not asked about: a pickler
/// whose `__getattribute__` does not ask ours.
pub(crate) fn refuses(name: &str) -> bool {
    let writing = DUMPS.with_borrow(|dumps| {
        dumps.last().is_some_and(|dump| !dump.allowed && dump.push.is_some_and(frames::is_innermost))
    });
    if writing {
        let message = format!(
            "this pickler cannot write an object of {name}, which root does not see: it answers for its attributes \
             itself\nhint: let its `__getattribute__` ask that of `super()` for `reducer_override`"
        );
        Python::attach(|py| {
            let text = pyo3::types::PyString::new(py, &message);
            // SAFETY: the error's type lives as long as the process; the GIL is held.
            unsafe { ffi::PyErr_SetObject(ERROR.load(Ordering::Relaxed), text.as_ptr()) };
        });
    }
    writing
}

/// Puts our pickler and our functions in the place of `_pickle`'s.
pub(crate) fn take_over(module: &Bound<'_, PyModule>) -> PyResult<()> {
    if !STOCK.load(Ordering::Relaxed).is_null() {
        return Ok(());
    }
    let py = module.py();
    let stock = module.getattr("Pickler")?;
    let size: usize = stock.getattr("__basicsize__")?.extract()?;
    let basicsize = c_int::try_from(size + size_of::<c_long>())
        .map_err(|_| PyRuntimeError::new_err("pickle.Pickler of this Python is too large"))?;
    // SAFETY: the spec and its slots live through the call, the functions have their slots' signatures; the base
    // allows subclasses, or the call fails.
    let ty = unsafe {
        let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
        let mut slots = [
            slot(ffi::Py_tp_doc, ffi::PyType_GetSlot(stock.as_ptr().cast(), ffi::Py_tp_doc)),
            slot(ffi::Py_tp_init, init as *mut c_void),
            slot(ffi::Py_tp_getattro, getattro as *mut c_void),
            slot(ffi::Py_tp_methods, (&raw mut METHODS).cast()),
            slot(0, ptr::null_mut()),
        ];
        let mut spec = ffi::PyType_Spec {
            name: c"_pickle.Pickler".as_ptr(),
            basicsize,
            itemsize: 0,
            flags: (ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE | IMMUTABLE) as _,
            slots: slots.as_mut_ptr(),
        };
        let bases = ffi::PyTuple_Pack(1, stock.as_ptr());
        let ty = ffi::PyType_FromSpecWithBases(&raw mut spec, bases);
        ffi::Py_XDECREF(bases);
        Bound::from_owned_ptr_or_err(py, ty)?
    };
    OFFSET.store(size, Ordering::Relaxed);
    STOCK_DUMP.store(stock.getattr("dump")?.into_ptr(), Ordering::Relaxed);
    ERROR.store(module.getattr("PicklingError")?.into_ptr(), Ordering::Relaxed);
    STOCK.store(stock.into_ptr(), Ordering::Relaxed);
    module.setattr("Pickler", ty)
}

unsafe fn protocol(this: Object) -> *mut c_long {
    // SAFETY: the callers pass a pickler of ours, which has a word at the offset.
    unsafe { this.cast::<u8>().add(OFFSET.load(Ordering::Relaxed)).cast() }
}

/// `Pickler.__init__(file, protocol=None, fix_imports=True, buffer_callback=None)`: stock's, and the protocol is
/// remembered, which stock does not tell.
unsafe extern "C" fn init(this: Object, arguments: Object, named: Object) -> c_int {
    // SAFETY: called by Python with live objects, `named` may be null; the stock type has this slot.
    unsafe {
        let slot = ffi::PyType_GetSlot(STOCK.load(Ordering::Relaxed).cast(), ffi::Py_tp_init);
        let stock = std::mem::transmute::<*mut c_void, ffi::initproc>(slot);
        let result = stock(this, arguments, named);
        if result == 0 {
            let mut given = ptr::null_mut();
            if ffi::PyTuple_Size(arguments) > 1 {
                given = ffi::PyTuple_GetItem(arguments, 1);
            } else if !named.is_null() {
                given = ffi::PyDict_GetItemString(named, c"protocol".as_ptr());
            }
            let number = if given.is_null() || given == ffi::Py_None() {
                DEFAULT_PROTOCOL
            } else {
                ffi::PyLong_AsLong(given)
            };
            ffi::PyErr_Clear();
            protocol(this).write(if number < 0 { HIGHEST_PROTOCOL } else { number });
        }
        result
    }
}

/// `Pickler.dump(obj)`.
unsafe extern "C" fn dump(this: Object, object: Object) -> Object {
    // SAFETY: called by Python with a pickler of ours and the GIL; new references are released.
    unsafe {
        let stock = STOCK_DUMP.load(Ordering::Relaxed);
        let nothing = ptr::null_mut::<ffi::PyObject>();
        let Some(state) = state::get().filter(|state| state.plural) else {
            return ffi::PyObject_CallFunctionObjArgs(stock, this, object, nothing);
        };
        let Some(_dumping) = panics::guarded(None, || Some(begin_with(state, this))) else {
            return ptr::null_mut();
        };
        ffi::PyObject_CallFunctionObjArgs(stock, this, object, nothing)
    }
}

/// Whether this is the pickler of the innermost dump, which looks its `reducer_override` up now, for the first time.
fn is_beginning(this: Object) -> bool {
    DUMPS.with_borrow_mut(|dumps| match dumps.last_mut() {
        Some(dump) if dump.beginning == this => {
            dump.beginning = ptr::null_mut();
            true
        }
        _ => false,
    })
}

/// `getattr(pickler, name)`: stock's, but for the `reducer_override` that stock pickle looks up as it begins: ours,
/// together with the pickler's own, if it has one.
unsafe extern "C" fn getattro(this: Object, name: Object) -> Object {
    // SAFETY: called by Python with a pickler of ours, a live name and the GIL; new references are released.
    unsafe {
        if marks::text(name) != Some("reducer_override") || !panics::guarded(false, || is_beginning(this)) {
            return ffi::PyObject_GenericGetAttr(this, name);
        }
        let mut theirs = ffi::PyObject_GenericGetAttr(this, name);
        if theirs.is_null() && ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) != 0 {
            ffi::PyErr_Clear();
            let dynamic = ffi::PyObject_GetAttrString(ffi::Py_TYPE(this).cast(), c"__getattr__".as_ptr());
            if dynamic.is_null() {
                ffi::PyErr_Clear();
                return ffi::PyCFunction_NewEx(&raw mut OURS, this, ptr::null_mut());
            }
            let nothing = ptr::null_mut::<ffi::PyObject>();
            theirs = ffi::PyObject_CallFunctionObjArgs(dynamic, this, name, nothing);
            ffi::Py_DECREF(dynamic);
            if theirs.is_null() && ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) != 0 {
                ffi::PyErr_Clear();
                return ffi::PyCFunction_NewEx(&raw mut OURS, this, ptr::null_mut());
            }
        }
        if theirs.is_null() {
            return theirs;
        }
        let pair = ffi::PyTuple_Pack(2, this, theirs);
        ffi::Py_DECREF(theirs);
        if pair.is_null() {
            return pair;
        }
        let both = ffi::PyCFunction_NewEx(&raw mut COMBINED, pair, ptr::null_mut());
        ffi::Py_DECREF(pair);
        both
    }
}

unsafe extern "C" fn combined(pair: Object, object: Object) -> Object {
    // SAFETY: called by Python with the tuple that `getattro` made, a live object and the GIL; null is handed on with
    // its exception.
    unsafe {
        let (this, theirs) = (ffi::PyTuple_GetItem(pair, 0), ffi::PyTuple_GetItem(pair, 1));
        attached(|py, state| {
            let object = Bound::from_borrowed_ptr(py, object);
            let global = globals::of(state, &object)?;
            // A pickler that writes by value what it does not find under its name must not be asked about what
            // has the name of root's version; what carries its unit it finds.
            if let Global::Named(value) = global {
                return Ok(value);
            }
            let answer = Bound::from_borrowed_ptr(py, theirs).call1((&object,))?;
            if answer.as_ptr() != ffi::Py_NotImplemented() {
                return Ok(answer);
            }
            match global {
                Global::Carried(value) => Ok(value),
                _ => other(state, &Bound::from_borrowed_ptr(py, this), &object, protocol(this).read()),
            }
        })
    }
}

/// Our `reducer_override(obj)`: stock pickle asks it about every object that is no atom or container.
unsafe extern "C" fn reducer_override(this: Object, object: Object) -> Object {
    // SAFETY: called by Python with a pickler of ours, a live object and the GIL.
    unsafe {
        attached(|py, state| {
            let object = Bound::from_borrowed_ptr(py, object);
            reduce(state, &Bound::from_borrowed_ptr(py, this), &object, protocol(this).read())
        })
    }
}

/// Runs `work` where there is anything to say; null with an exception set where it fails.
fn attached(
    work: impl for<'py> FnOnce(Python<'py>, &'static State) -> PyResult<Bound<'py, PyAny>>,
) -> Object {
    panics::guarded(ptr::null_mut(), || {
        Python::attach(|py| {
            let Some(state) = state::get().filter(|state| state.plural) else {
                return py.NotImplemented().into_ptr();
            };
            work(py, state).map_or_else(
                |error| {
                    error.restore(py);
                    ptr::null_mut()
                },
                Bound::into_ptr,
            )
        })
    })
}

/// What a pickler writes for `object`: a tuple or a name as `__reduce__` gives them, else `NotImplemented`.
pub(crate) fn reduce<'py>(
    state: &'static State,
    pickler: &Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
    protocol: c_long,
) -> PyResult<Bound<'py, PyAny>> {
    match globals::of(state, object)? {
        Global::Named(value) | Global::Carried(value) => Ok(value),
        Global::Ordinary => Ok(not_implemented(object)),
        Global::Neither => other(state, pickler, object, protocol),
    }
}

fn not_implemented<'py>(object: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    object.py().NotImplemented().into_bound(object.py())
}

/// The same of an object that is not itself a class or a function, but may be pickled by name all the same, as
/// `TypeVar`s and Cython's functions are: it says so in its own `__reduce__`.
fn other<'py>(
    state: &'static State,
    pickler: &Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
    protocol: c_long,
) -> PyResult<Bound<'py, PyAny>> {
    if !is_custom(pickler, object)? || !globals::may_be_named(object) {
        return Ok(not_implemented(object));
    }
    let reduced = match dispatched(pickler, object)? {
        Some(reduce) => reduce.call1((object,))?,
        None => object.call_method1(pyo3::intern!(object.py(), "__reduce_ex__"), (protocol,))?,
    };
    if !reduced.is_instance_of::<pyo3::types::PyString>() {
        return Ok(reduced);
    }
    Ok(match globals::named(state, object, &reduced)? {
        Global::Named(value) | Global::Carried(value) => value,
        _ => reduced,
    })
}

/// Whether the type of `object` has more to say about its reduction than `object` has.
fn is_custom<'py>(pickler: &Bound<'py, PyAny>, object: &Bound<'py, PyAny>) -> PyResult<bool> {
    let py = object.py();
    let ty = object.get_type();
    let key = ty.as_ptr() as usize;
    if let Some(known) = DUMPS.with_borrow(|dumps| dumps.last()?.custom.get(&key).copied()) {
        return Ok(known);
    }
    let plain = py.get_type::<PyAny>();
    let mut custom = dispatched(pickler, object)?.is_some();
    for name in [pyo3::intern!(py, "__reduce_ex__"), pyo3::intern!(py, "__reduce__")] {
        custom = custom || !ty.getattr(name)?.is(&plain.getattr(name)?);
    }
    DUMPS.with_borrow_mut(|dumps| dumps.last_mut().map(|dump| dump.custom.insert(key, custom)));
    Ok(custom)
}

/// What the pickler's `dispatch_table`, or `copyreg`'s, has for the type of `object`.
fn dispatched<'py>(
    pickler: &Bound<'py, PyAny>,
    object: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = object.py();
    let table = match pickler.getattr(pyo3::intern!(py, "dispatch_table")) {
        Ok(table) => table,
        Err(_) => py.import("copyreg")?.getattr("dispatch_table")?,
    };
    Ok(table.get_item(object.get_type()).ok())
}

static mut METHODS: [ffi::PyMethodDef; 2] = [
    ffi::PyMethodDef {
        ml_doc: c"dump($self, obj, /)\n--\n\nWrite a pickle of obj to the file.".as_ptr(),
        ..marks::method(c"dump", dump, ffi::METH_O)
    },
    ffi::PyMethodDef::zeroed(),
];

static mut OURS: ffi::PyMethodDef = marks::method(c"reducer_override", reducer_override, ffi::METH_O);
static mut COMBINED: ffi::PyMethodDef = marks::method(c"reducer_override", combined, ffi::METH_O);
