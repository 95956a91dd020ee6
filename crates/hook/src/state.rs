//! The hook's state: made at start, replaced when units are added, never freed.
//!
//! Invariants: it is read and written only while the GIL is held (the hook refuses free-threaded builds and
//! sub-interpreters), and no borrow of a cell is alive while Python code may run. Every `Object` here is a
//! strong reference that lives as long as the process. A state that was replaced stays: whoever holds a
//! reference goes on with it, for units and closures are only ever appended, and what changes is in
//! [`Process`], which all states share. Deliberately not here: what the tables mean.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use pinfold_core::closure::Environment;
use pinfold_core::index::Image;
use pinfold_core::modules::ModuleTable;
use pinfold_core::resolve::{Importer, Resolver, UnitIndex};
use pyo3::ffi;
use rustc_hash::FxHashSet;

use crate::c_modules::Given;
use crate::load::Fast;
use crate::marks;
use crate::owner::Owner;
use crate::paths::Owners;

/// A Python object that the state keeps alive for the whole process.
pub(crate) type Object = *mut ffi::PyObject;

/// What the process has once, however many units are added to it.
pub(crate) struct Process {
    /// `sys.modules`: the standard library, root's modules and those of units that root sees.
    pub(crate) storage: Object,
    /// Modules of the standard library that root shadows by local ones, by plain name.
    pub(crate) shadowed_modules: Object,
    /// `builtins` as they were at start: what C code of other domains than root's gets a copy of.
    pub(crate) builtins: Object,
    /// Who asks where no frame says: root, or the unit that `PINFOLD_AS` names.
    pub(crate) base: Importer,
    /// The mark of root's modules.
    pub(crate) root_mark: Object,
    /// The mark of what is walked past.
    pub(crate) transparent: Object,
    /// The interpreter's extension suffixes, the preferred one first.
    pub(crate) suffixes: Vec<String>,
    /// `sys.stdlib_module_names` and what else belongs to no package.
    pub(crate) stdlib: FxHashSet<String>,
    /// Folders (and the zip file) of the standard library on `sys.path`.
    pub(crate) stdlib_paths: Vec<String>,
    /// Top-level names of the standard library under which root loaded a local module.
    pub(crate) shadowed: RefCell<HashSet<String>>,
    /// The environment's own `site-packages`, resolved.
    pub(crate) site_packages: PathBuf,
    /// The environment's path as the interpreter was started with it, and its generation.
    pub(crate) prefix: (String, String),
    /// Folders with their links resolved.
    pub(crate) canonical: RefCell<HashMap<String, Option<String>>>,
    /// Whose folders of `sys.path` are that code of attached worlds has put there.
    pub(crate) path_owners: RefCell<Owners>,
    /// What does not depend on the call stack, per unit and name.
    pub(crate) memo: RefCell<HashMap<UnitIndex, HashMap<String, Owner>>>,
    /// Per unit whose C code has asked for `sys.modules`: what it got.
    pub(crate) c_modules: RefCell<HashMap<UnitIndex, Given>>,
    /// `importlib.machinery.PathFinder`, `ModuleSpec`, and the loader classes of `pinfold._boot`.
    pub(crate) python: PythonParts,
    /// What loads modules without importlib; set at the end of the start.
    pub(crate) fast: OnceCell<Fast>,
}

/// The folders of units. Of several units with one folder the first is meant, of nested folders the inner one.
pub(crate) enum Folders {
    /// They are looked up in the index.
    Index(Arc<Image>),
    /// Units by folder, and the lengths of the shortest and the longest.
    Known { units: HashMap<String, UnitIndex>, shortest: usize, longest: usize },
}

impl Folders {
    pub(crate) fn new(env: &Environment) -> Self {
        if let Some(image) = env.units.image() {
            return Folders::Index(Arc::clone(image));
        }
        let (mut known, mut shortest, mut longest) = (HashMap::new(), usize::MAX, 0);
        for (unit, described) in env.units.iter().enumerate() {
            // Python's strings hold no other paths either: importers could not name them.
            let Some(path) = described.path.to_str().map(str::to_owned) else { continue };
            shortest = shortest.min(path.len());
            longest = longest.max(path.len());
            known.entry(path).or_insert(unit);
        }
        Folders::Known { units: known, shortest, longest }
    }

    /// The unit in whose folder `path` stands.
    fn unit_of(&self, path: &str) -> Option<UnitIndex> {
        let (units, shortest, longest) = match self {
            Folders::Index(image) => return image.unit_of(path),
            Folders::Known { units, shortest, longest } => (units, *shortest, *longest),
        };
        let mut end = path.len();
        while end >= shortest {
            if end <= longest
                && let Some(&unit) = units.get(&path[..end])
            {
                return Some(unit);
            }
            end = path[..end].rfind('/')?;
        }
        None
    }
}

