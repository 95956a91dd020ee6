//! `site-packages` folders: the distributions in them, the folders that `.pth` files add, and loose files.
//!
//! Deliberately not here: `.pth` lines that run code; each is a note.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::distribution::{Distribution, is_native};
use super::error::InputError;
use super::interpreter::{Interpreter, version_in};
use super::pinned::Views;
use super::wheels;
use super::{Environment, Wishes};

/// What stands in folders on `sys.path`.
#[derive(Default)]
pub(super) struct Site {
    pub(super) folders: Vec<PathBuf>,
    pub(super) distributions: Vec<Distribution>,
    pub(super) notes: Vec<String>,
}

impl Site {
    /// Adds what stands in `folder`, and in the folders that its `.pth` files name.
    pub(super) fn add(&mut self, folder: &Path) -> Result<(), InputError> {
        let folder = folder.canonicalize().map_err(InputError::io(folder))?;
        if self.folders.contains(&folder) {
            return Ok(());
        }
        self.folders.push(folder.clone());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(InputError::io(&folder))? {
            let entry = entry.map_err(InputError::io(&folder))?;
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        let infos = names.iter().filter(|name| name.ends_with(".dist-info"));
        let found: Vec<Distribution> =
            infos.filter_map(|name| Distribution::read(&folder, &folder.join(name))).collect();
        let claimed: HashSet<&str> = found
            .iter()
            .flat_map(|distribution| &distribution.recorded)
            .map(|file| file.split('/').next().unwrap_or(file))
            .collect();
        let loose = names.iter().filter(|name| {
            let package = folder.join(name).is_dir() && !name.ends_with("-info") && *name != "__pycache__";
            !claimed.contains(name.as_str()) && (package || is_native(name))
        });
        let loose: Vec<Distribution> = loose.map(|name| Distribution::unrecorded(&folder, name)).collect();
        self.distributions.extend(found);
        self.distributions.extend(loose.into_iter().filter(|distribution| !distribution.native.is_empty()));
        for name in names.iter().filter(|name| name.ends_with(".pth")) {
            self.read_pth(&folder, name);
        }
        Ok(())
    }

    /// The lines of a `.pth` file (`site.addpackage`).
    fn read_pth(&mut self, folder: &Path, name: &str) {
        let Ok(text) = std::fs::read_to_string(folder.join(name)) else { return };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with("import ") || line.starts_with("import\t") {
                let path = folder.join(name);
                self.notes
                    .push(format!("{} runs code at start, which is not followed: {line}", path.display()));
                continue;
            }
            let added = folder.join(line);
            if added.is_dir() && self.add(&added).is_err() {
                self.notes.push(format!("{} adds {}, which cannot be listed", name, added.display()));
            }
        }
    }
}

/// Wheels, `site-packages` folders and store paths that are used together.
pub(super) fn read_all(inputs: &[PathBuf], wishes: &Wishes) -> Result<Environment, InputError> {
    let mut site = Site::default();
    let mut versions = BTreeSet::new();
    let (files, folders): (Vec<&PathBuf>, Vec<&PathBuf>) = inputs.iter().partition(|input| input.is_file());
    let unpacked = wheels::unpack(&files)?;
    for folder in unpacked.folders.iter().chain(folders) {
        let (folder, version) = site_of(folder)?;
        versions.extend(version);
        site.add(&folder)?;
    }
    let first = inputs.first().map_or(Path::new("."), PathBuf::as_path);
    let interpreter = match &wishes.python {
        Some(program) => Interpreter::at(program)?,
        None => near(first, versions.last().copied().or(unpacked.python))?,
    };
    let Site { folders, distributions, notes } = site;
    let views = Views::same(&interpreter, folders);
    Ok(Environment { interpreter, distributions, views, notes })
}

/// The folder that would be on `sys.path`: itself, or `lib/python3.*/site-packages` of a prefix or store path, with
/// the version that its name tells.
fn site_of(input: &Path) -> Result<(PathBuf, Option<(u32, u32)>), InputError> {
    let wrong = |what: &str| InputError::NoEnvironment {
        path: input.to_owned(),
        what: what.to_owned(),
        hint: "give a virtual environment, a site-packages folder, wheels, store paths, or a pinfold project"
            .to_owned(),
    };
    if !input.exists() {
        return Err(wrong("not there"));
    }
    let parent =
        |path: &Path| path.parent().and_then(|parent| version_in(&parent.file_name()?.to_string_lossy()));
    let libraries = std::fs::read_dir(input.join("lib")).into_iter().flatten().flatten();
    let inside = libraries.map(|entry| entry.path().join("site-packages")).filter(|site| site.is_dir());
    if let Some(site) = inside.max() {
        let version = parent(&site);
        return Ok((site, version));
    }
    let entries = std::fs::read_dir(input).map_err(InputError::io(input))?;
    let is_site = entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.ends_with(".dist-info") || is_native(&name) || entry.path().join("__init__.py").is_file()
    });
    let canonical = input.canonicalize().map_err(InputError::io(input))?;
    if is_site {
        Ok((canonical.clone(), parent(&canonical)))
    } else {
        Err(wrong("a folder without Python packages"))
    }
}

/// The interpreter that a folder belongs to: of the prefix that it lies in, else the one on PATH of that version.
fn near(folder: &Path, version: Option<(u32, u32)>) -> Result<Interpreter, InputError> {
    let names: Vec<String> = match version {
        Some((major, minor)) => vec![format!("python{major}.{minor}")],
        None => vec!["python3".to_owned()],
    };
    let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let above = canonical.ancestors().map(|ancestor| ancestor.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for bin in above.chain(on_path) {
        for name in &names {
            if let Ok(interpreter) = Interpreter::at(&bin.join(name))
                && version.is_none_or(|version| version == interpreter.version)
            {
                return Ok(interpreter);
            }
        }
    }
    let why = format!("{} was looked for above it and on PATH", names.join(" or "));
    Err(InputError::NoInterpreter { path: folder.to_owned(), why })
}
