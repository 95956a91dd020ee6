//! Where a module of the standard library stands, without importlib: its file, and its bytecode if that is current.
//!
//! What `PathFinder`, `FileFinder` and `SourceLoader.get_code` of `Lib/importlib/_bootstrap_external.py` do, for
//! folders of the standard library, as long as these are what they were at start: another finder or path hook,
//! a replaced method, a local file of that name, bytecode that is not there or older than its source are reasons
//! to leave the import to importlib. Deliberately not here: frozen and built-in modules, namespace packages, what
//! is completed when it is loaded (`pinfold._stdlib`), and extension modules: deprecated ones warn with a
//! `stacklevel` that counts importlib's frames, and the warning must reach the import statement.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;

use pinfold_core::names;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::{Above, Fast, Found, Origin, Target};
use crate::finder;
use crate::state::State;
use crate::views;

/// Length of what stands before the code in a `.pyc` file (PEP 552).
const HEADER: usize = 16;

/// What the source loader does here, unless somebody replaced it.
const SOURCE_METHODS: [&str; 6] =
    ["create_module", "exec_module", "get_code", "get_data", "path_stats", "source_to_code"];

/// What both kinds of finders are asked by.
const FIND: &str = "find_spec";

/// The parts of importlib that stand aside.
pub(super) struct Stdlib {
    path_finder: Py<PyType>,
    file_finder: Py<PyType>,
    source_loader: Py<PyType>,
    extension_loader: Py<PyType>,
    /// What follows our own finder on `sys.meta_path`.
    finders: [Py<PyAny>; 3],
    path_hooks: Vec<Py<PyAny>>,
    /// Attributes of classes as they are where nobody replaced them; the last is that of `PathFinder`.
    usual: RefCell<Vec<Attribute>>,
    /// Names that are no file's: built-in and frozen modules.
    elsewhere: HashSet<String>,
    /// Finders of folders, and their loaders, where these are the usual ones.
    known: RefCell<HashMap<String, Known>>,
}

/// A class, the name of an attribute, and what that is.
type Attribute = (Py<PyType>, Py<PyString>, Py<PyAny>);

/// A finder, and the items of its list of loaders, which may be changed in place.
struct Known {
    finder: Py<PyAny>,
    loaders: Vec<Py<PyAny>>,
}

/// A file of a folder.
enum File {
    Package(Metadata),
    Source(Metadata),
}

impl Stdlib {
    pub(super) fn new(bootstrap: &Bound<'_, PyAny>, external: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = bootstrap.py();
        let class = |name| Ok::<_, PyErr>(external.getattr(name)?.cast_into::<PyType>()?.unbind());
        let mut elsewhere = HashSet::new();
        let builtin = super::sys(py, c"builtin_module_names");
        let frozen = bootstrap.getattr("_imp")?.call_method0("_frozen_module_names").ok();
        for names in builtin.into_iter().chain(frozen) {
            for name in finder::list(&names)?.iter() {
                elsewhere.insert(name.extract::<String>()?);
            }
        }
        let mut path_hooks = Vec::new();
        if let Some(hooks) = super::sys(py, c"path_hooks") {
            path_hooks.extend(finder::list(&hooks)?.iter().map(Bound::unbind));
        }
        let (path_finder, file_finder) = (class("PathFinder")?, class("FileFinder")?);
        let source_loader = class("SourceFileLoader")?;
        let mut usual = Vec::new();
        for name in SOURCE_METHODS {
            usual.push(attribute(source_loader.bind(py), name)?);
        }
        usual.push(attribute(file_finder.bind(py), FIND)?);
        usual.push(attribute(path_finder.bind(py), FIND)?);
        Ok(Stdlib {
            finders: [
                bootstrap.getattr("BuiltinImporter")?.unbind(),
                bootstrap.getattr("FrozenImporter")?.unbind(),
                path_finder.clone_ref(py).into_any(),
            ],
            path_finder,
            file_finder,
            source_loader,
            extension_loader: class("ExtensionFileLoader")?,
            path_hooks,
            usual: RefCell::new(usual),
            elsewhere,
            known: RefCell::default(),
        })
    }

    /// Takes the `PathFinder.find_spec` that Pinfold has just put there for the usual one. That was so before, for
    /// Pinfold replaces no other; what a program has replaced elsewhere remains its own.
    pub(super) fn remember(&self, py: Python<'_>) -> PyResult<()> {
        let renewed = attribute(self.path_finder.bind(py), FIND)?;
        if let Some(last) = self.usual.borrow_mut().last_mut() {
            *last = renewed;
        }
        Ok(())
    }

