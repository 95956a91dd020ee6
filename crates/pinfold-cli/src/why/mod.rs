//! Which file an importer gets for a module, by which rule, and what a caller could change; nothing is imported.
//!
//! The question is asked for the empty call stack, so that rule 4 never answers. Deliberately not here: the rule
//! itself, which the hook and this share ([`pinfold_core::resolve`]).

mod answer;
mod importer;
mod outside;

pub use answer::{Answer, answer};
pub use importer::find as find_importer;
