//! `pinfold tree`: show the units of every closure, and where versions differ between importers.
//!
//! It reads the lock; no environment need be there, and one that is says which libraries have names of their own. Where it
//! can, it says that the lock is out of date. Deliberately not here: the drawing ([`crate::tree`]).

use anyhow::anyhow;
use pinfold_core::closure::Environment;
use pinfold_core::lock::{FILE, Lock};
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::environment::generation::Stamp;
use crate::environment::layout::Layout;
use crate::environment::sync::existing;
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::locking::Workspace;
use crate::tree::Tree;
use crate::{output, terminal};

/// Show the units of every closure, and where versions differ
#[derive(Clone, Debug, clap::Args)]
pub struct TreeArgs {
    /// How deep to go
    #[arg(long, short, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
    depth: usize,
}

/// Runs the command.
///
/// # Errors
/// When there is no lock, or it cannot be read.
pub fn run(args: &TreeArgs, context: &Context) -> Result<Outcome, Error> {
    let path = context.project.join(FILE);
    let lock = Lock::read(&path)?.ok_or_else(|| {
        hinted(
            anyhow!("there is no lock {} to show", path.display()),
            "`pinfold lock` makes it from the manifest",
        )
    })?;
    // What cannot be compared is no reason not to show it.
    if !context.frozen
        && let Ok(store) = Store::from_env()
        && let Ok(Some(reason)) = Workspace::open(context, &store).and_then(|w| Ok(w.stale()?))
    {
        terminal::warn(&format!("{reason}; `pinfold lock` brings it up to date"));
    }
    let mut tree = Tree::new(&lock);
    let folder = Layout::new(&context.environment).ok().and_then(|layout| existing(&layout).ok());
    if let Some(folder) = folder
        && let Ok(environment) = Environment::read(&folder.join("closure.json"))
    {
        let left = Stamp::read(&folder).map(|stamp| stamp.left).unwrap_or_default();
        tree = tree.with(&environment, left);
    }
    match context.format {
        OutputFormat::Json => output::data(&format!("{}\n", tree.json()))?,
        OutputFormat::Text => output::data(&tree.text(args.depth, terminal::colour_on_stdout()))?,
    }
    Ok(Outcome::Fine)
}
