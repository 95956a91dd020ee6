//! What answers before and after units: built-in modules, the standard library, and local files on `sys.path`.
//!
//! Looked up by file names, as the interpreter's own path finder would. Deliberately not here: zipped standard
//! libraries and other finders on `sys.meta_path`; they cannot be asked without running them.

use std::env;
use std::path::{Path, PathBuf};

use crate::interpreter::Interpreter;

/// Where a module that is no unit's comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A module inside the interpreter.
    BuiltIn,
    /// A file of the standard library; the module may have none below an existing package.
    Stdlib(Option<PathBuf>),
    /// A file in a folder that stands on `sys.path` ahead of site-packages.
    Local(PathBuf),
    /// The program itself.
    Main,
    /// Our own package, which the hook treats as part of the standard library.
    Pinfold,
}

/// The standard library's answer.
pub(super) fn stdlib(interpreter: &Interpreter, module: &str) -> Option<Place> {
    let top = module.split('.').next().unwrap_or(module);
    if interpreter.builtin_modules.iter().any(|name| name == module) {
        return Some(Place::BuiltIn);
    }
    match module {
        "__main__" | "__mp_main__" => return Some(Place::Main),
        "pinfold" => return Some(Place::Pinfold),
        _ => {}
    }
    if !interpreter.stdlib_modules.iter().any(|name| name == top) {
        return None;
    }
    let file = unlisted(interpreter, module);
    // `os.path` is made by `os` when it is imported: the one name with a dot that has no file of that name.
    let file = file.or_else(|| (module == "os.path").then(|| interpreter.stdlib.join("posixpath.py")));
    Some(Place::Stdlib(file))
}

/// A file in the folders of the standard library, whether or not its name is one that the interpreter lists: `test`
/// is not.
pub(super) fn unlisted(interpreter: &Interpreter, module: &str) -> Option<PathBuf> {
    let folders = [interpreter.stdlib.clone(), interpreter.stdlib.join("lib-dynload")];
    folders.iter().find_map(|folder| file_of(folder, module, interpreter))
}

/// The answer of the folders that root has ahead of everything: the current one and PYTHONPATH.
pub(super) fn local(interpreter: &Interpreter, module: &str) -> Option<Place> {
    let here = env::current_dir().ok().into_iter();
    let path = env::var_os("PYTHONPATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        here.chain(env::split_paths(&path)).filter(|folder| !folder.as_os_str().is_empty()).collect();
    folders.iter().find_map(|folder| file_of(folder, module, interpreter)).map(Place::Local)
}

/// Suffixes of extension modules, in the interpreter's order.
pub(super) fn suffixes(interpreter: &Interpreter) -> Vec<String> {
    vec![format!(".{}.so", interpreter.soabi), ".abi3.so".to_owned(), ".so".to_owned()]
}

fn file_of(folder: &Path, module: &str, interpreter: &Interpreter) -> Option<PathBuf> {
    let base = folder.join(module.replace('.', "/"));
    let extensions = suffixes(interpreter);
    let with = |suffix: &str| {
        let mut path = base.clone().into_os_string();
        path.push(suffix);
        PathBuf::from(path)
    };
    let packages =
        extensions.iter().map(|suffix| format!("/__init__{suffix}")).chain(["/__init__.py".to_owned()]);
    let modules = extensions.iter().cloned().chain([".py".to_owned(), ".pyc".to_owned()]);
    packages.chain(modules).map(|suffix| with(&suffix)).find(|path| path.is_file())
}
