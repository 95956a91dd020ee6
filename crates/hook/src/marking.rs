//! Which mark a module's globals get: its unit's, root's, or that of what is walked past.
//!
//! Modules are marked when they come into the table, and, where they never do, at their first import, by their
//! file. Deliberately not here: what marks are (`marks`) and who reads them (`frames`).

use pinfold_core::names;
use pinfold_core::resolve::Importer;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::by_path;
use crate::frames;
use crate::marks;
use crate::owner;
use crate::snapshot;
use crate::specs;
use crate::state::{Object, State};

/// Puts a mark into the globals of a module that comes into the table, unless it has one.
///
/// The module of a unit's file belongs to that unit, whoever found it; the standard library's stay without
/// a mark; everything else is the asker's.
///
/// # Safety
/// `module` is a live object and the GIL is held.
pub(crate) unsafe fn mark_module(state: &State, module: Object, asker: usize, name: &str) {
    // SAFETY: the caller vouches for `module`; `globals` is borrowed from it; errors are cleared, for an
    // object without globals needs no mark.
    unsafe {
        if ffi::PyObject_TypeCheck(module, &raw mut ffi::PyModule_Type) == 0 {
            return;
        }
        let globals = ffi::PyModule_GetDict(module);
        if globals.is_null() || !owner::item(globals, marks::key()).is_null() {
            return;
        }
        let origin = origin(globals);
        // `runpy` puts modules there whose file it sets later, when a walk will mark them by it.
        if origin.is_none() && (name.starts_with('<') || is_run_by_runpy()) {
            return;
        }
        let unit = origin.as_deref().and_then(|path| state.unit_of_origin(path));
        let value = match unit {
            Some(unit) => specs::unit_of_loader(module).unwrap_or(unit),
            None if is_from_stdlib(state, name, origin.as_deref()) => return,
            None => {
                if state.is_stdlib(name) && !is_main(name) && origin.is_some() {
                    state.shadowed.borrow_mut().insert(names::top(name).to_owned());
                }
                // The program is the user's, whoever runs it (a shell, a kernel, a worker process). Other
                // finders' modules are root's, also when a unit was the first to ask.
                match origin {
                    Some(_) => by_path::of_no_unit(state, name, asker, || frames::stack(state)),
                    None if is_main(name) => by_path::of_no_unit(state, name, asker, || frames::stack(state)),
                    None => asker,
                }
            }
        };
        if let Some(mark) = state.mark(value).filter(|_| is_told_apart(state, value))
            && ffi::PyDict_SetItem(globals, marks::key(), mark) != 0
        {
            ffi::PyErr_Clear();
        }
    }
}

/// Whether globals get a mark of this value: root's only where there is something to tell apart from them. Without
/// pins, the globals of the user's own modules are what they are in an ordinary environment.
fn is_told_apart(state: &State, value: usize) -> bool {
    value != marks::ROOT || state.plural
}

/// Marks what is loaded already: at the start, and when an environment is attached where there were no pins.
pub(crate) fn mark_loaded(py: Python<'_>, state: &State) {
    for (name, module) in snapshot::loaded(py, state) {
        // `runpy` has not said yet whose file `__main__` is: it is marked at its first import.
        match state.base {
            Importer::Unit(unit) if name == "__main__" => mark(state, &module, &name, unit),
            Importer::Root if name == "__main__" => {}
            _ => mark(state, &module, &name, marks::ROOT),
        }
    }
}

