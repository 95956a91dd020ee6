//! The extension module `pinfold._hook`: what Python sees of the import hook, and nothing else.
//!
//! The work is done in the modules below, each of one concern. Deliberately not here: any rule of
//! resolution (`pinfold_core::resolve`) and anything that reads manifests, locks or the network.

mod attach;
mod attributes;
mod builtins;
mod by_name;
mod by_path;
mod c_modules;
mod codes;
mod elf;
mod ending;
mod exports;
mod finder;
mod frames;
mod globals;
mod identity;
mod libraries;
mod load;
mod loaded;
mod marking;
mod marks;
mod modules;
mod owner;
mod panics;
mod paths;
mod pickling;
mod shims;
mod snapshot;
mod specs;
mod start;
mod state;
mod thunks;
mod trace;
mod types;
mod views;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

/// Python's side of the import hook; `pinfold._boot` starts it.
#[pymodule]
fn _hook(module: &Bound<'_, PyModule>) -> PyResult<()> {
    exports::add(module)?;
    by_name::add(module)?;
    by_path::add(module)?;
    load::exports::add(module)?;
    paths::add(module)?;
    views::add(module)
}

/// Adds a function to the module. `PyModule::add_function` keeps `__all__` too, for which nobody asks here, and takes
/// twice as long.
fn put(module: &Bound<'_, PyModule>, function: Bound<'_, PyCFunction>) -> PyResult<()> {
    module.dict().set_item(function.getattr(intern!(module.py(), "__name__"))?, function)
}
