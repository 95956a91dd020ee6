//! Whose an object is; and names that say so, for what a module of a unit that root does not see defines.
//!
//! Classes and functions take `__module__` from their globals' `__name__`, which carries the unit. Those that
//! were named by hand (numpy's `set_module`), or by C code, carry plain text: [`name_members`] gives them the
//! unit too, once the module has run. Deliberately not here: static types (`types`), and pickling (`globals`),
//! which goes by where an object is found and not by its name.

use pinfold_core::closure::Provided;
use pinfold_core::resolve::{Importer, Resolution, Rule, UnitIndex};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyList, PyModule, PyString, PyType};

use crate::finder;
use crate::globals;
use crate::marks;
use crate::owner;
use crate::state::State;
use crate::types;

/// The unit whose module the plain name `text` is in code of `unit`, if root does not see it: its own, or one of
/// its declared dependencies.
pub(crate) fn provider(state: &State, unit: UnitIndex, text: &str) -> Option<UnitIndex> {
    if unit >= marks::ROOT || state.resolver.in_root(unit) || state.is_stdlib(text) {
        return None;
    }
    match state.resolver.resolve(Importer::Unit(unit), text, Vec::new) {
        Resolution::Found { entry, rule: Rule::Declared, .. } if entry.provided != Provided::Namespace => {
            entry.units.first().copied().filter(|&unit| !state.resolver.in_root(unit))
        }
        _ => None,
    }
}

/// The unit that an object belongs to; an instance belongs to its class's.
pub(crate) fn unit_of(state: &State, what: &Bound<'_, PyAny>) -> Option<UnitIndex> {
    if what.is_instance_of::<PyModule>() {
        return state.unit_of_module(what.as_ptr());
    }
    if let Ok(ty) = what.cast::<PyType>() {
        return unit_of_type(state, ty);
    }
    let function = what.getattr("__func__").ok();
    let what = function.as_ref().unwrap_or(what);
    if let Some(mark) = mark_of_function(what) {
        return Some(mark).filter(|&mark| mark < marks::ROOT);
    }
    if let Ok(module) = what.getattr("__module__")
        // SAFETY: the name is alive; the GIL is held.
        && let Some(unit) = unsafe { marks::name_unit(module.as_ptr()) }
    {
        return Some(unit).filter(|&unit| unit < marks::ROOT);
    }
    if let Ok(function) = what.cast_exact::<PyCFunction>() {
        let bound = function.getattr("__self__").ok()?;
        return if bound.is_none() { None } else { unit_of(state, &bound) };
    }
    // A method of C code's is its class's.
    match what.getattr("__objclass__").ok().and_then(|class| class.cast_into::<PyType>().ok()) {
        Some(class) => unit_of_type(state, &class),
        None => unit_of_type(state, &what.get_type()),
    }
}

fn unit_of_type(state: &State, ty: &Bound<'_, PyType>) -> Option<UnitIndex> {
    if let Some(unit) = types::unit_of_static(ty.as_ptr()) {
        return Some(unit);
    }
    let name = ty.getattr("__module__").ok()?;
    // SAFETY: the name is alive while its text is used; the GIL is held.
    let (unit, text) = unsafe { (marks::name_unit(name.as_ptr()), marks::text(name.as_ptr())?) };
    if unit.is_some() {
        return unit.filter(|&unit| unit < marks::ROOT);
    }
    let key = PyString::new(ty.py(), text);
    let path = ty.getattr("__qualname__").ok()?.extract::<String>().ok()?;
    if let Some(unit) = globals::plain_owner(state, &key, &path, ty.as_any()) {
        return Some(unit);
    }
    if !globals::is_at(ty.py(), owner::item(state.storage, key.as_ptr()), &path, ty.as_any()) {
        // Nowhere to be found under its name: its methods know where they were defined.
        if let Some(mark) = mark_of_methods(ty) {
            return Some(mark).filter(|&mark| mark < marks::ROOT);
        }
    }
    let module = owner::item(state.storage, key.as_ptr());
    if module.is_null() { None } else { state.unit_of_module(module) }
}

/// The mark of the globals in which a function, also one of Cython's, was defined; or the unit of its machine code.
fn mark_of_function(function: &Bound<'_, PyAny>) -> Option<usize> {
    let globals = match function.cast_exact::<PyCFunction>() {
        Ok(function) => {
            if let Some(unit) = types::unit_of_code(function) {
                return Some(unit);
            }
            function.getattr("__self__").ok()?.cast::<PyModule>().ok()?.dict().into_any()
        }
        Err(_) => function.getattr("__globals__").ok()?,
    };
    let globals = globals.cast::<PyDict>().ok()?;
    // SAFETY: the dictionary is alive and keeps the mark; the GIL is held.
    unsafe { marks::mark_value(owner::item(globals.as_ptr(), marks::key())) }
}

