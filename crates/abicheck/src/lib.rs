//! abicheck: which import orders of a closure's extension modules bind to different libraries, and why.
//!
//! This release has the command's frame and its exit codes only, so that what `pip install` puts in place
//! stays the same when the analysis arrives. Deliberately not here yet: ELF facts, the simulated loader, the
//! rules.

pub mod cli;
