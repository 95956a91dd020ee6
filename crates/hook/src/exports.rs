//! The functions of `pinfold._hook`.
//!
//! Each is a few lines over a module of this crate; errors of Rust become Python exceptions here. Panics
//! become `PanicException` in the wrappers that PyO3 makes. Deliberately not here: anything else.

use pinfold_core::resolve::Importer;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::attach;
use crate::builtins;
use crate::c_modules;
use crate::elf;
use crate::ending;
use crate::finder;
use crate::frames;
use crate::identity;
use crate::marks;
use crate::modules;
use crate::owner::{self, Owner};
use crate::paths;
use crate::put;
use crate::snapshot;
use crate::start as starting;
use crate::state::{self, State};
use crate::trace;

mod pickle;

/// Adds the functions to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    put(module, wrap_pyfunction!(start, module)?)?;
    attach::add(module)?;
    builtins::add(module)?;
    put(module, wrap_pyfunction!(stop, module)?)?;
    put(module, wrap_pyfunction!(hold, module)?)?;
    put(module, wrap_pyfunction!(plural, module)?)?;
    put(module, wrap_pyfunction!(forked, module)?)?;
    put(module, wrap_pyfunction!(tracing, module)?)?;
    put(module, wrap_pyfunction!(loaded_by, module)?)?;
    put(module, wrap_pyfunction!(way_to, module)?)?;
    put(module, wrap_pyfunction!(closure_requires, module)?)?;
    put(module, wrap_pyfunction!(find_spec, module)?)?;
    put(module, wrap_pyfunction!(search, module)?)?;
    put(module, wrap_pyfunction!(unit_of_path, module)?)?;
    put(module, wrap_pyfunction!(create_extension, module)?)?;
    put(module, wrap_pyfunction!(exec_extension, module)?)?;
    put(module, wrap_pyfunction!(lock_name, module)?)?;
    put(module, wrap_pyfunction!(name_like, module)?)?;
    put(module, wrap_pyfunction!(search_path, module)?)?;
    put(module, wrap_pyfunction!(unit_of, module)?)?;
    put(module, wrap_pyfunction!(importer, module)?)?;
    put(module, wrap_pyfunction!(units, module)?)?;
    put(module, wrap_pyfunction!(modules_snapshot, module)?)?;
    put(module, wrap_pyfunction!(module_of, module)?)?;
    put(module, wrap_pyfunction!(keep_module, module)?)?;
    pickle::add(module)
}

fn started() -> PyResult<&'static State> {
    state::get().ok_or_else(|| PyRuntimeError::new_err("pinfold's import hook has not started"))
}

/// Starts the hook with what `pinfold._boot` collected; see `start::start`.
#[pyfunction]
fn start(py: Python<'_>, parts: starting::Parts) -> PyResult<bool> {
    starting::start(py, parts)
}

/// Gives `sys.modules` its own type back, with every unit's modules in it for the interpreter to tear down, and
/// prepares the end of the daemon threads.
#[pyfunction]
fn stop(py: Python<'_>) -> PyResult<()> {
    let Some(state) = state::get() else { return Ok(()) };
    ending::prepare();
    // SAFETY: the storage lives as long as the process.
    let storage = unsafe { Bound::from_borrowed_ptr(py, state.storage) };
    if let Some(fast) = state.fast.get() {
        fast.codes.pack();
    }
    modules::set_type(&storage, py.get_type::<PyDict>().as_any())?;
    snapshot::gather(py, state)
}

/// Holds a shared lock on a generation's lock file for as long as the process lives, so that it is not
/// collected. An environment without that file is never collected by anyone.
#[pyfunction]
fn hold(path: std::path::PathBuf) -> PyResult<()> {
    let Ok(file) = std::fs::File::open(path) else { return Ok(()) };
    // Where a standard stream is closed, the file got its number, and whoever opens that again would end the lock.
    let kept = rustix::io::fcntl_dupfd_cloexec(&file, 3).map_err(std::io::Error::from)?;
    rustix::fs::flock(&kept, rustix::fs::FlockOperation::LockShared).map_err(std::io::Error::from)?;
    std::mem::forget(kept);
    Ok(())
}

/// Whether some unit resolves names in another way than root.
#[pyfunction]
fn plural() -> PyResult<bool> {
    Ok(started()?.plural)
}

/// What runs in a child after a fork: of the threads, only the one that forked is there.
#[pyfunction]
fn forked() {
    frames::forked();
}

/// Whether decisions are said on stderr.
#[pyfunction]
fn tracing() -> bool {
    trace::on()
}

/// Who loaded the module of a qualified name, by which step of the rule, and the step in words.
#[pyfunction]
fn loaded_by(qualified: &str) -> Option<(String, u8, String)> {
    let loaded = trace::loaded(state::get()?, qualified)?;
    Some((loaded.importer, loaded.rule, loaded.reason))
}

