//! What the tests that cross crates stand on: the checkout as text, and the programs in projects of their own.
//!
//! Deliberately not here: the tests, which stand in files beside this folder.

pub mod checkout;
pub mod code;
pub mod nix;
pub mod project;
pub mod wheel;
