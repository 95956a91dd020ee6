//! One process that imports in one order.
//!
//! Deliberately not here: comparing two of them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use elf_facts::Name;
use elf_loader::{Binding, Failure, Load, Mode, Object, ObjectId, Process};
use python_facts::Place;

use super::bare::{Answer, is_bare};
use super::brought::Opens;
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
    /// The source that opens it, where it is a library.
    pub by: Option<PathBuf>,
    /// Importing the modules at the top of the package does it.
    pub eager: bool,
    /// Below a `try`: the package may do without.
    pub guarded: bool,
    /// Under a condition that reading does not decide.
    pub conditional: bool,
    /// RTLD_GLOBAL.
    pub global: bool,
    /// What the loader did.
    pub load: Load,
    /// Why it is taken to be opened, where no code tells.
    pub assumed: Option<Assumed>,
}

/// Why a library is taken to be opened: some code opens one that reading does not tell, and a module needs this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// The name that is needed.
    pub needed: Name,
    /// The file that is opened then.
    pub by: PathBuf,
    /// The source with that code.
    pub source: PathBuf,
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
    /// Code that opened libraries of which reading does not tell which.
    opens: Vec<Opens>,
    /// Code that ran what is not read, or made a library global that is not told.
    unread: Vec<PathBuf>,
    /// The bodies of `try` that failed.
    failed: HashSet<u32>,
    /// How deep libraries are taken to be opened for one another.
    assuming: usize,
}

