//! `abicheck bindings`: what each symbol of files binds to.
//!
//! Deliberately not here: environments and rules; this looks at files alone.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Print what each symbol of files binds to, when they are loaded in this order
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// ELF files, loaded into one process in this order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Prints it.
///
/// # Errors
/// When a file is no ELF file, or stdout cannot be written to.
pub fn run(_options: &Options, _output: &mut dyn Output) -> Result<Outcome, Failure> {
    Err(Failure::new("`abicheck bindings` is not there yet").hint("`abicheck INPUT` checks an environment"))
}
