//! `cargo xtask compat` and `cargo xtask conformance`: installs, then runs what is in `tests/compat` or `tests/conformance`.
//!
//! Deliberately not here: what is tried, and what counts as right. That is Python, because what is tried is Python's.

use anyhow::{Result, bail};

use crate::install::{Venv, build};
use crate::places;
use crate::pythons;
use crate::step::{Step, ended, heading};

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
    /// Only these suites; without any, all of them. The page in docs/ is written when all have a result
    #[arg(value_name = "SUITE")]
    names: Vec<String>,
    /// Only on these versions, such as 3.11,3.12
    #[arg(long, value_name = "VERSIONS")]
    python: Option<String>,
    /// Keep the results that earlier runs left, and run what has none
    #[arg(long)]
    resume: bool,
    /// For one side of one suite; what takes longer could not be compared
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u32>,
}

/// Tries the packages; `false` when one does not run as the table says.
pub(crate) fn run(options: &Options) -> Result<bool> {
    script("compat", "tests/compat/run.py", &[], options.names.clone())
}

/// Runs the suites; `false` when a test ends in another way than in plain CPython.
pub(crate) fn conformance(options: &Suites) -> Result<bool> {
    let mut arguments = options.names.clone();
    arguments.extend(options.python.as_ref().map(|versions| format!("--python={versions}")));
    arguments.extend(options.timeout.map(|seconds| format!("--timeout={seconds}")));
    arguments.extend(options.resume.then(|| "--resume".to_owned()));
    script("conformance", "tests/conformance/run.py", &[], arguments)
}

/// Installs all, with what the script at `path` imports beside it, and runs it; `false` for its exit code 1.
pub(crate) fn script(name: &str, path: &str, imports: &[&str], arguments: Vec<String>) -> Result<bool> {
    let found = pythons::find()?;
    heading("build and install");
    build()?;
    let folder = places::target().join(name);
    let venv = Venv::make(&found[0], folder.join("venv"))?;
    venv.install_pinfold()?;
    if !imports.is_empty() {
        venv.pip(imports)?;
    }
    heading("try");
    let run = Step::new(venv.program("python")).arg(path).arg("--folder").arg(&folder);
    match run.args(arguments).env("PINFOLD_CACHE", places::store()).code()? {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        code => bail!("{path} {}", ended(code)),
    }
}
