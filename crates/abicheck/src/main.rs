//! The program `abicheck`.
//!
//! Deliberately not here: any decision.

use std::process::ExitCode;

fn main() -> ExitCode {
    abicheck::cli::main()
}
