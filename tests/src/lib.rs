//! Tests that cross crates; each lives in a file of its own beside this folder.
//!
//! Deliberately not here: tests of one crate's own behaviour, which stand in that crate.
