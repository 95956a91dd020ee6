//! `pinfold why`: say which file an importer gets, and by which rule.

use crate::context::Context;
use crate::error::{Error, Outcome};

/// Say which file an importer gets, and by which rule.
#[derive(Clone, Debug, clap::Args)]
pub struct WhyArgs {}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(_args: &WhyArgs, _context: &Context) -> Result<Outcome, Error> {
    Ok(Outcome::Fine)
}
