//! A module's `__getattr__` (PEP 562) runs on behalf of the module, also where a shared package made it.
//!
//! `lazy_loader.attach(__name__, ...)` hands a package a function that imports submodules by names it computes.
//! The function's frame is lazy_loader's; if closures share lazy_loader, only the call stack could tell whose
//! submodule is meant, and whoever is the first to touch the attribute may be of another world. So when such a
//! module has been loaded, its function gets a frame around it that has the module's own globals, and with them
//! its mark. Deliberately not here: the rule that asks the stack (`pinfold_core::resolve`).

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use crate::marks;
use crate::state::State;

/// Puts a frame of the module's own around its `__getattr__`, if that may be a function of a unit that closures
/// share.
///
/// # Errors
/// When Python runs out of memory; the function is then as the package made it.
pub(crate) fn own(state: &State, module: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = module.py();
    let Ok(module) = module.cast::<PyModule>() else { return Ok(()) };
    let globals = module.dict();
    let key = intern!(py, "__getattr__");
    let Some(function) = globals.get_item(key)?.filter(|_| state.plural) else { return Ok(()) };
    if is_of_a_shared_unit(state, &function, &globals) {
        let loaders = py.import(intern!(py, "pinfold._loaders"))?;
        globals.set_item(key, loaders.call_method1(intern!(py, "attribute_hook"), (function, &globals))?)?;
    }
    Ok(())
}

/// Whether a callable may import on behalf of a closure that only the stack knows. What is no plain function (a
/// `functools.partial`, a bound method) does not say whose it is, and may be.
fn is_of_a_shared_unit(state: &State, function: &Bound<'_, PyAny>, globals: &Bound<'_, PyDict>) -> bool {
    // A function of C code imports as the unit of that code; it may look for what is in every frame's globals
    // (`__builtins__`), which the globals of an extension module lack.
    if function.is_instance_of::<PyCFunction>() {
        return false;
    }
    let Ok(theirs) = function.getattr(intern!(function.py(), "__globals__")) else { return true };
    let Ok(theirs) = theirs.cast_into::<PyDict>() else { return true };
    let unit = marks::mark_in(&theirs);
    unit != marks::mark_in(globals) && unit.is_some_and(|unit| state.resolver.is_shared(unit))
}
