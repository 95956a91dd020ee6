//! What every command needs to know: where the project is, and what the common flags said.
//!
//! Deliberately not here: parsing of the flags, and anything that one command alone needs.

use std::path::PathBuf;
use std::time::Duration;

/// Where the project is, and what the common flags said.
#[derive(Clone, Debug)]
pub struct Context {
    /// The command, as it is typed.
    pub command: String,
    /// The folder of the manifest, absolute.
    pub project: PathBuf,
    /// The manifest: `pinfold.toml`, or a `pyproject.toml` with `[tool.pinfold]`. It need not exist.
    pub manifest: PathBuf,
    /// The environment's folder, usually `.venv` in the project.
    pub environment: PathBuf,
    /// End a step of a build that takes longer; else what the manifest says.
    pub timeout: Option<Duration>,
    /// Use no network.
    pub offline: bool,
    /// Do not change the lock.
    pub frozen: bool,
    /// Refuse to go on if the lock would have to change.
    pub locked: bool,
    /// Say only what went wrong.
    pub quiet: bool,
    /// Say more; a count.
    pub verbose: u8,
    /// How data is printed on stdout.
    pub format: OutputFormat,
    /// The Python that `--python` asks for.
    pub python: Option<String>,
}

/// How data is printed on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs; carries `"version": 1`.
    Json,
}

impl Context {
    /// Talk on stderr, unless `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            crate::output::talk(&format!("{line}\n"));
        }
    }
}
