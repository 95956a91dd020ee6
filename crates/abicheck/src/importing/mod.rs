//! What importing a package loads: extension modules and libraries, in order.
//!
//! The walk follows import statements from a package's own module through all that it imports, in the order in which
//! Python would run them, each module once. What code computes is not followed; what C code imports neither.
//! Deliberately not here: which files the loader then finds for each library (`elf-loader`).

mod acts;
mod elsewhere;
mod given;
mod graph;
mod known;
mod places;
mod program;
mod sources;
mod walk;

pub use given::{Given, GivenError};
pub use sources::{Sources, SourcesError};
pub use walk::{Imports, Missing, Session, Step, When};
