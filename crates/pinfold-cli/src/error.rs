//! What every command returns: an outcome, or an error with what to do next.
//!
//! The exit codes stand here and nowhere else. Deliberately not here: how an error is printed.

use std::fmt;

/// How a command that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report; exit code 0.
    Fine,
    /// It found what it was asked to look for; exit code 1.
    Findings,
}

impl Outcome {
    /// The exit code: 0 fine, 1 findings. An [`Error`] is 2.
    pub fn code(self) -> u8 {
        match self {
            Outcome::Fine => 0,
            Outcome::Findings => 1,
        }
    }
}

/// The exit code of a command that could not do its work.
pub const COULD_NOT: u8 = 2;

/// An error that can say what to do next.
pub trait Hint: std::error::Error + Send + Sync + 'static {
    /// What to do next, one line each; printed after `hint: `.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a command could not do its work: what was tried, on what, why it failed, what to do next.
pub struct Error(Box<dyn Hint>);

impl Error {
    /// The error as the standard library knows it, with its chain of sources.
    pub fn as_std(&self) -> &(dyn std::error::Error + 'static) {
        self.0.as_ref()
    }

    /// What to do next, one line each.
    pub fn hints(&self) -> Vec<String> {
        self.0.hints()
    }

    /// The error itself, for a caller that tells kinds apart.
    pub fn downcast_ref<E: Hint>(&self) -> Option<&E> {
        let error: &(dyn std::error::Error + 'static) = self.0.as_ref();
        error.downcast_ref::<E>()
    }
}

impl<E: Hint> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Box::new(error))
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Error(Box::new(crate::failure::Failure::from(error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Hint for pinfold_core::lock::LockError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Malformed { .. } => {
                vec![
                    "take back the change to it, or remove the file and run `pinfold lock` to write it anew"
                        .to_owned(),
                ]
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}

impl Hint for pinfold_core::closure::ClosureError {}
