//! Who asks: the nearest marked Python frame, or the C code that pushed its unit.
//!
//! Every module's globals carry a mark; importlib, runpy and the rest of the standard library carry none
//! and are walked past. C code has no frame of its own: the shims push its unit together with the Python
//! frame that was current, so that the walk meets the push where it happened, also when greenlets switch
//! stacks in between. Deliberately not here: what the importer may see.

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pinfold_core::resolve::Importer;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::marking;
use crate::marks;
use crate::state::{self, Object, State};

mod statement;
mod subject;

/// A unit on whose behalf C code is running.
struct Push {
    /// The Python frame that was current (a strong reference), null where there was none.
    frame: Object,
    unit: usize,
    serial: usize,
}

thread_local! {
    static PUSHES: RefCell<Vec<Push>> = const { RefCell::new(Vec::new()) };
}

/// Pushes alive in all threads: while there are none, nobody needs to look into a thread's list.
static ALIVE: AtomicUsize = AtomicUsize::new(0);
static SERIAL: AtomicUsize = AtomicUsize::new(0);

/// Keeps a push alive; not moved to another thread.
pub(crate) struct Guard {
    serial: usize,
    _here: std::marker::PhantomData<*const ()>,
}

/// Says that C code of `unit` runs from here until the guard is dropped. The GIL is held at both ends.
pub(crate) fn push(unit: usize) -> Guard {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the GIL is held, so there is a thread state.
    let frame: Object = unsafe { ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get()).cast() };
    PUSHES.with_borrow_mut(|pushes| pushes.push(Push { frame, unit, serial }));
    ALIVE.fetch_add(1, Ordering::Relaxed);
    Guard { serial, _here: std::marker::PhantomData }
}

impl Guard {
    /// The number of the push, one of a kind.
    pub(crate) fn serial(&self) -> usize {
        self.serial
    }
}

/// Whether the push of this number is this thread's last, and no Python frame was entered since.
pub(crate) fn is_innermost(serial: usize) -> bool {
    // SAFETY: the GIL is held by every caller; the frame is only compared.
    let frame: Object = unsafe { ffi::PyEval_GetFrame().cast() };
    PUSHES.with_borrow(|pushes| {
        pushes.last().is_some_and(|push| push.serial == serial && ptr::eq(push.frame, frame))
    })
}

impl Drop for Guard {
    fn drop(&mut self) {
        // By serial, not by position: greenlets leave in any order.
        let frame = PUSHES.with_borrow_mut(|pushes| {
            let position = pushes.iter().rposition(|push| push.serial == self.serial)?;
            Some(pushes.remove(position).frame)
        });
        ALIVE.fetch_sub(1, Ordering::Relaxed);
        if let Some(frame) = frame {
            // SAFETY: the reference was taken in `push`; the GIL is held.
            unsafe { ffi::Py_XDECREF(frame) };
        }
    }
}

fn importer(value: usize) -> Importer {
    if value >= marks::ROOT { Importer::Root } else { Importer::Unit(value) }
}

/// Who asks, if the current frame says so itself and no C code pushed a unit: the path of a cached import.
///
/// # Safety
/// The GIL is held.
#[inline]
pub(crate) unsafe fn quick() -> Option<usize> {
    // SAFETY: the caller holds the GIL.
    if ALIVE.load(Ordering::Relaxed) != 0 || unsafe { import_is_replaced() } {
        return None;
    }
    // SAFETY: the globals are borrowed from the running frame, the mark from them.
    unsafe {
        let globals = ffi::PyEval_GetGlobals();
        if globals.is_null() {
            return None;
        }
        marks::mark_value(ffi::PyDict_GetItemWithError(globals, marks::key()))
            .filter(|&value| value != marks::TRANSPARENT)
    }
}

/// Who asks: the nearest importer up the call stack.
pub(crate) fn nearest(state: &State) -> Importer {
    // SAFETY: every caller holds the GIL.
    if let Some(value) = unsafe { quick() } {
        return importer(value);
    }
    // SAFETY: as above.
    if unsafe { import_is_replaced() }
        && let Some(value) = statement::importer(state)
    {
        return importer(value);
    }
    let mut nearest = None;
    // SAFETY: the GIL is held, as above.
    let innermost = unsafe { ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get()) };
    walk(state, innermost, false, &mut |value| {
        nearest = Some(value);
        false
    });
    nearest.map_or(state.base, importer)
}

/// A search that importlib runs for a module's spec: other finders ask for the same name from frames of theirs.
struct Search {
    name: String,
    value: usize,
    /// The Python frame in which it began (a strong reference), null where there was none.
    frame: Object,
    serial: usize,
}

