//! The command line of `abicheck`: its commands, common options, and the one place where an end becomes an exit code.
//!
//! Deliberately not here: what commands do (`commands`), and what the codes mean (`failure`).

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Effects, Styles};
use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};

use crate::commands::{bindings, check, explain, facts, isolate, ldd, rules};
use crate::failure::{COULD_NOT, Failure, Outcome};
use crate::output::{Output, Streams};
use crate::terminal::Colour;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Green.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default().effects(Effects::BOLD))
    .placeholder(AnsiColor::Cyan.on_default());

/// Says which native libraries of Python packages clash, in which import order, at which symbol, and why.
#[derive(Debug, Parser)]
#[command(name = "abicheck", version, styles = STYLES, disable_help_subcommand = true, disable_help_flag = true, disable_version_flag = true)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(
    after_help = "Exit codes: 0 fine, 1 errors were found (with --strict: or warnings), 2 could not look.\nAn input that is called like a command is given as a path: `abicheck ./rules`."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: check::Options,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Command {
    Explain(explain::Options),
    Rules(rules::Options),
    Ldd(ldd::Options),
    Bindings(bindings::Options),
    Facts(facts::Options),
    Isolate(isolate::Options),
}

/// Options that every command has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
struct Common {
    /// When colours are used
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Colour,
    /// Show notes in full, and what is ignored
    #[arg(long, short, global = true)]
    verbose: bool,
    /// Say only what counts
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print help
    // clap's own flag prints a page of half-empty lines; everything fits into the short form.
    #[arg(long, short, global = true, action = clap::ArgAction::HelpShort)]
    help: Option<bool>,
    /// Print version
    #[arg(long, short = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// Answers the arguments of this process.
pub fn main() -> ExitCode {
    // On one of the threads that do the work: a further one would take part in none of it, and have pages of memory of
    // its own cleared.
    let code = rayon::scope(|_| answer(std::env::args_os()));
    ExitCode::from(code)
}

/// Answers `arguments`, whose first is the program's own name, and returns the exit code.
fn answer(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let mut output = Streams { colour: cli.common.color };
            ended(cli.run(&mut output), &mut output)
        }
        Err(error) => refused(&error, &mut Streams { colour: Colour::Auto }),
    }
}

/// The exit code of an end; a failure is told first.
fn ended(end: Result<Outcome, Failure>, output: &mut dyn Output) -> u8 {
    match end {
        Ok(outcome) => outcome.code(),
        Err(failure) => {
            let text = failure.render(output.colour_of_talk());
            output.talk(&text);
            COULD_NOT
        }
    }
}

/// What clap says: help and the version are data, everything else is talk, and a failure.
fn refused(error: &clap::Error, output: &mut dyn Output) -> u8 {
    let text = error.render();
    let shown = |colour: bool| if colour { text.ansi().to_string() } else { text.to_string() };
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = shown(output.colour());
        return ended(output.data(&text).map(|()| Outcome::Fine), output);
    }
    let text = shown(output.colour_of_talk());
    output.talk(&text);
    COULD_NOT
}

impl Cli {
    fn run(self, output: &mut dyn Output) -> Result<Outcome, Failure> {
        let talk = check::Talk { verbose: self.common.verbose, quiet: self.common.quiet };
        match &self.command {
            None => check::run(&self.check, talk, output),
            Some(Command::Explain(options)) => explain::run(options, output),
            Some(Command::Rules(options)) => rules::run(options, output),
            Some(Command::Ldd(options)) => ldd::run(options, output),
            Some(Command::Bindings(options)) => bindings::run(options, output),
            Some(Command::Facts(options)) => facts::run(options, output),
            Some(Command::Isolate(options)) => isolate::run(options, output),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        super::Cli::command().debug_assert();
    }
}
