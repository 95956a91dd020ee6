//! The fast path of an import: a file of a unit's or of the standard library that is not loaded yet, without a line
//! of Python in between.
//!
//! CPython's C code calls `_find_and_load` of `importlib._bootstrap` for a module that is not in `sys.modules`.
//! The function that stands there is ours: it loads what a unit's module table answers beyond doubt, and what
//! importlib would find in the standard library's folders, and hands everything else to the one that stood there
//! before: other finders ahead of ours, names that are shared out among units, replaced `__import__`s, modules that
//! another thread is loading. What it does is what `_find_and_load`, `_find_and_load_unlocked`, `module_from_spec` and
//! `_load_unlocked` of `Lib/importlib/_bootstrap.py` do, in their order. Deliberately not here: the objects that
//! are made (`make`), locks (`locks`, `deadlock`), what stands ahead of the units on `sys.path` (`ahead`), where a
//! module of the standard library is (`stdlib`).

use std::ffi::{CStr, c_char, c_int};

use pinfold_core::closure::Provided;
use pinfold_core::modules::Kind;
use pinfold_core::names::QUALIFIER;
use pinfold_core::resolve::{Importer, Resolution, Rule, UnitIndex};
use pyo3::exceptions::{PyAttributeError, PyImportWarning, PyKeyError, PyRecursionError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyList, PyModule, PyString};
use pyo3::{ffi, intern};

use crate::codes::Codes;
use crate::frames;
use crate::loaded;
use crate::owner;
use crate::state::{self, Object, State};
use crate::trace;

mod ahead;
mod arenas;
mod collector;
mod deadlock;
pub(crate) mod exports;
mod fromlist;
mod locks;
mod make;
mod stack;
mod stdlib;

/// What the fast path needs, collected once at start.
pub(crate) struct Fast {
    /// The functions of `importlib._bootstrap` that ours stand for.
    find_and_load: Py<PyAny>,
    lock_unlock_module: Py<PyAny>,
    handle_fromlist: Py<PyAny>,
    pub(crate) codes: Codes,
    maker: make::Maker,
    locks: locks::Locks,
    ahead: ahead::Ahead,
    stdlib: stdlib::Stdlib,
    collector: collector::Collector,
    deadlock: Option<deadlock::Deadlock>,
}

/// Collects what the fast path needs: `bootstrap` and `external` are importlib's two halves.
pub(crate) fn prepare(
    py: Python<'_>,
    state: &State,
    bootstrap: &Bound<'_, PyAny>,
    external: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let flags = sys(py, c"flags").map(|flags| flags.getattr("optimize")).transpose()?;
    let optimize: u8 = flags.map_or(Ok(0), |flag| flag.extract())?;
    let implementation = sys(py, c"implementation").map(|i| i.getattr("cache_tag")).transpose()?;
    // Without a tag there is no bytecode (PEP 3147), for stock Python neither.
    let Some(tag) = implementation.and_then(|tag| tag.extract::<String>().ok()) else { return Ok(()) };
    let tag = if optimize > 0 { format!("{tag}.opt-{optimize}") } else { tag };
    let magic: [u8; 4] = external.getattr("MAGIC_NUMBER")?.extract()?;
    let find_and_load = bootstrap.getattr("_find_and_load")?;
    let fast = Fast {
        maker: make::Maker::new(state, bootstrap, &find_and_load, &tag)?,
        find_and_load: find_and_load.unbind(),
        lock_unlock_module: bootstrap.getattr("_lock_unlock_module")?.unbind(),
        handle_fromlist: bootstrap.getattr("_handle_fromlist")?.unbind(),
        codes: Codes::new(tag, magic),
        locks: locks::Locks::new(bootstrap)?,
        ahead: ahead::Ahead::new(external)?,
        stdlib: stdlib::Stdlib::new(bootstrap, external)?,
        collector: collector::Collector::new(py)?,
        deadlock: deadlock::Deadlock::new(bootstrap)?,
    };
    // Set once: the hook starts once.
    let _ = state.fast.set(fast);
    arenas::prepare();
    let forked = [("after_in_child", wrap_pyfunction!(exports::forked, py)?)].into_py_dict(py)?;
    py.import("posix")?.getattr("register_at_fork")?.call((), Some(&forked))?;
    Ok(())
}

/// After a collection of garbage.
fn collected(py: Python<'_>) -> PyResult<()> {
    started().map_or(Ok(()), |(_, fast)| fast.collector.collected(py))
}

