//! The module on whose behalf a function runs: its first argument, where that is a module.
//!
//! A package that closures share may have made an object for a module of one of them: lazy_imports and apipkg put
//! an instance of a class of theirs, a subclass of `types.ModuleType`, in the module's place, and its methods
//! import submodules by names they compute. Deliberately not here: objects that are no modules; nothing says for
//! whom they were made.

use pyo3::intern;
use pyo3::prelude::*;

use crate::marks;

/// The mark of the module that is the first argument of the function that a frame runs.
pub(super) fn mark(frame: &Bound<'_, PyAny>) -> Option<usize> {
    find(frame).ok().flatten().filter(|&value| value != marks::TRANSPARENT)
}

/// An error where the function has deleted its argument.
fn find(frame: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    let py = frame.py();
    let code = frame.getattr(intern!(py, "f_code"))?;
    if code.getattr(intern!(py, "co_argcount"))?.extract::<usize>()? == 0 {
        return Ok(None);
    }
    let name = code.getattr(intern!(py, "co_varnames"))?.get_item(0)?;
    let subject = frame.getattr(intern!(py, "f_locals"))?.get_item(name)?;
    Ok(subject.cast::<PyModule>().ok().and_then(|module| marks::mark_in(&module.dict())))
}
