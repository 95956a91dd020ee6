//! `pinfold plan`: two states, or one and a bump, to the graph of what changes between them.
//!
//! A state is a lock ([`locks`]) or a description of a package set ([`set`]); both become the graph of
//! `wheelsplit::plan`, which counts. Deliberately not here: carrying anything out.

pub mod document;
pub mod locks;
pub mod set;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pinfold_core::lock::{Lock, LockError};
use pinfold_core::names::nearest;
use wheelsplit::plan::Graph;

use crate::error::Hint;
use set::Set;

/// What packages there are, and how they hang together.
#[derive(Clone, Debug)]
pub enum State {
    /// `pinfold.lock`.
    Lock(Box<Lock>),
    /// A description of a package set, as Nix writes it.
    Set(Set),
}

/// Why no plan could be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// There is no such file.
    #[error("there is no {} to plan with", .0.display())]
    Missing(PathBuf),
    /// The file could not be read.
    #[error("could not read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The lock is none.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The description is none.
    #[error("{} is not a description of a package set: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A lock and a description.
    #[error("{} and {} cannot be compared: one is a lock, the other describes a package set", old.display(), new.display())]
    Mixed {
        /// The first.
        old: PathBuf,
        /// The second.
        new: PathBuf,
    },
    /// Two locks for different targets.
    #[error("the locks are for different targets: {old} and {new}")]
    Targets {
        /// Python and platform of the first.
        old: String,
        /// Python and platform of the second.
        new: String,
    },
    /// Nothing of that name is there.
    #[error("there is no {what} `{name}` in {}", path.display())]
    Unknown {
        /// `package` or `build tool`.
        what: &'static str,
        /// The name, normalised.
        name: String,
        /// The lock or description.
        path: PathBuf,
        /// The name that looks most like it.
        near: Option<String>,
        /// The flag for the other kind, which has this very name.
        instead: Option<&'static str>,
    },
}

/// What can be bumped, in words.
const PACKAGE: &str = "package";
const TOOL: &str = "build tool";

impl Hint for PlanError {
    fn hints(&self) -> Vec<String> {
        match self {
            PlanError::Missing(_) => {
                vec![
                    "name two locks (`git show HEAD:pinfold.lock > old.lock`), or one and `--bump NAME`"
                        .to_owned(),
                ]
            }
            PlanError::Malformed { .. } => {
                vec!["docs/plan.md has the format; `describe` of nix/ writes it".to_owned()]
            }
            PlanError::Unknown { instead: Some(flag), what, name, .. } => {
                let other = if *what == PACKAGE { TOOL } else { PACKAGE };
                vec![format!("it is a {other}: `{flag} {name}`")]
            }
            PlanError::Unknown { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
            PlanError::Lock(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

/// Which things are another version than they were, in a state of which nothing else is known.
#[derive(Clone, Copy, Debug)]
pub enum Bump<'n> {
    /// A package of the environment, by normalised name.
    Package(&'n str),
    /// A distribution of the frozen build set.
    Tool(&'n str),
}

impl State {
    /// Reads a lock or a description: the latter is a JSON object.
    ///
    /// # Errors
    /// When there is no such file, or it is neither.
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let bytes = std::fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => PlanError::Missing(path.to_owned()),
            _ => PlanError::Read { path: path.to_owned(), source },
        })?;
        if bytes.trim_ascii_start().first() == Some(&b'{') {
            let malformed = |reason| PlanError::Malformed { path: path.to_owned(), reason };
            return Set::parse(&bytes).map(State::Set).map_err(malformed);
        }
        let lock = Lock::read(path)?.ok_or_else(|| PlanError::Missing(path.to_owned()))?;
        Ok(State::Lock(Box::new(lock)))
    }

    /// The graph in which nothing changed.
    fn still(&self) -> Graph {
        match self {
            State::Lock(lock) => locks::graph(lock),
            State::Set(set) => set.graph(),
        }
    }

    /// The names that can be bumped, sorted.
    pub fn names(&self) -> Vec<String> {
        let names = self.still().packages.into_iter().map(|package| package.name);
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The graph in which every one of `bumps` is another version.
    ///
    /// # Errors
    /// When there is no package, or no build tool, of such a name.
    pub fn bumped(&self, bumps: &[Bump<'_>], path: &Path) -> Result<Graph, PlanError> {
        let mut graph = self.still();
        for bump in bumps {
            let mut found = false;
            let (what, name, known): (_, _, Vec<String>) = match *bump {
                Bump::Package(name) => {
                    for package in graph.packages.iter_mut().filter(|package| package.name == name) {
                        (package.changed, found) = (true, true);
                    }
                    (PACKAGE, name, graph.packages.iter().map(|package| package.name.clone()).collect())
                }
                Bump::Tool(name) => {
                    for tool in graph.tools.iter_mut().filter(|tool| tool.name == name) {
                        (tool.changed, found) = (true, true);
                    }
                    (TOOL, name, graph.tools.iter().map(|tool| tool.name.clone()).collect())
                }
            };
            if !found {
                let instead = match what {
                    PACKAGE => graph.tools.iter().any(|tool| tool.name == name).then_some("--bump-build-set"),
                    _ => graph.packages.iter().any(|package| package.name == name).then_some("--bump"),
                };
                let (name, path, near) = (name.to_owned(), path.to_owned(), nearest(name, known));
                return Err(PlanError::Unknown { what, name, path, near, instead });
            }
        }
        Ok(graph)
    }
}

/// The graph of `new`, with what is not as in `old` marked as changed.
///
/// # Errors
/// When the two are not of a kind.
pub fn compare(old: (&State, &Path), new: (&State, &Path)) -> Result<Graph, PlanError> {
    match (old.0, new.0) {
        (State::Lock(before), State::Lock(after)) => {
            let target = |lock: &Lock| format!("Python {} on {}", lock.python, lock.platform);
            if target(before) != target(after) {
                return Err(PlanError::Targets { old: target(before), new: target(after) });
            }
            Ok(locks::compare(before, after))
        }
        (State::Set(before), State::Set(after)) => Ok(before.compare(after)),
        _ => Err(PlanError::Mixed { old: old.1.to_owned(), new: new.1.to_owned() }),
    }
}
