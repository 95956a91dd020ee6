//! Lets daemon threads end at exit that have the hook's own frames on their stacks.
//!
//! Once the interpreter is finalizing, CPython up to 3.13 ends every other thread that asks for the GIL by
//! `pthread_exit(3)`, which unwinds the thread's stack. Rust's frames cannot be unwound by force: glibc ends
//! the process with "FATAL: exception not rethrown". So the interpreter's call is redirected: a thread with a
//! frame of the hook on its stack waits for the process to end instead, as all of them do from CPython 3.14
//! on (gh-87135); every other one ends as ever, so that native code that joins its own threads at exit is
//! not kept waiting. Deliberately not here: threads that other Rust extensions are in; they end, or abort, as
//! without Pinfold.

use std::ffi::{c_int, c_void};
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use pyo3::ffi;

use crate::elf;

/// Where the hook's own code is.
static CODE: OnceLock<(usize, usize)> = OnceLock::new();

/// Redirects the interpreter's `pthread_exit`. Called when it is about to finalize; not at start, which it would
/// cost time. Where it cannot be done, threads end as CPython would have it.
pub(crate) fn prepare() {
    if is_alone() {
        return;
    }
    if CODE.get().is_none() {
        let Some(code) = elf::segment_at(end_thread as *const () as usize) else { return };
        CODE.get_or_init(|| code);
    }
    let interpreter = ffi::Py_IsInitialized as *const () as usize;
    // Nobody is left to tell: the program has ended, and what fails here matters to few of them.
    let _ = elf::redirect_at(interpreter, c"pthread_exit", end_thread as *const () as usize);
}

/// Whether this is the only thread: then there is nobody to end. False also where the system does not tell.
///
/// A thread that begins from here on begins while the interpreter is finalizing, and cannot come into the hook.
fn is_alone() -> bool {
    // A folder's own entry, that in its parent, and one in each folder below: one thread.
    std::fs::metadata("/proc/self/task").is_ok_and(|tasks| tasks.nlink() == 3)
}

// Unlike the declarations of the `libc` crate these say that the call unwinds.
unsafe extern "C-unwind" {
    fn pthread_exit(value: *mut c_void) -> !;
    fn _Unwind_Backtrace(visit: extern "C" fn(*mut c_void, *mut c_void) -> c_int, data: *mut c_void)
    -> c_int;
    fn _Unwind_GetIP(context: *mut c_void) -> usize;
}

/// What the interpreter calls instead of `pthread_exit`. Nothing here may need dropping: it is unwound by force.
unsafe extern "C-unwind" fn end_thread(value: *mut c_void) -> ! {
    if crossed() {
        loop {
            // SAFETY: waits for signals; has no conditions.
            unsafe { libc::pause() };
        }
    }
    // SAFETY: the interpreter's own call, on its own behalf.
    unsafe { pthread_exit(value) }
}

/// How far a walk up the stack is.
#[derive(PartialEq)]
enum Walk {
    /// In `end_thread` itself and what it called.
    Inside,
    Outside,
    /// In the hook once more: it called what now ends the thread.
    Crossed,
}

/// Whether the unwinder would come by a frame of the hook.
fn crossed() -> bool {
    let mut walk = Walk::Inside;
    // SAFETY: the callback gets the pointer to `walk`, which lives through the call, and does not unwind. This is
    // the walk that `pthread_exit` would make: what stops one stops the other.
    unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
    walk == Walk::Crossed
}

extern "C" fn visit(context: *mut c_void, data: *mut c_void) -> c_int {
    const GO_ON: c_int = 0; // _URC_NO_REASON
    const STOP: c_int = 4; // _URC_NORMAL_STOP
    let Some(&(start, end)) = CODE.get() else { return STOP };
    // SAFETY: `data` is the Walk of `crossed`; the unwinder passes its own context.
    let (walk, place) = unsafe { (&mut *data.cast::<Walk>(), _Unwind_GetIP(context)) };
    match (&walk, (start..end).contains(&place)) {
        (Walk::Inside, false) => *walk = Walk::Outside,
        (Walk::Outside, true) => *walk = Walk::Crossed,
        _ => {}
    }
    if *walk == Walk::Crossed { STOP } else { GO_ON }
}
