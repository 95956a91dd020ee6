//! Keeps panics of the hook's own out of C: a defect becomes a Python exception that says so.
//!
//! A panic that reaches the end of an `extern "C"` function ends the process. Functions that PyO3 wraps raise
//! `PanicException`; everything that C calls directly goes through here. Deliberately not here: errors that are
//! foreseen, which are values.

use std::any::Any;
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};

use pyo3::ffi;

/// Runs `work`; if it panics, sets `SystemError` and returns `failed`. The GIL is held.
///
/// What was being changed may be half done, but not unsound: the state's cells are consistent whenever Python code
/// can see them, and a guard that was dropped on the way has released what it held.
pub(crate) fn guarded<T>(failed: T, work: impl FnOnce() -> T) -> T {
    caught(work).unwrap_or_else(|reason| {
        let text = crate::marks::new_str(&reason);
        // SAFETY: the GIL is held; where there is no memory for the text, that is the exception.
        unsafe {
            if !text.is_null() {
                ffi::PyErr_SetObject(ffi::PyExc_SystemError, text);
                ffi::Py_DECREF(text);
            }
        }
        failed
    })
}

/// Runs `work`; an error is a sentence that says what it panicked with.
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        format!(
            "pinfold's import hook failed: {}; this is a defect of Pinfold, please report it",
            said(&*panic)
        )
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("for an unknown reason")
}

/// Says on stderr where the hook panicked. Called once, at start; Rust code of other extensions has hooks of its own.
pub(crate) fn prepare() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let reason = said(panic.payload());
        // Not `eprintln!`, which panics where stderr is closed.
        let _ = writeln!(
            std::io::stderr(),
            "error: pinfold's import hook failed at {place}: {reason}\nhint: this is a defect of Pinfold, please \
             report it; PINFOLD_DISABLE=1 starts Python without the hook"
        );
    }));
}
