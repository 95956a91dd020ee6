//! `site-packages` folders: the distributions in them, the folders that `.pth` files add, and loose files.
//!
//! Deliberately not here: `.pth` lines that run code; each is a note.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::distribution::{Distribution, is_native};
use super::error::InputError;
use super::interpreter::{Interpreter, version_in};
use super::meant::environments_in;
use super::pinned::Views;
use super::reading::{read, shown};
use super::start::Start;
use super::wheels;
use super::{Environment, Wishes, strays};

/// What stands in folders on `sys.path`.
pub(super) struct Site {
    pub(super) folders: Vec<PathBuf>,
    pub(super) distributions: Vec<Distribution>,
    pub(super) notes: Vec<String>,
    /// How many more files are looked at that no distribution records: a `.pth` file may name the root of the disk.
    left: usize,
}

impl Default for Site {
    fn default() -> Self {
        Self { folders: Vec::new(), distributions: Vec::new(), notes: Vec::new(), left: MOST_LOOSE }
    }
}

/// More than a large environment has, recorded files included.
pub(super) const MOST_LOOSE: usize = 300_000;
/// Bytes of a `.pth` file.
const LONGEST: u64 = 1 << 20;

impl Site {
    /// Adds what stands in `folder`, and in the folders that its `.pth` files name.
    pub(super) fn add(&mut self, folder: &Path) -> Result<(), InputError> {
        let folder = folder.canonicalize().map_err(InputError::io(folder))?;
        for name in self.list(&folder)?.iter().filter(|name| name.as_bytes().ends_with(b".pth")) {
            self.read_pth(&folder, name);
        }
        Ok(())
    }

    /// Adds what stands in `folder`, and returns all names in it; none for a folder that was added before.
    fn list(&mut self, folder: &Path) -> Result<Vec<OsString>, InputError> {
        if self.folders.iter().any(|known| known == folder) {
            return Ok(Vec::new());
        }
        self.folders.push(folder.to_owned());
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(InputError::io(folder))? {
            names.push(entry.map_err(InputError::io(folder))?.file_name());
        }
        names.sort();
        let infos = names.par_iter().filter(|name| name.as_bytes().ends_with(b".dist-info"));
        let mut found: Vec<Distribution> =
            infos.filter_map(|name| Distribution::read(folder, &folder.join(name))).collect();
        let claimed: HashSet<&str> = found
            .iter()
            .flat_map(|distribution| &distribution.recorded)
            .map(|file| file.split('/').next().unwrap_or(file))
            .collect();
        let loose: Vec<&OsString> = names
            .iter()
            .filter(|name| {
                let text = name.to_string_lossy();
                !claimed.contains(&*text)
                    && (is_native(&text) || may_be_package(&text) && folder.join(name).is_dir())
            })
            .collect();
        let mut unrecorded = Vec::new();
        for name in loose {
            if let Some(inside) = leads_back(folder, &folder.join(name)) {
                self.notes.push(format!(
                    "{} is a link to {}, which is looked at where it is",
                    shown(&folder.join(name).to_string_lossy()),
                    shown(&inside.to_string_lossy())
                ));
                continue;
            }
            let before = self.left;
            let distribution = Distribution::unrecorded(folder, name, &mut self.left);
            if !(distribution.native.is_empty() && distribution.absent.is_empty()) {
                unrecorded.push(distribution);
            }
            if before > 0 && self.left == 0 {
                self.notes.push(format!(
                    "{} and other folders have more than {MOST_LOOSE} files that no distribution records; the rest is \
                     not looked at",
                    shown(&folder.join(name).to_string_lossy())
                ));
            }
        }
        let mut shared: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in strays::adopt(folder, &mut found, &mut self.left) {
            let top = file.iter().next().unwrap_or_default().to_string_lossy().into_owned();
            shared.entry(top).or_default().push(file);
        }
        unrecorded.extend(shared.into_iter().map(|(top, files)| Distribution::of_files(folder, &top, files)));
        self.distributions.extend(found);
        self.distributions.extend(unrecorded);
        Ok(names)
    }

    /// The lines of a `.pth` file (`site.addpackage`). Files of that kind in the folders that it names mean nothing.
    fn read_pth(&mut self, folder: &Path, name: &OsStr) {
        let path = folder.join(name);
        let bytes = match read(&path, LONGEST) {
            Ok(bytes) => bytes,
            Err(error) => {
                let path = shown(&path.to_string_lossy());
                return self.notes.push(format!("{path} could not be read, and is passed over: {error}"));
            }
        };
        for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii) {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            if line.starts_with(b"import ") || line.starts_with(b"import\t") {
                let (path, line) = (path.to_string_lossy(), String::from_utf8_lossy(line));
                self.notes.push(format!(
                    "{} runs code at start, which is not followed: {}",
                    shown(&path),
                    shown(&line)
                ));
                continue;
            }
            let added = folder.join(OsStr::from_bytes(line));
            if !added.is_dir() {
                continue;
            }
            let listed =
                added.canonicalize().map_err(InputError::io(&added)).and_then(|added| self.list(&added));
            if listed.is_err() {
                let (name, added) = (name.to_string_lossy(), added.to_string_lossy());
                self.notes.push(format!("{} adds {}, which cannot be listed", shown(&name), shown(&added)));
            }
        }
    }
}

