//! A step's process, confined: it may write in its own folders only, and ends when we end.
//!
//! Our own program is started in between, as a hidden command: it restricts itself, and becomes what it was asked to run.
//! Landlock (since Linux 5.13) keeps what a process writes below the given folders, root included; where the kernel has
//! none, nothing is kept. Deliberately not here: reading, the network, and signals, which are free.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, anyhow};
use landlock::{ABI, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, path_beneath_rules};
use rustix::process::Signal;

use super::guard;
use crate::error::{Error, Outcome};

/// The name of the hidden command.
pub const NAME: &str = "confined";

/// Run a command that may write below some folders only (for `pinfold build`)
#[derive(Clone, Debug, clap::Args)]
pub struct ConfinedArgs {
    /// A folder that it may write in; without any, everywhere
    #[arg(long)]
    write: Vec<PathBuf>,
    /// The command
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

/// What every program writes to: null devices, shared memory, its own part of `/proc`.
const DEVICES: [&str; 2] = ["/dev", "/proc"];

/// The beginning of a command line that ends in the command to be run: it may write below `writable` only, or
/// anywhere if that is empty.
///
/// # Errors
/// When this program cannot tell where it lies.
pub fn command(writable: &[&Path]) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(NAME);
    for folder in writable {
        command.arg("--write").arg(folder);
    }
    command.arg("--");
    Ok(command)
}

/// Whether a command line is one of those.
pub(super) fn is_one(command: &Command) -> bool {
    command.get_args().next().is_some_and(|first| first == NAME)
}

/// Becomes the command, or its guard.
///
/// # Errors
/// When that cannot be done; otherwise it does not return.
pub fn run(args: &ConfinedArgs) -> Result<Outcome, Error> {
    if guard::is_asked() {
        return guard::run();
    }
    // prctl(2): of the thread that started us, which waits for us; and kept over execve(2).
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("could not ask to be ended with the process that builds")?;
    if !args.write.is_empty() {
        restrict(&args.write).context("could not confine the build to its folder")?;
    }
    let (program, rest) = args.command.split_first().ok_or_else(|| anyhow!("there is no command"))?;
    let error = Command::new(program).args(rest).exec();
    Err(anyhow!("could not run {}: {error}", Path::new(program).display()).into())
}

fn restrict(writable: &[PathBuf]) -> Result<(), RulesetError> {
    // Best effort, as the crate has it: an older kernel restricts what it can.
    let writes = AccessFs::from_write(ABI::V3);
    let devices = path_beneath_rules(DEVICES, writes);
    Ruleset::default()
        .handle_access(writes)?
        .create()?
        .add_rules(path_beneath_rules(writable, writes))?
        .add_rules(devices)?
        .restrict_self()?;
    Ok(())
}
