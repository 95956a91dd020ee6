//! The command line: commands, common flags, and the one place where an outcome becomes an exit code.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | fine |
//! | 1 | findings: there is an answer, and it is not the one hoped for |
//! | 2 | could not: wrong usage, bad input, a fault |
//!
//! `pinfold run` is replaced by the command it runs, whose exit code it has. Deliberately not here: what the
//! commands do ([`crate::commands`]).

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::build::confine;
use crate::commands;
use crate::context::{Context, OutputFormat};
use crate::environment::{journal, layout::Layout};
use crate::error::{COULD_NOT, Error, Outcome};
use crate::{failure, project, terminal};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

/// One interpreter, many versions: every Python package sees the dependencies it was resolved with.
#[derive(Debug, Parser)]
#[command(name = "pinfold", version, styles = STYLES, disable_help_subcommand = true, disable_help_flag = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 findings, 2 could not; `pinfold run` exits as the command it runs."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(commands::init::InitArgs),
    Add(commands::add::AddArgs),
    Remove(commands::remove::RemoveArgs),
    Pin(commands::pin::PinArgs),
    Lock(commands::lock::LockArgs),
    Sync(commands::sync::SyncArgs),
    Run(commands::run::RunArgs),
    Build(commands::build::BuildArgs),
    Update(commands::update::UpdateArgs),
    Status(commands::status::StatusArgs),
    Tree(commands::tree::TreeArgs),
    Why(commands::why::WhyArgs),
    Check(commands::check::CheckArgs),
    Plan(commands::plan::PlanArgs),
    Generations(commands::generations::GenerationsArgs),
    Diff(commands::diff::DiffArgs),
    Rollback(commands::rollback::RollbackArgs),
    Gc(commands::gc::GcArgs),
    #[command(hide = true)]
    Assemble(commands::assemble::AssembleArgs),
    #[command(name = confine::NAME, hide = true)]
    Confined(confine::ConfinedArgs),
}

/// Flags that every command has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
struct Common {
    /// The project's folder, or its manifest [default: the nearest one, here or above]
    #[arg(long, global = true, value_name = "PATH")]
    project: Option<PathBuf>,
    /// The environment [default: .venv in the project]
    #[arg(long = "env", global = true, value_name = "PATH", env = "PINFOLD_ENV", hide_env_values = true)]
    environment: Option<PathBuf>,
    /// The interpreter: a version, a path, or a name on PATH
    #[arg(
        long,
        short = 'p',
        global = true,
        value_name = "PYTHON",
        env = "PINFOLD_PYTHON",
        hide_env_values = true
    )]
    python: Option<String>,
    /// Use no network
    #[arg(long, global = true, env = "PINFOLD_OFFLINE", hide_env_values = true, value_parser = clap::builder::BoolishValueParser::new())]
    offline: bool,
    /// Use the lock as it is, and do not change it
    #[arg(long, global = true)]
    frozen: bool,
    /// Refuse to go on if the lock would have to change
    #[arg(long, global = true, conflicts_with = "frozen")]
    locked: bool,
    /// End a step of a build that takes longer [default: what the manifest says, else 3600]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// How data is printed on stdout
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    output_format: OutputFormat,
    /// Say only what went wrong
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more; twice for more still
    #[arg(long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    verbose: u8,
    /// Print help
    // clap's own flag prints a page of half-empty lines; everything fits into the short form.
    #[arg(long, short, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Parses the arguments of this process, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    if cli.common.quiet {
        terminal::be_quiet();
    }
    match cli.run(matches.subcommand_name().unwrap_or_default()) {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) => {
            failure::print(&error);
            ExitCode::from(COULD_NOT)
        }
    }
}

impl Cli {
    fn run(self, name: &str) -> Result<Outcome, Error> {
        // It is about no project, and has been given variables of its own.
        if let Command::Confined(args) = &self.command {
            return confine::run(args);
        }
        let context = self.common.context(name)?;
        // Before anything reads the lock: a switch that was cut off is finished first.
        if let Ok(layout) = Layout::new(&context.environment) {
            journal::recover(&layout)?;
        }
        match &self.command {
            Command::Init(args) => commands::init::run(args, &context),
            Command::Add(args) => commands::add::run(args, &context),
            Command::Remove(args) => commands::remove::run(args, &context),
            Command::Pin(args) => commands::pin::run(args, &context),
            Command::Lock(args) => commands::lock::run(args, &context),
            Command::Sync(args) => commands::sync::run(args, &context),
            Command::Run(args) => commands::run::run(args, &context),
            Command::Build(args) => commands::build::run(args, &context),
            Command::Update(args) => commands::update::run(args, &context),
            Command::Status(args) => commands::status::run(args, &context),
            Command::Tree(args) => commands::tree::run(args, &context),
            Command::Why(args) => commands::why::run(args, &context),
            Command::Check(args) => commands::check::run(args, &context),
            Command::Plan(args) => commands::plan::run(args, &context),
            Command::Generations(args) => commands::generations::run(args, &context),
            Command::Diff(args) => commands::diff::run(args, &context),
            Command::Rollback(args) => commands::rollback::run(args, &context),
            Command::Gc(args) => commands::gc::run(args, &context),
            Command::Assemble(args) => commands::assemble::run(args),
            Command::Confined(args) => confine::run(args),
        }
    }
}

impl Common {
    fn context(self, command: &str) -> Result<Context, Error> {
        let project = project::find(self.project.as_deref())?;
        let environment = match self.environment {
            Some(path) => std::path::absolute(path).map_err(anyhow::Error::from)?,
            None => project.folder.join(".venv"),
        };
        Ok(Context {
            command: command.to_owned(),
            project: project.folder,
            manifest: project.manifest,
            environment,
            timeout: self.timeout.map(Duration::from_secs),
            offline: self.offline,
            frozen: self.frozen,
            locked: self.locked,
            quiet: self.quiet,
            verbose: self.verbose,
            format: self.output_format,
            python: self.python,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
