//! `cargo xtask`: the project's own commands, so that a fresh machine needs no script and no list of steps.
//!
//! Everything made here lands under `target/`; the user's caches and environments are not touched.
//! Deliberately not here: anything that the programs do; this runs them as a user would.

mod bench;
mod compat;
mod corpus;
mod counts;
mod demo;
mod fuzz;
mod install;
mod isolation;
mod parity;
mod places;
mod pythons;
mod replay;
mod step;
mod system;
mod tally;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build, install and run the two-numpys example: who sees which version, with a result from each
    Demo(demo::Options),
    /// Run every test, on every supported Python that is found
    Test(test::Options),
    /// Measure each figure of the README beside its peer, in one run, and print one table
    Bench(bench::Options),
    /// Use two versions of many distributions in one process, and write docs/compatibility.md
    Compat(compat::Options),
    /// Run upstream test suites under the hook and in plain Python, and write docs/conformance.md
    Conformance(compat::Suites),
    /// Compare the simulated dynamic loader with the real one, for its rules and for real packages
    Parity(parity::Options),
    /// Compare what abicheck says of real packages with what they do
    Corpus(corpus::Options),
    /// Two pyarrows, PyQt6 beside PySide6, two PySide6, two tensorflows: in one process after a plain `pinfold sync`
    Isolation(isolation::Options),
    /// The same with two torches: downloads some 5 GB, needs 30 GB of disk
    Torch(isolation::Options),
    /// Count what a bump of each package of a synthetic set costs: merged, split, split on a frozen build set
    Counts(counts::Options),
    /// Update a project on each day of a summer of the past under three policies, and write docs/replay.md
    Replay(replay::Options),
    /// Fuzz the readers of Pinfold's files, each for a bounded time
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Compat(options) => compat::run(&options),
        Command::Conformance(options) => compat::conformance(&options),
        Command::Parity(options) => parity::run(&options),
        Command::Corpus(options) => corpus::run(&options),
        Command::Isolation(options) => isolation::run(&options),
        Command::Torch(options) => isolation::torch(&options),
        Command::Counts(options) => counts::run(&options),
        Command::Replay(options) => replay::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
