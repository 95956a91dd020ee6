//! Whose module a name means: from an importer and a name to the dictionary that holds the module.
//!
//! Modules that root sees and those of the standard library stand in the storage (the real `sys.modules`
//! dict) under natural names; every other unit has a dictionary of its own. Deliberately not here: how a
//! module that is not there yet is found (`finder`).

use std::rc::Rc;

use pinfold_core::closure::Provided;
use pinfold_core::names::{self, ROOT};
use pinfold_core::resolve::{Denial, Importer, Resolution, Rule, UnitIndex};
use pyo3::ffi;

use crate::frames;
use crate::marking;
use crate::marks;
use crate::specs;
use crate::state::{Object, State};

/// Whose module a name means for an importer.
#[derive(Clone, Debug)]
pub(crate) enum Owner {
    /// The storage under the natural name: the standard library, root's own, other finders'.
    Storage,
    /// One of these units, the first that has it. `deep` if the prefix that decided has a dot.
    Units { units: Rc<[UnitIndex]>, deep: bool },
    /// The namespace package of this unit's own view.
    Namespace(UnitIndex),
    /// No unit provides it: what the importer's world put there itself, else the storage.
    Unknown(UnitIndex),
    /// As [`Self::Unknown`], for an importer in an attached world, which finds nothing of root's.
    Foreign(UnitIndex),
    /// It is there, but not for this importer.
    Denied(UnitIndex, Denial),
}

/// The unit part of a qualified name of root's pseudo-unit.
const ROOT_UNIT: &str = "root@0";
/// The same of what the units of a closure put into `sys.modules` by hand; the closure's number follows.
const LOOSE_UNIT: &str = "loose@";

/// Whose a qualified name is.
#[derive(Clone, Copy)]
pub(crate) enum Home {
    /// Root's, or another finder's.
    Root,
    /// A unit's.
    Unit(UnitIndex),
    /// What the units of this closure put there by hand.
    Loose(usize),
}

impl Home {
    /// The module under plain `key`. Borrowed; null when it is not loaded.
    pub(crate) fn module(self, state: &State, key: Object) -> Object {
        match self {
            Home::Root => item(state.storage, key),
            Home::Unit(unit) => exact(state, unit, key),
            Home::Loose(closure) => item(state.loose[closure], key),
        }
    }

    /// The qualified name of `module`.
    pub(crate) fn qualify(self, state: &State, module: &str) -> String {
        match self {
            Home::Root => names::qualify(ROOT_UNIT, module),
            Home::Unit(unit) => qualify(state, unit, module),
            Home::Loose(closure) => names::qualify(&format!("{LOOSE_UNIT}{closure}"), module),
        }
    }
}

/// The name under which `module` of `unit` is found from anywhere.
pub(crate) fn qualify(state: &State, unit: UnitIndex, module: &str) -> String {
    let env = state.resolver.env();
    names::qualify(env.units.get(unit).map_or("stdlib@0", |unit| unit.id.as_str()), module)
}

/// Whose a qualified name is, and the plain name in it.
pub(crate) fn parse_qualified<'n>(state: &State, name: &'n str) -> Option<(Home, &'n str)> {
    let (unit, module) = names::split_qualified(name)?;
    if unit == ROOT_UNIT {
        return Some((Home::Root, module));
    }
    if unit == "stdlib@0" {
        return Some((Home::Unit(marks::STDLIB), module));
    }
    if let Some(closure) = unit.strip_prefix(LOOSE_UNIT) {
        let closure = closure.parse().ok().filter(|&closure: &usize| closure < state.loose.len())?;
        return Some((Home::Loose(closure), module));
    }
    Some((Home::Unit(state.resolver.find(unit)?), module))
}

