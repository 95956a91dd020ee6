//! Why there is no copy of a file.
//!
//! Deliberately not here: what follows for the environment; whoever asked leaves it as it was.

use std::io;
use std::path::{Path, PathBuf};

use elf_facts::FactsError;

/// Why a file was not edited.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The system refused.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It must stay as it is.
    #[error("{} cannot be given other names: {why}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why, as the end of a sentence.
        why: &'static str,
    },
    /// The editor could not.
    #[error("{} cannot be given other names: the ELF editor says: {why}", path.display())]
    Editor {
        /// The file.
        path: PathBuf,
        /// What it said.
        why: String,
    },
    /// Its headers are wrong.
    #[error("{0}: it cannot be given other names")]
    Damaged(FactsError),
    /// What was written cannot be read.
    #[error("the edited copy is damaged, and was thrown away: {0}")]
    Unreadable(FactsError),
    /// What was written is not what was asked for.
    #[error("the edited copy of {} differs from it in more than names, and was thrown away: {what}", path.display())]
    Differs {
        /// The original.
        path: PathBuf,
        /// In what.
        what: String,
    },
}

impl EditError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// Why there are no copies; what was there before is as it was.
#[derive(Debug, thiserror::Error)]
pub enum IsolateError {
    /// One file cannot be edited.
    #[error("{why}\nhint: {hint}", hint = hint(.why))]
    Edit {
        /// The file.
        file: PathBuf,
        /// Why.
        why: EditError,
    },
    /// Names cannot be replaced.
    #[error("{}\nhint: {OTHERS}", .0.join("\n"))]
    Names(Vec<String>),
    /// Something else stands where the copies should.
    #[error("{} is there, and was not made by this\nhint: name a folder that is not there yet", out.display())]
    Foreign {
        /// The folder.
        out: PathBuf,
    },
    /// The folder of the copies could not be written.
    #[error("could not {what} {}: {source}\nhint: what was there before is as it was; free space or permissions, then try again", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The copies do not do what was meant.
    #[error(
        "the copies were made and do not hold: {0}\nhint: they were thrown away, and what was there before is as it was"
    )]
    DoNotHold(String),
}

impl IsolateError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// What to do where a file stays as it is.
const OTHERS: &str = "nothing was changed; install versions of both packages that bring the same library, or leave one of them out";

/// What to do about a file that cannot be edited.
fn hint(error: &EditError) -> &'static str {
    match error {
        EditError::Io { .. } => "nothing was changed; free space or permissions, then try again",
        _ => OTHERS,
    }
}
