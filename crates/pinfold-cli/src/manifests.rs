//! The manifest as a file: finding it, reading it, and changing it without touching a person's comments.
//!
//! Deliberately not here: what its keys mean ([`pinfold_core::manifest`]).
