//! `pinfold lock`: resolve the manifest and write pinfold.lock.

use crate::context::Context;
use crate::error::{Error, Outcome};

/// Resolve the manifest and write pinfold.lock.
#[derive(Clone, Debug, clap::Args)]
pub struct LockArgs {}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(_args: &LockArgs, _context: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::Fine)
}