/// Marks globals that came to run without passing through the table (`spec.loader.exec_module`, `runpy`, a
/// cleared `__main__`), by their own `__file__`. `None` for globals without one, such as those of `exec`:
/// they are walked past, and so is what is marked transparent. Without a `__name__` they are no module's, and
/// the file may be no Python at all (jinja2 runs templates so): the code is whoever's runs it.
///
/// `above` is the call stack from the frame's caller outwards.
///
/// # Safety
/// `globals` is a live dictionary and the GIL is held.
pub(crate) unsafe fn mark_globals(
    state: &State,
    globals: Object,
    above: impl Fn() -> Vec<Importer>,
) -> Option<usize> {
    let text_at = |key: &std::ffi::CStr| {
        // SAFETY: the caller vouches for the dictionary; the value is kept alive by it and used at once.
        unsafe {
            let key = ffi::PyUnicode_InternFromString(key.as_ptr());
            let found = if key.is_null() { key } else { owner::item(globals, key) };
            ffi::Py_XDECREF(key);
            ffi::PyErr_Clear();
            if found.is_null() { None } else { marks::text(found) }
        }
    };
    let name = text_at(c"__name__");
    let main = name.is_some_and(is_main);
    let of_no_unit = |name: &str| by_path::of_no_unit(state, name, by_path::asker(state, &above), &above);
    let value = match (name?, text_at(c"__file__")) {
        (name, Some(file)) => match state.unit_of_origin(file) {
            Some(unit) => unit,
            None if !main && is_stdlib_file(state, file) => marks::TRANSPARENT,
            None => of_no_unit(name),
        },
        (name, None) if main => of_no_unit(name),
        _ => return None,
    };
    let mark = if value == marks::TRANSPARENT { Some(state.transparent) } else { state.mark(value) }
        .filter(|_| is_told_apart(state, value));
    // SAFETY: the caller vouches for the dictionary; marks live as long as the process.
    unsafe {
        if let Some(mark) = mark
            && ffi::PyDict_SetItem(globals, marks::key(), mark) != 0
        {
            ffi::PyErr_Clear();
        }
    }
    Some(value)
}

/// Whether a module of this name is the program that runs, in this process or in a worker of `multiprocessing`'s.
pub(crate) fn is_main(name: &str) -> bool {
    matches!(name, "__main__" | "__mp_main__")
}

/// Whose a frame is whose globals neither have a mark nor say it: code that was made at run time (`exec` with
/// globals of its own, `types.FunctionType`) belongs to the unit that its `__name__` carries, or whose module has
/// that name, else to that in whose folder its file stands. The globals get no mark, for other code may run with
/// them.
///
/// # Safety
/// `frame` is a live frame, `globals` are its globals, and the GIL is held.
pub(crate) unsafe fn mark_of_code(
    state: &State,
    frame: *mut ffi::PyFrameObject,
    globals: Object,
) -> Option<usize> {
    // SAFETY: the caller vouches for both; what is borrowed is used at once, new references are released.
    unsafe {
        let key = ffi::PyUnicode_InternFromString(c"__name__".as_ptr());
        let name = if key.is_null() { key } else { owner::item(globals, key) };
        ffi::Py_XDECREF(key);
        if !name.is_null() && marks::text(name).is_some() {
            let named = || {
                let module = owner::item(state.storage, name);
                if module.is_null() { None } else { state.unit_of_module(module) }
            };
            if let Some(unit) = marks::name_unit(name).or_else(named) {
                return Some(unit);
            }
        }
        let code: Object = ffi::PyFrame_GetCode(frame).cast();
        let file = ffi::PyObject_GetAttrString(code, c"co_filename".as_ptr());
        ffi::Py_DECREF(code);
        let value = match if file.is_null() { None } else { marks::text(file) } {
            // The import system's own, which is walked past at every import that is not cached.
            Some(text) if text.starts_with("<frozen ") => {
                ffi::PyDict_SetItem(globals, marks::key(), state.transparent);
                Some(marks::TRANSPARENT)
            }
            Some(text) if text.starts_with('/') && text.ends_with(".py") => state.unit_of_origin(text),
            _ => None,
        };
        ffi::Py_XDECREF(file);
        ffi::PyErr_Clear();
        value
    }
}

