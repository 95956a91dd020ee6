//! What redirected calls of C code do: say on whose behalf they run, then call the real function; or hand
//! out the registry of the unit's sharing domain.
//!
//! Every shim takes five pointer-sized arguments, as many as the widest of the real functions has, and the
//! number of its thunk as the sixth; a real function ignores the registers that it has no parameter for
//! (System V AMD64 ABI, AAPCS64). Deliberately not here: which relocations lead to the shims (`elf`).

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::c_modules;
use crate::frames;
use crate::owner;
use crate::panics;
use crate::state::{self, Object, State};
use crate::thunks;

type Real = unsafe extern "C" fn(usize, usize, usize, usize, usize) -> usize;
type Shim = unsafe extern "C" fn(usize, usize, usize, usize, usize, usize) -> usize;

/// A function of the C API that is redirected.
struct Redirect {
    name: &'static CStr,
    shim: Shim,
}

/// Functions that import: the shim pushes the unit for the duration of the call.
const IMPORTS: [&CStr; 19] = [
    c"PyImport_Import",
    c"PyImport_ImportModule",
    c"PyImport_ImportModuleNoBlock",
    c"PyImport_ImportModuleLevel",
    c"PyImport_ImportModuleLevelObject",
    c"PyImport_GetModule",
    c"PyImport_AddModule",
    c"PyImport_AddModuleObject",
    c"PyImport_AddModuleRef",
    c"PyImport_ReloadModule",
    c"PyImport_ExecCodeModule",
    c"PyImport_ExecCodeModuleEx",
    c"PyImport_ExecCodeModuleObject",
    c"PyImport_ExecCodeModuleWithPathnames",
    c"PyCapsule_Import",
    c"PyImport_ImportFrozenModule",
    // Not imports themselves, but ways to run code that imports.
    c"PyRun_String",
    c"PyRun_StringFlags",
    c"PyEval_EvalCode",
];

macro_rules! import_redirects {
    ($($index:literal)*) => {
        [$(Redirect { name: IMPORTS[$index], shim: import::<$index> }),*]
    };
}

static IMPORT_REDIRECTS: [Redirect; IMPORTS.len()] =
    import_redirects!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18);

/// Functions that hand out a dictionary in which C code keeps what must be one per world.
static REGISTRY_REDIRECTS: [Redirect; 3] = [
    Redirect { name: c"PyThreadState_GetDict", shim: thread_dict },
    Redirect { name: c"PyInterpreterState_GetDict", shim: interpreter_dict },
    Redirect { name: c"PyEval_GetBuiltins", shim: builtins },
];

/// What the builtins' dictionaries of domains are kept under.
const BUILTINS: &str = "builtins";

/// The real import functions, by position in [`IMPORTS`].
static REAL: [AtomicPtr<c_void>; IMPORTS.len()] = [const { AtomicPtr::new(ptr::null_mut()) }; IMPORTS.len()];

/// Looks the real functions up. An error names what this interpreter lacks.
pub(crate) fn prepare() -> Result<(), String> {
    for (name, real) in IMPORTS.iter().zip(&REAL) {
        // SAFETY: the name is a C string; the interpreter is loaded, so its symbols can be looked up.
        let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        real.store(found, Ordering::Relaxed);
    }
    for needed in [0, 1, 4] {
        if REAL[needed].load(Ordering::Relaxed).is_null() {
            return Err(format!("this Python does not export {}", IMPORTS[needed].to_string_lossy()));
        }
    }
    Ok(())
}

/// The shim for a symbol's name, if calls of it by `unit` are redirected.
pub(crate) fn shim(name: &CStr, registries: bool) -> Option<*mut ()> {
    let known = |redirect: &&Redirect| redirect.name == name;
    if let Some(position) = IMPORT_REDIRECTS.iter().position(|r| known(&r)) {
        let there = !REAL[position].load(Ordering::Relaxed).is_null();
        return there.then_some(IMPORT_REDIRECTS[position].shim as *mut ());
    }
    if name == c"PyImport_GetModuleDict" {
        return Some(module_dict as Shim as *mut ());
    }
    if !registries {
        return None;
    }
    REGISTRY_REDIRECTS.iter().find(known).map(|redirect| redirect.shim as *mut ())
}

/// Calls the `N`th of [`IMPORTS`] on behalf of the thunk's unit.
unsafe extern "C" fn import<const N: usize>(
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    thunk: usize,
) -> usize {
    let real = REAL[N].load(Ordering::Relaxed);
    // SAFETY: `real` is the function that the caller meant, found by its name; it takes at most five integer
    // arguments, which are handed on as they came. The caller holds the GIL, as the C API demands.
    unsafe {
        let real = std::mem::transmute::<*mut c_void, Real>(real);
        let guard = panics::guarded(None, || Some(frames::push(thunks::unit(thunk & 0xffff_ffff))));
        if guard.is_none() {
            return 0;
        }
        let result = real(a, b, c, d, e);
        // The caller gets the result even so: its exception, if there is one, must not be another's.
        let _ = panics::caught(|| drop(guard));
        result
    }
}

