//! The walk itself: what runs when, each module once.
//!
//! Deliberately not here: what a module imports (`graph.rs`), and reading sources (`sources.rs`).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use python_facts::{Catches, Place};

use super::acts::{Act, Located, Trial};
use super::graph::{Graph, Module, ModuleId};
use super::known::Known;
use super::program::Program;
use super::sources::Sources;
use crate::environment::{DistributionId, Environment, Kind};

/// One thing that imports make the loader do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// An extension module is opened by the interpreter.
    Extension {
        /// Its file.
        path: PathBuf,
        /// Its full name.
        module: String,
        /// RTLD_GLOBAL: the package set the interpreter's flags.
        global: bool,
        /// RTLD_LAZY, likewise.
        lazy: bool,
        /// Whether it may fail, and whether it happens.
        when: When,
    },
    /// A library is opened by `ctypes`.
    Library {
        /// What the code says of its place.
        place: Place,
        /// The file, where the code says one.
        path: Option<PathBuf>,
        /// The source that says it.
        source: PathBuf,
        /// RTLD_GLOBAL.
        global: bool,
        /// RTLD_LAZY.
        lazy: bool,
        /// Whether it may fail, and whether it happens.
        when: When,
    },
    /// A module has run that loads libraries in code that importing it does not come to, as far as reading tells.
    Dormant {
        /// Its source.
        source: PathBuf,
    },
    /// A module has run of which functions open a library by its bare name when they are called.
    Later {
        /// The name.
        name: String,
        /// Its source.
        source: PathBuf,
    },
    /// Code runs that is not read, and may open anything.
    Unread {
        /// The source that runs it.
        source: PathBuf,
    },
}

/// Under which circumstances something is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Below a `try` that catches the failure: the package may do without.
    pub guarded: bool,
    /// Under a condition that reading does not decide.
    pub conditional: bool,
    /// The body of `try` that it stands in, if something else is opened where that fails.
    pub attempt: Option<u32>,
    /// It is opened where that body fails.
    pub instead: Option<u32>,
}

impl Step {
    /// The file, where it is known.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Extension { path, .. } => Some(path),
            Self::Library { path, .. } => path.as_ref(),
            Self::Dormant { .. } | Self::Later { .. } | Self::Unread { .. } => None,
        }
    }

    /// The source that opens a library.
    pub fn source(&self) -> Option<&PathBuf> {
        match self {
            Self::Library { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The circumstances, where something is opened.
    pub fn when(&self) -> Option<When> {
        match self {
            Self::Extension { when, .. } | Self::Library { when, .. } => Some(*when),
            Self::Dormant { .. } | Self::Later { .. } | Self::Unread { .. } => None,
        }
    }
}

/// Imports nest no deeper than this: CPython's recursion limit ends them before.
const DEEPEST: usize = 300;

/// Everything that a walk reads.
pub struct Imports<'a> {
    sources: &'a Sources,
    graph: Graph<'a>,
}

/// An import that fails, of an extension module that is there for another interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The module's full name.
    pub module: String,
    /// Below a `try`: the package may do without.
    pub guarded: bool,
}

/// A process that imports: what it has imported, and the flags that it opens extension modules with. It belongs to
/// one [`Imports`].
#[derive(Clone, Default)]
pub struct Session {
    /// Modules by file: two versions of a package are two modules.
    done: Vec<bool>,
    /// Extension modules that were imported where that may fail, or not happen.
    unsure: HashSet<usize>,
    global: bool,
    lazy: bool,
    /// What both were when the module began that runs.
    before: (bool, bool),
    depth: usize,
    /// How many `try` bodies are being run that catch each failure.
    imports_caught: usize,
    not_found_caught: usize,
    os_caught: usize,
    /// How many conditions hold that may not.
    conditions: usize,
    /// How many `try` had a second way.
    attempts: u32,
    attempt: Option<u32>,
    instead: Option<u32>,
    /// What was not found.
    pub(crate) missing: Vec<Missing>,
}

impl Session {
    /// Notes that the module in this file runs; whether that is the first time.
    fn starts(&mut self, file: usize) -> bool {
        if file >= self.done.len() {
            self.done.resize(file + 1, false);
        }
        !std::mem::replace(&mut self.done[file], true)
    }