/// Whether the current frame is one of `runpy`'s.
fn is_run_by_runpy() -> bool {
    // SAFETY: the GIL is held by every caller; the globals are borrowed from the running frame, the name from them.
    unsafe {
        let globals = ffi::PyEval_GetGlobals();
        let key = ffi::PyUnicode_InternFromString(c"__name__".as_ptr());
        let name = if globals.is_null() || key.is_null() { key } else { owner::item(globals, key) };
        let runs = !globals.is_null() && !name.is_null() && marks::text(name) == Some("runpy");
        ffi::Py_XDECREF(key);
        ffi::PyErr_Clear();
        runs
    }
}

/// Whether a file is of the standard library, or of our own package.
pub(crate) fn is_stdlib_file(state: &State, file: &str) -> bool {
    let inside = |folder: &String| {
        file.strip_prefix(folder.as_str()).is_some_and(|rest| {
            rest.starts_with('/')
                && !rest.starts_with("/site-packages/")
                && !rest.starts_with("/dist-packages/")
        })
    };
    file.starts_with("<frozen") || state.stdlib_paths.iter().any(inside) || file.contains("/pinfold/_")
}

pub(crate) fn is_from_stdlib(state: &State, name: &str, origin: Option<&str>) -> bool {
    if !state.is_stdlib(name) || is_main(name) {
        return false;
    }
    let Some(origin) = origin else { return true };
    // Our own package is walked past like importlib, wherever it is installed.
    if names::top(name) == "pinfold" {
        return true;
    }
    matches!(origin, "built-in" | "frozen") || is_stdlib_file(state, origin)
}

/// The file that a module says it is from.
pub(crate) fn file(module: Object) -> Option<String> {
    // SAFETY: every caller has a live object and holds the GIL; the globals are borrowed from the module.
    unsafe {
        if ffi::PyObject_TypeCheck(module, &raw mut ffi::PyModule_Type) == 0 {
            return None;
        }
        origin(ffi::PyModule_GetDict(module))
    }
}

/// `__spec__.origin`, else `__file__`, as they stand in a module's globals: a lazy module is not woken.
///
/// # Safety
/// `globals` is a live dictionary and the GIL is held.
pub(crate) unsafe fn origin(globals: Object) -> Option<String> {
    // SAFETY: the caller vouches for the dictionary; what is borrowed from it is used at once, new references
    // are released, and the missing attribute of a spec is cleared.
    unsafe {
        let at = |key: &std::ffi::CStr| {
            let key = ffi::PyUnicode_InternFromString(key.as_ptr());
            let found = if key.is_null() { key } else { owner::item(globals, key) };
            ffi::Py_XDECREF(key);
            found
        };
        let spec = at(c"__spec__");
        if !spec.is_null() {
            let origin = ffi::PyObject_GetAttrString(spec, c"origin".as_ptr());
            ffi::PyErr_Clear();
            let text = (!origin.is_null()).then(|| marks::text(origin).map(str::to_owned)).flatten();
            ffi::Py_XDECREF(origin);
            if text.is_some() {
                return text;
            }
        }
        let file = at(c"__file__");
        (!file.is_null()).then(|| marks::text(file).map(str::to_owned)).flatten()
    }
}

/// Marks a module that was there before the hook.
fn mark(state: &State, module: &Bound<'_, PyAny>, name: &str, value: usize) {
    // SAFETY: the module is live and the GIL is held.
    unsafe { mark_module(state, module.as_ptr(), value, name) }
}

impl State {
    /// The unit whose mark a module carries.
    pub(crate) fn unit_of_module(&self, module: Object) -> Option<usize> {
        self.mark_of_module(module).filter(|&value| value < marks::ROOT)
    }

    /// The value of the mark that a module carries, of a unit or not.
    pub(crate) fn mark_of_module(&self, module: Object) -> Option<usize> {
        // SAFETY: the callers pass live objects, with the GIL held; the globals are borrowed.
        unsafe {
            if ffi::PyObject_TypeCheck(module, &raw mut ffi::PyModule_Type) == 0 {
                return None;
            }
            let mark = owner::item(ffi::PyModule_GetDict(module), marks::key());
            marks::mark_value(mark)
        }
    }
}
