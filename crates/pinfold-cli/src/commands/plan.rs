//! `pinfold plan`: what a change costs before anybody pays for it.
//!
//! It reads locks or descriptions of package sets, and builds nothing. Deliberately not here: the graphs
//! ([`crate::plan`]) and the counting (`wheelsplit::plan`).

use std::path::PathBuf;

use anyhow::anyhow;
use pinfold_core::lock::FILE;
use pinfold_core::names::normalize;
use wheelsplit::plan::Cost;

use crate::context::{Context, OutputFormat};
use crate::error::{Error, Outcome};
use crate::failure::hinted;
use crate::plan::document::{Document, text};
use crate::plan::{Bump, State, compare};
use crate::{output, terminal};

/// Say what a change costs: wheels, installs and checks here, whole packages in the merged model
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold plan old.lock pinfold.lock     what the second needs that the first had not
  pinfold plan --bump numpy              another numpy, in the project's lock
  pinfold plan set.json --bump certifi   the same in a package set that Nix describes
  pinfold plan set.json --bump-each      every package in turn, summed up")]
pub struct PlanArgs {
    /// A lock or a description of a package set, or two to compare [default: the project's lock]
    #[arg(value_name = "FILE", num_args = 0..=2)]
    files: Vec<PathBuf>,
    /// As if this package had another version; may be given more than once
    #[arg(long, value_name = "NAME")]
    bump: Vec<String>,
    /// As if this distribution of the frozen build set had another version
    #[arg(long, value_name = "NAME")]
    bump_build_set: Vec<String>,
    /// Bump every package in turn, and add up
    #[arg(long, conflicts_with_all = ["bump", "bump_build_set"])]
    bump_each: bool,
}

/// Runs the command.
///
/// # Errors
/// When a file is not there or not what it should be, or has no package of that name.
pub fn run(args: &PlanArgs, context: &Context) -> Result<Outcome, Error> {
    let bumps = args.bump.len() + args.bump_build_set.len() + usize::from(args.bump_each);
    let (cost, what) = match (&args.files[..], bumps) {
        ([old, new], 0) => {
            let (before, after) = (State::read(old)?, State::read(new)?);
            let cost = compare((&before, old), (&after, new))?.cost();
            (cost, format!("{} to {}", old.display(), new.display()))
        }
        ([_, _], _) => {
            return Err(hinted(anyhow!("two files and a bump"), "compare two files, or bump in one").into());
        }
        ([] | [_], 0) => {
            return Err(hinted(
                anyhow!("there is nothing to compare"),
                "name two locks, or say what changes: `pinfold plan --bump NAME`",
            )
            .into());
        }
        (files, _) => bumped(args, files.first().cloned().unwrap_or_else(|| context.project.join(FILE)))?,
    };
    match context.format {
        OutputFormat::Json => {
            let json = serde_json::to_string_pretty(&Document::new(&cost)).map_err(anyhow::Error::from)?;
            output::data(&format!("{json}\n"))?;
        }
        OutputFormat::Text => {
            output::data(&text(&cost, &what, context.verbose > 0, terminal::colour_on_stdout()))?;
        }
    }
    Ok(Outcome::Fine)
}

fn bumped(args: &PlanArgs, path: PathBuf) -> Result<(Cost, String), Error> {
    let state = State::read(&path)?;
    if args.bump_each {
        let mut sum = Cost::default();
        let names = state.names();
        for name in &names {
            let cost = state.bumped(&[Bump::Package(name)], &path)?.cost();
            sum.wheels += cost.wheels;
            sum.installs += cost.installs;
            sum.checks += cost.checks;
            sum.merged_rebuilds += cost.merged_rebuilds;
        }
        return Ok((sum, format!("each of {} in turn", terminal::count(names.len(), "package"))));
    }
    let packages: Vec<String> = args.bump.iter().map(|name| normalize(name)).collect();
    let tools: Vec<String> = args.bump_build_set.iter().map(|name| normalize(name)).collect();
    let bumps =
        packages.iter().map(|name| Bump::Package(name)).chain(tools.iter().map(|name| Bump::Tool(name)));
    let cost = state.bumped(&bumps.collect::<Vec<_>>(), &path)?.cost();
    let in_build_set = tools.iter().map(|name| format!("{name} in the build set"));
    let names: Vec<String> = packages.iter().cloned().chain(in_build_set).collect();
    Ok((cost, format!("another {}", names.join(" and "))))
}
