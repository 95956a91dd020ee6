//! The objects of an import: loader, spec and module, as importlib's own classes would make them, and the code.
//!
//! For the standard library's sources these are importlib's own, for units' files ours. They are made without
//! calling the classes, from what an instance that the class made holds. Sources: `ModuleSpec.__init__`,
//! `FileLoader.__init__`, `_init_module_attrs`, `SourceLoader.exec_module`, `ExtensionFileLoader` in
//! `Lib/importlib`. Deliberately not here: the table of modules, and when to make them (`load`).

use std::ffi::c_char;
use std::path::Path;

use pinfold_core::resolve::UnitIndex;
use pyo3::exceptions::{PyImportError, PyMemoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};
use pyo3::{ffi, intern};

use super::{Fast, Origin, PySys_Audit, Target};
use crate::codes::Bytes;
use crate::exports;
use crate::marking;
use crate::marks;
use crate::specs::{borrowed, marked_name};
use crate::state::State;

/// What is made for one module.
pub(super) struct Made<'py> {
    pub(super) module: Bound<'py, PyAny>,
    pub(super) spec: Bound<'py, PyAny>,
    loader: Bound<'py, PyAny>,
    /// None of an extension module.
    globals: Option<Bound<'py, PyDict>>,
}

/// What making needs.
pub(super) struct Maker {
    spec_type: Py<PyType>,
    /// What `ModuleSpec.__init__` sets, in its order.
    spec_fields: Vec<(Py<PyString>, Py<PyAny>)>,
    loader_type: Py<PyType>,
    extension_type: Py<PyType>,
    /// The loaders' methods as they were at start, by name.
    methods: Vec<(Py<PyString>, Py<PyAny>)>,
    extension_methods: Vec<(Py<PyString>, Py<PyAny>)>,
    init_module_attrs: Py<PyAny>,
    builtins: Py<PyDict>,
    code_type: Py<PyType>,
    fix_co_filename: Py<PyAny>,
    /// What follows the stem in the name of a bytecode file: `.cpython-311.pyc`.
    cached: String,
}

/// What the fast path does in the loader's stead, unless somebody replaced it.
const METHODS: [&str; 4] = ["create_module", "exec_module", "get_code", "get_data"];
const EXTENSION_METHODS: [&str; 2] = ["create_module", "exec_module"];

impl Maker {
    pub(super) fn new(
        state: &State,
        bootstrap: &Bound<'_, PyAny>,
        function: &Bound<'_, PyAny>,
        tag: &str,
    ) -> PyResult<Self> {
        let py = bootstrap.py();
        let spec_type = borrowed(py, state.python.module_spec).cast_into::<PyType>()?;
        let example = spec_type.call1(("example", py.None()))?;
        let fields = example.getattr("__dict__")?.cast_into::<PyDict>()?;
        let loader_type = borrowed(py, state.python.source_loader).cast_into::<PyType>()?;
        let extension_type = borrowed(py, state.python.extension_loader).cast_into::<PyType>()?;
        let imp = bootstrap.getattr("_imp")?;
        let builtins = py.import("builtins")?.dict();
        Ok(Maker {
            spec_type: spec_type.unbind(),
            spec_fields: fields
                .iter()
                .map(|(name, value)| Ok((name.cast_into::<PyString>()?.unbind(), value.unbind())))
                .collect::<PyResult<_>>()?,
            methods: methods(&loader_type, &METHODS)?,
            extension_methods: methods(&extension_type, &EXTENSION_METHODS)?,
            loader_type: loader_type.unbind(),
            extension_type: extension_type.unbind(),
            init_module_attrs: bootstrap.getattr("_init_module_attrs")?.unbind(),
            builtins: builtins.unbind(),
            code_type: function.getattr("__code__")?.get_type().unbind(),
            fix_co_filename: imp.getattr("_fix_co_filename")?.unbind(),
            cached: format!(".{tag}.pyc"),
        })
    }