/// Whose module `name` means when `importer` asks.
pub(crate) fn owner(state: &State, importer: Importer, name: &str) -> Owner {
    let Importer::Unit(unit) = importer else { return Owner::Storage };
    if state.resolver.is_rootlike(unit) || state.resolver.is_roots(unit, name) {
        return Owner::Storage;
    }
    if state.is_stdlib(name) {
        return stdlib_owner(state, name);
    }
    if let Some(owner) = state.memo.borrow().get(&unit).and_then(|names| names.get(name)) {
        return owner.clone();
    }
    let resolution = state.resolver.resolve(importer, name, || frames::stack(state));
    let (owner, lasting) = match resolution {
        Resolution::Found { entry, prefix, rule } => {
            let lasting = matches!(rule, Rule::Declared);
            let owner = if entry.provided == Provided::Namespace {
                Owner::Namespace(unit)
            } else {
                Owner::Units { units: entry.units.as_slice().into(), deep: name[..prefix].contains('.') }
            };
            (owner, lasting)
        }
        Resolution::Unknown => match state.resolver.abroad(unit, || frames::stack(state)) {
            None => (Owner::Unknown(unit), false),
            Some(taken) if taken.contains(names::top(name)) => (Owner::Storage, false),
            Some(_) => (Owner::Foreign(unit), false),
        },
        Resolution::Denied(denial) => {
            let lasting = denial == Denial::Undeclared;
            (Owner::Denied(unit, denial), lasting)
        }
    };
    if lasting {
        state.memo.borrow_mut().entry(unit).or_default().insert(name.to_owned(), owner.clone());
    }
    owner
}

fn stdlib_owner(state: &State, name: &str) -> Owner {
    let shadowed = state.shadowed.borrow();
    if !shadowed.is_empty() && shadowed.contains(names::top(name)) {
        return Owner::Units { units: [marks::STDLIB].into(), deep: false };
    }
    Owner::Storage
}

/// The dictionary that holds the modules of `unit` under plain names. For a unit that root sees it is the storage.
pub(crate) fn dictionary(state: &State, unit: UnitIndex) -> Object {
    if unit < marks::ROOT && state.resolver.in_root(unit) { state.storage } else { state.own(unit) }
}

/// The module of `unit` under plain `key`. Borrowed; null when it is not loaded. The GIL is held.
pub(crate) fn exact(state: &State, unit: UnitIndex, key: Object) -> Object {
    // A unit that root sees but that has a view of its own keeps that view's namespace packages apart.
    let own = state.own(unit);
    if !own.is_null() {
        let found = item(own, key);
        if !found.is_null() {
            return found;
        }
    }
    item(dictionary(state, unit), key)
}

/// The item of a dictionary under `key`. Borrowed; null when it is not there.
pub(crate) fn item(dictionary: Object, key: Object) -> Object {
    if dictionary.is_null() {
        return dictionary;
    }
    // SAFETY: both are live objects and the GIL is held; strings do not raise when compared.
    unsafe { ffi::PyDict_GetItemWithError(dictionary, key) }
}

/// The module that `name` (with text `text`) means for `importer`. Borrowed; null when it is not loaded.
pub(crate) fn lookup(state: &State, importer: Importer, key: Object, text: &str) -> Object {
    let found = match owner(state, importer, text) {
        Owner::Storage => {
            let found = item(state.storage, key);
            let importer = state.on_behalf(importer, text);
            if found.is_null() { by_stack(state, importer, key, text) } else { found }
        }
        Owner::Units { units, deep } => {
            let found = units.iter().map(|&unit| exact(state, unit, key)).find(|found| !found.is_null());
            match found {
                Some(found) if deep => {
                    // Binding runs Python code, during which another thread may take the module away.
                    let bound = attach(state, importer, text, found);
                    let loaded = || units.iter().map(|&unit| exact(state, unit, key));
                    if bound.is_null() {
                        bound
                    } else {
                        loaded().find(|m| !m.is_null()).unwrap_or(std::ptr::null_mut())
                    }
                }
                Some(found) => found,
                None => std::ptr::null_mut(),
            }
        }
        Owner::Namespace(unit) => item(state.own(unit), key),
        Owner::Unknown(unit) => {
            let found = undeclared(state, unit, key);
            // A package that a closure has for itself is not completed with root's modules.
            let own = found.is_null() && has(state.loose[state.world(unit)], names::top(text));
            if found.is_null() && !own { unmixed(state, unit, item(state.storage, key)) } else { found }
        }
        Owner::Foreign(unit) | Owner::Denied(unit, _) => undeclared(state, unit, key),
    };
    if !found.is_null() || !text.contains(names::QUALIFIER) {
        return found;
    }
    match parse_qualified(state, text) {
        Some((unit, module)) => {
            let plain = marks::new_str(module);
            if plain.is_null() {
                // SAFETY: the GIL is held; a failed allocation reads as "not there".
                unsafe { ffi::PyErr_Clear() };
                return plain;
            }
            let found = unit.module(state, plain);
            let hidden = matches!(unit, Home::Unit(marks::STDLIB)) && state.is_stdlib(module);
            let found = if found.is_null() && hidden { of_stdlib(state, plain, module) } else { found };
            // SAFETY: `plain` is ours; `found` is kept alive by its dictionary.
            unsafe { ffi::Py_DECREF(plain) };
            found
        }
        None => found,
    }
}

