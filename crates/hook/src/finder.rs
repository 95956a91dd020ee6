//! Finds the file of a module that is not loaded yet, for whoever asks.
//!
//! `find_spec` is the first of `sys.meta_path`. It answers from the module tables of the units that the
//! importer may use; what no unit provides goes on to the interpreter's other finders. Deliberately not
//! here: who may use what (`pinfold_core::resolve`) and loading (`pinfold._loaders`).

use std::path::Path;

use pinfold_core::closure::Provided;
use pinfold_core::modules::{Kind, Module};
use pinfold_core::names::{self, QUALIFIER};
use pinfold_core::resolve::{Denial, Importer, Resolution, UnitIndex};
use pyo3::exceptions::{PyImportError, PyModuleNotFoundError};
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{ffi, intern};

use crate::frames;
use crate::marks;
use crate::owner;
use crate::paths::{self, without_site_packages};
use crate::specs::{Spec, adopt, borrowed, marked_name, module_spec, namespace_spec};
use crate::state::State;
use crate::trace;
use crate::views;

mod missing;

/// One question to the finder.
struct Question<'a, 'py> {
    py: Python<'py>,
    state: &'static State,
    importer: Importer,
    /// The importer, if it is a unit with a view of its own; others resolve as root does.
    viewer: Option<UnitIndex>,
    name: &'a Bound<'py, PyAny>,
    text: &'a str,
    /// The parent's `__path__`, `None` for a top-level name.
    path: &'a Bound<'py, PyAny>,
}

/// The spec of module `name` for whoever asks, `None` to let the next finder answer.
///
/// # Errors
/// `ModuleNotFoundError` where an import statement would end in one and there is more to say than stock
/// Python says; `ImportError` when a unit's folder is gone.
pub(crate) fn find_spec<'py>(
    state: &'static State,
    name: &Bound<'py, PyAny>,
    path: &Bound<'py, PyAny>,
) -> PyResult<Spec<'py>> {
    let py = name.py();
    // SAFETY: `name` outlives its text, and the GIL is held.
    let Some(text) = (unsafe { marks::text(name.as_ptr()) }) else { return Ok(None) };
    // SAFETY: as above.
    if let Some(unit) = unsafe { marks::name_unit(name.as_ptr()) } {
        return exact(py, state, unit, text, path);
    }
    if text.contains(QUALIFIER) {
        return match owner::parse_qualified(state, text) {
            Some((owner::Home::Unit(unit), module)) => exact(py, state, unit, module, path),
            Some(_) => Ok(None),
            None => strange(state, name, text),
        };
    }
    let importer = frames::asking(state, text);
    let viewer = state.resolver.own_view(importer);
    let question = Question { py, state, importer, viewer, name, text, path };
    if state.is_stdlib(text) {
        if state.plural && views::COMPLETED.contains(&text) {
            return views::completed_spec(name, path);
        }
        return if viewer.is_none() { Ok(None) } else { question.stdlib() };
    }
    question.answer()
}

/// A module of a unit that this environment has not: most likely the name stands in a pickle from another one.
fn strange<'py>(state: &State, name: &Bound<'py, PyAny>, text: &str) -> PyResult<Spec<'py>> {
    let Some((unit, module)) = names::split_qualified(text) else { return Ok(None) };
    if !frames::called_from("_find_and_load_unlocked") {
        return Ok(None);
    }
    let (distribution, hash) = unit.split_once('@').unwrap_or((unit, ""));
    let same = state.resolver.env().units.iter().filter(|unit| unit.name == distribution);
    let here: Vec<String> =
        same.map(|unit| format!("{} {} ({})", unit.name, unit.version, unit.id.as_str())).collect();
    let here = if here.is_empty() { format!("no {distribution} at all") } else { here.join(", ") };
    let error = PyModuleNotFoundError::new_err(format!(
        "No module named '{text}': `{module}` is asked for as of the unit {unit}, the {distribution} whose hash begins \
         with {hash}, and this environment has {here}\nhint: a pickle of objects of a version that root does not see \
         loads only where that unit is: load it in the environment that wrote it (of an attached one, after \
         `pinfold.attach`: in a pool of processes, call it in the pool's initializer), or write plain data instead"
    ));
    error.value(name.py()).setattr("name", name)?;
    Err(error)
}

