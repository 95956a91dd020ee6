//! The program `abicheck`: prints the answer of `abicheck::cli` and ends with its exit code.
//!
//! Deliberately not here: any decision.

use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let answer = abicheck::cli::answer(arguments);
    // A closed pipe is the reader's choice, not an error of ours: the exit code still says what happened.
    let _ = std::io::stdout().write_all(answer.stdout.as_bytes());
    let _ = std::io::stderr().write_all(answer.stderr.as_bytes());
    ExitCode::from(answer.code)
}
