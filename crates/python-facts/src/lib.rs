//! What importing a Python module does to the process, read from its source: which modules it imports and which
//! shared libraries it loads, in order.
//!
//! Nothing is run. Branches on the platform and the version are decided; of every other branch both sides are
//! taken. Functions are entered where the module itself calls them by name, because packages load their libraries in
//! such functions (`_load_global_deps()`).
//!
//! Deliberately not here: finding the file of a module, and what C code imports.

mod condition;
mod effects;
mod libraries;
mod nesting;
mod target;

pub use effects::{Effect, Import, Library, Place, read, read_program};
pub use target::Target;
