//! The command line of `abicheck`: its arguments, and one answer for each.
//!
//! Deliberately not here: printing and the end of the process; `main.rs` does both, so that an answer can be
//! looked at without running anything.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

/// Findings were reported; not used before there is an analysis.
pub const FINDINGS: u8 = 1;
/// It could not be done.
pub const FAILED: u8 = 2;

/// Check which shared libraries a closure's extension modules really get, in every import order
#[derive(Debug, Parser)]
#[command(name = "abicheck", version, about)]
pub struct Arguments {
    /// What to check, and how; for a later release
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// What to print, and how to end.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Data, for stdout.
    pub stdout: String,
    /// Talk, for stderr.
    pub stderr: String,
    /// The exit code.
    pub code: u8,
}

/// Answers the command line `arguments`, whose first is the program's own name.
pub fn answer<I: IntoIterator<Item = String>>(arguments: I) -> Answer {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => later(&arguments.rest),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Answer { stdout: error.to_string(), stderr: String::new(), code: 0 }
        }
        Err(error) => Answer { stdout: String::new(), stderr: error.to_string(), code: FAILED },
    }
}

fn later(rest: &[String]) -> Answer {
    let asked = match rest {
        [] => "abicheck".to_owned(),
        rest => format!("abicheck {}", rest.join(" ")),
    };
    let version = Arguments::command().get_version().unwrap_or_default().to_owned();
    Answer {
        stdout: String::new(),
        stderr: format!(
            "error: could not run `{asked}`: abicheck {version} does not analyse anything yet; \
             the analysis comes with a later release\n\
             hint: `abicheck --version` and `abicheck --help` are all that this release answers\n"
        ),
        code: FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(arguments: &[&str]) -> Answer {
        answer(std::iter::once("abicheck").chain(arguments.iter().copied()).map(str::to_owned))
    }

    #[test]
    fn the_version_is_data() {
        let answer = ask(&["--version"]);
        assert_eq!(answer.stdout, format!("abicheck {}\n", env!("CARGO_PKG_VERSION")));
        assert_eq!((answer.stderr.as_str(), answer.code), ("", 0));
    }

    #[test]
    fn help_is_data() {
        let answer = ask(&["--help"]);
        assert!(answer.stdout.contains("Usage: abicheck"), "{}", answer.stdout);
        assert_eq!(answer.code, 0);
    }

    #[test]
    fn everything_else_comes_later_and_says_so() {
        for arguments in [&[][..], &["closure.json"], &["explain", "AB102"], &["--verify", "x"]] {
            let answer = ask(arguments);
            assert_eq!(answer.code, FAILED, "{arguments:?}");
            assert_eq!(answer.stdout, "");
            let asked = std::iter::once("abicheck").chain(arguments.iter().copied());
            let asked = asked.collect::<Vec<_>>().join(" ");
            assert!(answer.stderr.contains(&format!("`{asked}`")), "{}", answer.stderr);
            assert!(answer.stderr.contains("hint: "), "{}", answer.stderr);
        }
    }
}
