//! `abicheck facts`: looks into a folder once, for all environments that will have it.
//!
//! Deliberately not here: what is kept of it ([`crate::importing::Given`]), and findings.

use std::path::PathBuf;

use python_facts::Target;

use crate::failure::{Failure, Outcome};
use crate::importing::Given;
use crate::output::Output;

/// Look into a folder of packages that will not change, and keep what is there for `--facts`
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// The folder, such as the site-packages of an installed wheel
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Where it is kept: a folder, which is made
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// The Python that will import, such as 3.12
    #[arg(long, value_name = "VERSION", default_value = "3.12", value_parser = version)]
    python_version: (u32, u32),
}

/// Looks into it.
///
/// # Errors
/// When the folder cannot be listed, or the other not be written.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let target = Target { version: options.python_version };
    let given = Given::take(&options.folder, &options.out, &target).map_err(Failure::new)?;
    let (native, modules) = given.counts();
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    output.talk(&format!(
        "note: kept what {} and {} say\n",
        count(native, "native file"),
        count(modules, "module")
    ));
    Ok(Outcome::Fine)
}

fn version(text: &str) -> Result<(u32, u32), String> {
    let parts =
        text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parts.ok_or_else(|| "a version is two numbers, such as 3.12".to_owned())
}