/// Whether a folder of this name may have code in it that is loaded: a package, or the `pack.libs` beside one.
fn may_be_package(name: &str) -> bool {
    !name.starts_with('.') && !name.ends_with("-info") && name != "__pycache__"
}

/// Where a link in `folder` leads, if that is `folder` itself, something in it or something above it.
fn leads_back(folder: &Path, link: &Path) -> Option<PathBuf> {
    if !link.is_symlink() {
        return None;
    }
    let target = link.canonicalize().ok()?;
    (folder.starts_with(&target) || (target.is_dir() && target.starts_with(folder))).then_some(target)
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
    let interpreter = match &wishes.python {
        Some(program) => Interpreter::named(program)?,
        None => near(inputs, versions.last().copied().or(unpacked.python))?,
    };
    let Site { folders, distributions, notes, .. } = site;
    let start = Start::told(&interpreter, &folders);
    let views = Views::same(&interpreter, folders);
    Ok(Environment { interpreter, distributions, views, answers: Arc::default(), start, notes })
}

/// The folder that would be on `sys.path`: itself, or `lib/python3.*/site-packages` of a prefix or store path, with
/// the version that its name tells.
fn site_of(input: &Path) -> Result<(PathBuf, Option<(u32, u32)>), InputError> {
    let wrong = |what: &str| {
        let hint = match environments_in(input).first() {
            Some(inside) => format!("{} is a virtual environment: give that", inside.display()),
            None => "give a virtual environment, a site-packages folder, wheels, store paths, or a pinfold project"
                .to_owned(),
        };
        InputError::NoEnvironment { path: input.to_owned(), what: what.to_owned(), hint }
    };
    match input.metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(wrong("neither a file nor a folder")),
        Err(_) if input.is_symlink() => return Err(wrong("a link that leads nowhere")),
        Err(_) => return Err(wrong("not there")),
    }
    let parent =
        |path: &Path| path.parent().and_then(|parent| version_in(&parent.file_name()?.to_string_lossy()));
    let libraries = std::fs::read_dir(input.join("lib")).into_iter().flatten().flatten();
    let inside = libraries.map(|entry| entry.path()).chain([input.to_owned()]);
    let inside = inside.map(|library| library.join("site-packages")).filter(|site| site.is_dir());
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
    if let Some(above) = canonical.parent().filter(|_| is_package(input)) {
        return Err(InputError::NoEnvironment {
            path: input.to_owned(),
            what: "one package, which is imported from the folder around it".to_owned(),
            hint: format!("give that folder: `abicheck {}`", above.display()),
        });
    }
    if is_site {
        Ok((canonical.clone(), parent(&canonical)))
    } else {
        Err(wrong("a folder without Python packages"))
    }
}

/// Whether a folder is a package itself, and no folder of packages that happens to have an `__init__.py`.
fn is_package(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = entries.map(|entry| entry.file_name());
    folder.join("__init__.py").is_file() && !names.any(|name| name.as_bytes().ends_with(b".dist-info"))
}

/// The interpreter that the first of `inputs` belongs to that belongs to one: of the prefix that it is or lies in, else
/// the one on PATH of that version.
pub(super) fn near(inputs: &[PathBuf], version: Option<(u32, u32)>) -> Result<Interpreter, InputError> {
    let name = version.map_or("python3".to_owned(), |(major, minor)| format!("python{major}.{minor}"));
    let canonical = inputs.iter().map(|input| input.canonicalize().unwrap_or_else(|_| input.clone()));
    let above = canonical.flat_map(|input| {
        let bins: Vec<PathBuf> = input.ancestors().map(|ancestor| ancestor.join("bin")).collect();
        bins
    });
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let found = above.chain(on_path).filter_map(|bin| Interpreter::at(&bin.join(&name)).ok());
    let fits = |found: &Interpreter| version.is_none_or(|version| version == found.version);
    found.into_iter().find(fits).ok_or_else(|| InputError::NoInterpreter {
        path: inputs.first().cloned().unwrap_or_default(),
        why: format!("{name} was looked for above it and on PATH"),
    })
}
