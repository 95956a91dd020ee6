//! What is wrong with a configuration or a baseline, and where.
//!
//! Deliberately not here: how it is printed.

use std::io;
use std::path::PathBuf;

/// A file of the user's that could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The system did not let it be read.
    #[error("could not read the configuration {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What stands in it is wrong.
    #[error("{}:{line}: {what}{}", path.display(), hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A baseline that could not be read.
    #[error("could not read the baseline {}: {why}\nhint: write it anew: `abicheck --write-baseline {}`", path.display(), path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}
