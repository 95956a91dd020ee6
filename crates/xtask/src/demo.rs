//! `cargo xtask demo`: the main job on real input, from nothing to the table.
//!
//! Deliberately not here: the example itself (`tests/examples/two-numpys`), which runs without this too.

use anyhow::Result;

use crate::pythons::{self, Python};
use crate::step::{Step, heading};
use crate::{install, places};

/// Options of `demo`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the example on this Python, such as 3.12; the default is `python3`
    #[arg(long, value_name = "VERSION")]
    python: Option<String>,
}

/// Runs it; `false` when the example's own checks fail.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let python = choose(options.python.as_deref())?;
    let folder = places::target().join("demo");
    heading("1/4  build the programs (the first time, this takes minutes)");
    install::build()?;
    heading(&format!(
        "2/4  build the hook, install all into a virtual environment of Python {}",
        python.version
    ));
    let venv = install::Venv::make(&python, folder.join("venv"))?;
    venv.install_pinfold()?;
    heading("3/4  resolve, download and install the example's packages");
    let project = folder.join("two-numpys");
    install::copy_folder(&places::root().join("tests/examples/two-numpys"), &project)?;
    let pinfold = |arguments: &[&str]| {
        let step = Step::new(venv.program("pinfold")).args(arguments).folder(&project);
        step.env("PINFOLD_CACHE", places::store())
    };
    let interpreter = python.executable.to_string_lossy().into_owned();
    pinfold(&["sync", "--python", &interpreter]).run()?;
    pinfold(&["tree"]).run()?;
    heading("4/4  run it: two numpys, two pandas and two scipys in one process");
    Ok(pinfold(&["run", "python", "app.py"]).code()? == Some(0))
}

fn choose(wanted: Option<&str>) -> Result<Python> {
    let mut found = pythons::find()?;
    let Some(wanted) = wanted else { return Ok(found.swap_remove(0)) };
    let position = found.iter().position(|python| python.minor == wanted || python.version == wanted);
    match position {
        Some(position) => Ok(found.swap_remove(position)),
        None => {
            let there: Vec<&str> = found.iter().map(|python| python.version.as_str()).collect();
            anyhow::bail!("found no Python {wanted}\nhint: there is {}", there.join(", "))
        }
    }
}
