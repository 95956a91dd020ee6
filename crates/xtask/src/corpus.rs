//! `cargo xtask corpus`: abicheck on real packages from the index, beside what the interpreter does with them.
//!
//! Deliberately not here: the packages and what is expected (`tests/abicheck/corpus.toml`), and the comparison, which
//! is a test of abicheck's; `cargo xtask test` runs it on a sample.

use anyhow::Result;

use crate::install::{Venv, cargo};
use crate::places;
use crate::pythons;
use crate::step::heading;

/// Options of `corpus`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these environments; without any, all of them
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Keep the environments, so that the next run need not install them: all of them have some 20 GB
    #[arg(long)]
    keep: bool,
}

/// Installs and compares; `false` when anything is otherwise than expected.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let found = pythons::find()?;
    heading("install uv");
    let venv = Venv::make(&found[0], places::target().join("corpus/uv"))?;
    venv.pip(["uv"])?;
    heading("install and compare real packages");
    let names = if options.names.is_empty() { "all".to_owned() } else { options.names.join(" ") };
    let test = cargo().args(["test", "--release", "--locked", "--package", "abicheck", "--test", "corpus"]);
    let test = test.args(["--", "--nocapture"]).env("ABICHECK_CORPUS", names);
    let test = if options.keep { test } else { test.env("ABICHECK_CORPUS_REMOVE", "1") };
    Ok(test.env("PINFOLD_UV", venv.program("uv")).code()? == Some(0))
}
