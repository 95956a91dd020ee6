//! The walk itself.
//!
//! Deliberately not here: reading sources (`sources.rs`).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use python_facts::{Effect, Import, Place};

use super::known::Known;
use super::places::Places;
use super::sources::Sources;
use crate::environment::{DistributionId, Environment, Folders, Found, Kind};

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
    environment: &'a Environment,
    folders: Folders,
    sources: &'a Sources,
    places: Places<'a>,
    /// Extension modules that are there for other interpreters only.
    foreign: HashSet<String>,
}

/// An import that fails, of an extension module that is there for another interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The module's full name.
    pub module: String,
    /// Below a `try`: the package may do without.
    pub guarded: bool,
}

/// A process that imports: what it has imported, and the flags that it opens extension modules with.
#[derive(Clone, Default)]
pub struct Session {
    /// Modules by file: two versions of a package are two modules.
    done: HashSet<PathBuf>,
    global: bool,
    depth: usize,
    /// How many `try` bodies are being run.
    tries: usize,
    /// What was not found.
    pub(crate) missing: Vec<Missing>,
}

/// A module that was found, with its full name and who it belongs to.
struct Module {
    found: Found,
    name: String,
    owner: Option<DistributionId>,
}

impl<'a> Imports<'a> {
    /// A walk in `environment`, through `sources`.
    pub fn new(environment: &'a Environment, sources: &'a Sources) -> Self {
        let places = Places::of(environment);
        let distributions = environment.distributions.iter();
        let foreign = distributions.flat_map(|one| one.foreign_modules(&environment.interpreter));
        let foreign = foreign.map(|one| one.module).collect();
        Self { environment, folders: Folders::default(), sources, places, foreign }
    }

    /// What running `script` as a program does.
    ///
    /// # Errors
    /// When the file cannot be read, or is no Python.
    pub fn program(&self, session: &mut Session, script: &Path, steps: &mut Vec<Step>) -> Result<(), String> {
        let source = std::fs::read(script).map_err(|error| error.to_string())?;
        let effects = self.sources.effects_of_program(&String::from_utf8_lossy(&source))?;
        let found = Found { path: script.to_owned(), kind: Kind::Source, package: None };
        let module = Module { found, name: "__main__".to_owned(), owner: None };
        self.follow(session, &module, &effects, steps);
        Ok(())
    }

    /// What `import name`, by `importer` or by the program, does in `session`. Whether the module was found.
    pub fn import(
        &self,
        session: &mut Session,
        importer: Option<DistributionId>,
        name: &str,
        steps: &mut Vec<Step>,
    ) -> bool {
        let mut parent: Option<Module> = None;
        for (at, part) in name.split('.').enumerate() {
            let full = name.split('.').take(at + 1).collect::<Vec<_>>().join(".");
            let Some(module) = self.find(parent.as_ref(), importer, &full, part) else {
                if self.foreign.contains(&full) {
                    session.missing.push(Missing { module: full, guarded: session.tries > 0 });
                }
                return false;
            };
            self.run(session, &module, steps);
            parent = Some(module);
        }
        true
    }

    fn find(
        &self,
        parent: Option<&Module>,
        importer: Option<DistributionId>,
        full: &str,
        part: &str,
    ) -> Option<Module> {
        let suffixes = &self.environment.interpreter.suffixes;
        let (folders, owner) = match parent {
            Some(parent) => (vec![parent.found.package.clone()?], parent.owner),
            None => (self.environment.views.folders(importer, full), None),
        };
        let mut namespace = None;
        for folder in folders {
            match self.folders.find(&folder, part, suffixes) {
                Some(found) if found.kind == Kind::Namespace => {
                    namespace = namespace.or(Some((found, folder)))
                }
                Some(found) => return Some(self.module(found, full, owner, &folder)),
                None => {}
            }
        }
        namespace.map(|(found, folder)| self.module(found, full, owner, &folder))
    }

    fn module(&self, found: Found, full: &str, owner: Option<DistributionId>, folder: &Path) -> Module {
        let owner = owner.or_else(|| self.environment.views.importer_in(folder));
        Module { found, name: full.to_owned(), owner }
    }

    /// Runs a module's code, unless it has run.
    fn run(&self, session: &mut Session, module: &Module, steps: &mut Vec<Step>) {
        if module.found.kind == Kind::Namespace || !session.done.insert(module.found.path.clone()) {
            return;
        }
        if module.found.kind == Kind::Extension {
            let (path, name) = (module.found.path.clone(), module.name.clone());
            let guarded = session.tries > 0;
            let global = Known::table().global(&name, &path).unwrap_or(session.global);
            steps.push(Step::Extension { path, module: name, global, guarded });
            return;
        }
        if module.found.kind != Kind::Source || session.depth >= DEEPEST {
            return;
        }
        open_known(session, module, steps);
        let effects = self.sources.effects(&module.found.path);
        session.depth += 1;
        self.follow(session, module, &effects, steps);
        session.depth -= 1;
    }

    /// Follows effects in order; whether every import among them was found.
    fn follow(
        &self,
        session: &mut Session,
        module: &Module,
        effects: &[Effect],
        steps: &mut Vec<Step>,
    ) -> bool {
        let mut whole = true;
        for effect in effects {
            match effect {
                Effect::Import(import) => whole &= self.statement(session, module, import, steps),
                Effect::Flags { global } => session.global = *global,
                Effect::Library(library) => steps.push(Step::Library {
                    place: library.place.clone(),
                    path: self.places.find(&library.place, &module.found.path),
                    source: module.found.path.clone(),
                    global: library.global,
                    guarded: session.tries > 0,
                }),
                Effect::Try { body, handlers } => {
                    session.tries += 1;
                    let whole = self.follow(session, module, body, steps);
                    session.tries -= 1;
                    if !whole {
                        self.follow(session, module, handlers, steps);
                    }
                }
            }
        }
        whole
    }

    fn statement(
        &self,
        session: &mut Session,
        module: &Module,
        import: &Import,
        steps: &mut Vec<Step>,
    ) -> bool {
        let Some(name) = absolute(module, import) else { return false };
        if !name.is_empty() && !self.import(session, module.owner, &name, steps) {
            return false;
        }
        // What is taken may be a module; an attribute of that name comes first, and is not looked for here.
        for taken in import.names.iter().filter(|taken| *taken != "*") {
            self.import(session, module.owner, &format!("{name}.{taken}"), steps);
        }
        true
    }
}

/// Opens what the table of libraries says that the package opens first. A function of its own: its room is not needed at each
/// depth of imports.
#[inline(never)]
fn open_known(session: &Session, module: &Module, steps: &mut Vec<Step>) {
    let Some(folder) = &module.found.package else { return };
    for (path, global) in Known::table().libraries(&module.name, folder) {
        let (source, guarded) = (module.found.path.clone(), session.tries > 0);
        steps.push(Step::Library { place: Place::Unknown, path: Some(path), source, global, guarded });
    }
}

/// The absolute name of what an import names (`importlib._bootstrap._resolve_name`).
fn absolute(module: &Module, import: &Import) -> Option<String> {
    if import.level == 0 {
        return Some(import.module.clone());
    }
    let mut package = module.name.as_str();
    let up = if module.found.package.is_some() { import.level - 1 } else { import.level };
    for _ in 0..up {
        package = package.rsplit_once('.')?.0;
    }
    Some(if import.module.is_empty() { package.to_owned() } else { format!("{package}.{}", import.module) })
}
