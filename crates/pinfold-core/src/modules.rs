//! The module table of a unit: every importable file and folder under one `site-packages`-like folder.
//!
//! The files of a unit never change, so this table replaces the `stat` and `listdir` calls of
//! `importlib._bootstrap_external.FileFinder`, and answers in the same order of preference. Which of several
//! extension files fits is decided by the reader, who knows the interpreter's suffixes. Deliberately not
//! here: code, bytecode, and anything about who may import what.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::closure::Provided;
use crate::index::{Frame, FrameError};

/// The frame of a module table.
pub const FRAME: Frame = Frame { magic: *b"PFMODULE", version: 1 };

/// What stands under a module's name. The order is `FileFinder`'s: a package wins over a module, an
/// extension over source, source over bytecode, and a folder without `__init__` comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `name/__init__.SUFFIX.so`
    ExtensionPackage,
    /// `name/__init__.py`
    Package,
    /// `name/__init__.pyc`, without source
    BytecodePackage,
    /// `name.SUFFIX.so`
    Extension,
    /// `name.py`
    Source,
    /// `name.pyc`, without source
    Bytecode,
    /// `name/`, without `__init__` (PEP 420)
    Namespace,
}

impl Kind {
    /// Whether modules can stand below it.
    pub fn is_package(self) -> bool {
        matches!(self, Kind::ExtensionPackage | Kind::Package | Kind::BytecodePackage | Kind::Namespace)
    }

    /// Whether it is a shared object.
    pub fn is_extension(self) -> bool {
        matches!(self, Kind::ExtensionPackage | Kind::Extension)
    }
}

/// One importable file or folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Module {
    /// The full dotted name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The file, or the folder of a namespace, relative to the table's folder.
    pub path: String,
}

impl Module {
    /// For a shared object, what follows the module's name in the file's name: `.cpython-312-x86_64-linux-gnu.so`.
    pub fn suffix(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or(&self.path);
        file.find('.').map_or("", |dot| &file[dot..])
    }
}

/// Every importable file and folder of a unit, sorted by name and then by preference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleTable {
    modules: Vec<Module>,
    /// Top-level and nested packages whose `__init__` extends its path by other folders of that name.
    legacy: Vec<String>,
    /// Whether there are shared objects, importable or not.
    native: bool,
}

