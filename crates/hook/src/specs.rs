//! Makes the specs of a unit's modules: `importlib.machinery.ModuleSpec`, with loaders that know their unit.
//!
//! Deliberately not here: which module of which unit (`finder`).

use std::path::Path;

use pinfold_core::modules::{Kind, Module};
use pinfold_core::resolve::UnitIndex;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{ffi, intern};

use crate::marks;
use crate::state::{Object, State};

/// A spec, or none.
pub(crate) type Spec<'py> = Option<Bound<'py, PyAny>>;

pub(crate) fn borrowed<'py>(py: Python<'py>, object: Object) -> Bound<'py, PyAny> {
    // SAFETY: the state's objects live as long as the process, and the GIL is held.
    unsafe { Bound::from_borrowed_ptr(py, object) }
}

/// The name that a module of `unit` gets: plain where root sees the unit, else one that carries the unit.
pub(crate) fn marked_name<'py>(
    py: Python<'py>,
    state: &State,
    unit: UnitIndex,
    text: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let plain = unit < marks::ROOT && state.resolver.in_root(unit);
    let name = if plain { marks::new_str(text) } else { marks::new_name(text, unit) };
    // SAFETY: a new reference or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, name) }
}

/// The spec of a module in a unit's table.
pub(crate) fn module_spec<'py>(
    py: Python<'py>,
    state: &State,
    unit: UnitIndex,
    text: &str,
    module: &Module,
) -> PyResult<Bound<'py, PyAny>> {
    let file = state.resolver.env().units[unit].path.join(&module.path);
    file_spec(py, state, unit, text, &file.to_string_lossy(), module.kind)
}

pub(crate) fn file_spec<'py>(
    py: Python<'py>,
    state: &State,
    unit: UnitIndex,
    text: &str,
    file: &str,
    kind: Kind,
) -> PyResult<Bound<'py, PyAny>> {
    let class = match kind {
        Kind::Extension | Kind::ExtensionPackage => state.python.extension_loader,
        Kind::Bytecode | Kind::BytecodePackage => state.python.bytecode_loader,
        _ => state.python.source_loader,
    };
    let name = marked_name(py, state, unit, text)?;
    let loader = borrowed(py, class).call1((&name, file))?;
    loader.setattr(intern!(py, "_pinfold_unit"), unit)?;
    let arguments = PyDict::new(py);
    arguments.set_item(intern!(py, "origin"), file)?;
    arguments.set_item(intern!(py, "is_package"), kind.is_package())?;
    let spec = borrowed(py, state.python.module_spec).call((&name, loader), Some(&arguments))?;
    spec.setattr(intern!(py, "_set_fileattr"), true)?;
    if kind.is_package() {
        let folder = file.rsplit_once('/').map_or(file, |(folder, _)| folder);
        spec.getattr(intern!(py, "submodule_search_locations"))?
            .call_method1(intern!(py, "append"), (folder,))?;
    }
    Ok(spec)
}

/// The spec of a namespace package (PEP 420), as the view of `viewer` assembles it.
pub(crate) fn namespace_spec<'py>(
    py: Python<'py>,
    state: &State,
    viewer: UnitIndex,
    text: &str,
    units: &[UnitIndex],
) -> PyResult<Bound<'py, PyAny>> {
    let folder = text.replace('.', "/");
    let portions: Vec<String> = units
        .iter()
        .map(|&unit| state.resolver.env().units[unit].path.join(&folder).to_string_lossy().into_owned())
        .collect();
    let name = namespace_name(py, viewer, text)?;
    let arguments = PyDict::new(py);
    arguments.set_item(intern!(py, "is_package"), true)?;
    let spec = borrowed(py, state.python.module_spec).call((&name, py.None()), Some(&arguments))?;
    let nothing = py.import("pinfold._loaders")?.getattr("no_other_portions")?;
    let locations = borrowed(py, state.python.namespace_path).call1((&name, portions, nothing))?;
    spec.setattr(intern!(py, "submodule_search_locations"), locations)?;
    Ok(spec)
}

/// Namespace packages belong to a view, so their names always carry it.
pub(crate) fn namespace_name<'py>(
    py: Python<'py>,
    viewer: UnitIndex,
    text: &str,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a new reference or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, marks::new_name(text, viewer)) }
}

/// Makes a spec that another finder found in a unit's folder that unit's; `None` where it stands elsewhere.
pub(crate) fn adopt<'py>(
    py: Python<'py>,
    state: &State,
    found: Spec<'py>,
    preferred: Option<UnitIndex>,
    text: &str,
) -> PyResult<Spec<'py>> {
    let Some(found) = found else { return Ok(None) };
    let origin = found.getattr(intern!(py, "origin"))?;
    // SAFETY: `origin` is alive while its text is used; the GIL is held.
    let Some(file) = (unsafe { marks::text(origin.as_ptr()) }) else { return Ok(Some(found)) };
    let Some(owner) = state.unit_of_origin(file) else { return Ok(Some(found)) };
    let units = &state.resolver.env().units;
    let unit = preferred.filter(|&unit| units[unit].path == units[owner].path).unwrap_or(owner);
    let package = !found.getattr(intern!(py, "submodule_search_locations"))?.is_none();
    let kind = match (Path::new(file).extension().and_then(|e| e.to_str()), package) {
        (Some("py"), true) => Kind::Package,
        (Some("py"), false) => Kind::Source,
        (Some("pyc"), true) => Kind::BytecodePackage,
        (Some("pyc"), false) => Kind::Bytecode,
        (Some("so"), true) => Kind::ExtensionPackage,
        (Some("so"), false) => Kind::Extension,
        _ => return Ok(Some(found)),
    };
    file_spec(py, state, unit, text, file, kind).map(Some)
}

/// The unit that a module's loader was made for.
///
/// # Safety
/// `module` is a live object and the GIL is held.
pub(crate) unsafe fn unit_of_loader(module: Object) -> Option<UnitIndex> {
    // SAFETY: the caller vouches for `module`; every reference is released, every error cleared.
    unsafe {
        let object = attribute(module, &[c"__spec__", c"loader", c"_pinfold_unit"])?;
        let unit = ffi::PyLong_AsSize_t(object);
        ffi::Py_DECREF(object);
        if !ffi::PyErr_Occurred().is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        Some(unit)
    }
}

/// The value of the mark of the code that loaded a module: whose loader it is.
///
/// # Safety
/// `module` is a live object and the GIL is held.
pub(crate) unsafe fn mark_of_loader(module: Object) -> Option<usize> {
    // SAFETY: the caller vouches for `module`; every reference is released, every error cleared.
    unsafe {
        let globals = attribute(module, &[c"__spec__", c"loader", c"exec_module", c"__globals__"])?;
        let mark = ffi::PyObject_GetItem(globals, marks::key());
        ffi::Py_DECREF(globals);
        if mark.is_null() {
            ffi::PyErr_Clear();
            return None;
        }
        let value = marks::mark_value(mark);
        ffi::Py_DECREF(mark);
        value
    }
}

/// What attributes of attributes of an object lead to: a new reference, `None` without an exception where one is
/// not there.
///
/// # Safety
/// `object` is live and the GIL is held.
unsafe fn attribute(object: Object, names: &[&std::ffi::CStr]) -> Option<Object> {
    // SAFETY: the caller vouches for `object`; every reference is released, every error cleared.
    unsafe {
        let mut object = ffi::Py_NewRef(object);
        for name in names {
            let next = ffi::PyObject_GetAttrString(object, name.as_ptr());
            ffi::Py_DECREF(object);
            if next.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            object = next;
        }
        Some(object)
    }
}
