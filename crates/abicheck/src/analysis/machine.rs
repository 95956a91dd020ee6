//! The interpreter's process before any import, simulated from its real file.
//!
//! Deliberately not here: what imports open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_facts::{Cache, Facts, FactsError, Name};
use elf_loader::{FactsResult, Files, Identity, LoadError, ObjectId, Process, Seen, System};

use super::brought::Brought;
use super::files::{Known, identity};
use crate::environment::{Answers, Interpreter};

/// Why the interpreter's process cannot be simulated.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Its file cannot be read.
    #[error("could not read the interpreter: {0}")]
    Interpreter(#[source] FactsError),
    /// It loads nothing, and so no extension modules.
    #[error("{} is linked statically and cannot load extension modules", path.display())]
    Static {
        /// The interpreter.
        path: PathBuf,
    },
    /// The loader of its machine is not this machine's.
    #[error("{source}\nhint: the interpreter {} names this loader; abicheck looks at environments of the machine that it runs on", path.display())]
    Loader {
        /// The interpreter.
        path: PathBuf,
        /// What is wrong.
        source: elf_loader::MachineError,
    },
    /// It is some other program.
    #[error("{} is no Python interpreter: no file of its process defines `PyModule_Create2`, which extension modules of Python 3 call\nhint: name the interpreter: `--python /path/to/python3`", path.display())]
    NotPython {
        /// The program.
        path: PathBuf,
    },
    /// It would not start.
    #[error("{} would not start: {source}\nhint: `{} -V` says the same if it is so", path.display(), path.display())]
    Start {
        /// The interpreter.
        path: PathBuf,
        /// What the loader would say.
        source: LoadError,
    },
}

/// The files of this machine; of those that were read already nothing is asked again.
struct Reading {
    /// The interpreter's own.
    own: Option<(Identity, Arc<Facts>)>,
    known: Arc<Known>,
    cache: Arc<Cache>,
}

impl Files for Reading {
    fn look(&self, path: &Path) -> Seen {
        self.known.at(path).map_or_else(|| Seen::at(path), Seen::File)
    }

    fn facts(&self, path: &Path, identity: Identity) -> FactsResult {
        if let Some((own, facts)) = &self.own
            && *own == identity
        {
            return Ok(facts.clone());
        }
        let read = || self.cache.get(path).map(Arc::new).map_err(Arc::new);
        self.known.facts(identity).unwrap_or_else(read)
    }
}

/// A process of the interpreter.
pub struct Machine {
    /// Before any import.
    pub start: Process,
    /// The object that opens extension modules: where CPython's own functions are.
    pub caller: ObjectId,
    /// Symbols that were bound at the start.
    pub bindings: usize,
    /// Libraries of the environment; none before its files were read.
    pub(super) brought: Brought,
    /// What bare names mean in it.
    pub(super) answers: Arc<Answers>,
}

impl Machine {
    /// The process of `interpreter`; `known` are files that were read already, by device and inode.
    ///
    /// # Errors
    /// When its file or its loader cannot be used.
    pub fn of(interpreter: &Interpreter, known: Arc<Known>, cache: Arc<Cache>) -> Result<Self, MachineError> {
        Self::start(interpreter, Self::asked(interpreter, cache, known)?)
    }

    /// What the machine's loader says, which is asked in a process of its own; `known` may come to be filled later.
    pub(super) fn asked(
        interpreter: &Interpreter,
        cache: Arc<Cache>,
        known: Arc<Known>,
    ) -> Result<System, MachineError> {
        let path = &interpreter.executable;
        let own = Arc::new(cache.get(path).map_err(MachineError::Interpreter)?);
        let (own_identity, machine) = (identity(path), own.head.machine);
        let Some(loader) = own.head.interpreter.clone() else {
            return Err(MachineError::Static { path: path.clone() });
        };
        let known = Reading { own: own_identity.map(|identity| (identity, own)), known, cache };
        let variable = |name: &str| std::env::var_os(name).map(|value| value.into_encoded_bytes());
        System::of_loader(loader.as_path(), machine, variable, known)
            .map_err(|source| MachineError::Loader { path: path.clone(), source })
    }

    /// A process of the interpreter on this machine.
    pub(super) fn start(interpreter: &Interpreter, system: System) -> Result<Self, MachineError> {
        let path = &interpreter.executable;
        let (start, load, _) = Process::start(Arc::new(system), &Name::from(path.as_path()))
            .map_err(|source| MachineError::Start { path: path.clone(), source })?;
        // Every extension module needs it, and an interpreter without libpython defines it itself.
        let caller = start.global_definer(b"PyModule_Create2");
        let caller = caller.ok_or_else(|| MachineError::NotPython { path: path.clone() })?;
        Ok(Self {
            start,
            caller,
            bindings: load.bindings.len(),
            brought: Brought::default(),
            answers: Arc::default(),
        })
    }

    /// The machine's loader and folders.
    pub fn system(&self) -> &Arc<System> {
        self.start.system()
    }
}