/// Everything the hook knows.
pub(crate) struct State {
    /// What all states share; the fields of it are reached as if they were this one's.
    pub(crate) process: &'static Process,
    /// Answers who gets what.
    pub(crate) resolver: Resolver,
    /// Per unit that does not resolve as root does: its modules that are not in the storage, by plain name.
    pub(crate) own: Vec<Object>,
    /// Per closure: modules that its units put into `sys.modules` under names that no unit provides.
    pub(crate) loose: Vec<Object>,
    /// Per unit: the closure that its sharing domain is named after.
    pub(crate) domain: Vec<usize>,
    /// Per unit: whether it sees what root sees, so that the storage answers.
    pub(crate) plain_view: Vec<bool>,
    /// Per unit: the mark that its modules' globals carry.
    /// Made when the first of them is.
    pub(crate) marks: Vec<Cell<Object>>,
    /// Per unit: its module table, read at its first import.
    pub(crate) tables: Vec<&'static Table>,
    /// Whether any unit is not seen by root: without one, messages and lists are as stock Python's.
    pub(crate) plural: bool,
    /// Units by their folders.
    pub(crate) folders: Folders,
}

impl Deref for State {
    type Target = Process;

    fn deref(&self) -> &Process {
        self.process
    }
}

/// Objects of Python's that the finder calls.
pub(crate) struct PythonParts {
    pub(crate) path_finder: Object,
    pub(crate) module_spec: Object,
    pub(crate) source_loader: Object,
    pub(crate) bytecode_loader: Object,
    pub(crate) extension_loader: Object,
    pub(crate) namespace_path: Object,
    pub(crate) finder: Object,
    pub(crate) bootstrap_find_spec: Object,
}

/// A unit's module table, once it was asked for.
pub(crate) type Table = OnceCell<Box<ModuleTable>>;

/// Places for the tables of so many units.
pub(crate) fn tables(units: usize) -> std::slice::Iter<'static, Table> {
    let tables: Vec<Table> = (0..units).map(|_| OnceCell::new()).collect();
    Vec::leak(tables).iter()
}

/// Per unit, the closure that its sharing domain is named after.
pub(crate) fn domains(env: &Environment) -> Vec<usize> {
    if let Some(image) = env.units.image() {
        return image.domains().collect();
    }
    let closures: HashMap<&str, usize> =
        env.closures.iter().enumerate().map(|(position, c)| (c.name.as_str(), position)).collect();
    env.units.iter().map(|unit| closures.get(unit.domain.as_str()).copied().unwrap_or(0)).collect()
}

static STATE: AtomicPtr<State> = AtomicPtr::new(ptr::null_mut());

/// The state, once the hook has started.
pub(crate) fn get() -> Option<&'static State> {
    // SAFETY: the pointer is null or from `set`, which never frees a state; the GIL, which every caller holds,
    // serialises all access to what is inside.
    unsafe { STATE.load(Ordering::Acquire).as_ref() }
}

/// Keeps a state for ever: whoever uses one does not hold it.
pub(crate) fn keep(state: State) -> &'static State {
    Box::leak(Box::new(state))
}

/// Makes this the state from now on.
pub(crate) fn set(state: &'static State) {
    STATE.store(ptr::from_ref(state).cast_mut(), Ordering::Release);
}

impl State {
    /// The dictionary of a unit's modules that are not in the storage; null where it has none.
    pub(crate) fn own(&self, unit: UnitIndex) -> Object {
        match self.own.get(unit) {
            Some(&own) => own,
            None if unit == marks::STDLIB => self.shadowed_modules,
            None => ptr::null_mut(),
        }
    }

    /// Who asks for `name`, if `importer` does: root, for a module that a world takes from it as it is.
    pub(crate) fn on_behalf(&self, importer: Importer, name: &str) -> Importer {
        match importer {
            Importer::Unit(unit) if self.resolver.is_roots(unit, name) => Importer::Root,
            _ => importer,
        }
    }

    /// The mark for globals of a unit, or of root; `None` where there is no such unit, or no memory.
    pub(crate) fn mark(&self, value: usize) -> Option<Object> {
        if value == marks::ROOT {
            return Some(self.root_mark);
        }
        let mark = self.marks.get(value)?;
        if mark.get().is_null() {
            mark.set(marks::new_mark(value));
        }
        let made = Some(mark.get()).filter(|mark| !mark.is_null());
        if made.is_none() {
            // SAFETY: the GIL is held. The caller says that there is none.
            unsafe { ffi::PyErr_Clear() };
        }
        made
    }

