//! Two libraries of one SONAME in one process: copies under names of their own, and of what uses them.
//!
//! glibc gives a library that is loaded under a SONAME to whoever needs that name next. [`Graph`] is which file each name
//! leads to where packages are imported alone, [`Plan`] which files are copied so that it stays so together, [`isolate`]
//! writes them, and [`edit`] is one of them.
//! Deliberately not here: what is an environment and what is wrong with it (`abicheck`), and reading ELF (`elf-facts`).

mod check;
mod edit;
mod error;
mod graph;
mod isolate;
mod links;
mod named;
mod naming;
mod nowhere;
mod plan;
mod record;
mod refuse;
mod rpath;
mod statics;
mod strings;
mod tree;
mod unused_versions;
mod wanted;

pub use edit::{Edit, edit};
pub use error::{EditError, IsolateError};
pub use graph::{Graph, World};
pub use isolate::{Isolated, is_whole, isolate, rebuilt, write};
pub use links::Links;
pub use plan::{Kept, Plan};
pub use record::{Copy, RECORD, Record};
pub use rpath::Places;
pub use strings::{How, Spelled};
pub use tree::Link;
pub use wanted::Wanted;
