//! What importing a Python module does to the process, read from its source: which modules it imports and which
//! shared libraries it loads, in order.
//!
//! Nothing is run. What names stand for is followed as far as constants, paths from `__file__`, loops over what is
//! written down and calls of the module's own functions go. Branches on the platform and the version are decided; of
//! every other branch all sides are taken.
//!
//! Deliberately not here: finding the file of a module, what a folder has, and what C code imports.

mod branches;
mod calls;
mod condition;
mod effects;
mod evaluate;
mod later;
mod libraries;
mod loaders;
mod managers;
mod narrowing;
mod nesting;
mod reader;
mod scope;
mod standard;
mod target;
mod text;
mod values;

pub use effects::{
    Attempt, Call, Catches, Effect, Facts, Flags, Handler, Import, Library, Place, call, read, read_program,
};
pub use target::Target;
pub use text::{Base, Dotted, Text};
pub use values::Value;
