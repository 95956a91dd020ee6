//! Modules and what each imports, found and read once for all walks of a run.
//!
//! What an import statement comes to depends on who imports and on what the folders hold, and not on what was imported
//! before: it is looked up once, and a walk follows numbers. Modules are read on all cores, each with what the ones
//! before it turned out to import, until nothing new is met; that may be a little more than any walk comes to.
//! Deliberately not here: what statements come to (`acts.rs`), and the order in which things happen (`walk.rs`).

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use python_facts::Facts;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::acts::Act;
use super::elsewhere::Loader;
use super::places::Places;
use super::program::Program;
use super::sources::Sources;
use crate::environment::{DistributionId, Environment, Found, Kind, Listing};

/// A module: its place in the graph.
pub(super) type ModuleId = u32;

/// A module that was found.
pub(super) struct Module {
    pub(super) id: ModuleId,
    pub(super) found: Found,
    /// Its full name.
    pub(super) name: String,
    /// Which file it is: the same for all modules of one file.
    pub(super) file: usize,
    pub(super) owner: Option<DistributionId>,
    below: Mutex<FxHashMap<Box<str>, Arc<Module>>>,
    facts: OnceLock<Arc<Facts>>,
    acts: OnceLock<Vec<Act>>,
}

impl Module {
    /// What running its code does; nothing before it was read.
    pub(super) fn acts(&self) -> &[Act] {
        self.acts.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Libraries that its functions open by these names when they are called.
    pub(super) fn named(&self) -> &[String] {
        self.facts.get().map(|facts| facts.named.as_slice()).unwrap_or_default()
    }

    /// Whether code that importing it does not come to, as far as reading tells, loads libraries.
    pub(super) fn is_dormant(&self) -> bool {
        self.facts.get().is_some_and(|facts| facts.dormant)
    }
}

/// Who imports, where that counts, and a name without dots.
type Top = (Option<DistributionId>, Box<str>);

/// A module, and what of it is called.
pub(super) type Called = (ModuleId, Box<str>);

/// All modules that were met.
pub(super) struct Graph<'a> {
    pub(super) environment: &'a Environment,
    pub(super) sources: &'a Sources,
    pub(super) places: Places<'a>,
    /// Extension modules that are there for other interpreters only, or whose file is none.
    pub(super) foreign: HashSet<String>,
    folders: Mutex<FxHashMap<PathBuf, Arc<Listing>>>,
    tops: Mutex<FxHashMap<Top, Option<Arc<Module>>>>,
    met: Mutex<Met>,
    /// What was called of modules, and who really has it.
    pub(super) loaders: Mutex<FxHashMap<Called, Option<Loader>>>,
    /// A folder beside a program, in which it finds modules first.
    beside: Option<PathBuf>,
    /// Those that were read.
    read: Vec<Arc<Module>>,
}

#[derive(Default)]
struct Met {
    modules: Vec<Arc<Module>>,
    files: FxHashMap<PathBuf, usize>,
    /// Modules at the top: several importers may see the same.
    tops: FxHashMap<(PathBuf, Option<DistributionId>), Arc<Module>>,
}