    /// The loader class of the standard library's files.
    pub(super) fn loader<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.source_loader.bind(py)
    }

    /// Where the module is that importlib would find, and the package above it, imported first if it must be.
    pub(super) fn find<'s, 'py>(
        &self,
        state: &'s State,
        fast: &Fast,
        text: &str,
        import: &Bound<'py, PyAny>,
    ) -> PyResult<Found<'s, 'py>> {
        let py = import.py();
        let top = names::top(text);
        if self.elsewhere.contains(text)
            || state.plural && views::COMPLETED.contains(&text)
            || matches!(top, "pinfold" | "__main__" | "__mp_main__")
            || !state.shadowed.borrow().is_empty()
            || text.contains(['/', '\0'])
            || text.split('.').any(str::is_empty)
            || !self.is_undisturbed(py)?
        {
            return Ok(None);
        }
        let Some((above, tail)) = text.rsplit_once('.') else {
            let Some((folder, file)) = self.top_level(py, state, fast, text)? else { return Ok(None) };
            return Ok(self.target(state, fast, &folder, text, file).map(|target| (target, None, None)));
        };
        let Some(parent) = super::parent(state.storage, above, import)? else { return Ok(None) };
        let Some(folder) = self.folder(state, &parent)? else { return Ok(None) };
        if !self.is_usual_finder(py, &folder)? {
            return Ok(None);
        }
        let Some(Some(file)) = probe(state, &folder, tail) else { return Ok(None) };
        let above = Above { module: parent, name: above.to_owned(), child: tail.to_owned() };
        Ok(self.target(state, fast, &folder, tail, file).map(|target| (target, None, Some(above))))
    }

    /// The file and folder of a module, if nothing that stands ahead on `sys.path` has it.
    fn top_level(
        &self,
        py: Python<'_>,
        state: &State,
        fast: &Fast,
        name: &str,
    ) -> PyResult<Option<(String, File)>> {
        let Some(path) = super::sys(py, c"path") else { return Ok(None) };
        let Some(path) = super::entries(&path) else { return Ok(None) };
        for entry in path.iter() {
            let Ok(entry) = entry.cast_into_exact::<PyString>() else { return Ok(None) };
            let Ok(folder) = entry.to_str() else { return Ok(None) };
            if !state.is_stdlib_folder(folder) || folder.ends_with(".zip") {
                if !fast.ahead.folder_lacks(py, state, folder, name)? {
                    return Ok(None);
                }
                continue;
            }
            if !self.is_usual_finder(py, folder)? {
                return Ok(None);
            }
            match probe(state, folder, name) {
                None => return Ok(None),
                Some(None) => {}
                Some(Some(file)) => return Ok(Some((folder.to_owned(), file))),
            }
        }
        Ok(None)
    }

    /// The one folder of a package of the standard library.
    fn folder(&self, state: &State, package: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
        let Some(only) = super::only_folder(package)? else { return Ok(None) };
        let Ok(only) = only.to_str() else { return Ok(None) };
        let inside = |folder: &String| {
            let rest = only.strip_prefix(folder.as_str());
            rest.is_some_and(|rest| rest.starts_with('/') && !rest.contains("-packages"))
        };
        Ok(state.stdlib_paths.iter().any(inside).then(|| only.to_owned()))
    }

    fn is_undisturbed(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(meta_path) = super::sys(py, c"meta_path") else { return Ok(false) };
        let Some(meta_path) = super::entries(&meta_path) else { return Ok(false) };
        let Some(hooks) = super::sys(py, c"path_hooks") else { return Ok(false) };
        let Ok(hooks) = hooks.cast_exact::<PyList>() else { return Ok(false) };
        if meta_path.len() <= self.finders.len() || hooks.len() != self.path_hooks.len() {
            return Ok(false);
        }
        for (position, usual) in self.finders.iter().enumerate() {
            if !meta_path.get_item(position + 1)?.is(usual) {
                return Ok(false);
            }
        }
        for (position, usual) in self.path_hooks.iter().enumerate() {
            if !hooks.get_item(position)?.is(usual) {
                return Ok(false);
            }
        }
        for (class, name, usual) in &*self.usual.borrow() {
            if !function(class.bind(py), name.bind(py))?.is(usual) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether what importlib asks for this folder, or would make for it, is an ordinary finder.
    fn is_usual_finder(&self, py: Python<'_>, folder: &str) -> PyResult<bool> {
        let Some(finders) = super::sys(py, c"path_importer_cache") else { return Ok(false) };
        let Ok(finders) = finders.cast_into_exact::<PyDict>() else { return Ok(false) };
        let Some(finder) = finders.get_item(folder)? else { return Ok(true) };
        if !finder.get_type().is(&self.file_finder) {
            return Ok(false);
        }
        let attributes = finder.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
        if attributes.contains(intern!(py, "find_spec"))? {
            return Ok(false);
        }
        let Some(loaders) = attributes.get_item(intern!(py, "_loaders"))? else { return Ok(false) };
        let loaders = finder::list(&loaders)?;
        if self.known.borrow().get(folder).is_some_and(|known| known.is(&finder, &loaders)) {
            return Ok(true);
        }
        for loader in loaders.iter() {
            let class = loader.get_item(1)?;
            let suffix = loader.get_item(0)?.extract::<String>()?;
            if suffix != ".pyc" && !class.is(&self.source_loader) && !class.is(&self.extension_loader) {
                return Ok(false);
            }
        }
        let known = Known { finder: finder.unbind(), loaders: loaders.iter().map(Bound::unbind).collect() };
        self.known.borrow_mut().insert(folder.to_owned(), known);
        Ok(true)
    }

    fn target<'s>(
        &self,
        state: &'s State,
        fast: &Fast,
        folder: &str,
        tail: &str,
        file: File,
    ) -> Option<Target<'s>> {
        let (file, code, package) = match file {
            File::Package(source) => {
                let folder = format!("{folder}/{tail}");
                let code = bytecode(fast, &folder, "__init__", &source)?;
                (format!("{folder}/__init__.py"), code, true)
            }
            File::Source(source) => {
                (format!("{folder}/{tail}.py"), bytecode(fast, folder, tail, &source)?, false)
            }
        };
        Some(Target { origin: Origin::Stdlib(code), file, package, extension: false, place: state.storage })
    }
}

