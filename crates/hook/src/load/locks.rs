//! Module locks, made only when a second thread asks for one.
//!
//! A module that the fast path loads has no `_ModuleLock`, only an entry here that says which thread loads it.
//! Whoever asks importlib for the lock of such a module (`_get_module_lock`) gets one that this thread owns, and
//! waits with importlib's own detection of deadlocks. The fast path in turn leaves alone what importlib has a
//! lock of. All under the GIL: between asking and noting, no other thread runs. Deliberately not here: waiting.

use std::cell::RefCell;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::Target;
use crate::owner;
use crate::state::State;

/// The modules that the fast path is loading.
pub(super) struct Locks {
    /// `importlib._bootstrap._module_locks`: the locks that exist, by name.
    stock: Py<PyDict>,
    flights: RefCell<Vec<Flight>>,
    /// `_thread` as importlib sees it. gevent puts a `get_ident` there that tells greenlets apart.
    thread: Py<PyAny>,
    count: Py<PyString>,
    owner: Py<PyString>,
}

/// A module on its way.
struct Flight {
    name: String,
    thread: u64,
    /// The lock, once somebody has asked for it; this thread owns it.
    lock: Option<Py<PyAny>>,
}

/// Keeps a module's entry; its end lets waiting threads go on.
pub(super) struct Flying<'l> {
    locks: &'l Locks,
    name: String,
}

/// The name under which a module's loading is locked: `exports::lock_name`, for what is known to be a unit's.
pub(super) fn name(state: &State, target: &Target<'_>, text: &str) -> String {
    match target.unit() {
        Some(unit) if target.place != state.storage => owner::qualify(state, unit, text),
        _ => text.to_owned(),
    }
}

impl Locks {
    pub(super) fn new(bootstrap: &Bound<'_, PyAny>) -> PyResult<Self> {
        let stock = bootstrap.getattr("_module_locks")?.cast_into::<PyDict>()?.unbind();
        let py = bootstrap.py();
        let name = |text| PyString::intern(py, text).unbind();
        let thread = bootstrap.getattr("_thread")?.unbind();
        Ok(Locks { stock, thread, flights: RefCell::default(), count: name("count"), owner: name("owner") })
    }

    /// Whether somebody is loading the module, or holds its lock.
    pub(super) fn is_taken(&self, py: Python<'_>, name: &str) -> PyResult<bool> {
        let flying = self.flights.borrow().iter().any(|flight| flight.name == name);
        Ok(flying || self.stock.bind(py).contains(name)?)
    }

    /// Notes that this thread loads the module from here until the guard is dropped.
    pub(super) fn fly(&self, thread: u64, name: String) -> Flying<'_> {
        let flight = Flight { name: name.clone(), thread, lock: None };
        self.flights.borrow_mut().push(flight);
        Flying { locks: self, name }
    }

    /// The number of this thread, by which importlib's locks know their owner.
    pub(super) fn this_thread(&self, py: Python<'_>) -> PyResult<u64> {
        self.thread.bind(py).call_method0(intern!(py, "get_ident"))?.extract()
    }

    /// How many modules a thread is loading.
    pub(super) fn depth(&self, thread: u64) -> usize {
        self.flights.borrow().iter().filter(|flight| flight.thread == thread).count()
    }

    /// Whether this very thread is loading the module.
    fn is_mine(&self, name: &str, mine: u64) -> bool {
        self.flights.borrow().iter().any(|flight| flight.name == name && flight.thread == mine)
    }

    /// Whether every module that is loaded here is on its way in this very thread.
    fn are_all_of(&self, mine: u64) -> bool {
        self.flights.borrow().iter().all(|flight| flight.thread == mine)
    }

    fn is_empty(&self) -> bool {
        self.flights.borrow().is_empty()
    }
}

impl Drop for Flying<'_> {
    fn drop(&mut self) {
        let mut flights = self.locks.flights.borrow_mut();
        let position = flights.iter().rposition(|flight| flight.name == self.name);
        let lock = position.and_then(|position| flights.remove(position).lock);
        drop(flights);
        if let Some(lock) = lock {
            Python::attach(|py| {
                // It is this thread's, once: releasing can only fail where somebody released it for us.
                if let Err(error) = lock.bind(py).call_method0(intern!(py, "release")) {
                    error.write_unraisable(py, Some(lock.bind(py)));
                }
            });
        }
    }
}

/// Gives `lock`, importlib's for `name`, to the thread that loads this module on the fast path, if one does.
pub(crate) fn give(name: &str, lock: &Bound<'_, PyAny>) -> PyResult<()> {
    let Some(locks) = locks() else { return Ok(()) };
    let py = lock.py();
    let (count, owner) = (locks.count.bind(py), locks.owner.bind(py));
    // A list in 3.12 and later, a number before.
    let counted = lock.getattr(count)?.cast_into::<PyList>().ok();
    let wanted = |flight: &Flight| flight.name == name && flight.lock.is_none();
    let Some(thread) = locks.flights.borrow().iter().find(|flight| wanted(flight)).map(|f| f.thread) else {
        return Ok(());
    };
    let (thread, one) = (pyo3::types::PyInt::new(py, thread), pyo3::types::PyInt::new(py, 1));
    // From here on nothing runs that lets another thread in, the one that loads the module least of all: plain
    // attributes of a plain object are set.
    match counted {
        Some(list) => list.append(one)?,
        None => lock.setattr(count, one)?,
    }
    lock.setattr(owner, thread)?;
    if let Some(flight) = locks.flights.borrow_mut().iter_mut().find(|flight| wanted(flight)) {
        flight.lock = Some(lock.clone().unbind());
    }
    Ok(())
}

/// `importlib._bootstrap._lock_unlock_module`: waits until the module is loaded. Not for this thread itself.
pub(crate) fn lock_unlock_module<'py>(name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = name.py();
    if let Some(locks) = locks().filter(|locks| !locks.is_empty()) {
        let mine = locks.this_thread(py)?;
        if locks.are_all_of(mine) && locks.stock.bind(py).is_empty() {
            return Ok(py.None().into_bound(py));
        }
        let lock = crate::exports::lock_name(name)?;
        if lock.extract::<&str>().is_ok_and(|lock| locks.is_mine(lock, mine)) {
            return Ok(py.None().into_bound(py));
        }
    }
    match super::started() {
        Some((_, fast)) => fast.lock_unlock_module.bind(py).call1((name,)),
        None => Ok(py.None().into_bound(py)),
    }
}

fn locks() -> Option<&'static Locks> {
    super::started().map(|(_, fast)| &fast.locks)
}
