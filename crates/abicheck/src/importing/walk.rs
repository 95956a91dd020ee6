//! The walk itself: what runs when, each module once.
//!
//! Deliberately not here: what a module imports (`graph.rs`), and reading sources (`sources.rs`).

use std::path::{Path, PathBuf};

use python_facts::{Library, Place};

use super::graph::{Act, Graph, Module, ModuleId};
use super::known::Known;
use super::places::Places;
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
        /// Below a `try`: the package may do without.
        guarded: bool,
    },
    /// A library is opened by `ctypes`.
    Library {
        /// What the code says of its place.
        place: Place,
        /// The file, where the code says a path or a file that is there once.
        path: Option<PathBuf>,
        /// The source that says it.
        source: PathBuf,
        /// RTLD_GLOBAL.
        global: bool,
        /// Below a `try`: the package may do without.
        guarded: bool,
    },
}

impl Step {
    /// The file, where it is known.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::Extension { path, .. } => Some(path),
            Self::Library { path, .. } => path.as_ref(),
        }
    }
}

/// Imports nest no deeper than this: CPython's recursion limit ends them before.
const DEEPEST: usize = 300;

/// Everything that a walk reads.
pub struct Imports<'a> {
    sources: &'a Sources,
    places: Places<'a>,
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
    global: bool,
    depth: usize,
    /// How many `try` bodies are being run.
    tries: usize,
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
        self.missing.push(Missing { module: module.to_owned(), guarded: self.tries > 0 });
    }
}

impl<'a> Imports<'a> {
    /// Walks in `environment`, through `sources`.
    pub fn new(environment: &'a Environment, sources: &'a Sources) -> Self {
        let (places, graph) = (Places::of(environment), Graph::new(environment, sources));
        Self { sources, places, graph }
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
        let source = std::fs::read(script).map_err(|error| error.to_string())?;
        let effects = self.sources.effects_of_program(&String::from_utf8_lossy(&source))?;
        let program = self.graph.program(script.to_owned(), &effects);
        self.graph.read();
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
                Act::Flags { .. } | Act::Library(_) | Act::Try { .. } => {}
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
            self.follow(session, module, module.acts(), steps);
            session.depth -= 1;
        }
    }

    fn follow(&self, session: &mut Session, module: &Module, acts: &[Act], steps: &mut Vec<Step>) {
        for act in acts {
            match act {
                Act::Run(modules) => {
                    for module in modules {
                        self.run(session, *module, steps);
                    }
                }
                Act::Try { body, handlers } => {
                    session.tries += 1;
                    self.follow(session, module, body, steps);
                    session.tries -= 1;
                    self.follow(session, module, handlers, steps);
                }
                Act::Miss { module } => session.misses(module),
                Act::Flags { global } => session.global = *global,
                Act::Library(library) => steps.push(self.library(session, module, library)),
            }
        }
    }

    /// Whether a module has code to run now; an extension module is opened.
    #[inline(never)]
    fn begins(&self, session: &mut Session, module: &Module, steps: &mut Vec<Step>) -> bool {
        let kind = module.found.kind;
        if kind == Kind::Namespace || !session.starts(module.file) {
            return false;
        }
        let (source, guarded) = (&module.found.path, session.tries > 0);
        if kind == Kind::Extension {
            let (path, name) = (source.clone(), module.name.clone());
            let global = Known::table().global(&name, &path).unwrap_or(session.global);
            steps.push(Step::Extension { path, module: name, global, guarded });
        }
        if kind != Kind::Source || session.depth >= DEEPEST {
            return false;
        }
        if let Some(package) = &module.found.package {
            for (path, global) in Known::table().libraries(&module.name, &package.folder) {
                let (source, place, path) = (source.clone(), Place::Unknown, Some(path));
                steps.push(Step::Library { place, path, source, global, guarded });
            }
        }
        true
    }

    #[inline(never)]
    fn library(&self, session: &Session, module: &Module, library: &Library) -> Step {
        Step::Library {
            place: library.place.clone(),
            path: self.places.find(&library.place, &module.found.path),
            source: module.found.path.clone(),
            global: library.global,
            guarded: session.tries > 0,
        }
    }
}
