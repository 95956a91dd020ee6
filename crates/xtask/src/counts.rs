//! `cargo xtask counts`: what a bump of each package of a set costs, from the derivation paths of Nix.
//!
//! Deliberately not here: the synthetic set and the counting (`nix/tests/counts.nix`, which the tests use too, and
//! `nix/tests/scope.nix` for real ones), and a real set: it is on the disk, or there is none.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::step::heading;
use crate::{places, system};

/// Options of `counts`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A row for each package, not the sums alone
    #[arg(long)]
    each: bool,
    /// Count in this copy of nixpkgs, or of a set derived from it, instead of the synthetic set; takes an hour
    #[arg(long, value_name = "FOLDER")]
    nixpkgs: Option<PathBuf>,
}

const STEPS: [&str; 3] = ["wheel", "install", "check"];

/// Prints the table; `true`, since there is nothing that could be found.
pub(crate) fn run(options: &Options) -> Result<bool> {
    system::prepare_nix()?;
    heading("count derivations that a bump changes");
    let (rows, total) = match &options.nixpkgs {
        None => (
            if options.each { evaluate(SYNTHETIC, &["-A", "rows"])? } else { Value::Null },
            evaluate(SYNTHETIC, &["-A", "total"])?,
        ),
        Some(folder) => {
            let folder = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
            let rows = real(&folder.display().to_string())?;
            let total = sums(&rows);
            (Value::Object(rows), total)
        }
    };
    if options.each {
        println!("{:<22}{:>8}  {:^26}  {:^26}", "another", "merged", "split", "split, frozen build set");
        println!(
            "{:<30}  {}",
            "",
            ["wheels  installs  checks"; 2].map(|text| format!("{text:<26}")).join("  ")
        );
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

/// A row for each package of a real set, each from a process of its own: Nix gives back no memory before its end.
fn real(folder: &str) -> Result<Map<String, Value>> {
    let names = evaluate(REAL, &["--arg", "nixpkgs", folder, "-A", "names"])?;
    let mut rows = Map::new();
    for name in names.as_array().context("the names are no list")?.iter().filter_map(Value::as_str) {
        let row = ["--arg", "nixpkgs", folder, "--argstr", "bump", name, "-A", "row"];
        match evaluate(REAL, &row) {
            Ok(row) => drop(rows.insert(name.to_owned(), row)),
            // What a newer version breaks in evaluation (an assertion, a source by version) has no number.
            Err(e) => eprintln!("note: {name} is left out: {e}"),
        }
    }
    Ok(rows)
}

fn sums(rows: &Map<String, Value>) -> Value {
    let sum = |path: &str| rows.values().filter_map(|row| row.pointer(path)?.as_u64()).sum::<u64>();
    let steps = |model: &str| -> Map<String, Value> {
        STEPS.iter().map(|step| ((*step).to_owned(), sum(&format!("/{model}/{step}")).into())).collect()
    };
    json!({"packages": rows.len(), "merged": sum("/merged"), "split": steps("split"), "frozen": steps("frozen")})
}

/// What counts in the synthetic set, and what in a real one.
const SYNTHETIC: &str = "nix/tests/counts.nix";
const REAL: &str = "nix/tests/scope.nix";

/// A value of a file. Only evaluated: nothing is built, and no store is written.
fn evaluate(file: &str, arguments: &[&str]) -> Result<Value> {
    let store = places::target().join("nix-counts");
    let output = Command::new("nix-instantiate")
        .args(["--eval", "--strict", "--json", "--option", "substitute", "false", file])
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