/// Why a table could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    /// A folder could not be walked.
    #[error("could not list the modules under {path}: {source}")]
    Scan {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The table's file could not be read or written.
    #[error(transparent)]
    File(#[from] FrameError),
}

impl ModuleTable {
    /// Walks `site`, a folder that would stand on `sys.path`.
    ///
    /// # Errors
    /// When a folder in it cannot be read.
    pub fn scan(site: &Path) -> Result<Self, ModulesError> {
        let mut table = ModuleTable::default();
        table.walk(site, "", "", &mut Vec::new())?;
        table.modules.sort();
        table.legacy.sort();
        Ok(table)
    }

    /// Reads the file that [`Self::write`] wrote.
    ///
    /// # Errors
    /// When it cannot be read, or is truncated, damaged or of another version.
    pub fn read(path: &Path) -> Result<Self, ModulesError> {
        let table: Self = FRAME.read(path)?;
        let malformed = |reason| FrameError::Malformed { path: path.to_owned(), reason };
        Ok(table.checked().map_err(malformed)?)
    }

    /// Decodes the bytes of a table's file.
    ///
    /// # Errors
    /// A phrase that says what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        FRAME.decode::<Self>(bytes)?.checked()
    }

    /// The invariant that look-ups rest on.
    fn checked(self) -> Result<Self, String> {
        match self.modules.windows(2).find(|pair| pair[0] > pair[1]) {
            Some(pair) => Err(format!("contradicts itself: it is not sorted at `{}`", pair[1].name)),
            None => Ok(self),
        }
    }

    /// Writes the table to `path`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ModulesError> {
        Ok(FRAME.write(path, self)?)
    }

    /// Every entry, sorted by name and then by preference.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The candidates for a dotted name, the preferred one first.
    pub fn candidates(&self, name: &str) -> &[Module] {
        let start = self.modules.partition_point(|m| m.name.as_str() < name);
        let len = self.modules[start..].partition_point(|m| m.name == name);
        &self.modules[start..start + len]
    }

    /// The entry that an interpreter with these extension suffixes would import under `name`.
    pub fn find(&self, name: &str, suffixes: &[String]) -> Option<&Module> {
        self.candidates(name)
            .iter()
            .find(|m| !m.kind.is_extension() || suffixes.iter().any(|s| s == m.suffix()))
    }

    /// Whether the unit has shared objects, importable ones or others.
    pub fn native(&self) -> bool {
        self.native
    }

    /// Importable names: top-level ones and, below namespaces, the first that is not a namespace.
    pub fn provides(&self) -> BTreeMap<String, Provided> {
        let mut provides = BTreeMap::new();
        for module in &self.modules {
            let parent = module.name.rsplit_once('.').map(|(parent, _)| parent);
            let open = parent.is_none_or(|parent| {
                matches!(provides.get(parent), Some(Provided::Namespace | Provided::Legacy))
            });
            if open {
                let provided = match module.kind {
                    Kind::Namespace => Provided::Namespace,
                    _ if self.legacy.contains(&module.name) => Provided::Legacy,
                    kind if kind.is_package() => Provided::Package,
                    _ => Provided::Module,
                };
                provides.entry(module.name.clone()).or_insert(provided);
            }
        }
        provides
    }

    /// Adds what stands in the folder `site/dir`, whose modules' names start with `prefix`.
    fn walk(
        &mut self,
        site: &Path,
        dir: &str,
        prefix: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ModulesError> {
        let folder = site.join(dir);
        let failed = |source| ModulesError::Scan { path: folder.clone(), source };
        let metadata = fs::metadata(&folder).map_err(failed)?;
        let place = (metadata.dev(), metadata.ino());
        if above.contains(&place) {
            // A link to a folder above: its modules have names already.
            return Ok(());
        }
        above.push(place);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A name that is not UTF-8 cannot be written in an import statement.
            let Ok(file) = entry.file_name().into_string() else { continue };
            let path = if dir.is_empty() { file.clone() } else { format!("{dir}/{file}") };
            if entry.path().is_dir() {
                if file != "__pycache__" && !file.contains('.') {
                    self.folder(site, &path, &format!("{prefix}{file}"), above)?;
                } else if file != "__pycache__" && !self.native {
                    self.native = holds_shared_objects(&entry.path());
                }
            } else {
                self.native |= is_shared_object(&file);
                let found = file_kind(&file).filter(|(stem, _)| *stem != "__init__");
                if let Some((stem, kind)) = found {
                    self.modules.push(Module { name: format!("{prefix}{stem}"), kind, path });
                }
            }
        }
        above.pop();
        Ok(())
    }

    /// Adds the folder `path`, importable as `name`, and all below it.
    fn folder(
        &mut self,
        site: &Path,
        path: &str,
        name: &str,
        above: &mut Vec<Place>,
    ) -> Result<(), ModulesError> {
        let folder = site.join(path);
        let failed = |source| ModulesError::Scan { path: folder.clone(), source };
        let mut regular = false;
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let Ok(file) = entry.map_err(failed)?.file_name().into_string() else { continue };
            let kind = match file_kind(&file) {
                Some(("__init__", Kind::Extension)) => Kind::ExtensionPackage,
                Some(("__init__", Kind::Source)) => Kind::Package,
                Some(("__init__", Kind::Bytecode)) => Kind::BytecodePackage,
                _ => continue,
            };
            regular = true;
            if kind == Kind::Package && extends_its_path(&folder.join(&file)) {
                self.legacy.push(name.to_owned());
            }
            self.modules.push(Module { name: name.to_owned(), kind, path: format!("{path}/{file}") });
        }
        if !regular {
            self.modules.push(Module { name: name.to_owned(), kind: Kind::Namespace, path: path.to_owned() });
        }
        self.walk(site, path, &format!("{name}."), above)
    }
}