/// A module of one given unit and no other.
fn exact<'py>(
    py: Python<'py>,
    state: &'static State,
    unit: UnitIndex,
    text: &str,
    path: &Bound<'py, PyAny>,
) -> PyResult<Spec<'py>> {
    if unit >= marks::ROOT {
        return Ok(None);
    }
    let table = state.table(unit).map_err(PyImportError::new_err)?;
    if let Some(module) = table.find(text, &state.suffixes) {
        if module.kind != Kind::Namespace {
            return module_spec(py, state, unit, text, module).map(Some);
        }
        let importer = Importer::Unit(unit);
        if let Resolution::Found { entry, .. } = state.resolver.resolve(importer, text, Vec::new)
            && entry.provided == Provided::Namespace
        {
            return namespace_spec(py, state, unit, text, &entry.units).map(Some);
        }
        return namespace_spec(py, state, unit, text, &[unit]).map(Some);
    }
    if path.is_none() {
        return Ok(None);
    }
    let name = marked_name(py, state, unit, text)?;
    let found = path_finder(py, state, &name, path)?;
    adopt(py, state, found, Some(unit), text)
}

impl<'py> Question<'_, 'py> {
    fn answer(&self) -> PyResult<Spec<'py>> {
        let state = self.state;
        if self.path.is_none() {
            if let Some(spec) = self.ahead_of_index()? {
                return Ok(Some(spec));
            }
        } else if self.viewer.is_none() && !self.path_is_of_units()? {
            return self.others();
        }
        let resolution = state.resolver.resolve(self.importer, self.text, || frames::stack(state));
        match resolution {
            Resolution::Found { entry, prefix, rule } => {
                if entry.provided == Provided::Namespace {
                    return match self.importer {
                        // Root's namespace packages stand in site-packages, merged with local folders.
                        _ if self.viewer.is_none() => self.others(),
                        Importer::Unit(unit) => {
                            namespace_spec(self.py, state, unit, self.text, &entry.units).map(Some)
                        }
                        Importer::Root => self.others(),
                    };
                }
                let deep = self.text[..prefix].contains('.');
                for &unit in &entry.units {
                    let table = state.table(unit).map_err(PyImportError::new_err)?;
                    if let Some(module) = table.find(self.text, &state.suffixes) {
                        if !deep
                            && self.path_begins_elsewhere(unit, module)?
                            && let Some(spec) = self.by_path(Some(unit))?
                        {
                            return Ok(Some(spec));
                        }
                        return match module.kind {
                            Kind::Namespace if self.viewer.is_none() => self.others(),
                            Kind::Namespace => {
                                namespace_spec(self.py, state, unit, self.text, &[unit]).map(Some)
                            }
                            _ => {
                                trace::note(state, self.importer, unit, self.name.as_ptr(), self.text, rule);
                                module_spec(self.py, state, unit, self.text, module).map(Some)
                            }
                        };
                    }
                }
                if prefix < self.text.len() && !self.path.is_none() {
                    // Packages may extend their own `__path__` at run time.
                    if let Some(spec) = self.by_path(entry.units.first().copied())? {
                        return Ok(Some(spec));
                    }
                }
                self.others()
            }
            Resolution::Unknown if self.is_roots_here() => {
                Question { importer: Importer::Root, viewer: None, ..*self }.answer()
            }
            Resolution::Unknown => self.others(),
            Resolution::Denied(denial) => self.denied(&denial),
        }
    }

    /// What the importer finds before any unit: for root, what stands on `sys.path` ahead of site-packages;
    /// for a unit, folders of its own that it put on `sys.path`, and for a world's what the world's code put there.
    fn ahead_of_index(&self) -> PyResult<Spec<'py>> {
        let state = self.state;
        let entries = PyList::empty(self.py);
        // What stands in front of site-packages hides the units of a world's own root, as it does for root.
        let world = self.viewer.and_then(|unit| paths::root_of_world(state, unit));
        let in_front = |text: &str| world.is_some() && paths::is_seen(state, text, world) == Some(true);
        let mut behind = false;
        for entry in sys_path(self.py)?.iter() {
            // SAFETY: the list holds the entry while its text is used; the GIL is held.
            let Some(text) = (unsafe { marks::text(entry.as_ptr()) }) else { continue };
            if self.viewer.is_none() {
                if state.is_in_site_packages(text) {
                    break;
                }
                // Another world's folder, put there by a tool that runs in it, is not root's.
                if state.unit_of_path(text).is_some_and(|unit| !state.resolver.in_root(unit)) {
                    continue;
                }
                if paths::is_seen(state, text, None).unwrap_or(true) {
                    entries.append(&entry)?;
                }
            } else if let Importer::Unit(unit) = self.importer {
                behind |= state.is_in_site_packages(text);
                if paths::is_own_folder(state, unit, text) || !behind && in_front(text) {
                    entries.append(&entry)?;
                }
            }
        }
        if entries.is_empty() {
            return Ok(None);
        }
        let Some(found) = path_finder(self.py, state, self.name, entries.as_any())? else { return Ok(None) };
        if found.getattr(intern!(self.py, "origin"))?.is_none() {
            // A part of a namespace package: the interpreter's own finder merges it with the others.
            return Ok(None);
        }
        match adopt(self.py, state, Some(found.clone()), self.viewer, self.text)? {
            Some(spec) => Ok(Some(spec)),
            None => Ok(Some(found)),
        }
    }

    /// What stands under the parent's `__path__`, made `preferred`'s where it is a file of its folder.
    fn by_path(&self, preferred: Option<UnitIndex>) -> PyResult<Spec<'py>> {
        let path = if self.viewer.is_none() {
            self.path.clone()
        } else {
            without_site_packages(self.py, self.state, self.path)?
        };
        let found = path_finder(self.py, self.state, self.name, &path)?;
        adopt(self.py, self.state, found, preferred, self.text)
    }

    /// Whether a package has put another folder at the head of its `__path__` than that of `module`'s file.
    fn path_begins_elsewhere(&self, unit: UnitIndex, module: &Module) -> PyResult<bool> {
        if self.path.is_none() {
            return Ok(false);
        }
        let Some(first) = list(self.path)?.iter().next() else { return Ok(true) };
        // SAFETY: `first` is alive while its text is used; the GIL is held.
        let Some(first) = (unsafe { marks::text(first.as_ptr()) }) else { return Ok(false) };
        let file = self.state.resolver.env().units[unit].path.join(&module.path);
        let levels = if module.kind.is_package() && module.kind != Kind::Namespace { 2 } else { 1 };
        let usual = file.ancestors().nth(levels);
        Ok(usual != Some(Path::new(first)) && !self.state.is_in_site_packages(first))
    }

    /// Whether the name is one that the importer's world takes from root, for a unit that root has too.
    fn is_roots_here(&self) -> bool {
        let Some(unit) = self.viewer else { return false };
        let taken = self.state.resolver.abroad(unit, || frames::stack(self.state));
        taken.is_some_and(|names| names.contains(pinfold_core::names::top(self.text)))
    }

    /// Whether any entry of the parent's `__path__` stands in a unit's folder or in site-packages.
    fn path_is_of_units(&self) -> PyResult<bool> {
        for entry in list(self.path)?.iter() {
            // SAFETY: `entry` is alive while its text is used; the GIL is held.
            if let Some(text) = unsafe { marks::text(entry.as_ptr()) }
                && (self.state.unit_of_path(text).is_some() || self.state.is_in_site_packages(text))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A module of the standard library, for a unit that must not get a local file of the same name.
    fn stdlib(&self) -> PyResult<Spec<'py>> {
        let state = self.state;
        if !self.path.is_none() {
            return Ok(None);
        }
        let ahead = PyList::empty(self.py);
        for entry in sys_path(self.py)?.iter() {
            // SAFETY: the list holds the entry while its text is used; the GIL is held.
            let text = unsafe { marks::text(entry.as_ptr()) };
            if text.is_some_and(|text| state.is_stdlib_folder(text)) {
                break;
            }
            ahead.append(entry)?;
        }
        // SAFETY: a reference borrowed from the interpreter, held while it is asked; the GIL is held.
        let names = unsafe {
            Bound::from_borrowed_ptr_or_err(self.py, ffi::PySys_GetObject(c"builtin_module_names".as_ptr()))?
        };
        let builtin = names.contains(self.name)?;
        if builtin || path_finder(self.py, state, self.name, ahead.as_any())?.is_none() {
            return Ok(None);
        }
        state.shadowed.borrow_mut().insert(self.text.to_owned());
        let folders = PyList::new(self.py, &state.stdlib_paths)?;
        let name = marked_name(self.py, state, marks::STDLIB, self.text)?;
        path_finder(self.py, state, &name, folders.as_any())
    }

    /// The rest of `sys.meta_path`, asked from here only where its failure will be explained.
    fn others(&self) -> PyResult<Spec<'py>> {
        self.rest(None)
    }

    fn denied(&self, denial: &Denial) -> PyResult<Spec<'py>> {
        self.rest(Some(denial))
    }

    fn rest(&self, denial: Option<&Denial>) -> PyResult<Spec<'py>> {
        let state = self.state;
        if !state.plural || !frames::called_from("_find_and_load_unlocked") {
            return Ok(None);
        }
        // Denied outright: other finders are root's too.
        if denial != Some(&Denial::Undeclared) {
            // SAFETY: a reference borrowed from the interpreter, held while it is listed; the GIL is held.
            let meta_path = unsafe {
                Bound::from_borrowed_ptr_or_err(self.py, ffi::PySys_GetObject(c"meta_path".as_ptr()))?
            };
            let finder = state.python.finder;
            let finders = list(&meta_path)?;
            for finder in finders.iter().skip_while(|f| f.as_ptr() != finder).skip(1) {
                let found = match finder.getattr(intern!(self.py, "find_spec")) {
                    Ok(find_spec) => find_spec.call1((self.name, self.path, self.py.None()))?,
                    Err(_) => self.by_legacy_finder(&finder)?,
                };
                if !found.is_none() {
                    return adopt(self.py, state, Some(found), self.viewer, self.text);
                }
            }
        }
        if let Some(Denial::Ambiguous(_)) = denial {
            return Err(PyImportError::new_err(self.message(denial)));
        }
        let error = PyModuleNotFoundError::new_err(self.message(denial));
        error.value(self.py).setattr("name", self.name)?;
        Err(error)
    }

    /// Asks a finder that has only `find_module`, which Python 3.11 still does.
    fn by_legacy_finder(&self, finder: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let bootstrap = self.py.import("_frozen_importlib")?;
        match bootstrap.getattr(intern!(self.py, "_find_spec_legacy")) {
            Ok(legacy) => legacy.call1((finder, self.name, self.path)),
            Err(_) => Ok(self.py.None().into_bound(self.py)),
        }
    }
}

