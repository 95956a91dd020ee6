//! Starting the hook: check what it relies on, then take over; or refuse, with a sentence that says why.
//!
//! Deliberately not here: ending the process when it refuses (`pinfold._boot`, which alone knows that it
//! runs from a `.pth` line).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use pinfold_core::closure::{Environment, Unit};
use pinfold_core::index;
use pinfold_core::names::{self, ROOT};
use pinfold_core::resolve::{Importer, Resolver};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::by_name;
use crate::codes;
use crate::frames;
use crate::loaded;
use crate::marking;
use crate::marks;
use crate::modules;
use crate::panics;
use crate::shims;
use crate::state::{self, Folders, Object, Process, PythonParts, State};
use crate::trace;
use crate::types;

/// Python minor versions on which the hook is tested; it refuses others rather than run on a guess.
const SUPPORTED: [(u8, u8); 3] = [(3, 11), (3, 12), (3, 13)];

fn refuse<T>(reason: impl Into<String>) -> PyResult<T> {
    Err(PyRuntimeError::new_err(reason.into()))
}

/// What `pinfold._boot` hands over.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Parts {
    index: PathBuf,
    site_packages: PathBuf,
    prefix: (String, String),
    stdlib: Vec<String>,
    stdlib_paths: Vec<String>,
    suffixes: Vec<String>,
    path_finder: Py<PyAny>,
    module_spec: Py<PyAny>,
    source_loader: Py<PyAny>,
    bytecode_loader: Py<PyAny>,
    extension_loader: Py<PyAny>,
    namespace_path: Py<PyAny>,
    finder: Py<PyAny>,
    bootstrap_find_spec: Py<PyAny>,
    run_as: Option<String>,
    trace: Option<String>,
}

/// Starts the hook. False if it had started before.
///
/// # Errors
/// `RuntimeError` with the reason when this interpreter or environment is not one it can work with.
pub(crate) fn start(py: Python<'_>, parts: Parts) -> PyResult<bool> {
    if state::get().is_some() {
        return Ok(false);
    }
    // SAFETY: the GIL is held; both functions only return pointers.
    let main = unsafe { ffi::PyInterpreterState_Get() == PyInterpreterState_Main() };
    if !main {
        return refuse("sub-interpreters are not supported in this release; use processes");
    }
    let version = py.version_info();
    let env = environment(&parts.index)?;
    if !SUPPORTED.contains(&(version.major, version.minor)) {
        return refuse(format!(
            "Python {}.{} is not supported: it works on 3.11, 3.12 and 3.13",
            version.major, version.minor
        ));
    }
    let running = format!("{}.{}", version.major, version.minor);
    if env.python != running {
        return refuse(format!(
            "this environment was made for Python {}, and this is Python {running}",
            env.python
        ));
    }
    trace::prepare(parts.trace.as_deref()).map_err(PyRuntimeError::new_err)?;
    panics::prepare();
    shims::prepare().map_err(PyRuntimeError::new_err)?;
    frames::prepare(py)?;
    marks::prepare(py)?;
    let modules = py.import("sys")?.getattr("modules")?;
    if !modules.is_exact_instance_of::<pyo3::types::PyDict>() {
        return refuse("sys.modules is not a plain dict: another tool has replaced it");
    }
    let ty = modules::new_type(py)?;
    let state = build(py, env, parts, modules.as_ptr())?;
    let state = state::keep(state);
    state::set(state);
    modules::set_type(&modules, &ty)?;
    probe(py, state)?;
    types::take_over(py)?;
    // What came before the hook.
    for name in ["_pickle", "pickle"] {
        let key = pyo3::types::PyString::new(py, name);
        let module = crate::owner::item(state.storage, key.as_ptr());
        if !module.is_null() {
            loaded::module(state, name, module)?;
        }
    }
    by_name::loaded_before(py, state)?;
    Ok(true)
}

/// The environment, of which units are decoded when somebody asks for them.
fn environment(file: &Path) -> PyResult<Environment> {
    let opened = match codes::map(file) {
        Some(bytes) => index::open(bytes.into()).map_err(|reason| format!("{} {reason}", file.display())),
        // To be told why.
        None => index::read(file).map_err(|e| e.to_string()),
    };
    opened.or_else(|damaged| {
        // The index is made from closure.json, which can be read instead.
        let closure = file.with_file_name("closure.json");
        Environment::read(&closure).map_err(|e| PyRuntimeError::new_err(format!("{damaged}; and {e}")))
    })
}

