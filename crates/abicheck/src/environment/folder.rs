//! Where a module's file is, in the order of `importlib._bootstrap_external.FileFinder`.
//!
//! Each folder is listed once. Deliberately not here: which folders an importer looks in (`pinned.rs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A shared object, of a package or not.
    Extension,
    /// Python source.
    Source,
    /// A folder without `__init__` (PEP 420).
    Namespace,
    /// Bytecode alone.
    Bytecode,
}

/// A module's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file, or the folder of a namespace.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Where its submodules are, if it is a package.
    pub package: Option<PathBuf>,
}

type Listing = Arc<HashMap<Box<str>, bool>>;

/// Folders, listed as they are asked.
#[derive(Default)]
pub struct Folders {
    listed: Mutex<HashMap<PathBuf, Listing>>,
}

impl Folders {
    /// The module `name`, the last part of its full name, in `folder`, for an interpreter with these `suffixes` of
    /// extension modules.
    pub fn find(&self, folder: &Path, name: &str, suffixes: &[String]) -> Option<Found> {
        let listing = self.list(folder);
        if listing.get(name) == Some(&true) {
            let package = folder.join(name);
            if let Some(found) = self.file(&package, "__init__", suffixes) {
                return Some(Found { package: Some(package), ..found });
            }
        }
        if let Some(found) = self.file(folder, name, suffixes) {
            return Some(found);
        }
        (listing.get(name) == Some(&true)).then(|| {
            let path = folder.join(name);
            Found { package: Some(path.clone()), path, kind: Kind::Namespace }
        })
    }

    fn file(&self, folder: &Path, stem: &str, suffixes: &[String]) -> Option<Found> {
        let listing = self.list(folder);
        let kinds = suffixes.iter().map(|suffix| (suffix.as_str(), Kind::Extension));
        let mut kinds = kinds.chain([(".py", Kind::Source), (".pyc", Kind::Bytecode)]);
        kinds.find_map(|(suffix, kind)| {
            let name = format!("{stem}{suffix}");
            let is_file = listing.get(name.as_str()) == Some(&false);
            is_file.then(|| Found { path: folder.join(name), kind, package: None })
        })
    }

    /// The names in `folder`, with whether each is a folder; none where it cannot be listed.
    pub fn list(&self, folder: &Path) -> Listing {
        if let Some(listing) = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(folder) {
            return listing.clone();
        }
        let mut names = HashMap::new();
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let is_folder = if kind.is_symlink() { entry.path().is_dir() } else { kind.is_dir() };
            if let Ok(name) = entry.file_name().into_string() {
                names.insert(name.into_boxed_str(), is_folder);
            }
        }
        let listing = Arc::new(names);
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed.insert(folder.to_owned(), listing.clone());
        listing
    }
}