/// What a mutex holds; a panic elsewhere leaves a map that lacks an answer and nothing worse.
pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Graph<'a> {
    pub(super) fn new(environment: &'a Environment, sources: &'a Sources) -> Self {
        let distributions = environment.distributions.iter();
        let foreign = distributions.flat_map(|one| one.foreign_modules(&environment.interpreter));
        let suffixes = &environment.interpreter.suffixes;
        let absent = environment.distributions.iter().flat_map(|one| one.absent_modules(suffixes));
        let foreign = foreign.map(|one| one.module).chain(absent.map(|one| one.module)).collect();
        let (folders, tops, met, loaders) = Default::default();
        let places = Places::of(environment);
        let (beside, read) = (None, Vec::new());
        Self { environment, sources, places, foreign, folders, tops, met, loaders, beside, read }
    }

    /// A module that was read.
    pub(super) fn module(&self, id: ModuleId) -> Option<&Module> {
        self.read.get(id as usize).map(|module| &**module)
    }

    /// Reads every module that was met, and all that those import.
    pub(super) fn read(&mut self) {
        loop {
            let new = held(&self.met).modules[self.read.len()..].to_vec();
            if new.is_empty() {
                return;
            }
            new.par_iter().for_each(|module| {
                if module.found.kind == Kind::Source {
                    let facts = self.facts(module);
                    module.acts.get_or_init(|| self.acts(module, &facts.effects));
                }
            });
            self.read.extend(new);
        }
    }

    /// What is told of a program, whose own modules are found first.
    pub(super) fn program(&mut self, program: &Program, facts: Facts) -> ModuleId {
        self.beside = Some(program.beside.clone());
        held(&self.tops).clear();
        let found = Found { path: program.source.clone(), kind: Kind::Source, package: None };
        let module = self.add(found, program.name.clone(), None);
        let facts = module.facts.get_or_init(|| Arc::new(facts));
        module.acts.get_or_init(|| self.acts(&module, &facts.effects));
        module.id
    }

    /// What `import name` does, by `importer` or, for `None`, by the program, added to `acts`; whether the module is
    /// there.
    pub(super) fn chain(&self, importer: Option<DistributionId>, name: &str, acts: &mut Vec<Act>) -> bool {
        let mut run = Vec::new();
        let found = self.descend(importer, name, &mut run);
        self.done(run, found.as_ref().err(), acts);
        found.is_ok()
    }

    /// What is told of a module's source.
    pub(super) fn facts<'m>(&self, module: &'m Module) -> &'m Facts {
        module.facts.get_or_init(|| self.sources.facts(&module.found.path))
    }

    /// Adds what runs, and then what was missed.
    pub(super) fn done(&self, run: Vec<ModuleId>, missed: Option<&String>, acts: &mut Vec<Act>) {
        if !run.is_empty() {
            acts.push(Act::Run(run.into()));
        }
        if let Some(module) = missed.filter(|missed| self.foreign.contains(*missed)) {
            acts.push(Act::Miss { module: module.clone() });
        }
    }

    /// The module `name`, if it is there, else the name of the first that is not; adds all from the top down to `run`.
    pub(super) fn descend(
        &self,
        importer: Option<DistributionId>,
        name: &str,
        run: &mut Vec<ModuleId>,
    ) -> Result<Arc<Module>, String> {
        let (mut parts, mut end) = (name.split('.'), 0);
        let mut last: Option<Arc<Module>> = None;
        loop {
            let Some(part) = parts.next() else { break last.ok_or_else(|| name.to_owned()) };
            end += part.len() + usize::from(end > 0);
            let module = match &last {
                None => self.top(importer, part),
                Some(parent) => self.below(parent, part),
            };
            let Some(module) = module else { return Err(name.get(..end).unwrap_or(name).to_owned()) };
            run.push(module.id);
            last = Some(module);
        }
    }

    /// The module `name`, which has no dots, as `importer` sees it.
    pub(super) fn top(&self, importer: Option<DistributionId>, name: &str) -> Option<Arc<Module>> {
        let views = &self.environment.views;
        let importer = importer.filter(|_| views.differ());
        let top: Top = (importer, name.into());
        if let Some(known) = held(&self.tops).get(&top) {
            return known.clone();
        }
        let suffixes = &self.environment.interpreter.suffixes;
        let beside = self.beside.iter().cloned();
        let folders = beside.chain(views.folders(importer, name)).map(|folder| self.listing(folder));
        let mut namespace = None;
        let found = folders.filter_map(|folder| Some((folder.find(name, suffixes)?, folder))).find(|one| {
            let is_namespace = one.0.kind == Kind::Namespace;
            if is_namespace {
                namespace.get_or_insert_with(|| one.clone());
            }
            !is_namespace
        });
        let module = found.or(namespace).map(|(found, folder)| {
            let owner = views.importer_in(&folder.folder);
            let key = (found.path.clone(), owner);
            let known = held(&self.met).tops.get(&key).cloned();
            known.unwrap_or_else(|| {
                let module = self.add(found, name.to_owned(), owner);
                held(&self.met).tops.entry(key).or_insert(module).clone()
            })
        });
        held(&self.tops).entry(top).or_insert(module).clone()
    }

    /// The module `part` in the package `parent`.
    pub(super) fn below(&self, parent: &Module, part: &str) -> Option<Arc<Module>> {
        let package = parent.found.package.as_ref().filter(|package| package.has(part))?;
        let mut below = held(&parent.below);
        if let Some(known) = below.get(part) {
            return Some(known.clone());
        }
        let found = package.find(part, &self.environment.interpreter.suffixes)?;
        let owner = parent.owner.or_else(|| self.environment.views.importer_in(&package.folder));
        let module = self.add(found, format!("{}.{part}", parent.name), owner);
        below.insert(part.into(), module.clone());
        Some(module)
    }

    fn listing(&self, folder: PathBuf) -> Arc<Listing> {
        let mut folders = held(&self.folders);
        let suffixes = &self.environment.interpreter.suffixes;
        let list = |folder: PathBuf| Arc::new(Listing::read(folder, suffixes));
        folders.entry(folder).or_insert_with_key(|folder| list(folder.clone())).clone()
    }

    fn add(&self, found: Found, name: String, owner: Option<DistributionId>) -> Arc<Module> {
        let mut met = held(&self.met);
        let next = met.files.len();
        let file = *met.files.entry(found.path.clone()).or_insert(next);
        let id = met.modules.len() as ModuleId;
        let (below, facts, acts) = Default::default();
        let module = Arc::new(Module { id, found, name, file, owner, below, facts, acts });
        met.modules.push(module.clone());
        module
    }
}

/// The absolute name of what an import names (`importlib._bootstrap._resolve_name`).
pub(super) fn absolute(module: &Module, level: u32, name: &str) -> Option<String> {
    if level == 0 {
        return Some(name.to_owned());
    }
    let mut package = module.name.as_str();
    let up = if module.found.package.is_some() { level - 1 } else { level };
    for _ in 0..up {
        package = package.rsplit_once('.')?.0;
    }
    Some(if name.is_empty() { package.to_owned() } else { format!("{package}.{name}") })
}
