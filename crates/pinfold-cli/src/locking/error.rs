//! Why a manifest could not be made into a lock, in words that a person can act on.
//!
//! Deliberately not here: errors of uv's settings and of single requirements, which stand beside their code.

use pinfold_core::names::nearest;

use super::choose::ChooseError;
use super::culprit::Culprit;
use super::local::LocalError;
use super::requirement::RequirementError;
use super::resolved::{Resolved, Whom, words};
use crate::build::BuildError;
use crate::error::Hint;
use crate::uv::project::QuestionError;
use crate::uv::settings::SettingsError;
use crate::uv::{Uv, UvError};

/// Why a manifest could not be made into a lock.
#[derive(Debug, thiserror::Error)]
pub enum LockingError {
    /// The requirements of a closure contradict each other or name what is not there.
    #[error("there is no solution for {closure}\n{explanation}{}", shares(.shared))]
    NoSolution {
        /// The closure, in words.
        closure: String,
        /// uv's explanation.
        explanation: String,
        /// What the closure was told to take from root, and what does not accept it, in words.
        shared: Vec<String>,
        /// Whose it is.
        whom: Box<Whom>,
        /// Whether the network was forbidden.
        offline: bool,
    },
    /// uv could not resolve a closure, for a reason of its own.
    #[error("could not resolve {closure}\n{explanation}")]
    Failed {
        /// The closure, in words.
        closure: String,
        /// uv's words.
        explanation: String,
        /// The package that is to blame, where it is one.
        culprit: Option<Box<Culprit>>,
        /// Whether the network was forbidden.
        offline: bool,
    },
    /// uv did not answer in time.
    #[error("could not resolve {closure}: {late}")]
    Late {
        /// The closure, in words.
        closure: String,
        /// How long it had, and what it was at.
        late: UvError,
    },
    /// A pin for a package that nobody needs.
    #[error("`{name}` is {}, but nothing requires it", track.as_ref().map_or("pinned".to_owned(), |track| format!("in track `{track}`")))]
    UnusedPin {
        /// The pin.
        name: String,
        /// The track that it is in.
        track: Option<String>,
        /// A package that is required and is called almost so.
        near: Option<String>,
    },
    /// A package of a track that two closures take from different places.
    #[error(
        "`{name}` {version} of track `{track}` is not the one that the track itself resolves to: another closure takes it from somewhere else"
    )]
    TrackTwice {
        /// The track.
        track: String,
        /// The package.
        name: String,
        /// Its version.
        version: String,
    },
    /// Pins that need each other.
    #[error("these pins need each other, so that none can be resolved before the others: {}", names.join(" -> "))]
    PinCycle {
        /// From one around to the same.
        names: Vec<String>,
    },
    /// A pin shares its own package, by its name or as a part of something else.
    #[error("[pins.{pin}] shares itself{}", by.as_ref().map(|by| format!(": root's `{by}`, which it shares, needs `{pin}`")).unwrap_or_default())]
    SharesItself {
        /// The pin.
        pin: String,
        /// What it shares that needs it, if it is not named itself.
        by: Option<String>,
    },
    /// A pin shares what root has not.
    #[error("[pins.{pin}] shares `{name}`, but root's closure has no `{name}`")]
    SharedNotInRoot {
        /// The pin.
        pin: String,
        /// The name.
        name: String,
        /// A name of root's closure that looks almost so.
        near: Option<String>,
    },
    /// A pin shares what its closure does not need.
    #[error("[pins.{pin}] shares `{name}`, but nothing in the closure of `{pin}` requires it")]
    SharedNotNeeded {
        /// The pin.
        pin: String,
        /// The name.
        name: String,
        /// A name of its closure that looks almost so.
        near: Option<String>,
    },
    /// A requirement could not be read.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// A local package could not be used.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// No wheel of a package could be used.
    #[error(transparent)]
    Choose(#[from] ChooseError),
    /// uv's settings could not be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A local folder could not be read.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// uv could not be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
}

fn shares(shared: &[String]) -> String {
    shared.iter().map(|line| format!("\n{line}")).collect()
}

const OFFLINE: &str =
    "this was tried without the network (`--offline`): only what uv has in its cache could be looked at";

