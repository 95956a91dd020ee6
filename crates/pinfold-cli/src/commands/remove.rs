//! `pinfold remove`: remove requirements from the manifest.

use pinfold_core::names::normalize;

use crate::context::Context;
use crate::error::{Error, Outcome};
use crate::manifests::{Editor, Place};

/// Remove requirements from the manifest, and lock.
///
/// The environment follows at the next `pinfold sync` or `pinfold run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RemoveArgs {
    /// Names of packages
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Remove them from this pin instead
    #[arg(long, value_name = "NAME")]
    pin: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done; the manifest is as it was then.
pub fn run(args: &RemoveArgs, context: &Context) -> Result<Outcome, Error> {
    let mut editor = Editor::open(&context.manifest)?;
    let pin = args.pin.as_deref().map(normalize);
    for name in &args.names {
        editor.remove(pin.as_deref().map_or(Place::Root, Place::Pin), &normalize(name))?;
    }
    super::add::apply(&editor, context)
}