    /// Whether the bearer of a mark with this value sees what root sees, so that the storage answers.
    #[inline]
    pub(crate) fn sees_as_root(&self, value: usize) -> bool {
        self.plain_view.get(value).copied().unwrap_or(value == marks::ROOT)
    }

    /// Whether a name's first component belongs to the standard library.
    pub(crate) fn is_stdlib(&self, name: &str) -> bool {
        self.stdlib.contains(pinfold_core::names::top(name))
    }

    /// Whether an entry of `sys.path` is a folder (or the zip file) of the standard library.
    pub(crate) fn is_stdlib_folder(&self, entry: &str) -> bool {
        self.stdlib_paths.iter().any(|known| known == entry)
    }

    /// The unit whose folder holds `path`, if any.
    pub(crate) fn unit_of_path(&self, path: &str) -> Option<UnitIndex> {
        self.folders.unit_of(path)
    }

    /// `folder` without links in it; an environment's own path means the generation that this process runs.
    fn canonical(&self, folder: &str) -> Option<String> {
        if let Some(known) = self.canonical.borrow().get(folder) {
            return known.clone();
        }
        let (prefix, generation) = &self.prefix;
        let inside = folder.strip_prefix(prefix.as_str()).filter(|r| r.is_empty() || r.starts_with('/'));
        let followed = inside.map_or_else(|| folder.to_owned(), |rest| format!("{generation}{rest}"));
        let resolved = std::fs::canonicalize(followed).ok().and_then(|path| path.to_str().map(str::to_owned));
        // A relative one means another folder after `os.chdir`.
        if folder.starts_with('/') {
            self.canonical.borrow_mut().insert(folder.to_owned(), resolved.clone());
        }
        resolved
    }

    /// Whether an entry of `sys.path`, however it is spelt, is the environment's own site-packages or inside.
    pub(crate) fn is_in_site_packages(&self, entry: &str) -> bool {
        Path::new(entry).starts_with(&self.site_packages)
            || self.canonical(entry).is_some_and(|entry| Path::new(&entry).starts_with(&self.site_packages))
    }

    /// The unit whose file `path` is, also where `path` leads there by the links in `site-packages`.
    pub(crate) fn unit_of_origin(&self, path: &str) -> Option<UnitIndex> {
        self.unit_of_path(path).or_else(|| {
            let (folder, file) = path.rsplit_once('/')?;
            let path = format!("{}/{file}", self.canonical(folder)?);
            self.unit_of_path(&path).or_else(|| {
                // A single file of root's view is a link itself.
                if !Path::new(&path).starts_with(&self.site_packages) {
                    return None;
                }
                self.unit_of_path(std::fs::canonicalize(&path).ok()?.to_str()?)
            })
        })
    }

    /// The unit whose loaded object `path` is: where the loader came to it by a link in another unit's folder, the one
    /// whose file it is.
    pub(crate) fn unit_of_object(&self, path: &str) -> Option<UnitIndex> {
        let opened = self.unit_of_origin(path)?;
        let real = std::fs::canonicalize(path).ok();
        Some(real.and_then(|real| self.unit_of_path(real.to_str()?)).unwrap_or(opened))
    }

    /// The closure whose hand-made modules a unit sees: its pin's or the only one that it is in.
    pub(crate) fn world(&self, unit: UnitIndex) -> usize {
        self.resolver.only_closure(unit).unwrap_or(self.domain[unit])
    }

    /// Whether C code of a unit keeps its process-wide registries apart from root's.
    pub(crate) fn has_own_registries(&self, unit: UnitIndex) -> bool {
        self.domain[unit] != 0
    }

    /// Whether any module is loaded that root does not see.
    pub(crate) fn has_others(&self) -> bool {
        // SAFETY: the tables are dictionaries that live as long as the process; the GIL is held.
        self.own.iter().any(|&table| !table.is_null() && unsafe { ffi::PyDict_Size(table) } > 0)
    }

    /// The module table of a unit.
    pub(crate) fn table(&self, unit: UnitIndex) -> Result<&ModuleTable, String> {
        if let Some(table) = self.tables[unit].get() {
            return Ok(table);
        }
        let described = &self.resolver.env().units[unit];
        let read = match &described.modules {
            Some(file) => ModuleTable::read(file).or_else(|_| ModuleTable::scan(&described.path)),
            None => ModuleTable::scan(&described.path),
        };
        let table = read.map_err(|e| {
            format!(
                "the folder of {} {} is gone or cannot be read: {e}\nhint: `pinfold sync` repairs an environment",
                described.name, described.version
            )
        })?;
        Ok(self.tables[unit].get_or_init(|| Box::new(table)))
    }
}