    fn misses(&mut self, module: &str) {
        let guarded = self.not_found_caught > 0 || self.conditions > 0;
        self.missing.push(Missing { module: module.to_owned(), guarded });
    }

    fn when(&self, caught: usize) -> When {
        let (attempt, instead) = (self.attempt, self.instead);
        When { guarded: caught > 0, conditional: self.conditions > 0, attempt, instead }
    }

    /// Enters, or leaves, a body that a `try` forgives failures.
    fn forgive(&mut self, forgives: Catches, by: isize) {
        let count =
            |count: &mut usize, is: bool| *count = count.saturating_add_signed(if is { by } else { 0 });
        count(&mut self.imports_caught, forgives.import);
        count(&mut self.not_found_caught, forgives.not_found);
        count(&mut self.os_caught, forgives.os);
    }
}

impl<'a> Imports<'a> {
    /// Walks in `environment`, through `sources`.
    pub fn new(environment: &'a Environment, sources: &'a Sources) -> Self {
        Self { sources, graph: Graph::new(environment, sources) }
    }

    /// What running `script` as a program does.
    ///
    /// # Errors
    /// When the file cannot be read, or is no Python.
    pub fn program(
        &mut self,
        session: &mut Session,
        script: &Path,
        steps: &mut Vec<Step>,
    ) -> Result<(), String> {
        let program = Program::at(script)?;
        let source = std::fs::read(&program.source).map_err(|error| error.to_string())?;
        let facts = self.sources.facts_of_program(&String::from_utf8_lossy(&source))?;
        let package = program.package.clone();
        let program = self.graph.program(&program, facts);
        self.graph.read();
        if let Some(package) = package {
            self.import(session, None, &package, steps);
        }
        self.run(session, program, steps);
        Ok(())
    }

    /// What `import name`, by `importer` or by the program, does in `session`. Whether the module was found.
    pub fn import(
        &mut self,
        session: &mut Session,
        importer: Option<DistributionId>,
        name: &str,
        steps: &mut Vec<Step>,
    ) -> bool {
        self.read([(importer, name)]);
        self.import_read(session, importer, name, steps)
    }

