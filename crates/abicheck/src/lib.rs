//! abicheck: which import orders of a closure's extension modules bind to different libraries, and why.
//!
//! This release has the command's frame and its exit codes, reads environments ([`environment`]) and walks what their
//! imports load ([`importing`]). Deliberately not here yet: orders, rules and reports, which will put the simulated
//! loader (`elf-loader`) and these together; the command says so.

pub mod cli;
pub mod environment;
pub mod importing;
