//! Who looks where: one list of folders for everyone, or, in an environment of pins, what each importer sees.
//!
//! The second is answered by the rule that the hook follows ([`pinfold_core::resolve`]).
//! Deliberately not here: files of modules (`folder.rs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pinfold_core::closure;
use pinfold_core::names::top;
use pinfold_core::resolve::{Importer, Resolution, Resolver};

use super::answers::Answers;
use super::distribution::Distribution;
use super::error::InputError;
use super::interpreter::Interpreter;
use super::site::MOST_LOOSE;
use super::start::Start;
use super::{DistributionId, Environment, Wishes, strays};

/// Which folders importers look in.
pub enum Views {
    /// All look in these, in order.
    Same(Vec<PathBuf>),
    /// Each sees its own units; distributions are the environment's units, in its order.
    Pinned {
        /// The standard library's folders, which all see first.
        standard: Vec<PathBuf>,
        /// The rule; it remembers what it was asked.
        resolver: Box<Mutex<Resolver>>,
        /// Each unit by its folder.
        units: HashMap<PathBuf, DistributionId>,
    },
}

impl Views {
    /// One list for all: the standard library, then `folders`.
    pub(super) fn same(interpreter: &Interpreter, folders: Vec<PathBuf>) -> Self {
        let standard = [interpreter.stdlib.clone(), interpreter.dynload()];
        Self::Same(standard.into_iter().chain(folders).collect())
    }

    /// The folders in which `importer` (`None`: the program) finds the module `name`, which has no package above it.
    pub fn folders(&self, importer: Option<DistributionId>, name: &str) -> Vec<PathBuf> {
        match self {
            Self::Same(folders) => folders.clone(),
            Self::Pinned { standard, resolver, .. } => {
                let resolver = resolver.lock().unwrap_or_else(PoisonError::into_inner);
                let importer = importer.map_or(Importer::Root, Importer::Unit);
                let mut folders = standard.clone();
                if let Resolution::Found { entry, .. } = resolver.resolve(importer, top(name), Vec::new) {
                    folders.extend(entry.units.iter().map(|unit| resolver.env().units[*unit].path.clone()));
                }
                folders
            }
        }
    }
}

impl Views {
    /// Whether it counts who looks.
    pub fn differ(&self) -> bool {
        matches!(self, Self::Pinned { .. })
    }

    /// The distribution whose modules stand in `folder`, where that decides what they see.
    pub fn importer_in(&self, folder: &Path) -> Option<DistributionId> {
        match self {
            Self::Same(_) => None,
            Self::Pinned { units, .. } => units.get(folder).copied(),
        }
    }
}

/// The `closure.json` that `input` is or has: itself, or that of an environment or of a project that was synced.
pub(crate) fn closure_of(input: &Path) -> Option<PathBuf> {
    if input.is_file() && input.extension().is_some_and(|extension| extension == "json") {
        return Some(input.to_owned());
    }
    ["closure.json", ".venv/closure.json"]
        .map(|place| input.join(place))
        .into_iter()
        .find(|path| path.is_file())
}

/// Reads an environment of pins.
pub(super) fn read(closure: &Path, wishes: &Wishes) -> Result<Environment, InputError> {
    let described = closure::Environment::read(closure)?;
    let interpreter = match &wishes.python {
        Some(program) => Interpreter::named(program)?,
        None => beside(closure, &described.python)?,
    };
    // An interpreter that the user names does not have the hook.
    let own =
        near(closure, &described.python).into_iter().find(|program| has_hook(program, &described.python));
    let start = match own.filter(|_| wishes.python.is_none()) {
        Some(program) => {
            let units = described.units.iter().map(|unit| unit.id.as_str().to_owned());
            Start::Pinned { program, units: units.collect() }
        }
        None => Start::Nothing,
    };
    Ok(of(described, interpreter, start))
}

/// An environment of pins from its description.
pub(super) fn of(described: closure::Environment, interpreter: Interpreter, start: Start) -> Environment {
    let isolated = described.units.iter().filter_map(|unit| Some((unit, unit.isolated.as_ref()?)));
    let notes = isolated.map(|(unit, isolated)| {
        let named = isolated.libraries.iter().map(|(had, has)| format!("; {had} is now {has}"));
        format!("{} {} has copies of its files{}", unit.name, unit.version, named.collect::<String>())
    });
    let notes = notes.collect();
    let mut left = MOST_LOOSE;
    let distributions = described.units.iter().map(|unit| {
        let infos = std::fs::read_dir(&unit.path).into_iter().flatten().flatten();
        let mut infos = infos
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "dist-info"));
        let read = infos.find_map(|info| Distribution::read(&unit.path, &info));
        let read = read.unwrap_or_else(|| Distribution {
            name: unit.name.clone(),
            version: unit.version.clone(),
            folder: unit.path.clone(),
            ..Distribution::default()
        });
        // Whoever installed it has seen all its files.
        let read = Distribution { closures: unit.closures.clone(), ..read };
        if unit.native { strays::own(&unit.path, read, &mut left) } else { read }
    });
    let distributions = distributions.collect();
    let standard = vec![interpreter.stdlib.clone(), interpreter.dynload()];
    let units = described.units.iter().enumerate().map(|(id, unit)| (unit.path.clone(), id)).collect();
    let answers = Arc::new(Answers::of(&described));
    let views = Views::Pinned { standard, resolver: Box::new(Mutex::new(Resolver::new(described))), units };
    Environment { interpreter, distributions, views, answers, start, notes }
}

/// The interpreter in the environment that the file belongs to, or the one of that version on PATH.
fn beside(closure: &Path, minor: &str) -> Result<Interpreter, InputError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let name = format!("python{minor}");
    let on_path = on_path.iter().map(|bin| bin.join(&name));
    let found = near(closure, minor).into_iter().chain(on_path);
    let found = found.filter_map(|program| Interpreter::at(&program).ok());
    found.into_iter().find(|interpreter| interpreter.minor() == minor).ok_or_else(|| {
        let why = format!("{name} was looked for in the environment and on PATH");
        InputError::NoInterpreter { path: closure.to_owned(), why }
    })
}

/// Where the program of the environment that the file belongs to would be.
fn near(closure: &Path, minor: &str) -> Vec<PathBuf> {
    let folders = closure.ancestors().skip(1);
    let bins = folders.flat_map(|folder| [folder.join("bin"), folder.join(".venv/bin")]);
    bins.map(|bin| bin.join(format!("python{minor}"))).collect()
}

/// Whether `program` starts with the import hook: the `site-packages` beside it start it.
fn has_hook(program: &Path, minor: &str) -> bool {
    let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    let site = prefix.join("lib").join(format!("python{minor}")).join("site-packages");
    program.exists() && site.join("0_pinfold.pth").is_file()
}