/// The standard library's own module, loaded now unless it is, whatever local files root has under its name: what a
/// process in which root hid it wrote into a pickle. Borrowed; null where no unit could tell the two apart.
fn of_stdlib(state: &State, key: Object, text: &str) -> Object {
    let mut units = 0..state.resolver.env().units.len();
    let Some(unit) = units.find(|&unit| !state.resolver.is_rootlike(unit)) else {
        return std::ptr::null_mut();
    };
    let _as_unit = frames::push(unit);
    // SAFETY: the GIL is held; the module is kept alive by its table; a failure reads as "not there".
    unsafe {
        ffi::Py_XDECREF(ffi::PyImport_Import(key));
        ffi::PyErr_Clear();
    }
    lookup(state, Importer::Unit(unit), key, text)
}

/// For root: the module of a unit up the call stack that runs root's code. Borrowed; null when there is none.
fn by_stack(state: &State, importer: Importer, key: Object, name: &str) -> Object {
    if !state.plural || state.is_stdlib(name) || name.contains(names::QUALIFIER) {
        return std::ptr::null_mut();
    }
    match state.resolver.resolve(importer, name, || frames::stack(state)) {
        Resolution::Found { entry, rule: Rule::Stack(_), .. } if entry.provided != Provided::Namespace => {
            let loaded = entry.units.iter().map(|&unit| exact(state, unit, key));
            loaded.into_iter().find(|found| !found.is_null()).unwrap_or(std::ptr::null_mut())
        }
        _ => std::ptr::null_mut(),
    }
}

/// `found`, unless it is a module that another world's finder loaded, for a unit which `unit` does not see.
fn unmixed(state: &State, unit: UnitIndex, found: Object) -> Object {
    let theirs = if found.is_null() { None } else { unit_of_loaded(state, found) };
    match theirs {
        Some(theirs)
            if !state.resolver.has_in_view(Importer::Unit(unit), theirs, || frames::stack(state)) =>
        {
            std::ptr::null_mut()
        }
        _ => found,
    }
}

/// The unit whose finder made a module that has no file, else the unit that its mark names.
fn unit_of_loaded(state: &State, module: Object) -> Option<UnitIndex> {
    // SAFETY: every caller has a live object and holds the GIL.
    let loader = unsafe { specs::mark_of_loader(module) }.filter(|_| marking::file(module).is_none());
    loader.filter(|&unit| unit < marks::ROOT).or_else(|| state.unit_of_module(module))
}

/// A module that no unit provides under its name: one that `unit` found in folders of its own that it put on
/// `sys.path`, or that a unit of its closure put into `sys.modules`.
fn undeclared(state: &State, unit: UnitIndex, key: Object) -> Object {
    let found = item(state.own(unit), key);
    if found.is_null() { item(state.loose[state.world(unit)], key) } else { found }
}