/// The entries of `sys.path`, which programs may make a tuple of.
pub(crate) fn sys_path(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    // SAFETY: a reference borrowed from the interpreter, held while it is listed; the GIL is held.
    let path = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(c"path".as_ptr())) };
    let Some(path) = path else { return Ok(PyList::empty(py)) };
    views::adopt(&path)?;
    match path.cast::<PyList>() {
        // All of it: iterating would leave out what the asker does not see.
        Ok(path) => Ok(path.get_slice(0, path.len())),
        Err(_) => list(&path),
    }
}

/// A list of what an iterable has.
///
/// Not `collect` over PyO3's iterator: its `size_hint` imports `operator`, and would come back here.
pub(crate) fn list<'py>(iterable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    // SAFETY: a live object, a new reference or null with an exception set; the GIL is held.
    let list =
        unsafe { Bound::from_owned_ptr_or_err(iterable.py(), ffi::PySequence_List(iterable.as_ptr()))? };
    Ok(list.cast_into::<PyList>()?)
}

/// `PathFinder.find_spec(name, path)`.
fn path_finder<'py>(
    py: Python<'py>,
    state: &State,
    name: &Bound<'py, PyAny>,
    path: &Bound<'py, PyAny>,
) -> PyResult<Spec<'py>> {
    let finder = borrowed(py, state.python.path_finder);
    let found = finder.call_method1(intern!(py, "find_spec"), (name, path))?;
    Ok((!found.is_none()).then_some(found))
}
