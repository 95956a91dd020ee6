//! Why a wheel could not be built or checked: which package, which step, what to do next.
//!
//! Deliberately not here: a check that fails; that is a finding, not an error.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Hint;
use crate::locking::requirement::RequirementError;
use crate::uv::UvError;

/// Why a wheel could not be built or checked.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A hook of the backend failed, or did something that it must not do.
    #[error("could not build {what} (step build): {how}{}", said(.last))]
    Backend {
        /// The package, in words.
        what: String,
        /// How it ended, in words.
        how: String,
        /// The last lines that it said.
        last: Vec<String>,
        /// What to do next.
        hints: Vec<String>,
        /// The seconds that it had, if it did not end in them.
        late: Option<u64>,
    },
    /// What a package is built or checked with could not be resolved.
    #[error("could not resolve what {what} is {done} with: {}\n{reason}", list(.requires))]
    Tools {
        /// The package, in words.
        what: String,
        /// `built` or `checked`.
        done: &'static str,
        /// The requirements.
        requires: Vec<String>,
        /// uv's explanation.
        reason: String,
        /// Whether it is they that cannot be had, and nothing that was in the way of asking.
        refused: bool,
        /// What to do next.
        hints: Vec<String>,
    },
    /// What a package is built with is not frozen yet, and must not be now.
    #[error("pinfold.lock does not say what {what} is {done} with, which asks for {requires}; {reason}")]
    NotFrozen {
        /// The package, in words.
        what: String,
        /// `built` or `checked`.
        done: &'static str,
        /// What it asks for.
        requires: String,
        /// Why it must not change.
        reason: &'static str,
    },
    /// Builds that need each other.
    #[error("these builds need each other, so that none can be done before the others: {}", names.join(" -> "))]
    Circle {
        /// From one around to the same.
        names: Vec<String>,
    },
    /// It was tried already, for somebody else.
    #[error("{what} is needed, and could not be built: see there")]
    Before {
        /// What was tried.
        what: String,
    },
    /// The file pyproject.toml of a source is wrong.
    #[error("could not read {}: {reason}", path.display())]
    Pyproject {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A source distribution could not be had.
    #[error("could not fetch the source distribution of {what}\n{said}")]
    Source {
        /// Name and version.
        what: String,
        /// uv's words.
        said: String,
        /// Whether the network was forbidden.
        offline: bool,
        /// Whether it is the file that cannot be had, and nothing that was in the way of asking.
        refused: bool,
    },
    /// A file that is no source distribution.
    #[error("{} is no source distribution that can be built: {reason}", path.display())]
    NotASdist {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A source distribution of another package.
    #[error("{what} is not that: its metadata says `{found}`")]
    OtherSource {
        /// The package and its file, in words.
        what: String,
        /// The package that it is.
        found: String,
    },
    /// A file could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// Verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has nothing that a build could start from.
    #[error("{} has neither pyproject.toml nor setup.py, so no wheel can be built from it", .0.display())]
    NotASource(PathBuf),
    /// A requirement could not be read.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// uv could not be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
    /// The store could not take or give something.
    #[error(transparent)]
    Store(#[from] wheelsplit::Error),
    /// A check could not be made.
    #[error("could not check {what} (step check): {reason}")]
    Check {
        /// The package.
        what: String,
        /// Why.
        reason: Box<crate::error::Error>,
    },
    /// A wheel that was built could not be installed.
    #[error("could not install {what} (step install): {reason}")]
    Install {
        /// The package.
        what: String,
        /// Why.
        reason: Box<crate::error::Error>,
    },
    /// Anything else on the way to what a build needs.
    #[error("could not build {what} (step build): {reason}")]
    Prepare {
        /// The package, in words.
        what: String,
        /// Why.
        reason: Box<crate::error::Error>,
    },
}

fn said(last: &[String]) -> String {
    last.iter().map(|line| format!("\n  {line}")).collect()
}

fn list(requires: &[String]) -> String {
    match requires {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    }
}

impl BuildError {
    /// Whether it is the source that is at fault, or what it asks for: not the disk, the network, uv or a flag.
    pub fn is_refusal(&self) -> bool {
        match self {
            BuildError::Backend { .. }
            | BuildError::Circle { .. }
            | BuildError::Before { .. }
            | BuildError::Pyproject { .. }
            | BuildError::NotASdist { .. }
            | BuildError::OtherSource { .. }
            | BuildError::NotASource(_)
            | BuildError::Requirement(_) => true,
            BuildError::Tools { refused, .. } => *refused,
            BuildError::Source { refused, offline, .. } => *refused && !offline,
            BuildError::Store(error) => error.is_of_the_wheel(),
            BuildError::Check { reason, .. }
            | BuildError::Install { reason, .. }
            | BuildError::Prepare { reason, .. } => crate::refusal::of(reason.as_std()).is_some(),
            BuildError::NotFrozen { .. } | BuildError::Io { .. } | BuildError::Uv(_) => false,
        }
    }

    /// With package and step, where the error itself is about a file or folder alone.
    pub(super) fn of_build(self, words: &str) -> Self {
        match self {
            alone @ (BuildError::Io { .. } | BuildError::NotASource(_) | BuildError::NotASdist { .. }) => {
                BuildError::Prepare { what: words.to_owned(), reason: Box::new(alone.into()) }
            }
            other => other,
        }
    }

    /// As [`Self::of_build`], for a check.
    pub(super) fn of_check(self, words: &str) -> Self {
        match self {
            alone @ BuildError::Io { .. } => {
                BuildError::Check { what: words.to_owned(), reason: Box::new(alone.into()) }
            }
            // What it is checked with could not be brought here.
            BuildError::Prepare { what, reason } if what == words => BuildError::Check { what, reason },
            other => other,
        }
    }
}

impl Hint for BuildError {
    fn hints(&self) -> Vec<String> {
        match self {
            BuildError::Backend { hints, .. } | BuildError::Tools { hints, .. } => hints.clone(),
            BuildError::NotFrozen { done: "checked", .. } => {
                vec![
                    "run `pinfold build`, and commit pinfold.lock; `--no-check` leaves checks out".to_owned(),
                ]
            }
            BuildError::NotFrozen { .. } => vec!["run `pinfold lock`, and commit pinfold.lock".to_owned()],
            BuildError::Circle { .. } => {
                vec![
                    "take one of them out of the other's [build-system], or bring it as a wheel file"
                        .to_owned(),
                ]
            }
            BuildError::NotASdist { .. } => {
                vec!["name the folder that it is unpacked to, if it is a source all the same".to_owned()]
            }
            BuildError::OtherSource { found, .. } => vec![format!("write `{found} @ ...`")],
            BuildError::Source { offline: true, .. } => vec![
                "this was tried without the network (`--offline`), and the store does not have it".to_owned(),
            ],
            BuildError::Source { .. } => {
                vec!["the index must be reachable, and have the very file that pinfold.lock names".to_owned()]
            }
            BuildError::NotASource(_) => {
                vec!["name the folder that has the package's pyproject.toml".to_owned()]
            }
            BuildError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                vec![
                    "free some space, or have builds elsewhere with TMPDIR; nothing half-done is kept"
                        .to_owned(),
                ]
            }
            BuildError::Requirement(e) => e.hints(),
            BuildError::Uv(e) => e.hints(),
            BuildError::Store(e) => e.hint().into_iter().collect(),
            BuildError::Prepare { reason, .. }
            | BuildError::Install { reason, .. }
            | BuildError::Check { reason, .. } => reason.hints(),
            BuildError::Pyproject { .. } | BuildError::Io { .. } | BuildError::Before { .. } => Vec::new(),
        }
    }
}

pub(crate) fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { doing, path, source }
}
