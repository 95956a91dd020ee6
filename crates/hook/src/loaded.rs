//! What is done once for a module after its code has run: whoever loads modules calls [`module`].
//!
//! Deliberately not here: what must be there before the code runs, the mark (`marking`).

use pyo3::prelude::*;

use crate::attributes;
use crate::by_name;
use crate::identity;
use crate::specs::borrowed;
use crate::state::{Object, State};

/// `module`, called `name`, has been loaded. The GIL is held, and nothing of the state is borrowed.
///
/// # Errors
/// Where `pickle` cannot be made to write names that are exact: the import of it fails then.
pub(crate) fn module(state: &'static State, name: &str, module: Object) -> PyResult<()> {
    Python::attach(|py| {
        let module = borrowed(py, module);
        // Also where all units are root's: others may be attached later.
        if matches!(name, "pickle" | "_pickle") && state.unit_of_module(module.as_ptr()).is_none() {
            py.import("pinfold._pickling")?.call_method1("complete", (name, &module))?;
        }
        if matches!(name, "_ctypes" | "ctypes" | "_cffi_backend") {
            by_name::module(state, name, &module)?;
        }
        if !state.plural {
            return Ok(());
        }
        // Without it the module works all the same, but for names that only the stack decides.
        let _ = attributes::own(state, &module);
        if let Some(unit) = state.unit_of_module(module.as_ptr())
            && !state.resolver.in_root(unit)
        {
            identity::name_members(state, unit, &module);
        }
        Ok(())
    })
}
