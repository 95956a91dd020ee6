//! `pinfold tree`: show the units of every closure.

use crate::context::Context;
use crate::error::{Error, Outcome};

/// Show the units of every closure.
#[derive(Clone, Debug, clap::Args)]
pub struct TreeArgs {}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(_args: &TreeArgs, _context: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::Fine)
}