/// In a child, where only the thread that forked goes on: what the others were loading is not being loaded any more.
fn forked(py: Python<'_>) -> PyResult<()> {
    let Some((_, fast)) = started() else { return Ok(()) };
    let mine = fast.locks.depth(fast.locks.this_thread(py)?);
    fast.collector.forked(py, mine);
    arenas::forked(mine);
    Ok(())
}

/// `importlib._bootstrap._find_and_load`.
pub(crate) fn find_and_load<'py>(
    name: &Bound<'py, PyAny>,
    import: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = name.py();
    let Some((state, fast)) = started() else {
        return Err(pyo3::exceptions::PyRuntimeError::new_err("pinfold's import hook has not started"));
    };
    if stack::is_nearly_used_up() {
        let message =
            "maximum recursion depth exceeded: the stack of this thread is nearly used up by imports";
        return Err(PyRecursionError::new_err(message));
    }
    if let Ok(plain) = name.cast_exact::<PyString>()
        && let Ok(text) = plain.to_str()
        && let Some(module) = attempt(state, fast, plain, text, import)?
    {
        return Ok(module);
    }
    let error = match fast.find_and_load.bind(py).call1((name, import)) {
        Err(error) => error,
        found => return found,
    };
    if let Some(deadlock) = &fast.deadlock
        && deadlock.is_behind(py, &error)?
        && let Some(module) = sys(py, c"modules").and_then(|table| table.get_item(name).ok())
        && !module.is_none()
    {
        return Ok(module);
    }
    Err(error)
}

fn started() -> Option<(&'static State, &'static Fast)> {
    let state = state::get()?;
    Some((state, state.fast.get()?))
}

/// A module that the fast path can load.
struct Target<'s> {
    origin: Origin<'s>,
    file: String,
    package: bool,
    extension: bool,
    /// The dictionary that it goes to.
    place: Object,
}

/// Whose a module is.
enum Origin<'s> {
    /// This unit's; the path of the file relative to the unit's folder.
    Unit(UnitIndex, &'s str),
    /// The standard library's, with its bytecode; that begins with the header of a `.pyc` file.
    Stdlib(Vec<u8>),
}

impl Target<'_> {
    fn unit(&self) -> Option<UnitIndex> {
        match self.origin {
            Origin::Unit(unit, _) => Some(unit),
            Origin::Stdlib(_) => None,
        }
    }
}

/// The package that a module stands in, and the module's name in it.
struct Above<'py> {
    module: Bound<'py, PyAny>,
    name: String,
    child: String,
}

/// Loads the module; `None` where the function that was there before must do it.
fn attempt<'py>(
    state: &'static State,
    fast: &'static Fast,
    name: &Bound<'py, PyString>,
    text: &str,
    import: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = name.py();
    if trace::on() || text.contains(QUALIFIER) || !undisturbed(py, state) {
        return Ok(None);
    }
    let found = match state.is_stdlib(text) {
        true => fast.stdlib.find(state, fast, text, import)?,
        false => of_unit(state, fast, text, import)?,
    };
    let Some((target, importer, above)) = found else { return Ok(None) };
    // It may be there by now, whole or not, or another thread may be about to load it.
    let (lock_name, thread) = (locks::name(state, &target, text), fast.locks.this_thread(py)?);
    if !owner::item(target.place, name.as_ptr()).is_null() || fast.locks.is_taken(py, &lock_name)? {
        return Ok(None);
    }
    if let (Some(unit), Some(importer)) = (target.unit(), importer) {
        trace::note(state, importer, unit, name.as_ptr(), text, Rule::Declared);
    }
    let _flight = fast.locks.fly(thread, lock_name);
    let _collector = fast.collector.hold_back(py);
    let _memory = arenas::loading();
    let Some(above) = above else {
        return load(state, fast, name, text, &target, "").map(Some);
    };
    let child = PyString::new(py, &above.child);
    let uninitialized = uninitialized(&above.module)?;
    if let Some(list) = &uninitialized {
        list.append(&child)?;
    }
    let loaded = load(state, fast, name, text, &target, &above.name);
    if let Some(list) = &uninitialized
        && !list.is_empty()
    {
        list.del_item(list.len() - 1)?;
    }
    let module = loaded?;
    // The module's code may have put another package in this one's place, or taken it away.
    let key = PyString::new(py, &above.name);
    // SAFETY: a reference borrowed from a dictionary, made owned at once; the GIL is held.
    let parent = unsafe { Bound::from_borrowed_ptr_or_opt(py, owner::item(target.place, key.as_ptr())) };
    let parent = parent.ok_or_else(|| PyKeyError::new_err(key.unbind()))?;
    bind(&parent, &child, &module, &above.name)?;
    Ok(Some(module))
}

