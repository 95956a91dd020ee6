//! `importlib._bootstrap._handle_fromlist`: the names of `from package import a, b` that are submodules.
//!
//! CPython's C code calls it at every such statement, cached or not. Deliberately not here: `*` and what is no
//! `str`, which the function that stood there before answers.

use pyo3::exceptions::{PyAttributeError, PyModuleNotFoundError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyString, PyTuple};

/// Imports the names of `fromlist` that `module` lacks; returns `module`.
pub(crate) fn handle<'py>(
    module: &Bound<'py, PyAny>,
    fromlist: &Bound<'py, PyAny>,
    import: &Bound<'py, PyAny>,
    recursive: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    let stock = || match super::started() {
        Some((_, fast)) => {
            let named = pyo3::types::PyDict::new(py);
            named.set_item("recursive", recursive)?;
            fast.handle_fromlist.bind(py).call((module, fromlist, import), Some(&named))
        }
        None => Ok(module.clone()),
    };
    let Ok(names) = fromlist.cast_exact::<PyTuple>() else { return stock() };
    let plain = |name: &Bound<'_, PyAny>| {
        name.cast::<PyString>().is_ok_and(|name| name.to_str().is_ok_and(|n| n != "*"))
    };
    if !names.iter().all(|name| plain(&name)) {
        return stock();
    }
    for name in names.iter() {
        if has(module, name.cast::<PyString>()?)? {
            continue;
        }
        let package = module.getattr(intern!(py, "__name__"))?;
        let full = PyString::new(py, &format!("{}.{}", package.str()?.to_str()?, name.str()?.to_str()?));
        let Err(error) = import.call1((&full,)) else { continue };
        // A name that is neither an attribute nor a module is for the statement itself to complain about.
        let missing = error.is_instance_of::<PyModuleNotFoundError>(py)
            && error.value(py).getattr(intern!(py, "name"))?.eq(&full)?
            && !super::sys(py, c"modules")
                .map(|modules| modules.call_method1(intern!(py, "get"), (&full, true)))
                .transpose()?
                .is_some_and(|found| found.is_none());
        if !missing {
            return Err(error);
        }
    }
    Ok(module.clone())
}

/// Whether `module` has the attribute. Of a plain module without a `__getattr__`, its dictionary tells it without an
/// exception that is made to be thrown away.
fn has(module: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    let py = module.py();
    if let Ok(plain) = module.cast_exact::<PyModule>()
        && name.is_exact_instance_of::<PyString>()
    {
        let dict = plain.dict();
        if dict.contains(name)? {
            return Ok(true);
        }
        // What every module has, its class does: `__dict__`, `__annotations__`, ...
        if !name.to_str()?.starts_with("__") && !dict.contains(intern!(py, "__getattr__"))? {
            return Ok(false);
        }
    }
    match module.getattr(name) {
        Ok(_) => Ok(true),
        Err(error) if error.is_instance_of::<PyAttributeError>(py) => Ok(false),
        Err(error) => Err(error),
    }
}
