//! Memory for what modules leave behind: large pages while many modules are being loaded.
//!
//! CPython's small objects live in arenas of 1 MiB, each mapped by itself and made of pages of 4 KiB that the kernel
//! hands out one by one. Imports fill dozens of arenas at once. While modules are loaded, arenas come from pieces of
//! 2 MiB that the kernel is advised to make of one page each (`madvise(2)`, `MADV_HUGEPAGE`): fewer faults, fewer
//! misses. Where it has none to give, it takes small ones. Before and after, arenas come from where they came from.
//! Deliberately not here: objects larger than 512 bytes, which are malloc's.

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// One large page.
const PIECE: usize = 2 << 20;
/// So many modules make it likely that there are more to come.
const MANY: usize = 16;

/// `PyObjectArenaAllocator` (`Include/cpython/objimpl.h`).
#[repr(C)]
#[derive(Clone, Copy)]
struct Allocator {
    context: *mut c_void,
    allocate: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
}

/// What served arenas before.
struct Before(Allocator);

// SAFETY: the functions and their context are the interpreter's own, which calls them from any thread.
unsafe impl Send for Before {}
// SAFETY: as above; the fields are only read.
unsafe impl Sync for Before {}

static BEFORE: OnceLock<Before> = OnceLock::new();
static PIECES: Mutex<Pieces> = Mutex::new(Pieces { next: 0, left: 0, arenas: BTreeSet::new() });
/// Modules that are being loaded, and that ever were.
static LOADING: AtomicUsize = AtomicUsize::new(0);
static LOADED: AtomicUsize = AtomicUsize::new(0);

/// What is left of the last large page, and the arenas that are parts of one.
struct Pieces {
    next: usize,
    left: usize,
    arenas: BTreeSet<usize>,
}

/// Says that a module is being loaded until it is dropped.
pub(super) struct Loading;

pub(super) fn loading() -> Loading {
    LOADING.fetch_add(1, Ordering::Relaxed);
    LOADED.fetch_add(1, Ordering::Relaxed);
    Loading
}

/// In a child, where only one thread goes on, and loads `mine` modules.
pub(super) fn forked(mine: usize) {
    LOADING.store(mine, Ordering::Relaxed);
}

impl Drop for Loading {
    fn drop(&mut self) {
        LOADING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Puts our functions before those that serve arenas now. Called once, at start.
pub(super) fn prepare() {
    if BEFORE.get().is_some() {
        return;
    }
    let mut current = Allocator { context: ptr::null_mut(), allocate: allocate as _, free: free as _ };
    // SAFETY: the structure has the layout that CPython fills; the functions stay, for the library is never unloaded,
    // and free what either served; the GIL is held.
    unsafe {
        PyObject_GetArenaAllocator(&raw mut current);
        if BEFORE.set(Before(current)).is_ok() {
            let mut ours = Allocator { context: ptr::null_mut(), allocate: allocate as _, free: free as _ };
            PyObject_SetArenaAllocator(&raw mut ours);
        }
    }
}

unsafe extern "C" fn allocate(_: *mut c_void, size: usize) -> *mut c_void {
    if LOADING.load(Ordering::Relaxed) > 0
        && LOADED.load(Ordering::Relaxed) >= MANY
        && PIECE.is_multiple_of(size)
        // Another interpreter with a lock of its own may be at it.
        && let Ok(mut pieces) = PIECES.try_lock()
        && let Some(arena) = pieces.take(size)
    {
        return arena as *mut c_void;
    }
    match BEFORE.get() {
        // SAFETY: as CPython calls it.
        Some(Before(before)) => unsafe { (before.allocate)(before.context, size) },
        None => ptr::null_mut(),
    }
}

unsafe extern "C" fn free(_: *mut c_void, arena: *mut c_void, size: usize) {
    let ours = PIECES.lock().unwrap_or_else(PoisonError::into_inner).arenas.remove(&(arena as usize));
    // SAFETY: CPython gives back what it got, once: a part of one of our mappings, or of those that served before.
    unsafe {
        match BEFORE.get() {
            _ if ours => {
                libc::munmap(arena, size);
            }
            Some(Before(before)) => (before.free)(before.context, arena, size),
            None => {}
        }
    }
}

impl Pieces {
    /// Memory for one arena, from the last large page or a new one.
    fn take(&mut self, size: usize) -> Option<usize> {
        if self.left < size {
            (self.next, self.left) = (map()?, PIECE);
        }
        let arena = self.next;
        self.next += size;
        self.left -= size;
        self.arenas.insert(arena);
        Some(arena)
    }
}

/// A new piece of memory that begins where a large page may.
fn map() -> Option<usize> {
    // SAFETY: a new private mapping, of which the ends are given back; the kernel need not take the advice.
    unsafe {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let whole = libc::mmap(ptr::null_mut(), 2 * PIECE, access, kind, -1, 0);
        if whole == libc::MAP_FAILED {
            return None;
        }
        let whole = whole as usize;
        let start = whole.next_multiple_of(PIECE);
        let ends = [(whole, start - whole), (start + PIECE, whole + PIECE - start)];
        for (end, length) in ends.into_iter().filter(|&(_, length)| length > 0) {
            libc::munmap(end as *mut c_void, length);
        }
        libc::madvise(start as *mut c_void, PIECE, libc::MADV_HUGEPAGE);
        Some(start)
    }
}

// Exported by every CPython, outside the limited API.
unsafe extern "C" {
    fn PyObject_GetArenaAllocator(allocator: *mut Allocator);
    fn PyObject_SetArenaAllocator(allocator: *mut Allocator);
}