/// What is to be loaded, for whom if that is to be told, and the package above.
type Found<'s, 'py> = Option<(Target<'s>, Option<Importer>, Option<Above<'py>>)>;

/// The unit's module that a name means for whoever asks, if that is beyond doubt.
fn of_unit<'s, 'py>(
    state: &'s State,
    fast: &Fast,
    text: &str,
    import: &Bound<'py, PyAny>,
) -> PyResult<Found<'s, 'py>> {
    let py = import.py();
    let importer = frames::asking(state, text);
    let Some(target) = target(state, importer, text) else { return Ok(None) };
    if target.extension && !fast.maker.loads_extensions(py)? {
        return Ok(None);
    }
    let Some((above, child)) = text.rsplit_once('.') else {
        let clear = fast.ahead.is_clear(py, state, importer, text)?;
        return Ok(clear.then_some((target, Some(importer), None)));
    };
    let Some(module) = parent(target.place, above, import)? else { return Ok(None) };
    // It holds its submodules' folder in the ordinary way; other packages know what they do.
    if !holds(&module, &target)? {
        return Ok(None);
    }
    let above = Above { module, name: above.to_owned(), child: child.to_owned() };
    Ok(Some((target, Some(importer), Some(above))))
}

/// Whether nobody stands between the import statement and us: finders, replaced functions or tables, `-v`.
fn undisturbed(py: Python<'_>, state: &State) -> bool {
    // SAFETY: the GIL is held.
    if unsafe { frames::import_is_replaced() } {
        return false;
    }
    let first = sys(py, c"meta_path").and_then(|path| entries(&path)?.get_item(0).ok());
    let table = sys(py, c"modules");
    first.is_some_and(|first| first.as_ptr() == state.python.finder)
        && table
            .is_some_and(|table| table.as_ptr() == state.storage && !table.is_exact_instance_of::<PyDict>())
        && sys(py, c"pycache_prefix").is_none_or(|prefix| prefix.is_none())
}

/// The file that `importer` gets under this name, if one unit's table says so and nothing else has a say.
fn target<'s>(state: &'s State, importer: Importer, text: &str) -> Option<Target<'s>> {
    // What only the call stack can tell is not asked for here.
    let resolution = state.resolver.resolve(importer, text, Vec::new);
    let Resolution::Found { entry, prefix, rule: Rule::Declared } = resolution else { return None };
    let &[unit] = entry.units.as_slice() else { return None };
    if !matches!(entry.provided, Provided::Package | Provided::Module) || text[..prefix].contains('.') {
        return None;
    }
    let module = state.table(unit).ok()?.find(text, &state.suffixes)?;
    let (package, extension) = match module.kind {
        Kind::Source => (false, false),
        Kind::Package => (true, false),
        Kind::Extension => (false, true),
        _ => return None,
    };
    let folder = state.resolver.env().units[unit].path.to_str()?;
    Some(Target {
        origin: Origin::Unit(unit, &module.path),
        file: format!("{folder}/{}", module.path),
        package,
        extension,
        place: owner::dictionary(state, unit),
    })
}

/// The package above the module, imported first if it must be. `None` where that changed what is to be done.
fn parent<'py>(
    place: Object,
    above: &str,
    import: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = import.py();
    let key = PyString::new(py, above);
    let there = || {
        let found = owner::item(place, key.as_ptr());
        // SAFETY: a reference borrowed from a dictionary, made owned at once; the GIL is held.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, found) }
    };
    if let Some(parent) = there() {
        return Ok(Some(parent));
    }
    import.call1((&key,))?;
    Ok(there())
}

/// Whether the module's file stands in the one folder that its package's `__path__` has.
fn holds(parent: &Bound<'_, PyAny>, target: &Target<'_>) -> PyResult<bool> {
    let Some(folder) = only_folder(parent)? else { return Ok(false) };
    let above = |file: &str| file.rfind('/').unwrap_or(0);
    let mut end = above(&target.file);
    if target.package {
        end = above(&target.file[..end]);
    }
    Ok(folder.to_str().is_ok_and(|folder| folder == &target.file[..end]))
}

