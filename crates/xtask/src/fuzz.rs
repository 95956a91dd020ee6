//! `cargo xtask fuzz`: fuzzes the readers of Pinfold's files for a bounded time, each from its seeds.
//!
//! cargo-fuzz is installed below `target/`; any toolchain will do, for without a sanitizer nothing of a nightly is
//! needed, and the readers have no `unsafe` that one could watch. Deliberately not here: what must hold, and the
//! seeds (`crates/*/fuzz`); `cargo test` runs both over each other without a fuzzer.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::install::cargo;
use crate::places;
use crate::step::{Step, ended, heading};

/// The version that the fuzzing was written for; cargo keeps it from growing new defaults by itself.
const CARGO_FUZZ: &str = "0.13.2";

/// More memory than this for an input of a few kilobytes is a finding.
const MEMORY_MB: u32 = 1024;

/// Where targets are: those of Pinfold's own files, and those of the files that abicheck reads.
const FOLDERS: [&str; 2] = ["crates/pinfold-cli/fuzz", "crates/abicheck/fuzz"];

/// A property that is fuzzed.
struct Target {
    folder: PathBuf,
    name: String,
}

/// Options of `fuzz`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Only the target of this name; the names are those of the folders in crates/*/fuzz/seeds
    #[arg(value_name = "TARGET")]
    target: Option<String>,
}

/// Runs them; `false` when one found something.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let targets = targets()?;
    let is_chosen = |target: &&Target| options.target.as_ref().is_none_or(|name| *name == target.name);
    let chosen: Vec<&Target> = targets.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        bail!("no fuzz target of that name\nhint: the targets are {}", names.join(", "));
    }
    let tools = places::target().join("fuzz/tools");
    if !tools.join("bin/cargo-fuzz").is_file() {
        heading("install cargo-fuzz");
        let install = cargo().args(["install", "--locked", "--version", CARGO_FUZZ, "cargo-fuzz", "--root"]);
        install.arg(&tools).run()?;
    }
    heading("build the targets");
    let fuzz = |action: &str, folder: &Path| {
        let fuzz = Step::new(tools.join("bin/cargo-fuzz")).args(["fuzz", action, "--sanitizer", "none"]);
        let fuzz = fuzz.arg("--fuzz-dir").arg(folder).folder(folder);
        fuzz.arg("--target-dir").arg(places::target().join("fuzz/build"))
    };
    let mut built: Vec<&Path> = Vec::new();
    for Target { folder, .. } in &chosen {
        if !built.contains(&folder.as_path()) {
            fuzz("build", folder).run()?;
            built.push(folder);
        }
    }
    let mut findings = Vec::new();
    for Target { folder, name } in chosen {
        heading(&format!("fuzz {name} for {} s", options.seconds));
        let place = |kind: &str| places::target().join("fuzz").join(kind).join(name);
        let (corpus, artifacts) = (place("corpus"), place("artifacts"));
        for made in [&corpus, &artifacts] {
            std::fs::create_dir_all(made).with_context(|| format!("could not make {}", made.display()))?;
        }
        let run = fuzz("run", folder).arg(name).arg(&corpus);
        let run = run.arg(folder.join("seeds").join(name)).arg("--");
        let limits = [
            format!("-max_total_time={}", options.seconds),
            "-timeout=10".to_owned(),
            format!("-rss_limit_mb={MEMORY_MB}"),
            "-max_len=16384".to_owned(),
            "-print_final_stats=1".to_owned(),
            // The folder is taken as a prefix of file names.
            format!("-artifact_prefix={}/", artifacts.display()),
        ];
        let code = run.args(limits).code()?;
        if code != Some(0) {
            findings.push(format!("{name} {}; its input is in {}", ended(code), artifacts.display()));
        }
    }
    heading("result");
    for finding in &findings {
        eprintln!("found: {finding}");
    }
    println!("{} found something", findings.len());
    Ok(findings.is_empty())
}

/// The targets, sorted by name: each has a folder of seeds.
fn targets() -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    for folder in FOLDERS.map(|folder| places::root().join(folder)) {
        let seeds = folder.join("seeds");
        let entries =
            std::fs::read_dir(&seeds).with_context(|| format!("could not list {}", seeds.display()))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        targets.extend(names.map(|name| Target { folder: folder.clone(), name }));
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(targets)
}
