//! Libraries that distributions bring, for code that opens some and does not tell which.
//!
//! Where reading does not tell what `ctypes` opens, and a module then needs what its distribution brings, or the one
//! whose code that is, it is taken to be that. Deliberately not here: opening it (`run.rs`).

use std::path::{Path, PathBuf};

use elf_facts::Name;
use python_facts::{Base, Place, Text};
use rustc_hash::FxHashMap;

use super::files::Files;
use crate::environment::{DistributionId, Environment};

/// Where libraries are that distributions bring.
#[derive(Default)]
pub(super) struct Brought {
    /// By file name and SONAME.
    by_name: FxHashMap<Box<[u8]>, Vec<(PathBuf, DistributionId)>>,
    owners: FxHashMap<PathBuf, DistributionId>,
    /// Who has modules of this name at the top, and in which folder.
    tops: FxHashMap<Box<str>, Vec<(PathBuf, DistributionId)>>,
}

/// Code that opens libraries of which reading does not tell which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opens {
    /// The source.
    pub(super) source: PathBuf,
    /// Importing it does not come to that code, as far as reading tells.
    pub(super) dormant: bool,
    /// What it says of the name: all that it may open has one like it.
    pub(super) place: Place,
}

impl Brought {
    pub(super) fn of(files: &Files, environment: &Environment) -> Self {
        let mut brought = Self::default();
        for file in files.all() {
            let name = file.path.file_name().map(|name| name.as_encoded_bytes());
            let soname = file.facts.as_ref().ok().and_then(|facts| facts.head.soname.as_ref());
            let soname = soname.map(Name::as_bytes).filter(|soname| Some(*soname) != name);
            for name in name.into_iter().chain(soname) {
                brought.by_name.entry(name.into()).or_default().push((file.path.clone(), file.owner));
            }
            brought.owners.insert(file.path.clone(), file.owner);
        }
        for (id, distribution) in environment.distributions.iter().enumerate() {
            for module in &distribution.modules {
                let tops = brought.tops.entry(module.as_str().into()).or_default();
                tops.push((distribution.folder.clone(), id));
            }
        }
        brought
    }

    /// The library `name`, needed for the file at `path`, that one of `opens` is taken to open, and which of them.
    pub(super) fn find(&self, name: &Name, path: &Path, opens: &[Opens]) -> Option<(PathBuf, PathBuf)> {
        let known = self.by_name.get(name.as_bytes())?;
        let own = self.owners.get(path);
        opens.iter().find_map(|opens| {
            if !may_be(&opens.place, name) {
                return None;
            }
            let by = self.owners_of(&opens.source);
            // Code that nobody is seen to call counts for its own distribution only.
            if opens.dormant && !own.is_some_and(|own| by.contains(own)) {
                return None;
            }
            let is_own = |(_, owner): &&(PathBuf, DistributionId)| own == Some(owner);
            let is_theirs = |(_, owner): &&(PathBuf, DistributionId)| by.contains(owner);
            let found = known.iter().find(is_own).or_else(|| known.iter().find(is_theirs))?;
            Some((found.0.clone(), opens.source.clone()))
        })
    }

    /// Whether one of `sources` is code of the distribution whose file is at `path`.
    pub(super) fn is_by_own(&self, path: &Path, sources: &[PathBuf]) -> bool {
        let Some(own) = self.owners.get(path) else { return false };
        sources.iter().any(|source| self.owners_of(source).contains(own))
    }

    /// The distribution whose library is at `path`.
    pub(super) fn owner(&self, path: &Path) -> Option<DistributionId> {
        self.owners.get(path).copied()
    }

    /// Whether some distribution brings a library of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name.as_bytes())
    }

    /// The distributions that have modules where `source` is.
    pub(super) fn owners_of(&self, source: &Path) -> Vec<DistributionId> {
        let parts = source.ancestors().skip(1).filter_map(|folder| {
            let top = source.strip_prefix(folder).ok()?.components().next()?.as_os_str().to_str()?;
            let all = self.tops.get(top.strip_suffix(".py").unwrap_or(top))?;
            Some(all.iter().filter(move |(installed, _)| installed == folder).map(|(_, id)| *id))
        });
        parts.flatten().collect()
    }
}

/// Whether what code opens at `place` may be what is needed under `name`.
fn may_be(place: &Place, name: &Name) -> bool {
    match place {
        Place::Unknown => true,
        // `find_library` looks where the loader does, which has found nothing.
        Place::Stem(_) | Place::Name(_) | Place::Program => false,
        Place::File(text) => {
            let last = text.name();
            let is_told =
                !matches!(last.base, Some(Base::Constant(_) | Base::Unknown)) && !last.text.is_empty();
            !is_told || Text::matches(&last.text, &name.to_string())
        }
    }
}