    /// The path of a source file's bytecode beside it (PEP 3147).
    pub(super) fn cached(&self, folder: &str, stem: &str) -> String {
        format!("{folder}/__pycache__/{stem}{}", self.cached)
    }

    /// Whether units' extension modules are loaded as they were at start.
    pub(super) fn loads_extensions(&self, py: Python<'_>) -> PyResult<bool> {
        are(&self.extension_methods, self.extension_type.bind(py))
    }

    /// Makes loader, spec and module. `above` is the name of the package that the module stands in.
    pub(super) fn make<'py>(
        &self,
        state: &State,
        fast: &Fast,
        key: &Bound<'py, PyString>,
        text: &str,
        target: &Target<'_>,
        above: &str,
    ) -> PyResult<Made<'py>> {
        let py = key.py();
        let foreign = target.unit().filter(|&unit| !state.resolver.in_root(unit));
        let named = |text: &str| match foreign {
            Some(unit) => marked_name(py, state, unit, text),
            None => Ok(PyString::new(py, text).into_any()),
        };
        let name = if foreign.is_none() { key.clone().into_any() } else { named(text)? };
        let file = PyString::new(py, &target.file).into_any();
        let loader = new(match (target.unit(), target.extension) {
            (None, _) => fast.stdlib.loader(py),
            (Some(_), true) => self.extension_type.bind(py),
            (Some(_), false) => self.loader_type.bind(py),
        })?;
        loader.setattr(intern!(py, "name"), &name)?;
        loader.setattr(intern!(py, "path"), &file)?;
        if let Some(unit) = target.unit() {
            loader.setattr(intern!(py, "_pinfold_unit"), unit)?;
        }
        let (folder, base) = target.file.rsplit_once('/').unwrap_or(("", &target.file));
        let stem = base.strip_suffix(".py").unwrap_or(base);
        let cached = match target.extension {
            true => py.None().into_bound(py),
            false => PyString::new(py, &self.cached(folder, stem)).into_any(),
        };
        let path = match target.package {
            true => PyList::new(py, [folder])?.into_any(),
            false => py.None().into_bound(py),
        };
        let spec = new(self.spec_type.bind(py))?;
        for (field, usual) in &self.spec_fields {
            let field = field.bind(py);
            let value = match field.to_str()? {
                "name" => name.clone(),
                "loader" => loader.clone(),
                "origin" => file.clone(),
                "submodule_search_locations" => path.clone(),
                "_uninitialized_submodules" => PyList::empty(py).into_any(),
                "_set_fileattr" => pyo3::types::PyBool::new(py, true).to_owned().into_any(),
                "_cached" => cached.clone(),
                _ => usual.bind(py).clone(),
            };
            spec.setattr(field, value)?;
        }
        // The standard library's are importlib's to load.
        if let (true, Some(unit)) = (target.extension, target.unit()) {
            let module = create(py, unit, target, &loader, &spec)?;
            self.init_module_attrs.bind(py).call1((&spec, &module))?;
            // SAFETY: a live object, and the GIL is held.
            unsafe { marking::mark_module(state, module.as_ptr(), unit, text) };
            return Ok(Made { module, spec, loader, globals: None });
        }
        let package = match target.package {
            true => name.clone(),
            false if above.is_empty() => PyString::new(py, "").into_any(),
            false => named(above)?,
        };
        // SAFETY: the name is a live str; a new reference or null with an exception set.
        let module = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyModule_NewObject(name.as_ptr()))? };
        let globals = module.cast::<pyo3::types::PyModule>()?.dict();
        globals.set_item(intern!(py, "__loader__"), &loader)?;
        globals.set_item(intern!(py, "__package__"), package)?;
        globals.set_item(intern!(py, "__spec__"), &spec)?;
        if target.package {
            globals.set_item(intern!(py, "__path__"), path)?;
        }
        globals.set_item(intern!(py, "__file__"), file)?;
        globals.set_item(intern!(py, "__cached__"), cached)?;
        if let Some(unit) = target.unit() {
            let mark = state.mark(unit).ok_or_else(|| PyMemoryError::new_err(()))?;
            globals.set_item(borrowed(py, marks::key()), borrowed(py, mark))?;
        }
        Ok(Made { module, spec, loader, globals: Some(globals) })
    }

    /// Runs the module's code, or the loader where somebody replaced a method of it.
    pub(super) fn run(
        &self,
        state: &'static State,
        fast: &'static Fast,
        made: &Made<'_>,
        target: &Target<'_>,
    ) -> PyResult<()> {
        let py = made.module.py();
        let Some(globals) = &made.globals else {
            return target.unit().map_or(Ok(()), |unit| exports::exec_extension(py, &made.module, unit));
        };
        let by_loader = || made.loader.call_method1(intern!(py, "exec_module"), (&made.module,)).map(drop);
        let code = match &target.origin {
            Origin::Stdlib(bytes) => {
                if !may_open(py, made.spec.getattr(intern!(py, "_cached"))?.extract()?)? {
                    return by_loader();
                }
                unmarshal(py, fast, bytes.get(16..).unwrap_or_default(), &target.file)?
            }
            Origin::Unit(..) if !are(&self.methods, self.loader_type.bind(py))? => return by_loader(),
            &Origin::Unit(unit, relative) => {
                Some(match read(py, state, fast, unit, relative, &target.file)? {
                    Some(code) => code,
                    None => compile(&made.loader, state, fast, unit, relative, &target.file)?,
                })
            }
        };
        let Some(code) = code else { return by_loader() };
        globals.set_item(intern!(py, "__builtins__"), self.builtins.bind(py))?;
        // SAFETY: live objects, a dictionary for globals, the GIL is held; the result is checked and released.
        unsafe {
            if PySys_Audit(c"exec".as_ptr(), c"O".as_ptr(), code.as_ptr()) != 0 {
                return Err(PyErr::fetch(py));
            }
            let globals = globals.as_ptr();
            Bound::from_owned_ptr_or_err(py, ffi::PyEval_EvalCode(code.as_ptr(), globals, globals))?;
        }
        Ok(())
    }
}

