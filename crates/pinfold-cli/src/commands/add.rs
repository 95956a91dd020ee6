//! `pinfold add`: add requirements to the manifest.

use crate::context::Context;
use crate::error::{Error, Outcome};

/// Add requirements to the manifest.
#[derive(Clone, Debug, clap::Args)]
pub struct AddArgs {}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(_args: &AddArgs, _context: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::Fine)
}
