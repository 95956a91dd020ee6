//! How a process of the environment is started, should anybody ask for one.
//!
//! Deliberately not here: starting it (`verify`); what abicheck says by itself, it says without running anything.

use std::path::PathBuf;

use super::interpreter::Interpreter;

/// How a process is started that imports what the environment has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// By a program that sees the environment by itself: that of a virtual environment.
    Own(PathBuf),
    /// By an interpreter that is told the environment's folders, and has no others.
    Told {
        /// The interpreter.
        program: PathBuf,
        /// What it takes for its `site-packages` folders, in order.
        folders: Vec<PathBuf>,
    },
    /// By the program of an environment of pins; it has several modules of one name.
    Pinned {
        /// The program.
        program: PathBuf,
        /// Identifiers of the units, in the order of the distributions: `ID:MODULE` is a module of that unit,
        /// whoever asks.
        units: Vec<String>,
    },
    /// There is a description of an environment, and nothing that runs it.
    Nothing,
}

impl Start {
    /// By `interpreter`, which is told `folders`.
    pub(super) fn told(interpreter: &Interpreter, folders: &[PathBuf]) -> Self {
        Self::Told { program: interpreter.executable.clone(), folders: folders.to_vec() }
    }
}
