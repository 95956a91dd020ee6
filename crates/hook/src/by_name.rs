//! Libraries that Python code opens by a bare name, where copies of a unit have libraries under names of their own.
//!
//! glibc answers a bare name with whatever loaded library has it, which a copy has not any more, and another package's
//! may have. So `ctypes` (`_ctypes.dlopen`) and cffi (`_cffi_backend.load_library`) get a function of ours: who asks gets
//! what would answer if only its own world were loaded. Where no unit has such copies, both stay as they are.
//! Deliberately not here: paths, which lead where they lead, and `dlopen` in C code.

use std::ffi::{CStr, CString, OsStr, OsString, c_int};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use pinfold_core::resolve::{Importer, UnitIndex};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyCFunction, PyDict, PyString, PyTuple};

use crate::frames;
use crate::libraries;
use crate::owner;
use crate::put;
use crate::specs::borrowed;
use crate::state::{self, State};

/// `_ctypes.dlopen`, as the standard library has it.
static DLOPEN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What a bare name means for who asks.
enum Answer {
    /// Whatever the loader says.
    Stock,
    /// This file.
    File(CString),
    /// Nothing: what is loaded under the name is another world's.
    Nobody,
}

/// `module`, called `name`, has been loaded: one of those that open libraries for Python code.
pub(crate) fn module(state: &State, name: &str, module: &Bound<'_, PyAny>) -> PyResult<()> {
    if state.resolver.env().renamed().is_empty() {
        return Ok(());
    }
    match name {
        "_ctypes" => take_over(module),
        "ctypes" => complete(module),
        _ => take_over_cffi(module),
    }
}

/// What `ctypes` remembers by name, it is to remember for who asked.
fn complete(ctypes: &Bound<'_, PyAny>) -> PyResult<()> {
    replace(ctypes.py(), ctypes, "_dlopen")?;
    ctypes.py().import("pinfold._libraries")?.call_method1("complete", (ctypes,))?;
    Ok(())
}

/// The same for what was loaded before there were such copies: at the start, and when an environment is attached.
pub(crate) fn loaded_before(py: Python<'_>, state: &State) -> PyResult<()> {
    // At every start: with a thousand units, what is looked at below takes longer than all the rest of this.
    if state.resolver.env().renamed().is_empty() {
        return Ok(());
    }
    let tables = state.own.iter().copied().chain([state.storage]);
    for table in tables {
        for name in ["_ctypes", "ctypes", "_cffi_backend"] {
            let module = owner::item(table, PyString::new(py, name).as_ptr());
            if module.is_null() {
                continue;
            }
            self::module(state, name, &borrowed(py, module))?;
        }
    }
    Ok(())
}

/// Adds the function to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    put(module, wrap_pyfunction!(meant_by_name, module)?)
}

/// What a bare name means for who asks: a path, or nothing where the loader decides; `None` where it is one for all.
#[pyfunction]
fn meant_by_name(name: &str) -> Option<String> {
    let state = state::get()?;
    let name = CString::new(name).ok().filter(|name| !copies(state, name).is_empty())?;
    Some(match answer(&name) {
        Answer::File(file) => file.to_string_lossy().into_owned(),
        Answer::Stock | Answer::Nobody => String::new(),
    })
}

fn take_over(ctypes: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = ctypes.py();
    let _ = DLOPEN.set(py, ctypes.getattr("dlopen")?.unbind());
    replace(py, ctypes, "dlopen")
}

/// Puts our function under `name` where stock's stands, or stood.
fn replace(py: Python<'_>, module: &Bound<'_, PyAny>, name: &str) -> PyResult<()> {
    let (Some(stock), Ok(ctypes)) = (DLOPEN.get(py), py.import("_ctypes")) else { return Ok(()) };
    if module.getattr(name).is_ok_and(|now| now.is(stock)) {
        module.setattr(name, wrap_pyfunction!(dlopen, &ctypes)?)?;
    }
    Ok(())
}

/// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
#[pyfunction]
#[pyo3(signature = (*arguments), text_signature = None)]
fn dlopen<'py>(py: Python<'py>, arguments: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    let flags = match arguments.len() {
        2 => arguments.get_item(1)?.extract::<c_int>().ok(),
        _ => Some(0),
    };
    let named = if arguments.len() <= 2 { arguments.get_item(0).ok() } else { None };
    if let Some((named, flags)) =
        named.as_ref().zip(flags).filter(|(_, flags)| flags & libc::RTLD_GLOBAL != 0)
        && is_for_itself(named)
        && let Some(stock) = DLOPEN.get(py)
    {
        return stock.bind(py).call1((named, flags & !libc::RTLD_GLOBAL));
    }
    let asked = named.as_ref().zip(flags).and_then(|(named, flags)| Some((named, flags, bare(named)?)));
    if let Some((named, flags, name)) = asked {
        let file = match answer(&name) {
            Answer::Stock => None,
            Answer::File(file) => Some(Ok(file)),
            Answer::Nobody => Some(Err(nobody(&name))),
        };
        // As `py_dl_open` in Modules/_ctypes/callproc.c.
        if let Some(file) = file {
            py.import("sys")?.call_method1("audit", ("ctypes.dlopen", named))?;
            let opened = file.and_then(|file| libraries::open(&file, own(&file, flags) | libc::RTLD_NOW));
            return Ok(opened.map_err(PyOSError::new_err)?.addr().into_pyobject(py)?.into_any());
        }
    }
    match DLOPEN.get(py) {
        Some(stock) => stock.bind(py).call1(arguments),
        None => Ok(py.None().into_bound(py)),
    }
}

/// Puts a function of ours in the place of `load_library`, which `FFI.dlopen` of `cffi/api.py` calls. That of compiled
/// FFI objects is a method of C, which calls `dlopen` itself.
fn take_over_cffi(backend: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = backend.py();
    // It may be built otherwise.
    let Ok(stock) = backend.getattr("load_library") else { return Ok(()) };
    if stock.getattr("__doc__").is_ok_and(|doc| doc.extract::<&str>().is_ok_and(|doc| doc == CFFI_DOC)) {
        return Ok(());
    }
    let stock = stock.unbind();
    let load =
        move |arguments: &Bound<'_, PyTuple>, keywords: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
            let py = arguments.py();
            let named = arguments.get_item(0).ok();
            let asked = named.as_ref().and_then(|named| Some((named, bare(named)?)));
            let file = match asked.as_ref().map(|(_, name)| answer(name)) {
                None | Some(Answer::Stock) => None,
                Some(Answer::File(file)) => Some(file),
                Some(Answer::Nobody) => {
                    let (named, name) = asked.as_ref().map(|(named, name)| (named.str(), name)).unzip();
                    let named = named.transpose()?.map(|named| named.to_string()).unwrap_or_default();
                    let why = name.map(|name| nobody(name)).unwrap_or_default();
                    return Err(PyOSError::new_err(format!("cannot load library '{named}': {why}")));
                }
            };
            let Some(file) = file else { return Ok(stock.bind(py).call(arguments, keywords)?.unbind()) };
            let path = OsString::from_vec(file.into_bytes()).into_pyobject(py)?.into_any();
            let told: Vec<_> = std::iter::once(path).chain(arguments.iter().skip(1)).collect();
            let told = PyTuple::new(py, told)?;
            Ok(stock.bind(py).call(told, keywords)?.unbind())
        };
    backend
        .setattr("load_library", PyCFunction::new_closure(py, Some(c"load_library"), Some(CFFI_TEXT), load)?)
}

const CFFI_TEXT: &CStr = c"load_library(name, flags=0), for whoever asks";
const CFFI_DOC: &str = "load_library(name, flags=0), for whoever asks";

/// `flags`, but for everyone only what may be.
fn own(file: &CStr, flags: c_int) -> c_int {
    if is_own(file) { flags & !libc::RTLD_GLOBAL } else { flags }
}

/// Whether a path leads to a library of which another unit has the same symbols: whoever needs it finds them there, and
/// everybody else must not.
fn is_for_itself(named: &Bound<'_, PyAny>) -> bool {
    text(named).is_some_and(|path| path.to_bytes().contains(&b'/') && is_own(&path))
}

fn is_own(path: &CStr) -> bool {
    let unit = state::get().and_then(|state| {
        let unit = state.unit_of_object(path.to_str().ok()?)?;
        state.resolver.env().units.get(unit)
    });
    unit.is_some_and(|unit| unit.own_scope)
}

