//! Why there is nothing that could be checked.
//!
//! Deliberately not here: files that cannot be read inside an environment; each is a finding.

use std::io;
use std::path::PathBuf;

/// An input that is no environment. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The system did not let it be read.
    #[error("could not read {}: {source}{}", path.display(), advice(source))]
    Io {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is {what}\nhint: {hint}", path.display())]
    NoEnvironment {
        /// The input.
        path: PathBuf,
        /// What it is, or lacks.
        what: String,
        /// What to give instead.
        hint: String,
    },
    /// No interpreter to import with.
    #[error("no Python interpreter is known for {}: {why}\nhint: name it, `--python /path/to/python3`", path.display())]
    NoInterpreter {
        /// The input.
        path: PathBuf,
        /// Where one was looked for.
        why: String,
    },
    /// What was named as one is none.
    #[error("{} is no Python interpreter: {why}\nhint: {hint}", path.display())]
    NotPython {
        /// What was named, or found.
        path: PathBuf,
        /// What it is, or lacks.
        why: String,
        /// What to name instead.
        hint: String,
    },
    /// A wheel that could not be unpacked.
    #[error("could not unpack {}: {why}", path.display())]
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A closure.json that could not be used.
    #[error(transparent)]
    Closure(#[from] pinfold_core::closure::ClosureError),
}

/// What to do about it, where that can be said.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "\nhint: run abicheck as somebody who may read it",
        _ => "",
    }
}

impl InputError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