impl Known {
    fn is(&self, finder: &Bound<'_, PyAny>, loaders: &Bound<'_, PyList>) -> bool {
        finder.is(&self.finder)
            && loaders.len() == self.loaders.len()
            && loaders.iter().zip(&self.loaders).all(|(loader, known)| loader.is(known))
    }
}

/// An attribute of a class as it is now.
fn attribute(class: &Bound<'_, PyType>, name: &str) -> PyResult<Attribute> {
    let name = PyString::intern(class.py(), name);
    Ok((class.clone().unbind(), name.clone().unbind(), function(class, &name)?.unbind()))
}

/// An attribute of a class as a function that can be compared: that of a class method, else the attribute.
fn function<'py>(class: &Bound<'py, PyType>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
    let attribute = class.getattr(name)?;
    match attribute.is_instance_of::<pyo3::types::PyFunction>() {
        true => Ok(attribute),
        false => attribute.getattr(intern!(class.py(), "__func__")).or(Ok(attribute)),
    }
}

/// The file of this name as `FileFinder` would find it. `None` where that is for importlib to say.
fn probe(state: &State, folder: &str, tail: &str) -> Option<Option<File>> {
    let base = format!("{folder}/{tail}");
    let file = |path: &str| fs::metadata(path).ok().filter(Metadata::is_file);
    if fs::metadata(&base).is_ok_and(|found| found.is_dir()) {
        if state.suffixes.iter().any(|suffix| file(&format!("{base}/__init__{suffix}")).is_some()) {
            return None;
        }
        return file(&format!("{base}/__init__.py")).map(|source| Some(File::Package(source)));
    }
    if state.suffixes.iter().any(|suffix| file(&format!("{base}{suffix}")).is_some()) {
        return None;
    }
    if let Some(source) = file(&format!("{base}.py")) {
        return Some(Some(File::Source(source)));
    }
    if file(&format!("{base}.pyc")).is_some() { None } else { Some(None) }
}

/// The bytecode of a source file, with its header, if it was made from this very file.
fn bytecode(fast: &Fast, folder: &str, stem: &str, source: &Metadata) -> Option<Vec<u8>> {
    let bytes = fs::read(fast.maker.cached(folder, stem)).ok()?;
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let current = header[..4] == fast.codes.magic()
        // Made by hash of the source: importlib compares as its settings say.
        && header[4..8] == [0; 4]
        && source.mtime() >= 0
        && header[8..12] == (source.mtime() as u32).to_le_bytes()
        && header[12..] == (source.size() as u32).to_le_bytes();
    current.then_some(bytes)
}