/// The shortest way of requirements to a unit: from where, `root` or a world, and the identifiers on it, the unit's
/// own at the end.
#[pyfunction]
fn way_to(unit: &str) -> Option<(String, Vec<String>)> {
    let state = state::get()?;
    let env = state.resolver.env();
    let position = state.resolver.find(unit)?;
    let root = (pinfold_core::names::ROOT.to_owned(), env.closures.first()?);
    let worlds = state.resolver.worlds().iter();
    let worlds = worlds.map(|world| (format!("world {}", world.name), &env.closures[world.closures.start]));
    std::iter::once(root).chain(worlds).find_map(|(from, closure)| {
        let way = env.way_from(closure, position);
        let ids = way.iter().map(|&unit| env.units[unit].id.as_str().to_owned());
        (!way.is_empty()).then(|| (from, ids.collect()))
    })
}

/// `MetaPathFinder.find_spec`, for whoever asks.
#[pyfunction]
#[pyo3(signature = (fullname, path=None, target=None))]
fn find_spec<'py>(
    py: Python<'py>,
    fullname: &Bound<'py, PyAny>,
    path: Option<&Bound<'py, PyAny>>,
    target: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let _ = target;
    let none = py.None().into_bound(py);
    finder::find_spec(started()?, fullname, path.unwrap_or(&none))
}

/// `importlib._bootstrap._find_spec` on behalf of whoever asks now, whatever finders ask in between.
#[pyfunction]
#[pyo3(signature = (name, path, target=None))]
fn search<'py>(
    py: Python<'py>,
    name: &Bound<'py, PyAny>,
    path: &Bound<'py, PyAny>,
    target: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let state = started()?;
    // SAFETY: the state's objects live as long as the process, and the GIL is held.
    let find_spec = unsafe { Bound::from_borrowed_ptr(py, state.python.bootstrap_find_spec) };
    // SAFETY: `name` is alive while its text is used; the GIL is held.
    let text = unsafe { marks::text(name.as_ptr()) }.unwrap_or_default();
    let _searching = frames::search(state, text);
    let found = find_spec.call1((name, path, target));
    if trace::on() {
        trace::searched(py, state, text, &found);
    }
    found
}

/// The unit in whose folder a file stands, `None` for any other file.
#[pyfunction]
fn unit_of_path(path: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    // A path that is not UTF-8 is of no unit: wheels have no such files.
    let path = path.cast::<PyString>().ok().and_then(|path| path.to_str().ok());
    let state = started()?;
    Ok(path.and_then(|path| state.unit_of_origin(path)))
}

/// `ExtensionFileLoader.create_module`: loads the shared object, redirects its imports, runs its init function.
#[pyfunction]
pub(crate) fn create_extension<'py>(
    py: Python<'py>,
    spec: &Bound<'py, PyAny>,
    unit: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let state = started()?;
    let _guard = frames::push(unit);
    if state.plural {
        let flags: i32 = py.import("sys")?.call_method0("getdlopenflags")?.extract()?;
        let path = std::ffi::CString::new(spec.getattr("origin")?.extract::<String>()?)?;
        // Where it cannot be loaded, `create_dynamic` says so in Python's own words.
        if elf::load(&path, flags).is_ok() {
            elf::redirect_new(state).map_err(PyRuntimeError::new_err)?;
        }
    }
    let below = snapshot::Below::note(py, state, unit, &spec.getattr("name")?.extract::<String>()?);
    let module = py.import("_imp")?.call_method1("create_dynamic", (spec,))?;
    if let Some(below) = below {
        below.settle(py, state, unit)?;
    }
    if state.plural {
        elf::redirect_new(state).map_err(PyRuntimeError::new_err)?;
    }
    Ok(module)
}

/// `ExtensionFileLoader.exec_module`.
#[pyfunction]
pub(crate) fn exec_extension(py: Python<'_>, module: &Bound<'_, PyAny>, unit: usize) -> PyResult<()> {
    let state = started()?;
    let _guard = frames::push(unit);
    let below = snapshot::Below::note(py, state, unit, &module.getattr("__name__")?.extract::<String>()?);
    let exec = || py.import("_imp")?.call_method1("exec_dynamic", (module,));
    identity::under_a_plain_name(module, exec)??;
    below.map_or(Ok(()), |below| below.settle(py, state, unit))
}

