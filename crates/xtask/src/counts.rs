//! `cargo xtask counts`: what a bump of each package of a synthetic set costs, from the derivation paths of Nix.
//!
//! Deliberately not here: the set and the counting (`nix/tests/counts.nix`), which the tests use too.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::step::heading;
use crate::{places, system};

/// Options of `counts`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A row for each package, not the sums alone
    #[arg(long)]
    each: bool,
}

const STEPS: [&str; 3] = ["wheel", "install", "check"];

/// Prints the table; `true`, since there is nothing that could be found.
pub(crate) fn run(options: &Options) -> Result<bool> {
    system::prepare_nix()?;
    heading("count derivations that a bump changes");
    let total = evaluate("total")?;
    if options.each {
        println!("{:<22}{:>8}  {:^26}  {:^26}", "another", "merged", "split", "split, frozen build set");
        println!(
            "{:<30}  {}",
            "",
            ["wheels  installs  checks"; 2].map(|text| format!("{text:<26}")).join("  ")
        );
        let rows = evaluate("rows")?;
        for (name, row) in rows.as_object().context("the rows are no attribute set")? {
            println!("{name:<22}{:>8}  {}  {}", row["merged"], cells(&row["split"]), cells(&row["frozen"]));
        }
        println!();
    }
    println!("{} packages, each bumped in turn", total["packages"]);
    println!("merged                   {:>6} whole packages", total["merged"]);
    for (model, name) in [("split", "split"), ("frozen", "split, frozen build set")] {
        let counts = &total[model];
        let [wheels, installs, checks] = STEPS.map(|step| counts[step].to_string());
        println!("{name:<25}{wheels:>6} wheels  {installs:>6} installs  {checks:>6} checks");
    }
    Ok(true)
}

fn cells(counts: &Value) -> String {
    let [wheels, installs, checks] = STEPS.map(|step| counts[step].to_string());
    format!("{wheels:>6}  {installs:>8}  {checks:>6}  ")
}

/// An attribute of `nix/tests/counts.nix`. Only evaluated: nothing is built, and no store is written.
fn evaluate(attribute: &str) -> Result<Value> {
    let arguments = [
        "--eval",
        "--strict",
        "--json",
        "--option",
        "substitute",
        "false",
        "nix/tests/counts.nix",
        "-A",
        attribute,
    ];
    let store = places::target().join("nix-counts");
    let output = Command::new("nix-instantiate")
        .args(arguments)
        .current_dir(places::root())
        .env("NIX_STORE_DIR", store.join("store"))
        .env("NIX_STATE_DIR", store.join("var"))
        .env_remove("NIX_REMOTE")
        .output()
        .context("could not start nix-instantiate")?;
    if !output.status.success() {
        bail!("nix-instantiate: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("nix-instantiate did not print JSON")
}
