//! `cargo xtask test`: format, lints, Rust tests, the install, and the Python tests on every Python found.
//!
//! One failing part does not hide the others: all run, then the last lines say what failed. A skipped test
//! is a failure where CI is set.
//! Deliberately not here: tests with an xtask of their own (the README names them), and measurements.

use anyhow::{Result, bail};

use crate::install::{Venv, build, cargo};
use crate::pythons::{self, Python};
use crate::step::{Step, ended, heading};
use crate::tally::Tally;
use crate::{places, system};

/// Options of `test`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Run the Python tests on these versions only, such as 3.11,3.12
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',')]
    python: Vec<String>,
    /// Only the Python tests
    #[arg(long)]
    only_python: bool,
    /// Arguments for pytest, after `--`: a file, or `-k NAME`
    #[arg(last = true)]
    pytest: Vec<String>,
}

/// What has failed so far, and the counts.
#[derive(Default)]
struct Outcome {
    failed: Vec<String>,
    tally: Tally,
}

impl Outcome {
    /// Records the end of part `name`.
    fn record(&mut self, name: &str, code: Option<i32>) {
        if code != Some(0) {
            self.failed.push(format!("{name} {}", ended(code)));
        }
    }
}

/// Runs them; `false` when something failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut found = pythons::find()?;
    if !options.python.is_empty() {
        found.retain(|python| options.python.contains(&python.minor));
        if found.is_empty() {
            bail!("none of the Pythons {} was found", options.python.join(", "));
        }
    }
    heading("what the tests need from the system");
    system::prepare(&found)?;
    heading("build the programs as they are installed");
    build()?;
    heading(&format!("install them for the tests, on Python {}", found[0].version));
    let venv = Venv::make(&found[0], places::target().join("test/venv"))?;
    venv.install_pinfold()?;
    venv.pip(["--requirement", "tests/requirements.txt"])?;
    let mut outcome = Outcome::default();
    if !options.only_python {
        rust(&venv, &mut outcome)?;
    }
    python(&venv, &found, &options.pytest, &mut outcome)?;
    Ok(report(&found, &outcome))
}

fn rust(venv: &Venv, outcome: &mut Outcome) -> Result<()> {
    heading("format");
    outcome.record("cargo fmt", cargo().args(["fmt", "--all", "--check"]).code()?);
    heading("lints");
    let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"];
    outcome.record("cargo clippy", cargo().args(clippy).code()?);
    heading("Rust tests");
    let mut tally = Tally::default();
    let test = cargo().args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    // The programs under test stand in cargo's folder, where there is no uv beside them.
    let test = test.env("PINFOLD_UV", venv.program("uv")).env("INSTA_UPDATE", "no");
    // What Nix builds with, and what its environments start with, is what was installed.
    let test = test.env("PINFOLD_INSTALLED", venv.folder());
    outcome.record("cargo test", test.code_seeing(|line| tally.add_cargo_line(line))?);
    outcome.tally.add(tally);
    Ok(())
}

fn python(venv: &Venv, found: &[Python], arguments: &[String], outcome: &mut Outcome) -> Result<()> {
    heading("Python tests");
    let mut tally = Tally::default();
    let executables: Vec<_> = found.iter().map(|python| python.executable.to_string_lossy()).collect();
    let pytest = Step::new(venv.program("python")).args(["-m", "pytest"]);
    let everything =
        (!arguments.iter().any(|argument| argument.starts_with("tests/"))).then_some("tests/hook");
    let pytest = pytest.args(everything);
    let pytest = pytest.arg(format!("--pythons={}", executables.join(",")));
    let pytest = pytest.arg("--basetemp").arg(places::target().join("test/tmp")).args(arguments);
    let pytest = pytest.env("PINFOLD_CACHE", places::store());
    outcome.record("pytest", pytest.code_seeing(|line| tally.add_pytest_line(line))?);
    if tally == Tally::default() {
        outcome.failed.push("pytest ran no test".to_owned());
    }
    outcome.tally.add(tally);
    Ok(())
}

fn report(found: &[Python], outcome: &Outcome) -> bool {
    heading("result");
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    let skipped = outcome.tally.skipped;
    let mut failed = outcome.failed.clone();
    if skipped > 0 {
        eprintln!("SKIPPED: {skipped} tests did not run; their reasons stand above");
        if ci {
            failed.push(format!("{skipped} tests were skipped, and CI is set"));
        }
    }
    for failure in &failed {
        eprintln!("failed: {failure}");
    }
    println!("{}", pythons::sentence(found));
    println!("{}", outcome.tally);
    failed.is_empty()
}