/// Loads a shared object and runs its init function.
fn create<'py>(
    py: Python<'py>,
    unit: UnitIndex,
    target: &Target<'_>,
    loader: &Bound<'py, PyAny>,
    spec: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    match exports::create_extension(py, spec, unit) {
        Err(error) if error.is_instance_of::<PyImportError>(py) && !Path::new(&target.file).is_file() => {
            Err(unreadable(loader, error)?)
        }
        created => created,
    }
}

/// The code object of a unit's file from the store's bytecode, `None` where there is none.
pub(crate) fn read<'py>(
    py: Python<'py>,
    state: &State,
    fast: &Fast,
    unit: usize,
    relative: &str,
    file: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(bytes) = fast.codes.read(state, unit, relative) else { return Ok(None) };
    if let Bytes::Read(_) = bytes
        && !may_open(py, file)?
    {
        return Ok(None);
    }
    unmarshal(py, fast, bytes.as_slice(), file)
}

/// The code object of a file in bytes that `marshal.dumps` wrote, `None` where it is something else.
fn unmarshal<'py>(
    py: Python<'py>,
    fast: &Fast,
    data: &[u8],
    file: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let length = data.len() as ffi::Py_ssize_t;
    // SAFETY: the bytes live through the call; a unit's were checked by their checksum, the standard library's are
    // what the interpreter would read itself; the GIL is held.
    let code = unsafe {
        let start = data.as_ptr().cast::<c_char>();
        Bound::from_owned_ptr_or_err(py, PyMarshal_ReadObjectFromString(start, length))?
    };
    if !code.is_exact_instance(fast.maker.code_type.bind(py)) {
        return Ok(None);
    }
    // The same wheel may stand in several folders; tracebacks must name the one that runs.
    let compiled = code.getattr(intern!(py, "co_filename"))?;
    if compiled.cast::<PyString>()?.to_str()? != file {
        fast.maker.fix_co_filename.bind(py).call1((&code, file))?;
    }
    Ok(Some(code))
}

