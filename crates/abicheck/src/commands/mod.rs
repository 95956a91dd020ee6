//! What the command line calls: one file for each command.
//!
//! Deliberately not here: parsing of arguments, exit codes and streams (`cli`, `failure`, `output`).

pub mod bindings;
pub(crate) mod caches;
pub mod check;
pub mod explain;
pub mod facts;
pub mod isolate;
pub mod ldd;
mod opening;
pub mod rules;
