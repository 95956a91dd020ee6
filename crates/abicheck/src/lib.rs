//! abicheck: which import orders of a closure's extension modules bind to different libraries, and why.
//!
//! A run, in order, one folder or file each: `environment` reads what is there, `importing` walks what imports load,
//! `analysis` puts it through the simulated loader in the orders that could matter, `rules` say findings, `config`
//! takes those away that the user knows, `verify` runs them for real if asked, `report` shows them; `isolation` mends
//! what it can; `commands` are what the command line calls.
//! Deliberately not here: reading ELF (`elf-facts`), the loader (`elf-loader`), reading Python (`python-facts`).

pub mod analysis;
pub mod cli;
pub mod commands;
pub mod config;
pub mod environment;
pub mod failure;
pub mod finding;
pub mod importing;
pub mod isolation;
pub mod output;
mod process;
pub mod report;
pub mod rules;
pub mod terminal;
pub mod verify;