thread_local! {
    static SEARCHES: RefCell<Vec<Search>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a search alive; not moved to another thread.
pub(crate) struct Searching {
    serial: usize,
    _here: std::marker::PhantomData<*const ()>,
}

/// Says that importlib searches for `name` on behalf of whoever asks now, until the guard is dropped.
pub(crate) fn search(state: &State, name: &str) -> Searching {
    let value = match asking(state, name) {
        Importer::Root => marks::ROOT,
        Importer::Unit(unit) => unit,
    };
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the GIL is held, so there is a thread state.
    let frame: Object = unsafe { ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get()).cast() };
    SEARCHES
        .with_borrow_mut(|searches| searches.push(Search { name: name.to_owned(), value, frame, serial }));
    ALIVE.fetch_add(1, Ordering::Relaxed);
    Searching { serial, _here: std::marker::PhantomData }
}

impl Drop for Searching {
    fn drop(&mut self) {
        // By serial, not by position: greenlets leave in any order.
        let frame = SEARCHES.with_borrow_mut(|searches| {
            let position = searches.iter().rposition(|search| search.serial == self.serial)?;
            Some(searches.remove(position).frame)
        });
        ALIVE.fetch_sub(1, Ordering::Relaxed);
        if let Some(frame) = frame {
            // SAFETY: the reference was taken in `search`; the GIL is held.
            unsafe { ffi::Py_XDECREF(frame) };
        }
    }
}

/// Counts again what is alive: after a fork, only the thread that forked is.
pub(crate) fn forked() {
    let pushes = PUSHES.with_borrow(Vec::len);
    ALIVE.store(pushes + SEARCHES.with_borrow(Vec::len), Ordering::Relaxed);
}

/// Who asks for `name`: the importer for whom importlib is searching for it, or for something below it; else
/// the nearest up the call stack.
pub(crate) fn asking(state: &State, name: &str) -> Importer {
    state.on_behalf(searched(state, name).map_or_else(|| nearest(state), importer), name)
}

/// The importer of the innermost search on this stack, if it is for `name` or for something below it.
///
/// Another greenlet's search is not on this stack. An import statement between the search and here belongs to
/// no finder: a signal handler or a finalizer runs in the middle of the search.
fn searched(state: &State, name: &str) -> Option<usize> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let fits = |search: &Search| {
        search.name.strip_prefix(name).is_some_and(|below| below.is_empty() || below.starts_with('.'))
    };
    let newest_at = |frame: Object| {
        SEARCHES.with_borrow(|searches| {
            let search = searches.iter().rev().find(|search| ptr::eq(search.frame, frame))?;
            Some(fits(search).then_some(search.value))
        })
    };
    if !SEARCHES.with_borrow(|searches| searches.iter().any(fits)) {
        return None;
    }
    // SAFETY: the GIL is held; every frame is a strong reference that is released once left.
    unsafe {
        let mut frame = ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get());
        while !frame.is_null() {
            let found = newest_at(frame.cast());
            let ends = found.is_some() || (statement::is_at_import(frame) && mark_of(state, frame).is_some());
            let back = if ends { ptr::null_mut() } else { PyFrame_GetBack(frame) };
            ffi::Py_DECREF(frame.cast());
            if ends {
                return found.flatten();
            }
            frame = back;
        }
    }
    newest_at(ptr::null_mut()).flatten()
}

/// All importers up the call stack, nearest first, neighbours merged, the base at the end.
pub(crate) fn stack(state: &State) -> Vec<Importer> {
    // SAFETY: every caller holds the GIL.
    stack_from(state, unsafe { ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get()) })
}

/// The same from the caller of `frame` outwards. The frame is live, and the GIL is held.
fn above(state: &State, frame: *mut ffi::PyFrameObject) -> Vec<Importer> {
    // SAFETY: every caller has a live frame.
    stack_from(state, unsafe { PyFrame_GetBack(frame) })
}

fn stack_from(state: &State, innermost: *mut ffi::PyFrameObject) -> Vec<Importer> {
    let mut stack = Vec::new();
    walk(state, innermost, true, &mut |value| {
        let importer = importer(value);
        if stack.last() != Some(&importer) {
            stack.push(importer);
        }
        true
    });
    if stack.last() != Some(&state.base) {
        stack.push(state.base);
    }
    stack
}

/// The value of the mark of a frame's globals, which get one now if their file says whose they are; `None` for
/// a frame that is walked past.
///
/// # Safety
/// `frame` is a live frame and the GIL is held.
unsafe fn mark_of(state: &State, frame: *mut ffi::PyFrameObject) -> Option<usize> {
    // SAFETY: the caller vouches for the frame, which keeps its globals alive.
    unsafe {
        let globals = PyFrame_GetGlobals(frame);
        let value = marks::mark_value(ffi::PyDict_GetItemWithError(globals, marks::key()))
            .or_else(|| marking::mark_globals(state, globals, || above(state, frame)))
            .or_else(|| marking::mark_of_code(state, frame, globals))
            .filter(|&value| value != marks::TRANSPARENT);
        ffi::Py_XDECREF(globals);
        value
    }
}

