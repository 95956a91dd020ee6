//! One file per command: its clap arguments, and `run(args, context)`.
//!
//! Deliberately not here: the work itself, which other modules do and these only order and report.

pub mod add;
pub mod assemble;
pub mod build;
pub mod check;
pub mod diff;
pub mod gc;
pub mod generations;
pub mod init;
pub mod lock;
pub mod pin;
pub mod plan;
pub mod remove;
pub mod rollback;
pub mod run;
pub mod status;
pub mod sync;
pub mod tree;
pub mod update;
pub mod why;