/// Binds a module found under a namespace package to its parent in this importer's view.
///
/// The import system binds a submodule to its parent only when it loads it; another view has another parent.
/// Null while that parent is not loaded, so that the import system loads it first.
fn attach(state: &State, importer: Importer, name: &str, module: Object) -> Object {
    let Some((parent_name, child)) = name.rsplit_once('.') else { return module };
    let parent_key = marks::new_str(parent_name);
    let child_key = marks::new_str(child);
    // SAFETY: the GIL is held; `parent` and `module` are made owned while their attributes are touched; errors
    // are cleared because a parent without attributes is no reason not to find the module.
    unsafe {
        ffi::Py_INCREF(module);
        let mut result = module;
        if parent_key.is_null() || child_key.is_null() {
            ffi::PyErr_Clear();
        } else {
            let parent = lookup(state, importer, parent_key, parent_name);
            if parent.is_null() {
                result = std::ptr::null_mut();
            } else {
                let parent = ffi::Py_NewRef(parent);
                let bound = ffi::PyObject_GetAttr(parent, child_key);
                if bound.is_null() {
                    ffi::PyErr_Clear();
                    if ffi::PyObject_SetAttr(parent, child_key, module) != 0 {
                        ffi::PyErr_Clear();
                    }
                }
                ffi::Py_XDECREF(bound);
                ffi::Py_DECREF(parent);
            }
        }
        ffi::Py_XDECREF(parent_key);
        ffi::Py_XDECREF(child_key);
        if ffi::Py_REFCNT(module) == 1 {
            // The parent's code took it out of the table.
            result = std::ptr::null_mut();
        }
        ffi::Py_DECREF(module);
        result
    }
}

/// The name of the namespace package in root's view that `name` stands directly under, if it does.
fn roots_namespace<'n>(state: &State, name: &'n str) -> Option<&'n str> {
    let (parent, _) = name.rsplit_once('.')?;
    let entry = state.resolver.view(Importer::Root).get(parent)?;
    (entry.provided == Provided::Namespace).then_some(parent)
}

/// Loads root's namespace package above `name` when a unit with a view of its own is the first to load a module
/// that root sees too: root's look-up of that module would find it without its parent.
pub(crate) fn ensure_roots_namespace(state: &State, importer: Importer, name: &str) {
    if state.resolver.own_view(importer).is_none() {
        return;
    }
    let Some(parent) = roots_namespace(state, name) else { return };
    let _as_root = frames::push(marks::ROOT);
    let key = marks::new_str(parent);
    // SAFETY: the GIL is held; every new reference is released; a failure leaves things as they were.
    unsafe {
        if !key.is_null() && item(state.storage, key).is_null() {
            ffi::Py_XDECREF(ffi::PyImport_Import(key));
        }
        ffi::Py_XDECREF(key);
        ffi::PyErr_Clear();
    }
}

/// Binds `module`, just loaded, to root's namespace package above it: the import system binds it to the importer's.
pub(crate) fn bind_to_roots_namespace(state: &State, name: &str, module: Object) {
    let Some(parent) = roots_namespace(state, name) else { return };
    if !state.unit_of_module(module).is_some_and(|unit| state.resolver.in_root(unit)) {
        return;
    }
    let (key, child) = (marks::new_str(parent), marks::new_str(&name[parent.len() + 1..]));
    // SAFETY: the GIL is held; `parent` is kept alive by the storage; every new reference is released.
    unsafe {
        if !key.is_null() && !child.is_null() {
            let parent = item(state.storage, key);
            if !parent.is_null() {
                ffi::PyObject_SetAttr(parent, child, module);
            }
        }
        ffi::Py_XDECREF(key);
        ffi::Py_XDECREF(child);
        ffi::PyErr_Clear();
    }
}

/// Whether a dictionary has a key of this text.
fn has(dictionary: Object, text: &str) -> bool {
    let key = marks::new_str(text);
    // SAFETY: the GIL is held; the key is ours; a failed allocation reads as "not there".
    unsafe {
        let there = !key.is_null() && !item(dictionary, key).is_null();
        ffi::Py_XDECREF(key);
        ffi::PyErr_Clear();
        there
    }
}