/// Device and inode of a folder.
type Place = (u64, u64);

/// The stem and kind of a file's name, if it can be imported.
fn file_kind(file: &str) -> Option<(&str, Kind)> {
    if let Some(stem) = file.strip_suffix(".py") {
        return (!stem.contains('.')).then_some((stem, Kind::Source));
    }
    if let Some(stem) = file.strip_suffix(".pyc") {
        return (!stem.contains('.')).then_some((stem, Kind::Bytecode));
    }
    // `name.so`, `name.abi3.so`, `name.cpython-312-x86_64-linux-gnu.so`; not `libname.so.1`.
    let stem = file.strip_suffix(".so")?;
    Some((stem.split('.').next().unwrap_or(stem), Kind::Extension))
}

/// Whether a file's name is that of a shared object.
pub fn is_shared_object(file: &str) -> bool {
    file.ends_with(".so") || file.contains(".so.")
}

fn holds_shared_objects(folder: &Path) -> bool {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_str().is_some_and(is_shared_object))
}

/// Whether an `__init__.py` is one of a namespace in the manner before PEP 420.
fn extends_its_path(init: &Path) -> bool {
    let text = fs::read(init).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.contains("extend_path(") || text.contains("declare_namespace(")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (file, text) in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        dir
    }

    #[test]
    fn files_are_preferred_as_file_finder_prefers_them() {
        let dir = tree(&[
            ("both.py", ""),
            ("both.cpython-312-x86_64-linux-gnu.so", ""),
            ("both/__init__.py", ""),
            ("fast.py", ""),
            ("fast.cpython-311-x86_64-linux-gnu.so", ""),
            ("fast.cpython-312-x86_64-linux-gnu.so", ""),
            ("libfast.so.1", ""),
            ("data/readme.txt", ""),
        ]);
        let table = ModuleTable::scan(dir.path()).expect("a table");
        let suffixes = [".cpython-312-x86_64-linux-gnu.so".to_owned(), ".so".to_owned()];
        let path = |name| table.find(name, &suffixes).map(|m| m.path.as_str());
        assert_eq!(path("both"), Some("both/__init__.py"));
        assert_eq!(path("fast"), Some("fast.cpython-312-x86_64-linux-gnu.so"));
        assert_eq!(path("data"), Some("data"));
        assert_eq!(path("libfast"), None);
        assert!(table.native());
    }

    #[test]
    fn namespaces_are_opened_down_to_what_is_not_one() {
        let dir = tree(&[
            ("google/protobuf/__init__.py", ""),
            ("google/protobuf/message.py", ""),
            ("google/cloud/storage/__init__.py", ""),
            ("old/__init__.py", "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"),
            ("old/part.py", ""),
            ("six.py", ""),
            ("numpy.libs/libx.so", ""),
        ]);
        let table = ModuleTable::scan(dir.path()).expect("a table");
        let provides: Vec<_> = table.provides().into_iter().collect();
        let named = |name: &str, provided| (name.to_owned(), provided);
        assert_eq!(
            provides,
            [
                named("google", Provided::Namespace),
                named("google.cloud", Provided::Namespace),
                named("google.cloud.storage", Provided::Package),
                named("google.protobuf", Provided::Package),
                named("old", Provided::Legacy),
                named("old.part", Provided::Module),
                named("six", Provided::Module),
            ]
        );
        assert!(table.native(), "a shared object in a folder that is not importable counts");
    }

    #[test]
    fn a_damaged_table_is_an_error() {
        let dir = tree(&[("a.py", "")]);
        let table = ModuleTable::scan(dir.path()).expect("a table");
        let file = dir.path().join("modules.idx");
        table.write(&file).expect("written");
        assert_eq!(ModuleTable::read(&file).expect("read"), table);
        let bytes = fs::read(&file).expect("bytes");
        for len in 0..bytes.len() {
            fs::write(&file, &bytes[..len]).expect("truncated");
            assert!(ModuleTable::read(&file).is_err(), "truncated to {len} bytes");
        }
    }
}