/// The one folder that a package's `__path__` has, an ordinary list of an ordinary module.
fn only_folder<'py>(package: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyString>>> {
    let Ok(package) = package.cast_exact::<PyModule>() else { return Ok(None) };
    let Some(path) = package.dict().get_item(intern!(package.py(), "__path__"))? else { return Ok(None) };
    match path.cast_exact::<PyList>() {
        Ok(path) if path.len() == 1 => Ok(path.get_item(0)?.cast_into_exact().ok()),
        _ => Ok(None),
    }
}

/// `parent.__spec__._uninitialized_submodules`, which tells of circular imports.
fn uninitialized<'py>(parent: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = parent.py();
    let spec = parent.getattr(intern!(py, "__spec__"))?;
    if !spec.is_truthy()? {
        return Ok(None);
    }
    let list = spec.getattr(intern!(py, "_uninitialized_submodules"))?;
    Ok(list.cast_into::<PyList>().ok())
}

/// Makes the module and runs its code; what it leaves in the table is the module that counts.
fn load<'py>(
    state: &'static State,
    fast: &'static Fast,
    name: &Bound<'py, PyString>,
    text: &str,
    target: &Target<'_>,
    above: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = name.py();
    let made = fast.maker.make(state, fast, name, text, target, above)?;
    let key = name.as_ptr();
    made.spec.setattr(intern!(py, "_initializing"), true)?;
    // SAFETY: the place is a dictionary that lives as long as the process, key and module are live objects, and
    // the GIL is held; what is found is made owned before it is removed.
    let result = unsafe {
        if ffi::PyDict_SetItem(target.place, key, made.module.as_ptr()) != 0 {
            Err(PyErr::fetch(py))
        } else if let Err(error) = fast.maker.run(state, fast, &made, target) {
            if !owner::item(target.place, key).is_null() && ffi::PyDict_DelItem(target.place, key) != 0 {
                ffi::PyErr_Clear();
            }
            Err(error)
        } else {
            let found = Bound::from_borrowed_ptr_or_opt(py, owner::item(target.place, key));
            found.ok_or_else(|| PyKeyError::new_err(name.clone().unbind())).and_then(|module| {
                loaded::module(state, text, module.as_ptr())?;
                // The last to be loaded is the last in the table.
                let moved = ffi::PyDict_DelItem(target.place, key) == 0
                    && ffi::PyDict_SetItem(target.place, key, module.as_ptr()) == 0;
                if moved { Ok(module) } else { Err(PyErr::fetch(py)) }
            })
        }
    };
    made.spec.setattr(intern!(py, "_initializing"), false)?;
    result
}

/// Makes the module an attribute of its package.
fn bind(
    parent: &Bound<'_, PyAny>,
    child: &Bound<'_, PyString>,
    module: &Bound<'_, PyAny>,
    above: &str,
) -> PyResult<()> {
    let py = parent.py();
    match parent.setattr(child, module) {
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
            let child = child.repr()?;
            let message = format!("Cannot set an attribute on '{above}' for child module {child}");
            let message = std::ffi::CString::new(message)?;
            PyErr::warn(py, py.get_type::<PyImportWarning>().as_any(), &message, 1)
        }
        done => done,
    }
}

/// A list of `sys`, all of it, if it is a plain one or one of ours, which shows each importer a part.
fn entries<'a, 'py>(list: &'a Bound<'py, PyAny>) -> Option<&'a Bound<'py, PyList>> {
    let ours = || {
        let module = list.get_type().getattr(intern!(list.py(), "__module__")).ok()?;
        (module.cast::<PyString>().ok()?.to_str().ok()? == "pinfold._lists").then_some(())
    };
    if !list.is_exact_instance_of::<PyList>() {
        ours()?;
    }
    list.cast::<PyList>().ok()
}

/// What `sys` has under a name now.
fn sys<'py>(py: Python<'py>, name: &CStr) -> Option<Bound<'py, PyAny>> {
    // SAFETY: a reference borrowed from the interpreter, made owned at once; the GIL is held.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(name.as_ptr())) }
}

// Exported by every CPython since 3.8, in the limited API since 3.13.
unsafe extern "C" {
    fn PySys_Audit(event: *const c_char, format: *const c_char, ...) -> c_int;
}