/// `PyImport_GetModuleDict`: a dictionary that answers for the unit, for one whose modules are not in the storage.
unsafe extern "C" fn module_dict(_: usize, _: usize, _: usize, _: usize, _: usize, thunk: usize) -> usize {
    // SAFETY: the caller holds the GIL; the result is borrowed, as of the real function. An exception that the
    // caller has set is kept aside.
    unsafe {
        let real = ffi::PyImport_GetModuleDict();
        let Some(state) = state::get() else { return real as usize };
        let unit = thunks::unit(thunk & 0xffff_ffff);
        // A panic leaves the caller with the real one, as a unit without modules of its own.
        let own = panics::caught(|| owner::dictionary(state, unit)).unwrap_or(ptr::null_mut());
        if own.is_null() || own == state.storage {
            return real as usize;
        }
        let (mut ty, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        ffi::PyErr_Fetch(&raw mut ty, &raw mut value, &raw mut traceback);
        let given = panics::caught(|| c_modules::of(Python::assume_attached(), state, unit));
        ffi::PyErr_Clear();
        ffi::PyErr_Restore(ty, value, traceback);
        given.ok().filter(|given| !given.is_null()).unwrap_or(own) as usize
    }
}

unsafe extern "C" fn thread_dict(_: usize, _: usize, _: usize, _: usize, _: usize, thunk: usize) -> usize {
    // SAFETY: the caller holds the GIL; the result is borrowed, as of the real function.
    unsafe { of_domain(ffi::PyThreadState_GetDict(), thunk, ptr::null_mut()) as usize }
}

unsafe extern "C" fn interpreter_dict(
    state: usize,
    _: usize,
    _: usize,
    _: usize,
    _: usize,
    thunk: usize,
) -> usize {
    // SAFETY: as `thread_dict`; the interpreter's state is handed on as it came.
    unsafe { of_domain(ffi::PyInterpreterState_GetDict(state as *mut _), thunk, ptr::null_mut()) as usize }
}

unsafe extern "C" fn builtins(_: usize, _: usize, _: usize, _: usize, _: usize, thunk: usize) -> usize {
    // SAFETY: the caller holds the GIL; the interpreter's dictionary outlives its users, so what is kept in
    // it may be handed out borrowed.
    unsafe {
        let real = ffi::PyEval_GetBuiltins();
        let keeper = ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get());
        if keeper.is_null() {
            return real as usize;
        }
        // Not a copy of what they are now: root's modules may have left their registries in them.
        let template = state::get().map_or(real, |state| state.builtins);
        let kept = of_key(keeper, BUILTINS, thunk, template);
        (if kept.is_null() { real } else { kept }) as usize
    }
}

/// What C code of a domain has for the builtins' dictionary; made if it is not there and `make` says so.
pub(crate) fn builtins_of<'py>(
    py: Python<'py>,
    state: &State,
    domain: usize,
    make: bool,
) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the GIL is held; the keeper outlives its users, and holds what is borrowed from it here.
    unsafe {
        let keeper = ffi::PyInterpreterState_GetDict(ffi::PyInterpreterState_Get());
        if keeper.is_null() {
            return None;
        }
        let kept = if make {
            panics::caught(|| kept_in(keeper, BUILTINS, domain, state.builtins)).ok()?
        } else {
            let key = crate::marks::new_str(&format!("pinfold:{BUILTINS}:{domain}"));
            let kept = if key.is_null() { key } else { owner::item(keeper, key) };
            ffi::Py_XDECREF(key);
            kept
        };
        Bound::from_borrowed_ptr_or_opt(py, kept)?.cast_into().ok()
    }
}

/// What a domain's dictionary of the builtins is made from.
pub(crate) fn builtins_template<'py>(py: Python<'py>, state: &State) -> Option<Bound<'py, PyDict>> {
    // SAFETY: the GIL is held; the state keeps the dictionary for ever.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, state.builtins)?.cast_into().ok() }
}

/// The sub-dictionary of `whole` for the domain of the thunk's unit.
unsafe fn of_domain(whole: Object, thunk: usize, template: Object) -> Object {
    if whole.is_null() {
        return whole;
    }
    // SAFETY: `whole` is a live dictionary and the GIL is held.
    unsafe {
        let kept = of_key(whole, "registry", thunk, template);
        if kept.is_null() { whole } else { kept }
    }
}

/// The dictionary kept in `keeper` for `kind` and the thunk's domain, made at the first call as a copy of
/// `template`. Borrowed; null, without an exception, when it could not be made.
unsafe fn of_key(keeper: Object, kind: &str, thunk: usize, template: Object) -> Object {
    // SAFETY: the caller vouches for the objects.
    panics::caught(|| unsafe { kept_for(keeper, kind, thunk, template) }).unwrap_or(ptr::null_mut())
}

/// As [`of_key`].
///
/// # Safety
/// `keeper` is a live dictionary, `template` one or null; the GIL is held.
unsafe fn kept_for(keeper: Object, kind: &str, thunk: usize, template: Object) -> Object {
    let Some(state) = state::get() else { return ptr::null_mut() };
    let domain = state.domain[thunks::unit(thunk & 0xffff_ffff)];
    // SAFETY: the caller's promise.
    unsafe { kept_in(keeper, kind, domain, template) }
}

/// As [`of_key`], for a domain.
///
/// # Safety
/// As for [`kept_for`].
unsafe fn kept_in(keeper: Object, kind: &str, domain: usize, template: Object) -> Object {
    // SAFETY: the GIL is held; new references are released once the keeper holds them; an exception that the
    // caller has set is kept aside, for these functions must not touch it.
    unsafe {
        let (mut ty, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        ffi::PyErr_Fetch(&raw mut ty, &raw mut value, &raw mut traceback);
        let key = crate::marks::new_str(&format!("pinfold:{kind}:{domain}"));
        let mut kept = if key.is_null() { key } else { owner::item(keeper, key) };
        if kept.is_null() && !key.is_null() {
            let made = if template.is_null() { ffi::PyDict_New() } else { ffi::PyDict_Copy(template) };
            if !made.is_null() && ffi::PyDict_SetItem(keeper, key, made) == 0 {
                kept = made;
            }
            ffi::Py_XDECREF(made);
        }
        ffi::Py_XDECREF(key);
        ffi::PyErr_Clear();
        ffi::PyErr_Restore(ty, value, traceback);
        kept
    }
}
