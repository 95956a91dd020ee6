//! `pinfold run`: run a command in the environment, which is made what the lock says first.
//!
//! The process is replaced by the command, so that signals, terminal and exit code are the command's own.
//! Deliberately not here: whatever happens inside; the environment's own interpreter starts the hook.

use std::env;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};

use super::sync;
use crate::context::Context;
use crate::environment::layout::Layout;
use crate::environment::sync::existing;
use crate::error::{Error, Outcome};
use crate::failure::hinted;

/// Run a command or script in the environment
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  pinfold run python app.py     a Python script
  pinfold run app.py            the same
  pinfold run -m pytest -x      a module
  pinfold run pytest -x         a program in the environment, or else on PATH")]
pub struct RunArgs {
    /// Use the environment as it is
    #[arg(long)]
    no_sync: bool,
    /// The command is a module: `python -m`
    #[arg(long, short)]
    module: bool,
    /// The command and its arguments; `-` is a script on stdin
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
/// When the environment cannot be made or the command not be started; otherwise it does not return.
pub fn run(args: &RunArgs, context: &Context) -> Result<Outcome, Error> {
    if !args.no_sync {
        let synced = sync::bring(context, false)?;
        sync::report_changes(&synced, context);
    }
    let layout = Layout::new(&context.environment)?;
    existing(&layout)?;
    let bin = layout.link.join("bin");
    let (program, rest) = command_line(args, &bin);
    let mut command = Command::new(&program);
    command.args(rest).env("VIRTUAL_ENV", &layout.link).env_remove("PYTHONHOME").env("PATH", path(&bin)?);
    // What was said must stand before what the command says.
    let _ = std::io::stderr().flush();
    let error = command.exec();
    Err(could_not_start(&program, error, &layout.link).into())
}

/// The program and its arguments: a script or module is Python's to run.
fn command_line(args: &RunArgs, bin: &Path) -> (OsString, Vec<OsString>) {
    let python = || bin.join("python").into_os_string();
    let mut rest = args.command.clone();
    if args.module {
        rest.insert(0, "-m".into());
        return (python(), rest);
    }
    let first = rest.first().cloned().unwrap_or_default();
    let script = Path::new(&first);
    let is_python =
        script.extension().is_some_and(|end| end == "py" || end == "pyw" || end == "pyz") && script.is_file();
    if is_python || first == "-" || (script.is_dir() && script.join("__main__.py").is_file()) {
        return (python(), rest);
    }
    rest.remove(0);
    (first, rest)
}

/// PATH with the environment's programs first, and once.
pub(crate) fn path(bin: &Path) -> anyhow::Result<OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    let others = env::split_paths(&old).filter(|folder| folder != bin);
    let folders: Vec<PathBuf> = std::iter::once(bin.to_owned()).chain(others).collect();
    env::join_paths(folders).context("could not put the environment on PATH: its path has a colon")
}

fn could_not_start(program: &OsString, error: std::io::Error, link: &Path) -> anyhow::Error {
    let name = Path::new(program).display().to_string();
    match error.kind() {
        ErrorKind::NotFound if !name.contains('/') => hinted(
            anyhow!("there is no program `{name}` in {} or on PATH", link.display()),
            format!("`pinfold add` the package that has it; `pinfold run -m {name}` runs a module"),
        ),
        ErrorKind::NotFound => {
            anyhow!("there is no file `{name}` to run, or the interpreter that it names is not there")
        }
        ErrorKind::PermissionDenied => hinted(
            anyhow!("`{name}` is not a program"),
            format!("a Python script runs as `pinfold run python {name}`"),
        ),
        _ => anyhow::Error::new(error).context(format!("could not run `{name}`")),
    }
}