fn build(py: Python<'_>, env: Environment, parts: Parts, storage: Object) -> PyResult<State> {
    let resolver = Resolver::new(env);
    let units = resolver.env().units.len();
    // SAFETY: the GIL is held; a null is checked below.
    let dict = || unsafe { ffi::PyDict_New() };
    let own: Vec<Object> = (0..units)
        .map(|unit| if resolver.is_rootlike(unit) { std::ptr::null_mut() } else { dict() })
        .collect();
    let shadowed_modules = dict();
    let loose: Vec<Object> = (0..resolver.env().closures.len()).map(|_| dict()).collect();
    let (root_mark, transparent) = (marks::new_mark(marks::ROOT), marks::new_mark(marks::TRANSPARENT));
    // SAFETY: the GIL is held.
    if !unsafe { ffi::PyErr_Occurred() }.is_null() {
        return Err(PyErr::fetch(py));
    }
    let domain = state::domains(resolver.env());
    let folders = Folders::new(resolver.env());
    let plural = (0..units).any(|unit| !resolver.is_rootlike(unit));
    let plain_view = (0..units).map(|unit| resolver.is_rootlike(unit)).collect();
    let base = match parts.run_as.as_deref().filter(|unit| !unit.is_empty() && *unit != ROOT) {
        Some(named) => Importer::Unit(unit_named(&resolver, named)?),
        None => Importer::Root,
    };
    let keep = |object: Py<PyAny>| object.into_ptr();
    // SAFETY: the GIL is held; the copy is a new reference or null with an exception set.
    let builtins = unsafe { ffi::PyDict_Copy(ffi::PyEval_GetBuiltins()) };
    if builtins.is_null() {
        return Err(PyErr::fetch(py));
    }
    let process = Process {
        storage,
        shadowed_modules,
        builtins,
        base,
        root_mark,
        transparent,
        suffixes: parts.suffixes,
        stdlib: parts.stdlib.into_iter().collect(),
        stdlib_paths: parts.stdlib_paths,
        shadowed: RefCell::new(HashSet::new()),
        site_packages: parts.site_packages,
        prefix: parts.prefix,
        canonical: RefCell::new(HashMap::new()),
        path_owners: RefCell::default(),
        memo: RefCell::new(HashMap::new()),
        c_modules: RefCell::default(),
        python: PythonParts {
            path_finder: keep(parts.path_finder),
            module_spec: keep(parts.module_spec),
            source_loader: keep(parts.source_loader),
            bytecode_loader: keep(parts.bytecode_loader),
            extension_loader: keep(parts.extension_loader),
            namespace_path: keep(parts.namespace_path),
            finder: keep(parts.finder),
            bootstrap_find_spec: keep(parts.bootstrap_find_spec),
        },
        fast: OnceCell::new(),
    };
    Ok(State {
        process: Box::leak(Box::new(process)),
        own,
        loose,
        domain,
        plain_view,
        marks: vec![Cell::new(std::ptr::null_mut()); units],
        tables: state::tables(units).collect(),
        plural,
        folders,
        resolver,
    })
}

/// The unit that `PINFOLD_AS` names: by identifier, by `name==version`, or by name where that is one unit.
fn unit_named(resolver: &Resolver, named: &str) -> PyResult<usize> {
    let units = &resolver.env().units;
    let (name, version) =
        named.split_once("==").map_or((named, None), |(name, version)| (name, Some(version)));
    let name = names::normalize(name);
    let same = |unit: &Unit| {
        unit.id.as_str() == named
            || (unit.name == name && version.is_none_or(|version| unit.version == version))
    };
    let found: Vec<usize> = (0..units.len()).filter(|&unit| same(&units[unit])).collect();
    match found[..] {
        [unit] => Ok(unit),
        [] => {
            let like = |unit: &&Unit| unit.name.contains(&name) || name.contains(&unit.name);
            let like: BTreeSet<&str> = units.iter().filter(like).map(|unit| unit.name.as_str()).collect();
            let like: Vec<&str> = like.into_iter().collect();
            let like = if like.is_empty() { String::new() } else { format!("{}; ", like.join(", ")) };
            refuse(format!(
                "PINFOLD_AS={named} names no unit of this environment\nhint: {like}`pinfold tree` lists them"
            ))
        }
        _ => {
            let as_version =
                |&unit: &usize| format!("PINFOLD_AS={}=={}", units[unit].name, units[unit].version);
            let as_id = |&unit: &usize| format!("PINFOLD_AS={}", units[unit].id.as_str());
            let mut ways: Vec<String> = found.iter().map(as_version).collect();
            if ways.iter().collect::<BTreeSet<_>>().len() < ways.len() {
                ways = found.iter().map(as_id).collect();
            }
            ways.sort_unstable();
            refuse(format!("PINFOLD_AS={named} names several units\nhint: {}", ways.join(" or ")))
        }
    }
}

/// Checks that a look-up by C code reaches the modules table, and marks what was loaded before.
fn probe(py: Python<'_>, state: &'static State) -> PyResult<()> {
    // SAFETY: the GIL is held; every new reference is checked and released.
    let reached = unsafe {
        let key = marks::new_str("pinfold_probe");
        let name = marks::new_name("pinfold_probe", marks::STDLIB);
        if key.is_null() || name.is_null() {
            return Err(PyErr::fetch(py));
        }
        ffi::PyDict_SetItem(state.shadowed_modules, key, state.root_mark);
        let found = ffi::PyImport_GetModule(name);
        let reached = found == state.root_mark;
        ffi::Py_XDECREF(found);
        ffi::PyDict_DelItem(state.shadowed_modules, key);
        ffi::Py_DECREF(key);
        ffi::Py_DECREF(name);
        ffi::PyErr_Clear();
        reached
    };
    if !reached {
        return refuse("a look-up of a module by C code does not reach it in this Python");
    }
    // SAFETY: the mark lives as long as the process; the GIL is held.
    if unsafe { marks::mark_value(state.root_mark) } != Some(marks::ROOT) {
        return refuse("a mark does not keep its value in this Python");
    }
    marking::mark_loaded(py, state);
    Ok(())
}

// `Include/cpython/pystate.h`: exported by every CPython since 3.8, outside the limited API.
unsafe extern "C" {
    fn PyInterpreterState_Main() -> *mut ffi::PyInterpreterState;
}