/// The units that C code pushed while `frame` was current, the last first.
fn pushes_at(frame: Object) -> Vec<usize> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return Vec::new();
    }
    PUSHES.with_borrow(|pushes| {
        pushes.iter().rev().filter(|push| ptr::eq(push.frame, frame)).map(|push| push.unit).collect()
    })
}

/// The interned `__import__`, and what it was in the builtins at start.
static IMPORT_KEY: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());
static IMPORT: AtomicPtr<ffi::PyObject> = AtomicPtr::new(ptr::null_mut());

/// Remembers `builtins.__import__`. Called once, at start.
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    // SAFETY: the GIL is held; the key is kept for ever, the function is only compared with.
    unsafe {
        let key = ffi::PyUnicode_InternFromString(c"__import__".as_ptr());
        let import = ffi::PyDict_GetItemWithError(ffi::PyEval_GetBuiltins(), key);
        if key.is_null() || import.is_null() {
            return Err(PyErr::fetch(py));
        }
        IMPORT_KEY.store(key, Ordering::Relaxed);
        IMPORT.store(import, Ordering::Relaxed);
    }
    Ok(())
}

/// Whether somebody (a debugger, a test, a lazy importer) has put a function of his own in the place of
/// `builtins.__import__`, whose frame then stands between an import statement and us.
///
/// # Safety
/// The GIL is held.
#[inline]
pub(crate) unsafe fn import_is_replaced() -> bool {
    // SAFETY: the builtins are borrowed from the running frame.
    unsafe {
        let now = ffi::PyDict_GetItemWithError(ffi::PyEval_GetBuiltins(), IMPORT_KEY.load(Ordering::Relaxed));
        !ptr::eq(now, IMPORT.load(Ordering::Relaxed))
    }
}

/// Visits the values of pushes and marks from a frame outwards, while `visit` says to go on; with `subjects` also
/// that of the module on whose behalf a function of a unit runs that closures share. Takes the reference over.
fn walk(
    state: &State,
    innermost: *mut ffi::PyFrameObject,
    subjects: bool,
    visit: &mut dyn FnMut(usize) -> bool,
) {
    // SAFETY: the GIL is held; every frame is a strong reference that is released once left; globals and
    // marks are borrowed from a frame that is alive.
    unsafe {
        let mut frame = innermost;
        while !frame.is_null() {
            for unit in pushes_at(frame.cast()) {
                if !visit(unit) {
                    ffi::Py_DECREF(frame.cast());
                    return;
                }
            }
            let value = mark_of(state, frame);
            let subject = value.filter(|&unit| subjects && state.resolver.is_shared(unit)).and_then(|_| {
                Python::attach(|py| subject::mark(&Bound::from_borrowed_ptr(py, frame.cast())))
            });
            if value.into_iter().chain(subject).any(|value| !visit(value)) {
                ffi::Py_DECREF(frame.cast());
                return;
            }
            let back = PyFrame_GetBack(frame);
            ffi::Py_DECREF(frame.cast());
            frame = back;
        }
    }
    for unit in pushes_at(ptr::null_mut()) {
        if !visit(unit) {
            return;
        }
    }
}

/// Whether the function `outer` called the function of the current frame.
pub(crate) fn called_from(outer: &str) -> bool {
    // SAFETY: the GIL is held; all references are released here.
    unsafe {
        let frame = ffi::PyThreadState_GetFrame(ffi::PyThreadState_Get());
        if frame.is_null() {
            return false;
        }
        let back = PyFrame_GetBack(frame);
        ffi::Py_DECREF(frame.cast());
        if back.is_null() {
            return false;
        }
        let code = ffi::PyFrame_GetCode(back).cast::<ffi::PyObject>();
        ffi::Py_DECREF(back.cast());
        let name = ffi::PyObject_GetAttrString(code, c"co_name".as_ptr());
        ffi::Py_DECREF(code);
        if name.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        let same = marks::text(name) == Some(outer);
        ffi::Py_DECREF(name);
        same
    }
}

/// The importer that a started hook would name, for functions that Python calls.
pub(crate) fn current() -> Option<(&'static State, Importer)> {
    state::get().map(|state| (state, nearest(state)))
}

// Exported by every CPython since 3.11 (`Include/cpython/pyframe.h`), outside the limited API; `start`
// checks that they are there.
unsafe extern "C" {
    fn PyFrame_GetLasti(frame: *mut ffi::PyFrameObject) -> std::ffi::c_int;
    fn PyCode_GetCode(code: *mut ffi::PyCodeObject) -> Object;
    fn PyFrame_GetBack(frame: *mut ffi::PyFrameObject) -> *mut ffi::PyFrameObject;
    fn PyFrame_GetGlobals(frame: *mut ffi::PyFrameObject) -> Object;
}
