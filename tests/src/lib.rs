//! The checkout as the tests that cross crates see it: its files, its manifests, its code without comments.
//!
//! Deliberately not here: the tests, which stand in files beside this folder.

pub mod checkout;
pub mod code;
