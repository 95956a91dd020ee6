//! `cargo xtask bench`: installs, then runs `benches/`, which print one table.
//!
//! Deliberately not here: measuring. The benchmarks are Python files, because what they measure is Python's.

use anyhow::Result;

use crate::install::{Venv, build};
use crate::places;
use crate::pythons;
use crate::step::{Step, heading};
use crate::system;

/// Options of `bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only the benchmarks whose name contains this
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Runs them; `false` when one could not be run.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let found = pythons::find()?;
    system::prepare_benches()?;
    heading("build and install");
    build()?;
    let folder = places::target().join("bench");
    let venv = Venv::make(&found[0], folder.join("venv"))?;
    venv.install_pinfold()?;
    heading("measure");
    let bench = Step::new(venv.program("python")).arg("benches/run.py").arg("--folder").arg(&folder);
    let bench = bench.args(options.name.as_deref()).env("PINFOLD_CACHE", places::store());
    Ok(bench.code()? == Some(0))
}