fn mark_of_methods(ty: &Bound<'_, PyType>) -> Option<usize> {
    class_members(ty)?.iter().find_map(|member| mark_of_function(&member))
}

fn class_members<'py>(class: &Bound<'py, PyType>) -> Option<Bound<'py, PyList>> {
    finder::list(&class.getattr("__dict__").ok()?.call_method0("values").ok()?).ok()
}

/// Calls `run`, the code of an extension module, while the module's `__name__` is a plain `str`.
///
/// C code may ask for exactly that type, as Cython does for a default such as `module: str = __name__`. Afterwards
/// the name carries its unit again, unless the code has set another.
pub(crate) fn under_a_plain_name<R>(module: &Bound<'_, PyAny>, run: impl FnOnce() -> R) -> PyResult<R> {
    let py = module.py();
    let key = pyo3::intern!(py, "__name__");
    let Ok(globals) = module.cast::<PyModule>().map(PyModuleMethods::dict) else { return Ok(run()) };
    let Some(name) = globals.get_item(key)? else { return Ok(run()) };
    // SAFETY: the name is alive while its text is copied; the GIL is held.
    let (unit, text) = unsafe { (marks::name_unit(name.as_ptr()), marks::text(name.as_ptr())) };
    let (Some(_), Some(text)) = (unit, text) else { return Ok(run()) };
    let plain = PyString::new(py, text);
    globals.set_item(key, &plain)?;
    let done = run();
    if globals.get_item(key)?.is_some_and(|now| now.is(&plain)) {
        globals.set_item(key, name)?;
    }
    Ok(done)
}

/// Lets what `module` of `unit` defines, and names with plain text, carry its unit.
///
/// Functions are gone by where they were defined. Classes, which do not tell, only where their name is in this
/// very unit and root has not the same class under it.
pub(crate) fn name_members(state: &State, unit: UnitIndex, module: &Bound<'_, PyAny>) {
    let Ok(module) = module.cast::<PyModule>() else { return };
    for member in module.dict().values().iter() {
        name_member(state, unit, &member);
    }
}

fn name_member(state: &State, unit: UnitIndex, member: &Bound<'_, PyAny>) {
    let class = member.cast::<PyType>().ok();
    if class.is_none() && !member.is_callable() {
        return;
    }
    let Ok(name) = member.getattr(pyo3::intern!(member.py(), "__module__")) else { return };
    if !name.is_exact_instance_of::<PyString>() {
        return;
    }
    // SAFETY: the name is alive while its text is used; the GIL is held.
    let Some(text) = (unsafe { marks::text(name.as_ptr()) }) else { return };
    if state.is_stdlib(text) {
        return;
    }
    let definer = match class {
        Some(_) => Some(unit),
        // Callables of other types, such as numpy's dispatchers, are of the C code that made their type.
        None => mark_of_function(member).or_else(|| types::unit_of_static(member.get_type().as_ptr())),
    };
    let Some(provider) = definer.and_then(|definer| provider(state, definer, text)) else { return };
    if let Some(class) = class {
        let path = class.getattr("__qualname__").and_then(|path| path.extract::<String>());
        let Ok(path) = path else { return };
        let roots = owner::item(state.storage, name.as_ptr());
        if provider != unit || globals::is_there_at(class.py(), roots, &path, class.as_any()) {
            return;
        }
        for method in class_members(class).iter().flatten() {
            if !method.is_instance_of::<PyType>() {
                name_member(state, unit, &method);
            }
        }
    }
    set_name(member, text, provider);
}

fn set_name(object: &Bound<'_, PyAny>, text: &str, unit: UnitIndex) {
    let py = object.py();
    // SAFETY: a new reference or null with an exception set, which is dropped; the GIL is held.
    let Ok(name) = (unsafe { Bound::from_owned_ptr_or_err(py, marks::new_name(text, unit)) }) else { return };
    let _ = match object.cast::<PyType>() {
        // Not as an attribute: that is forbidden where the class is immutable, and on 3.13 forgets where in its
        // file the class stands.
        Ok(class) => types::set_item(class, "__module__", &name),
        Err(_) => object.setattr(pyo3::intern!(py, "__module__"), &name),
    };
}