impl Hint for LockingError {
    fn hints(&self) -> Vec<String> {
        match self {
            LockingError::NoSolution { whom, shared, offline, .. } => {
                let mut hints = Vec::new();
                match whom.as_ref() {
                    Whom::Root => hints.push(
                        "`your project` is the code that the manifest is for; a package whose requirements clash with others can have \
                         its own with `pinfold pin NAME`"
                            .to_owned(),
                    ),
                    Whom::Pin(owner) => hints.push(format!(
                        "`your project` is what {0} {1} and [pins.{0}] require together; the version {1} was chosen for those that \
                         require `{0}`, and another one may do",
                        owner.name, owner.version
                    )),
                    Whom::Track(name) => hints.push(format!(
                        "`your project` is what the packages of track `{name}`, [tracks.{name}] and their pins require \
                         together; the track moves as one, so that one version of each must fit all of them"
                    )),
                }
                if !shared.is_empty() {
                    hints.push("what is shared must satisfy both sides; take it out of `share`, or change one side".to_owned());
                }
                hints.extend(offline.then(|| OFFLINE.to_owned()));
                hints
            }
            LockingError::Failed { explanation, offline, culprit, .. } => match (offline, culprit) {
                (true, _) => vec![OFFLINE.to_owned()],
                (false, Some(culprit)) => culprit.hint().into_iter().collect(),
                (false, None) if explanation.contains("Failed to parse") && explanation.contains("pyproject.toml") => {
                    vec!["that file is what uv was given; its table for uv is [uv] of the manifest (or [tool.uv], or uv.toml): correct the key there".to_owned()]
                }
                (false, _) => vec!["the index must be reachable; indexes and credentials are configured as for uv (UV_INDEX, netrc, keyring, [uv] or [tool.uv])".to_owned()],
            },
            LockingError::Late { late, .. } => late.hints(),
            LockingError::UnusedPin { name, near, track } => match (near, track) {
                (Some(near), _) => vec![format!("did you mean `{near}`?")],
                (None, Some(track)) => {
                    vec![format!("require it (`pinfold add {name}`), or take it out of [tracks.{track}]")]
                }
                (None, None) => vec![format!("require it (`pinfold add {name}`), or take the pin out (`pinfold pin --remove {name}`)")],
            },
            LockingError::TrackTwice { name, .. } => {
                vec![format!("name one place for `{name}` in the manifest; a track has one version of each package")]
            }
            LockingError::PinCycle { .. } => vec!["take one of the pins out, so that it is resolved with the other".to_owned()],
            LockingError::SharesItself { pin, by: None } => vec![format!(
                "`share` is for what `{pin}` requires and takes from root; `{pin}` itself is one for everybody already: take it out of `share`"
            )],
            LockingError::SharesItself { by: Some(by), .. } => vec![format!(
                "take `{by}` out of `share`: what is shared comes with all that it needs in root, and a pinned package cannot come with its own dependencies"
            )],
            LockingError::SharedNotInRoot { near: Some(near), .. }
            | LockingError::SharedNotNeeded { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
            LockingError::SharedNotInRoot { name, .. } => {
                vec![format!("require it (`pinfold add {name}`), or take it out of `share`")]
            }
            LockingError::SharedNotNeeded { .. } => vec!["take it out of `share`".to_owned()],
            LockingError::Requirement(e) => e.hints(),
            LockingError::Local(e) => e.hints(),
            LockingError::Choose(e) => e.hints(),
            LockingError::Settings(e) => e.hints(),
            LockingError::Build(e) => e.hints(),
            LockingError::Uv(e) => e.hints(),
        }
    }
}

impl LockingError {
    /// Whether it is what is asked for that cannot be, and nothing that was in the way of asking: without a network
    /// there is no solution either where what is needed was never fetched.
    pub fn is_refusal(&self) -> bool {
        match self {
            LockingError::NoSolution { offline, .. } => !offline,
            // What is newer may need what nothing did before.
            LockingError::PinCycle { .. } | LockingError::TrackTwice { .. } => true,
            LockingError::Failed { culprit, offline, .. } => culprit.is_some() && !offline,
            // One that builds nothing waits for an index.
            LockingError::Late { late: UvError::Late { building, .. }, .. } => building.is_some(),
            LockingError::Choose(error) => error.is_refusal(),
            LockingError::Build(error) => error.is_refusal(),
            _ => false,
        }
    }

    /// Why there is no lock, as a part of a sentence; where uv says it, that is too long for one.
    pub fn in_short(&self) -> String {
        match self {
            LockingError::PinCycle { names } => {
                format!("tracks or pins would need each other ({})", names.join(" -> "))
            }
            LockingError::TrackTwice { .. } => self.to_string(),
            _ => "there is no solution".to_owned(),
        }
    }

    /// uv's refusal, with the closure it is about.
    pub(super) fn question(error: QuestionError, whom: &Whom, shared: Vec<String>, uv: &Uv) -> Self {
        let (closure, offline) = (words(whom), uv.is_offline());
        match error {
            QuestionError::NoSolution(explanation) => LockingError::NoSolution {
                closure,
                explanation,
                shared,
                whom: Box::new(whom.clone()),
                offline,
            },
            QuestionError::Culprit(explanation, culprit) => {
                LockingError::Failed { closure, explanation, culprit: Some(culprit), offline }
            }
            QuestionError::Failed(explanation) => {
                LockingError::Failed { closure, explanation, culprit: None, offline }
            }
            QuestionError::Uv(late @ UvError::Late { .. }) => LockingError::Late { closure, late },
            QuestionError::Uv(error) => LockingError::Uv(error),
        }
    }

    /// A pin that nobody needs, with what may have been meant.
    pub(super) fn unused_pin(name: &str, track: Option<&str>, closures: &[Resolved]) -> Self {
        let names = closures.iter().flat_map(|closure| closure.members.keys()).filter(|other| *other != name);
        let track = track.map(str::to_owned);
        LockingError::UnusedPin { name: name.to_owned(), track, near: nearest(name, names).cloned() }
    }
}
