//! Two threads that import crosswise: the module as it is by then, instead of importlib's `_DeadlockError`.
//!
//! Who asks for a module that is in `sys.modules` and being loaded by another thread, which waits for this one, gets it
//! partly initialized: `_lock_unlock_module` drops the error. `_find_and_load` takes the same lock once more, and does
//! not. It gets that far with `importlib.import_module`, and, rarely, with an import statement, where the other thread
//! puts the module there, or begins to wait, after C's look into the table. Deliberately not here: deadlocks over a
//! module that is in no table yet, where there is nothing to give, and errors of the same class from anywhere else.

use pyo3::intern;
use pyo3::prelude::*;

/// What tells that importlib refused to wait for the very module that was asked for.
pub(super) struct Deadlock {
    error: Py<PyAny>,
    /// The code of the three functions in which it does, outermost first.
    way: [Py<PyAny>; 3],
}

impl Deadlock {
    /// `None` where one of the three is not a Python function any more: others' locks raise what they raise.
    pub(super) fn new(bootstrap: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let code = |holder: &str, function: &str| -> PyResult<Option<Py<PyAny>>> {
            let holder = if holder.is_empty() { bootstrap.clone() } else { bootstrap.getattr(holder)? };
            Ok(holder.getattr(function)?.getattr_opt("__code__")?.map(Bound::unbind))
        };
        let outer = code("", "_find_and_load")?;
        let (enter, acquire) = (code("_ModuleLockManager", "__enter__")?, code("_ModuleLock", "acquire")?);
        let (Some(outer), Some(enter), Some(acquire)) = (outer, enter, acquire) else { return Ok(None) };
        Ok(Some(Deadlock {
            error: bootstrap.getattr("_DeadlockError")?.unbind(),
            way: [outer, enter, acquire],
        }))
    }

    /// Whether `error`, which `_find_and_load` raised, is about the lock that this call of it asked for.
    ///
    /// Code that it ran (a finder's, a parent package's, the module's own) has other frames in between.
    pub(super) fn is_behind(&self, py: Python<'_>, error: &PyErr) -> PyResult<bool> {
        if !error.get_type(py).is(self.error.bind(py)) {
            return Ok(false);
        }
        let mut traceback = error.traceback(py).map(Bound::into_any);
        for code in &self.way {
            let Some(at) = traceback else { return Ok(false) };
            if !at.getattr(intern!(py, "tb_frame"))?.getattr(intern!(py, "f_code"))?.is(code.bind(py)) {
                return Ok(false);
            }
            traceback = Some(at.getattr(intern!(py, "tb_next"))?).filter(|next| !next.is_none());
        }
        Ok(traceback.is_none())
    }
}
