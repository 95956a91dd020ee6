//! What is to be checked: an interpreter, distributions with their native files, and who finds which module.
//!
//! One shape for every kind of input; each kind has a file here that makes it. Nothing of it is run: the interpreter's
//! version, suffixes and folders are read from where it lies.
//! Deliberately not here: ELF facts and what imports do.

mod absent;
mod answers;
mod distribution;
mod error;
mod folder;
mod interpreter;
mod meant;
mod named;
mod pinned;
pub(crate) mod reading;
mod requires;
mod site;
mod start;
mod strays;
mod tags;
mod virtualenv;
mod wheels;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pinfold_core::closure;

pub use absent::Absent;
pub use answers::Answers;
pub use distribution::Distribution;
pub use error::InputError;
pub use folder::{Found, Kind, Listing};
pub use interpreter::Interpreter;
pub use pinned::Views;
pub(crate) use pinned::closure_of;
pub use start::Start;
pub use tags::{Foreign, describe};

/// Which distribution: its place in [`Environment::distributions`].
pub type DistributionId = usize;

/// Everything that is checked together: one process could import all of it.
pub struct Environment {
    /// The interpreter that imports.
    pub interpreter: Interpreter,
    /// All distributions, by name.
    pub distributions: Vec<Distribution>,
    /// Which folders an importer looks in.
    pub views: Views,
    /// What bare names of libraries mean there.
    pub answers: Arc<Answers>,
    /// How a process is started that imports.
    pub start: Start,
    /// What was noticed while reading that is no error: a `.pth` line that runs code, a folder of another Python.
    pub notes: Vec<String>,
}

/// What the user may say beside the inputs.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// `--python`: the interpreter, a path or a name on PATH.
    pub python: Option<PathBuf>,
}

/// Bytes of a `closure.json`; a thousand units have less than one million.
const LONGEST: u64 = 256 << 20;

impl Environment {
    /// Reads `inputs`: one virtual environment, `site-packages` folder, Nix store path or `closure.json`, something that
    /// leads to one, or several wheels, folders and store paths that are used together.
    ///
    /// # Errors
    /// An input that is none of these, or that lacks what an environment must have, with what to do about it.
    pub fn read(inputs: &[PathBuf], wishes: &Wishes) -> Result<Self, InputError> {
        let meant = meant::meant(inputs)?;
        let mut environment = Self::of(&meant.inputs, wishes)?;
        environment.notes.splice(0..0, meant.notes);
        Ok(environment)
    }

    /// An environment of pins that is described and need not be there yet, imported by `interpreter`.
    pub fn described(closure: closure::Environment, interpreter: Interpreter) -> Self {
        pinned::of(closure, interpreter, Start::Nothing)
    }

    fn of(inputs: &[PathBuf], wishes: &Wishes) -> Result<Self, InputError> {
        let [single] = inputs else { return site::read_all(inputs, wishes) };
        if let Some(closure) = pinned::closure_of(single) {
            reading::fits(&closure, LONGEST).map_err(InputError::io(&closure))?;
            return pinned::read(&closure, wishes);
        }
        if virtualenv::is_one(single) {
            return virtualenv::read(single, wishes);
        }
        site::read_all(inputs, wishes)
    }

    /// The distribution that has the file at `path`, by its folder and its record.
    pub fn owner(&self, path: &Path) -> Option<DistributionId> {
        self.distributions.iter().position(|distribution| distribution.owns(path))
    }
}
