//! `pinfold init`: write a new manifest.

use crate::context::Context;
use crate::error::{Error, Outcome};

/// Write a new manifest.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(_args: &InitArgs, _context: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::Fine)
}
