//! One process that imports in one order.
//!
//! Deliberately not here: comparing two of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use elf_loader::{Binding, Load, Mode, Object, ObjectId, Process};
use python_facts::Place;

use super::machine::Machine;
use super::plan::{Plan, PlannedStep};
use crate::importing::Step;

/// One `dlopen`.
#[derive(Clone)]
pub struct Opening {
    /// The file or name that was opened.
    pub path: PathBuf,
    /// The extension module; `None` for a library that `ctypes` opens.
    pub module: Option<String>,
    /// Importing the modules at the top of the package does it.
    pub eager: bool,
    /// Below a `try`: the package may do without.
    pub guarded: bool,
    /// RTLD_GLOBAL.
    pub global: bool,
    /// What the loader did.
    pub load: Load,
}

/// A process that has imported something.
#[derive(Clone)]
pub struct Run {
    /// What it has loaded.
    pub process: Process,
    /// What was opened, in order; what other packages opened before in the same process has its own run.
    pub openings: Vec<Opening>,
    /// Files that were opened by all so far.
    opened: HashSet<PathBuf>,
    /// `_ctypes`, which opens libraries for `ctypes`.
    ctypes: Option<ObjectId>,
}

/// The module whose code calls `dlopen` for `ctypes.CDLL` (`Modules/_ctypes/callproc.c`).
const CTYPES: &str = "_ctypes";

impl Run {
    /// `plan` in a process of its own.
    pub(super) fn alone(machine: &Machine, plan: &Plan) -> Self {
        let mut run = Self::new(machine);
        run.open_all(machine, &plan.steps);
        run
    }

    /// A process that has imported nothing.
    pub(super) fn new(machine: &Machine) -> Self {
        Self { process: machine.start.clone(), openings: Vec::new(), opened: HashSet::new(), ctypes: None }
    }

    /// `plan` after what this process has imported.
    pub(super) fn then(&self, machine: &Machine, plan: &Plan) -> Self {
        let (process, opened) = (self.process.clone(), self.opened.clone());
        let mut run = Self { process, openings: Vec::new(), opened, ctypes: self.ctypes };
        run.open_all(machine, &plan.steps);
        run
    }

    /// Opens what `steps` say, unless it is there.
    pub(super) fn open_all(&mut self, machine: &Machine, steps: &[PlannedStep]) {
        for planned in steps {
            self.open(machine, planned);
        }
    }

    pub(super) fn open(&mut self, machine: &Machine, planned: &PlannedStep) {
        let (path, module, global, guarded, caller) = match &planned.step {
            Step::Extension { path, module, global, guarded } => {
                (path.clone(), Some(module.clone()), *global, *guarded, machine.caller)
            }
            Step::Library { path: Some(path), global, guarded, .. } => {
                (path.clone(), None, *global, *guarded, self.ctypes.unwrap_or(machine.caller))
            }
            Step::Library { place: Place::Name(name), global, guarded, .. } => {
                (PathBuf::from(name), None, *global, *guarded, self.ctypes.unwrap_or(machine.caller))
            }
            Step::Library { .. } => return,
        };
        // A module is imported once; a library may be opened again to make it global.
        let again = !self.opened.insert(path.clone());
        if again && (module.is_some() || !global) {
            return;
        }
        let mode = Mode { global, ..Mode::default() };
        let load = self.process.dlopen(path.as_os_str().as_encoded_bytes(), mode, caller);
        if module.as_deref() == Some(CTYPES) {
            self.ctypes = load.result.as_ref().ok().copied();
        }
        let eager = planned.eager;
        self.openings.push(Opening { path, module, eager, guarded, global, load });
    }

    /// The opening of the file at `path`.
    pub fn opening(&self, path: &Path) -> Option<&Opening> {
        self.openings.iter().find(|opening| opening.path == path)
    }

    /// The opening that loaded the object.
    pub fn opening_of(&self, id: ObjectId) -> Option<&Opening> {
        self.openings.iter().find(|opening| opening.load.new_objects().any(|(new, _)| new == id))
    }

    /// What was loaded after the start, with its id.
    pub fn objects<'a>(
        &'a self,
        machine: &Machine,
    ) -> impl Iterator<Item = (ObjectId, &'a std::sync::Arc<Object>)> {
        self.process.objects().skip(machine.start.len())
    }

    /// The bindings of each object that this run relocated.
    pub fn bindings(&self) -> HashMap<ObjectId, &[Binding]> {
        let mut bound = HashMap::new();
        for opening in self.openings.iter().filter(|opening| opening.load.result.is_ok()) {
            for bindings in opening.load.bindings.chunk_by(|a, b| a.from == b.from) {
                bound.insert(bindings[0].from, bindings);
            }
        }
        bound
    }
}