/// How many libraries are taken to be opened for one, and how deep for one another.
const MOST_ASSUMED: usize = 64;

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
        let (openings, opened, opens, unread, failed) = Default::default();
        let process = machine.start.clone();
        Self { process, openings, opened, ctypes: None, opens, unread, failed, assuming: 0 }
    }

    /// `plan` after what this process has imported.
    pub(super) fn then(&self, machine: &Machine, plan: &Plan) -> Self {
        let mut run = self.next();
        run.open_all(machine, &plan.steps);
        run
    }

    /// What an opening has brought with it, itself among them, by [`elf_loader::Object::key`].
    pub(crate) fn files(&self, opening: &Opening) -> Vec<usize> {
        let root = opening.load.result.as_ref().ok();
        let list = root.and_then(|root| self.process.object(*root).search_list());
        list.unwrap_or_default().iter().map(|id| self.process.object(*id).key()).collect()
    }

    /// What this process has imported, with nothing opened after it.
    pub(super) fn next(&self) -> Self {
        let mut opened = self.opened.clone();
        // A bare name may be another library for another package.
        opened.retain(|path| !is_bare(path));
        let process = self.process.clone();
        let (openings, ctypes, failed) = (Vec::new(), self.ctypes, HashSet::new());
        let (opens, unread) = (self.opens.clone(), self.unread.clone());
        Self { process, openings, opened, ctypes, opens, unread, failed, assuming: 0 }
    }

    /// Opens what `steps` say, unless it is there.
    pub(super) fn open_all(&mut self, machine: &Machine, steps: &[PlannedStep]) {
        for planned in steps {
            self.open(machine, planned);
        }
        for planned in steps {
            if let Step::Later { name, source } = &planned.step {
                self.open_later(machine, name, source);
            }
        }
    }

    /// Whether it was opened.
    pub(super) fn opened(&self, path: &Path) -> bool {
        self.opened.contains(path)
    }

    /// What opens libraries for Python code.
    pub(super) fn opener(&self, machine: &Machine) -> ObjectId {
        self.ctypes.unwrap_or(machine.caller)
    }

    pub(super) fn open(&mut self, machine: &Machine, planned: &PlannedStep) {
        let (path, module, mode, when) = match &planned.step {
            Step::Extension { path, module, global, lazy, when } => {
                (path.clone(), Some(module.clone()), (*global, *lazy), *when)
            }
            Step::Library { path: Some(path), global, lazy, when, .. } => {
                (path.clone(), None, (*global, *lazy), *when)
            }
            Step::Library { place: Place::Name(name), source, global, lazy, when, .. } => {
                let Answer::Loader(path) = machine.answer(&self.process, source, name) else {
                    self.failed.extend(when.attempt);
                    return;
                };
                (path, None, (*global, *lazy), *when)
            }
            Step::Library { place: Place::Program, .. } => return,
            Step::Library { source, place, global, when, .. } => {
                let (source, place) = (source.clone(), place.clone());
                if *global {
                    self.unread.push(source.clone());
                }
                self.opens.push(Opens { source, dormant: false, place });
                // It may fail.
                self.failed.extend(when.attempt);
                return;
            }
            // Once all is imported.
            Step::Later { .. } => return,
            Step::Dormant { source } => {
                self.opens.push(Opens { source: source.clone(), dormant: true, place: Place::Unknown });
                return;
            }
            Step::Unread { source } => {
                self.unread.push(source.clone());
                return;
            }
        };
        if when.instead.is_some_and(|attempt| !self.failed.contains(&attempt)) {
            return;
        }
        // What follows a failure in its body does not happen. That a module does not is not relied on.
        if module.is_none() && when.attempt.is_some_and(|attempt| self.failed.contains(&attempt)) {
            return;
        }
        // A module is imported once; a library may be opened again to make it global.
        let (global, lazy) = mode;
        let global = global && (module.is_some() || machine.is_for_all(&path));
        let again = self.opened.contains(&path);
        let is_sure = planned.eager && !when.guarded && !when.conditional;
        if again && (module.is_some() || !global) {
            // What may be opened at one place is opened for certain at another.
            let known = |opening: &&mut Opening| opening.path == path && opening.module == module;
            if let Some(opening) = self.openings.iter_mut().find(known).filter(|_| is_sure) {
                (opening.eager, opening.guarded, opening.conditional) = (true, false, false);
            }
            return;
        }
        let caller = if module.is_some() { machine.caller } else { self.opener(machine) };
        let mode = Mode { global, lazy, ..Mode::default() };
        let eager = planned.eager;
        let load = self.load(machine, &path, mode, caller, eager);
        if module.as_deref() == Some(CTYPES) {
            self.ctypes = load.result.as_ref().ok().copied();
        }
        let known = |opening: &Opening| opening.path == path && opening.module == module;
        if load.result.is_ok() {
            self.opened.insert(path.clone());
            // It failed before, and code came to it again.
            self.openings.retain(|opening| !known(opening) || opening.load.result.is_ok());
        } else {
            self.failed.extend(when.attempt);
        }
        // What is not read may have loaded what is missing.
        let is_soft = matches!(&load.result, Err(error) if may_be_loaded(&error.failure))
            && machine.brought.is_by_own(&path, &self.unread);
        let (guarded, conditional) = (when.guarded, when.conditional || is_soft);
        match self.openings.iter_mut().find(|opening| known(opening)) {
            // The same failure, which the package may no longer do without.
            Some(opening) if load.result.is_err() => {
                if eager && !guarded && !conditional {
                    (opening.eager, opening.guarded, opening.conditional) = (eager, guarded, conditional);
                }
            }
            _ => self.openings.push(Opening {
                path,
                module,
                by: planned.step.source().cloned(),
                eager,
                guarded,
                conditional,
                global,
                load,
                assumed: None,
            }),
        }
    }

    /// `dlopen`, after what some code is taken to open for it.
    fn load(&mut self, machine: &Machine, path: &Path, mode: Mode, caller: ObjectId, eager: bool) -> Load {
        let mut load = self.process.dlopen(path.as_os_str().as_encoded_bytes(), mode, caller);
        if self.opens.is_empty() {
            return load;
        }
        let mut assumed: Vec<Assumed> = Vec::new();
        while let Err(error) = &load.result
            && let Failure::Missing(_) = &error.failure
            && assumed.len() < MOST_ASSUMED
            && assumed.iter().all(|one| one.needed != error.object)
        {
            let Some((library, source)) = machine.brought.find(&error.object, path, &self.opens) else {
                break;
            };
            assumed.push(Assumed { needed: error.object.clone(), by: path.to_owned(), source });
            self.assume(machine, &library, eager, assumed[assumed.len() - 1].clone());
            load = self.process.dlopen(path.as_os_str().as_encoded_bytes(), mode, caller);
        }
        load
    }

    /// Opens a library as some code is taken to do, with what it needs itself of such.
    fn assume(&mut self, machine: &Machine, library: &Path, eager: bool, assumed: Assumed) {
        let caller = self.opener(machine);
        let mode = Mode::default();
        if self.assuming >= MOST_ASSUMED || !self.opened.insert(library.to_owned()) {
            return;
        }
        self.assuming += 1;
        let load = self.load(machine, library, mode, caller, eager);
        self.assuming -= 1;
        let (path, module, global) = (library.to_owned(), None, false);
        let (guarded, conditional) = (true, false);
        let assumed = Some(assumed);
        let by = None;
        self.openings.push(Opening { path, module, by, eager, guarded, conditional, global, load, assumed });
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

/// Whether a load fails for want of something that other code may load before.
fn may_be_loaded(failure: &Failure) -> bool {
    matches!(failure, Failure::Missing(_) | Failure::Symbols(_))
}
