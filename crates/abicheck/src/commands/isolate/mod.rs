//! `abicheck isolate`: copies of libraries under names of their own, so that each package gets its own.
//!
//! A straight line: environment, what each package loads alone, plan, copies, the same questions of the copies.
//! Deliberately not here: how files are edited (`elf-isolate`).

mod files;
mod installed;
mod target;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use elf_facts::Cache;
use elf_isolate::{Isolated, Kept, Record};

use crate::environment::{Environment, Interpreter};
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::report::{plain, plain_path};
use crate::terminal::count;

/// Copy libraries of which a process could have one only, and what uses them, under names of their own
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// An environment, as for a check, or ELF files that one process is to open together
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    /// Where the copies go: a folder, which is made; made anew if it is of another run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The interpreter that imports [default: the environment's own]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Read every file anew, and keep nothing
    #[arg(long)]
    no_cache: bool,
}

/// Makes the copies; finds something where errors are left with them.
///
/// # Errors
/// When the inputs cannot be looked at, or a copy cannot be made; what was there before is as it was.
pub fn run(options: &Options, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let out = target::of(&options.out)?;
    if let Some(wheel) = options.inputs.iter().find(|path| path.extension().is_some_and(|end| end == "whl")) {
        let what = format!("{} is a wheel, and copies are made of installed files", wheel.display());
        return Err(Failure::new(what).hint("install it into a virtual environment, and name that"));
    }
    if options.inputs.iter().all(|path| path.is_file() && path.extension().is_none_or(|end| end != "json")) {
        return files::run(options, &out, output);
    }
    installed::run(options, &out, output)
}

/// The dynamic loader that an interpreter is started by.
fn loader_of(interpreter: &Interpreter, facts: &Cache) -> Result<PathBuf, Failure> {
    let loader = facts.get(&interpreter.executable).map_err(Failure::new)?.head.interpreter;
    Ok(loader.map(|name| name.as_path().to_owned()).unwrap_or_default())
}

/// Says what was done: data are the copies.
fn say(isolated: &Isolated, out: &Path, output: &mut dyn Output) -> Result<(), Failure> {
    let Record { copies, kept, .. } = &isolated.record;
    let mut lines = String::new();
    for copy in copies {
        let name = copy.name.as_deref().map_or_else(String::new, |name| format!("  now {}", plain(name)));
        lines.push_str(&format!("{}{name}\n", plain_path(&copy.path)));
    }
    output.data(&lines)?;
    for (name, why) in kept {
        output.note(&format!("{} stays one for all: {why}", plain(name)));
    }
    let own = match copies.iter().filter(|copy| copy.name.is_some()).count() {
        1 => "1 library has a name of its own".to_owned(),
        named => format!("{named} libraries have names of their own"),
    };
    let done = if isolated.unchanged { "there already" } else { "written" };
    output.note(&format!("{own} in {} ({}, {done})", plain_path(out), count(copies.len(), "file")));
    Ok(())
}

/// A folder that nothing was written to is told, and not made; copies of another run do not stay in it.
fn nothing(out: &Path, output: &mut dyn Output, kept: &BTreeSet<Kept>) -> Result<Outcome, Failure> {
    if out.join(elf_isolate::RECORD).is_file() {
        let failed = |error| Failure::new(format!("could not remove {}: {error}", plain_path(out)));
        std::fs::remove_dir_all(out).map_err(failed)?;
        output.note(&format!("{}, which another run had made, is gone", plain_path(out)));
    }
    for one in kept {
        let (name, why) = one.told();
        output.note(&format!("{} stays one for all: {why}", plain(&name)));
    }
    let why = if kept.is_empty() { "no name leads to different libraries here: " } else { "" };
    output.note(&format!("{why}nothing was copied"));
    Ok(Outcome::Fine)
}

/// The folders of the distributions.
fn trees(environment: &Environment) -> Vec<PathBuf> {
    environment.distributions.iter().map(|distribution| distribution.folder.clone()).collect()
}