/// What an import says when a unit's file, which should be there for ever, is not.
fn unreadable(loader: &Bound<'_, PyAny>, error: PyErr) -> PyResult<PyErr> {
    let py = loader.py();
    let name = loader.getattr(intern!(py, "name"))?;
    let said = py.import("pinfold._loaders")?.call_method1("unreadable", (loader, name, error.value(py)))?;
    let said = PyErr::from_value(said);
    said.set_cause(py, Some(error));
    Ok(said)
}

/// Compiles a unit's file and keeps its bytecode: what the loader's `get_code` does, without a frame of its own,
/// for a syntax error's traceback ends at the import statement.
fn compile<'py>(
    loader: &Bound<'py, PyAny>,
    state: &State,
    fast: &Fast,
    unit: UnitIndex,
    relative: &str,
    file: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let py = loader.py();
    let source = match loader.call_method1(intern!(py, "get_data"), (file,)) {
        Err(error) if error.is_instance_of::<PyOSError>(py) => return Err(unreadable(loader, error)?),
        source => source?,
    };
    let code = loader.call_method1(intern!(py, "source_to_code"), (source, file))?;
    let keep =
        super::sys(py, c"dont_write_bytecode").map_or(Ok(true), |flag| flag.is_truthy().map(|not| !not))?;
    if keep {
        let bytes = py.import("marshal")?.call_method1("dumps", (&code,))?;
        fast.codes.write(state, unit, relative, bytes.cast::<pyo3::types::PyBytes>()?.as_bytes());
    }
    Ok(code)
}

/// Says what `open` says of a bytecode file. False where an audit hook refuses it as the system would: then
/// importlib goes on as if there were none.
fn may_open(py: Python<'_>, file: &str) -> PyResult<bool> {
    let file = PyString::new(py, file);
    // SAFETY: live objects that fit the format; the GIL is held.
    let refused = unsafe {
        let mode = PyString::intern(py, "r");
        PySys_Audit(
            c"open".as_ptr(),
            c"OOi".as_ptr(),
            file.as_ptr(),
            mode.as_ptr(),
            libc::O_RDONLY | libc::O_CLOEXEC,
        )
    };
    if refused == 0 {
        return Ok(true);
    }
    let error = PyErr::fetch(py);
    if error.is_instance_of::<PyOSError>(py) { Ok(false) } else { Err(error) }
}

/// Attributes of a class, by name.
fn methods(class: &Bound<'_, PyType>, names: &[&str]) -> PyResult<Vec<(Py<PyString>, Py<PyAny>)>> {
    let method = |name: &&str| {
        let name = PyString::intern(class.py(), name);
        Ok((name.clone().unbind(), class.getattr(&name)?.unbind()))
    };
    names.iter().map(method).collect()
}

/// Whether a class still has these attributes.
fn are(methods: &[(Py<PyString>, Py<PyAny>)], class: &Bound<'_, PyType>) -> PyResult<bool> {
    for (name, usual) in methods {
        if !class.getattr(name.bind(class.py()))?.is(usual) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An instance whose `__init__` has not run.
fn new<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a heap type made by a class statement whose `__new__` is object's; the GIL is held.
    unsafe {
        let object =
            ffi::PyType_GenericNew(class.as_ptr().cast(), std::ptr::null_mut(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(class.py(), object)
    }
}

// Exported by every CPython, outside the limited API (`Include/marshal.h`).
unsafe extern "C" {
    fn PyMarshal_ReadObjectFromString(data: *const c_char, length: ffi::Py_ssize_t) -> *mut ffi::PyObject;
}
