//! `cargo xtask replay`: real history, day by day: what updates under three policies would have come to.
//!
//! Deliberately not here: the project, the policies and the counting (`tests/replay`), which a test runs on few days.

use anyhow::Result;

use crate::compat::script;

/// Options of `replay`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The first day; without it, that of the page in docs/
    #[arg(long, value_name = "DATE")]
    first: Option<String>,
    /// The last day
    #[arg(long, value_name = "DATE")]
    last: Option<String>,
    /// The project, a folder of `tests/replay`: `full`, or `small`, which the tests use
    #[arg(long, value_name = "NAME", default_value = "full")]
    project: String,
}

/// Plays the days that no earlier run has; `false` when what tracks have in use fails its gate.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let mut arguments = vec![format!("--project={}", options.project)];
    arguments.extend(options.first.as_ref().map(|day| format!("--first={day}")));
    arguments.extend(options.last.as_ref().map(|day| format!("--last={day}")));
    // Versions are compared as the index orders them.
    script("replay", "tests/replay/run.py", &["packaging"], arguments)
}