/// The name under which importlib locks the loading of `name`: one per unit and name.
#[pyfunction]
pub(crate) fn lock_name<'py>(name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let state = started()?;
    // SAFETY: `name` is alive while its text is used; the GIL is held.
    let (text, unit) = unsafe { (marks::text(name.as_ptr()), marks::name_unit(name.as_ptr())) };
    let Some(text) = text else { return Ok(name.clone()) };
    let unit = match unit {
        Some(unit) => Some(unit),
        None => match owner::owner(state, frames::asking(state, text), text) {
            Owner::Units { units, .. } => units.first().copied(),
            Owner::Namespace(unit) => Some(unit),
            // What it vendors: two worlds' modules of that name are not one.
            Owner::Unknown(unit) if paths::has_own_folders(name.py(), state, unit)? => Some(unit),
            Owner::Foreign(unit) => {
                state.resolver.world_at(unit, || frames::stack(state)).map(|world| world.importer)
            }
            _ => None,
        },
    };
    let qualified = match unit {
        Some(unit) if owner::home(state, unit, text) != state.storage => owner::qualify(state, unit, text),
        _ => text.to_owned(),
    };
    Ok(pyo3::types::PyString::new(name.py(), &qualified).into_any())
}

/// `text` as a name of the unit that `like` carries, if it carries one.
#[pyfunction]
fn name_like<'py>(text: &Bound<'py, PyAny>, like: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: both are alive while they are looked at, and the GIL is held; the name is a new reference.
    unsafe {
        let (Some(unit), Some(plain)) = (marks::name_unit(like.as_ptr()), marks::text(text.as_ptr())) else {
            return Ok(text.clone());
        };
        Bound::from_owned_ptr_or_err(text.py(), marks::new_name(plain, unit))
    }
}

/// What the path finder searches for a top-level name on behalf of whoever asks: `None` for `sys.path` as it is.
#[pyfunction]
fn search_path<'py>(py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // No unit has a name that is not UTF-8.
    let name = name.cast::<PyString>()?.to_str().unwrap_or_default();
    let Some(state) = state::get() else { return Ok(None) };
    let importer = frames::asking(state, name);
    let denied = matches!(
        owner::owner(state, importer, name),
        Owner::Denied(_, pinfold_core::resolve::Denial::Undeclared)
    );
    if denied {
        return Ok(Some(pyo3::types::PyList::empty(py).into_any()));
    }
    paths::search_path(py, state, importer)
}

/// The identifier of the unit that an object belongs to, or of the world whose own code it is; `None` for root's and
/// the standard library's.
#[pyfunction]
fn unit_of(what: &Bound<'_, PyAny>) -> Option<String> {
    let state = state::get()?;
    let unit = identity::unit_of(state, what)?;
    Some(state.resolver.env().units[unit].id.as_str().to_owned())
}

/// The identifier of whoever asks: a unit's, or `root`.
#[pyfunction]
fn importer() -> Option<String> {
    let (state, importer) = frames::current()?;
    Some(match importer {
        Importer::Root => pinfold_core::names::ROOT.to_owned(),
        Importer::Unit(unit) => state.resolver.env().units[unit].id.as_str().to_owned(),
    })
}

/// The fields of `pinfold.Unit`.
type Described = (String, String, String, String, Vec<String>, Vec<String>, bool);

/// Identifier, name, version, folder, closures, dependencies of every unit, and whether it is pinned; or, with
/// `own_code`, of what stands for the worlds' own code.
#[pyfunction]
#[pyo3(signature = (own_code=false))]
fn units(own_code: bool) -> Vec<Described> {
    let Some(state) = state::get() else { return Vec::new() };
    let described = |unit: &pinfold_core::closure::Unit| {
        (
            unit.id.as_str().to_owned(),
            unit.name.clone(),
            unit.version.clone(),
            unit.path.to_string_lossy().into_owned(),
            unit.closures.clone(),
            unit.dependencies.iter().map(ToString::to_string).collect(),
            unit.pin.is_some(),
        )
    };
    let real = state.resolver.env().units.iter().enumerate();
    let real = real.filter(|(unit, _)| state.resolver.world_of_importer(*unit).is_some() == own_code);
    real.map(|(_, unit)| described(unit)).collect()
}

/// The requirements that a closure was resolved from, as the manifest writes them.
#[pyfunction]
fn closure_requires(name: &str) -> Vec<String> {
    let Some(state) = state::get() else { return Vec::new() };
    let closure = state.resolver.env().closures.iter().find(|closure| closure.name == name);
    closure.map(|closure| closure.requires.clone()).unwrap_or_default()
}

/// All modules as whoever asks sees them, as a plain dict.
#[pyfunction]
fn modules_snapshot(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    snapshot::snapshot(py, started()?)
}

/// The module that `name` means for a unit, for the dictionary that its C code has; `KeyError` if there is none.
#[pyfunction]
fn module_of<'py>(unit: usize, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let missing = || pyo3::exceptions::PyKeyError::new_err(name.clone().unbind());
    c_modules::module_of(started()?, unit, name).ok_or_else(missing)
}

/// Puts a module that C code of a unit has put into its dictionary where the unit's modules are.
#[pyfunction]
fn keep_module(unit: usize, name: &Bound<'_, PyAny>, module: &Bound<'_, PyAny>) -> PyResult<()> {
    c_modules::keep(started()?, unit, name, module);
    Ok(())
}
