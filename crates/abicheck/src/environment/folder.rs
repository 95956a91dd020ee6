//! Where a module's file is, in the order of `importlib._bootstrap_external.FileFinder`.
//!
//! A folder is listed once and then answers for all modules in it: most of what imports take from a module are
//! attributes, and asking the disk for each of them would be most of a walk.
//! Deliberately not here: which folders an importer looks in (`pinned.rs`).

use std::path::PathBuf;

use rustc_hash::FxHashMap;

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
    pub package: Option<Listing>,
}

/// What a folder has under the name of a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    /// The first of the suffixes that a file of this name has.
    file: Option<u8>,
    is_folder: bool,
}

/// The modules in a folder, by the last part of their full name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The folder.
    pub folder: PathBuf,
    names: FxHashMap<Box<str>, Entry>,
}

/// What follows the suffixes of extension modules.
const PYTHON: [(&str, Kind); 2] = [(".py", Kind::Source), (".pyc", Kind::Bytecode)];

/// All suffixes of modules, in the order in which they are looked for.
fn suffixes(extensions: &[String]) -> impl Iterator<Item = (&str, Kind)> {
    extensions.iter().map(|suffix| (suffix.as_str(), Kind::Extension)).chain(PYTHON)
}

impl Listing {
    /// Lists `folder` for an interpreter with these suffixes of extension modules; nothing is in a folder that cannot
    /// be listed.
    pub fn read(folder: PathBuf, extensions: &[String]) -> Self {
        let mut names: FxHashMap<Box<str>, Entry> = FxHashMap::default();
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
            let Some(name) = name.to_str() else { continue };
            let target = kind.is_symlink().then(|| entry.path().metadata());
            // A broken link is no module, whatever its name.
            let kind = match target {
                Some(Ok(target)) => target.file_type(),
                Some(Err(_)) => continue,
                None => kind,
            };
            if kind.is_dir() {
                names.entry(name.into()).or_default().is_folder = true;
                continue;
            }
            for (at, (suffix, _)) in (0..).zip(suffixes(extensions)) {
                // A part of a module's name has no dot.
                if let Some(stem) = name.strip_suffix(suffix).filter(|stem| !stem.contains('.')) {
                    let file = &mut names.entry(stem.into()).or_default().file;
                    *file = Some(file.map_or(at, |other| other.min(at)));
                }
            }
        }
        Self { folder, names }
    }

    /// Whether there is a module `name`.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The module `name`.
    pub fn find(&self, name: &str, extensions: &[String]) -> Option<Found> {
        let entry = self.names.get(name)?;
        let inside = entry.is_folder.then(|| Self::read(self.folder.join(name), extensions));
        let initial = inside.as_ref().and_then(|inside| inside.file("__init__", extensions));
        if let Some((path, kind)) = initial {
            return Some(Found { path, kind, package: inside });
        }
        if let Some((path, kind)) = self.file(name, extensions) {
            return Some(Found { path, kind, package: None });
        }
        let namespace = inside?;
        Some(Found { path: namespace.folder.clone(), kind: Kind::Namespace, package: Some(namespace) })
    }

    fn file(&self, stem: &str, extensions: &[String]) -> Option<(PathBuf, Kind)> {
        let (suffix, kind) = suffixes(extensions).nth(usize::from(self.names.get(stem)?.file?))?;
        Some((self.folder.join(format!("{stem}{suffix}")), kind))
    }
}