/// A name or path, as `os.fsencode` has it; `None` for what stock has to take, or refuse.
fn text(named: &Bound<'_, PyAny>) -> Option<CString> {
    let py = named.py();
    let text = py.import("os").and_then(|os| os.call_method1("fsencode", (named,))).ok()?;
    CString::new(text.cast_into::<PyBytes>().ok()?.as_bytes()).ok()
}

/// The text of a name without a folder.
fn bare(named: &Bound<'_, PyAny>) -> Option<CString> {
    text(named).filter(|name| !name.is_empty() && !name.to_bytes().contains(&b'/'))
}

/// The libraries that answered to `name` and do so no longer, with their units.
fn copies(state: &State, name: &CStr) -> Vec<(UnitIndex, PathBuf)> {
    let (env, name) = (state.resolver.env(), name.to_str().unwrap_or_default());
    let file = |unit: UnitIndex| {
        let described = &env.units[unit];
        Some((unit, described.path.join(described.isolated.as_ref()?.files.get(name)?)))
    };
    env.renamed().into_iter().filter_map(file).collect()
}

/// What `name` means for whoever asks.
fn answer(name: &CStr) -> Answer {
    let Some(state) = state::get() else { return Answer::Stock };
    let (env, copies) = (state.resolver.env(), copies(state, name));
    if copies.is_empty() {
        return Answer::Stock;
    }
    let holder = libraries::answering(name);
    let holder = holder.map(|path| path.to_str().and_then(|path| state.unit_of_object(path)));
    let stack = frames::stack(state);
    // A package that opens libraries for others has none of that name itself: the next one on the stack is meant.
    for asker in stack.iter().map_while(|importer| match importer {
        Importer::Unit(unit) => Some(*unit),
        Importer::Root => None,
    }) {
        let near = env.reached(asker);
        let place = |unit: &UnitIndex| near.iter().position(|one| one == unit);
        let mut own: Vec<(usize, &Path)> =
            copies.iter().filter_map(|(unit, path)| Some((place(unit)?, path.as_path()))).collect();
        own.sort_unstable();
        if let Some(found) = loaded(own.iter().map(|(_, path)| *path)) {
            return found;
        }
        match holder {
            Some(Some(unit)) if near.contains(&unit) => return Answer::Stock,
            Some(Some(_)) if !own.is_empty() => return elsewhere(name),
            // As alone: the loader looks for it.
            _ if !own.is_empty() => return Answer::Stock,
            _ => {}
        }
    }
    // The program, and Python code without compiled code, need not say what they need.
    let closure = match stack.first() {
        Some(Importer::Unit(unit)) if env.units[*unit].native => None,
        Some(Importer::Unit(unit)) => state.resolver.only_closure(*unit),
        _ => Some(0),
    };
    let Some(closure) = closure.and_then(|closure| env.closures.get(closure)) else { return Answer::Stock };
    let is_in = |unit: UnitIndex| closure.units.contains(&env.units[unit].id);
    match holder {
        Some(unit) if unit.is_none_or(is_in) => Answer::Stock,
        _ => loaded(copies.iter().filter(|(unit, _)| is_in(*unit)).map(|(_, path)| path))
            .unwrap_or(Answer::Stock),
    }
}

/// The first of these files that is loaded.
fn loaded<'p, P: AsRef<Path> + 'p>(files: impl Iterator<Item = P>) -> Option<Answer> {
    let mut files = files.filter_map(|file| libraries::c_path(file.as_ref()));
    files.find(|file| libraries::answering(file).is_some()).map(Answer::File)
}

/// The library of the system under a name that another world's has.
fn elsewhere(name: &CStr) -> Answer {
    let name = OsStr::from_bytes(name.to_bytes());
    let files = libraries::folders().into_iter().map(|folder| folder.join(name));
    let mut there = files.filter(|file| file.is_file()).filter_map(|file| libraries::c_path(&file));
    there.next().map_or(Answer::Nobody, Answer::File)
}

/// What the loader says where nothing has a name.
fn nobody(name: &CStr) -> String {
    format!("{}: cannot open shared object file: No such file or directory", name.to_string_lossy())
}
