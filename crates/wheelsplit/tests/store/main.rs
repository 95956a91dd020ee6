//! The store, tried with wheels that are made here: good, bad, and hostile ones, and processes that die.
//!
//! Deliberately not here: wheels from an index; `cargo xtask demo` and the Python tests install those.

mod bad_wheels;
mod collect;
mod faults;
mod forge;
mod installing;
mod instances;
mod natives;
