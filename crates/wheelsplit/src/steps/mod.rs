//! The three steps from a source to a package that works: build a wheel, install it, check it.
//!
//! Each has a key over everything that its result depends on, and nothing else ([`key`]); what came of a key is
//! kept in the store, and also what the key of a package was, and that somebody was told of ([`ledger`], [`built`]). So a step runs
//! when its result could be another one, and can say which input made it run. Deliberately not here: running
//! anything, and finding out what the inputs are; that is the command line's, and Nix's for its own builders.

pub mod built;
mod forget;
pub mod key;
pub mod ledger;

pub use built::{Built, BuiltRecord};
pub use key::{Change, Input, Key, Step};
pub use ledger::{Checked, Memory, Place, Ran};
