//! How much of a thread's stack imports have left.
//!
//! The interpreter counts Python's frames against its recursion limit. A chain of imports has few of them here and as
//! many of C's, so that in a thread with a small stack it would end the process before it meets the limit.
//! Deliberately not here: the program's first thread, whose stack grows to where the system's limit is.

use std::cell::Cell;
use std::mem::MaybeUninit;

/// What an import needs for itself, with the interpreter's frames of the module that it runs, in bytes.
const NEEDED: usize = 128 << 10;

thread_local! {
    /// The lowest address of this thread's stack and the address that it must not come below; equal where that is not
    /// known.
    static LIMITS: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Whether the next import could be one too many.
pub(super) fn is_nearly_used_up() -> bool {
    let local = 0_u8;
    let here = &raw const local as usize;
    let (low, limit) = LIMITS.with(|limits| match limits.get() {
        Some(known) => known,
        None => {
            let found = limits_of_this_thread().unwrap_or((0, 0));
            limits.set(Some(found));
            found
        }
    });
    // Elsewhere than in its own stack: some library switches stacks, and knows what it does.
    low <= here && here < limit
}

fn limits_of_this_thread() -> Option<(usize, usize)> {
    // SAFETY: both numbers are this process's and this thread's.
    if unsafe { libc::getpid() == libc::gettid() } {
        return None;
    }
    let mut attributes = MaybeUninit::uninit();
    let (mut low, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the attributes are initialised by the first call where it succeeds, read by the second, and destroyed.
    let known = unsafe {
        libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) == 0 && {
            let known = libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) == 0;
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            known
        }
    };
    let low = low as usize;
    known.then(|| (low, low + NEEDED.min(size / 3)))
}
