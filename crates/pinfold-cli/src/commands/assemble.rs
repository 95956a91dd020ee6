//! `pinfold assemble`: an environment from folders of installed wheels, for Nix. Hidden from the list of commands.
//!
//! Deliberately not here: what a plan is and what is made of it ([`crate::environment::alone`]).

use std::path::PathBuf;

use crate::environment::alone::{self, Plan};
use crate::environment::hook::Package;
use crate::error::{Error, Outcome};
use crate::interpreter::Interpreter;

/// Make an environment from folders of installed wheels (see docs/nix.md)
#[derive(Clone, Debug, clap::Args)]
pub struct AssembleArgs {
    /// The plan
    #[arg(value_name = "PLAN.json", required_unless_present = "hook")]
    plan: Option<PathBuf>,
    /// Make a folder `pinfold` with the import hook for this interpreter instead
    #[arg(long, value_name = "PYTHON", conflicts_with = "plan")]
    hook: Option<PathBuf>,
    /// Where it goes; it must not be there yet
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(args: &AssembleArgs) -> Result<Outcome, Error> {
    if let Some(python) = &args.hook {
        let interpreter = Interpreter::ask(python)?;
        interpreter.supported()?;
        Package::find()?.copy_to(&args.out, &interpreter)?;
    }
    if let Some(plan) = &args.plan {
        alone::build(&Plan::read(plan)?, &args.out)?;
    }
    Ok(Outcome::Fine)
}
