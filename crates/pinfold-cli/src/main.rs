//! The process `pinfold`.

use std::process::ExitCode;

fn main() -> ExitCode {
    pinfold_cli::cli::main()
}
