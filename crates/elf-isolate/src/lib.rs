//! Two libraries of one SONAME in one process: copies under names of their own, and of what uses them.
//!
//! glibc gives a library that is loaded under a SONAME to whoever needs that name next. [`edit`] makes a copy of a file that
//! has, and asks for, other names.
//! Deliberately not here: what is an environment and what is wrong with it (`abicheck`), and reading ELF (`elf-facts`).

mod check;
mod edit;
mod error;
mod refuse;

pub use edit::{Edit, edit};
pub use error::EditError;
