//! `abicheck ldd`: what a file loads, as a tree, with how each library was found.
//!
//! Deliberately not here: environments and rules; this looks at files alone.

use std::path::PathBuf;

use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// Print what a file loads as a tree, with how each library was found
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// An ELF file
    #[arg(value_name = "FILE", required = true)]
    file: PathBuf,
}

/// Prints it.
///
/// # Errors
/// When a file is no ELF file, or stdout cannot be written to.
pub fn run(_options: &Options, _output: &mut dyn Output) -> Result<Outcome, Failure> {
    Err(Failure::new("`abicheck ldd` is not there yet").hint("`abicheck INPUT` checks an environment"))
}