    /// Reads what imports of these names, each by its importer, come to: on all cores, the more at once the better.
    pub fn read<'n>(&mut self, names: impl IntoIterator<Item = (Option<DistributionId>, &'n str)>) {
        for (importer, name) in names {
            self.graph.chain(importer, name, &mut Vec::new());
        }
        self.graph.read();
    }

    /// As [`Self::import`], of what [`Self::read`] has read.
    pub fn import_read(
        &self,
        session: &mut Session,
        importer: Option<DistributionId>,
        name: &str,
        steps: &mut Vec<Step>,
    ) -> bool {
        let mut acts = Vec::new();
        let found = self.graph.chain(importer, name, &mut acts);
        for act in acts {
            match act {
                Act::Run(modules) => modules.iter().for_each(|module| self.run(session, *module, steps)),
                Act::Miss { module } => session.misses(&module),
                Act::Flags(_) | Act::Library(_) | Act::Try(_) | Act::Unread(_) | Act::Maybe(_) => {}
            }
        }
        found
    }

    /// Runs a module's code, unless it has run. This and [`Self::follow`] call each other as deep as imports nest: what
    /// takes room on the stack stands elsewhere.
    fn run(&self, session: &mut Session, module: ModuleId, steps: &mut Vec<Step>) {
        let Some(module) = self.graph.module(module) else { return };
        if self.begins(session, module, steps) {
            session.depth += 1;
            let before = std::mem::replace(&mut session.before, (session.global, session.lazy));
            self.follow(session, module.acts(), steps);
            session.before = before;
            session.depth -= 1;
        }
    }

    fn follow(&self, session: &mut Session, acts: &[Act], steps: &mut Vec<Step>) {
        for act in acts {
            match act {
                Act::Run(modules) => {
                    for module in modules {
                        match session.instead {
                            None => self.run(session, *module, steps),
                            Some(_) => self.again(session, *module, steps),
                        }
                    }
                }
                Act::Try(trial) => self.attempt(session, trial, steps),
                Act::Maybe(body) => {
                    session.conditions += 1;
                    self.follow(session, body, steps);
                    session.conditions -= 1;
                }
                Act::Miss { module } => session.misses(module),
                Act::Flags(flags) => {
                    session.global = flags.global.unwrap_or(session.before.0);
                    session.lazy = flags.lazy.unwrap_or(session.before.1);
                }
                Act::Unread(source) => steps.push(Step::Unread { source: source.clone() }),
                Act::Library(library) => self.library(session, library, steps),
            }
        }
    }

    fn attempt(&self, session: &mut Session, trial: &Trial, steps: &mut Vec<Step>) {
        let outer = (session.attempt, session.instead);
        if !trial.retry.is_empty() {
            session.attempts += 1;
            session.attempt = Some(session.attempts);
        }
        session.forgive(trial.forgives, 1);
        self.follow(session, &trial.body, steps);
        session.forgive(trial.forgives, -1);
        if !trial.retry.is_empty() {
            session.instead = session.attempt;
            session.attempt = outer.0;
            self.follow(session, &trial.retry, steps);
        }
        (session.attempt, session.instead) = outer;
        self.follow(session, &trial.handlers, steps);
    }

    /// An extension module is imported a second time, where it failed; nothing else is known to run then.
    #[inline(never)]
    fn again(&self, session: &mut Session, module: ModuleId, steps: &mut Vec<Step>) {
        let Some(module) = self.graph.module(module) else { return };
        let is_done = session.done.get(module.file).copied().unwrap_or(false);
        if module.found.kind == Kind::Extension && is_done {
            steps.push(extension(session, module));
        }
    }

    /// Whether a module has code to run now; an extension module is opened.
    #[inline(never)]
    fn begins(&self, session: &mut Session, module: &Module, steps: &mut Vec<Step>) -> bool {
        let kind = module.found.kind;
        if kind == Kind::Namespace {
            return false;
        }
        if kind == Kind::Extension {
            let when = session.when(session.imports_caught);
            let is_sure = !when.guarded && !when.conditional;
            let is_new = session.starts(module.file);
            if is_new && !is_sure {
                session.unsure.insert(module.file);
            }
            // What failed is imported again where it is needed.
            if is_new || (is_sure && session.unsure.remove(&module.file)) {
                steps.push(extension(session, module));
            }
            return false;
        }
        if !session.starts(module.file) {
            return false;
        }
        let source = &module.found.path;
        if kind != Kind::Source || session.depth >= DEEPEST {
            return false;
        }
        if let Some(package) = &module.found.package {
            for (path, global) in Known::table().libraries(&module.name, &package.folder) {
                let (source, place, path) = (source.clone(), Place::Unknown, Some(path));
                steps.push(Step::Library {
                    place,
                    path,
                    source,
                    global,
                    lazy: false,
                    when: session.when(session.os_caught),
                });
            }
        }
        if module.is_dormant() {
            steps.push(Step::Dormant { source: source.clone() });
        }
        let later = |name: &String| Step::Later { name: name.clone(), source: source.clone() };
        steps.extend(module.named().iter().map(later));
        true
    }

    #[inline(never)]
    fn library(&self, session: &Session, library: &Located, steps: &mut Vec<Step>) {
        let (place, source) = (&library.place, &library.source);
        let (global, lazy) = (library.global, library.lazy);
        let when = session.when(session.os_caught);
        let step =
            |path| Step::Library { place: place.clone(), path, source: source.clone(), global, lazy, when };
        if library.paths.is_empty() {
            steps.push(step(None));
        }
        steps.extend(library.paths.iter().map(|path| step(Some(path.clone()))));
    }
}

fn extension(session: &Session, module: &Module) -> Step {
    let (path, name) = (module.found.path.clone(), module.name.clone());
    let global = Known::table().global(&name, &path).unwrap_or(session.global);
    let (lazy, when) = (session.lazy, session.when(session.imports_caught));
    Step::Extension { path, module: name, global, lazy, when }
}
