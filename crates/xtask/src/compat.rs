//! `cargo xtask compat` and `cargo xtask conformance`: installs, then runs what is in `tests/compat`.
//!
//! Deliberately not here: what is tried, and what counts as right. That is Python, because what is tried is Python's.

use anyhow::Result;

use crate::install::{Venv, build};
use crate::places;
use crate::pythons;
use crate::step::{Step, heading};

/// Options of `compat`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these distributions; without any, all of them, and the page in docs/ is written
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Options of `conformance`.
#[derive(clap::Args)]
pub(crate) struct Suites {
    /// Only these suites; without any, all of them, and the page in docs/ is written
    #[arg(value_name = "SUITE")]
    names: Vec<String>,
}

/// Tries the packages; `false` when one does not run as the table says.
pub(crate) fn run(options: &Options) -> Result<bool> {
    script("compat", "tests/compat/run.py", &options.names)
}

/// Runs the suites; `false` when a test ends in another way than in plain CPython.
pub(crate) fn conformance(options: &Suites) -> Result<bool> {
    script("conformance", "tests/compat/conformance.py", &options.names)
}

fn script(name: &str, path: &str, names: &[String]) -> Result<bool> {
    let found = pythons::find()?;
    heading("build and install");
    build()?;
    let folder = places::target().join(name);
    let venv = Venv::make(&found[0], folder.join("venv"))?;
    venv.install_pinfold()?;
    heading("try");
    let run = Step::new(venv.program("python")).arg(path).arg("--folder").arg(&folder);
    Ok(run.args(names).env("PINFOLD_CACHE", places::store()).code()? == Some(0))
}