/// Where an assignment or deletion of `name` goes, and under which plain name if it is not the key itself.
pub(crate) fn target<'n>(
    state: &State,
    importer: Importer,
    text: &'n str,
    value: Object,
) -> (Object, Option<&'n str>) {
    if text.contains(names::QUALIFIER)
        && let Some((unit, module)) = parse_qualified(state, text)
    {
        let place = match unit {
            Home::Root => state.storage,
            Home::Unit(unit) => home(state, unit, module),
            Home::Loose(closure) => state.loose[closure],
        };
        return (place, Some(module));
    }
    let place = match owner(state, importer, text) {
        Owner::Storage => state.storage,
        Owner::Units { units, .. } => {
            let having = |unit: &&UnitIndex| {
                units.len() == 1 || state.table(**unit).is_ok_and(|t| !t.candidates(text).is_empty())
            };
            let unit = units.iter().find(having).or(units.first());
            unit.map_or(state.storage, |&unit| dictionary(state, unit))
        }
        Owner::Namespace(unit) => state.own(unit),
        Owner::Unknown(unit) | Owner::Foreign(unit) | Owner::Denied(unit, _)
            if has(state.own(unit), text) =>
        {
            state.own(unit)
        }
        Owner::Foreign(unit) | Owner::Denied(unit, _) => state.loose[state.world(unit)],
        Owner::Unknown(unit) => {
            let loose = state.loose[state.world(unit)];
            // What the import system loads through other finders is root's; what a package puts there by
            // hand is its own, and so is what its own finders load from folders that root does not see.
            // SAFETY: `value` is a live object or null, and the GIL is held.
            let by_hand = has(loose, text)
                || has(loose, names::top(text))
                || (!value.is_null() && !unsafe { is_initializing(value) })
                || (!value.is_null() && is_anothers(state, value));
            if by_hand { loose } else { state.storage }
        }
    };
    (place, None)
}

/// The dictionary in which `unit` keeps `module`.
pub(crate) fn home(state: &State, unit: UnitIndex, module: &str) -> Object {
    if unit < marks::ROOT && state.resolver.in_root(unit) && !state.own(unit).is_null() {
        let view = state.resolver.view(Importer::Unit(unit));
        if view.get(module).is_some_and(|entry| entry.provided == Provided::Namespace) {
            return state.own(unit);
        }
    }
    dictionary(state, unit)
}

/// Whether a module is of a unit that root does not see, by its file or by the code that loads it.
fn is_anothers(state: &State, module: Object) -> bool {
    // A file elsewhere is root's, whoever loads it: a test that a pinned pytest runs.
    let unit = match marking::file(module) {
        Some(file) => state.unit_of_origin(&file),
        None => unit_of_loaded(state, module),
    };
    unit.is_some_and(|unit| !state.resolver.in_root(unit))
}

/// Whether the import system is loading `module` just now (`module.__spec__._initializing`).
///
/// # Safety
/// `module` is a live object and the GIL is held.
unsafe fn is_initializing(module: Object) -> bool {
    // SAFETY: the caller vouches for `module`; every new reference is released, every error cleared.
    unsafe {
        let spec = ffi::PyObject_GetAttrString(module, c"__spec__".as_ptr());
        let flag =
            if spec.is_null() { spec } else { ffi::PyObject_GetAttrString(spec, c"_initializing".as_ptr()) };
        ffi::PyErr_Clear();
        let initializing = !flag.is_null() && ffi::PyObject_IsTrue(flag) == 1;
        ffi::Py_XDECREF(flag);
        ffi::Py_XDECREF(spec);
        initializing
    }
}

/// The name of an importer, for people: `numpy 1.26.4 (closure report-old)`.
pub(crate) fn describe(state: &State, importer: Importer) -> String {
    match importer {
        Importer::Root => ROOT.to_owned(),
        Importer::Unit(unit) => {
            let env = state.resolver.env();
            let described = &env.units[unit];
            if let Some(world) = state.resolver.world_of_importer(unit) {
                return format!("world {}", world.name);
            }
            let closures = described.closures.join(", ");
            format!("{} {} (in closure {closures})", described.name, described.version)
        }
    }
}
