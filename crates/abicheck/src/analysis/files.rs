//! The native files of all distributions and what they say, read on all cores.
//!
//! Deliberately not here: files of the system; the simulated loader asks for those that it comes to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use elf_facts::{Cache, FactsError};
use elf_loader::{FactsResult, Identity};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::environment::{DistributionId, Environment};

/// A native file of a distribution.
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Whose it is.
    pub owner: DistributionId,
    /// What it says, or why that cannot be read.
    pub facts: FactsResult,
    identity: Option<Identity>,
}

impl File {
    /// Which file it is.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }
}

/// All of them, by distribution and path.
pub struct Files {
    all: Vec<File>,
    places: FxHashMap<PathBuf, usize>,
}

/// What is known of files, for the simulated loader; empty until they were read.
#[derive(Default)]
pub struct Known {
    facts: OnceLock<FxHashMap<Identity, FactsResult>>,
    /// By the bytes of the path: a path is hashed by its parts.
    places: OnceLock<FxHashMap<OsString, Identity>>,
}

impl Known {
    /// What a file says.
    pub(super) fn facts(&self, identity: Identity) -> Option<FactsResult> {
        self.facts.get()?.get(&identity).cloned()
    }

    /// Which file lies at `path`.
    pub(super) fn at(&self, path: &Path) -> Option<Identity> {
        self.places.get()?.get(path.as_os_str()).copied()
    }
}

impl Files {
    /// Reads them, and tells `known`.
    pub(super) fn read(environment: &Environment, cache: &Cache, known: &Known) -> Self {
        let distributions = environment.distributions.iter().enumerate();
        let paths: Vec<(DistributionId, &PathBuf)> =
            distributions.flat_map(|(owner, one)| one.native.iter().map(move |path| (owner, path))).collect();
        let read = |(owner, path): &(DistributionId, &PathBuf)| {
            let metadata = std::fs::metadata(path);
            let identity = metadata.as_ref().ok().map(Identity::of);
            let facts = match metadata {
                Ok(metadata) => cache.get_known(path, &metadata),
                Err(source) => Err(FactsError::Io { path: (*path).clone(), source }),
            };
            let facts = facts.map(Arc::new).map_err(Arc::new);
            File { path: (*path).clone(), owner: *owner, facts, identity }
        };
        let all: Vec<File> = paths.par_iter().with_max_len(4).map(read).collect();
        let facts = all.iter().filter_map(|file| Some((file.identity?, file.facts.clone())));
        known.facts.get_or_init(|| facts.collect());
        let places = all.iter().filter_map(|file| Some((file.path.clone().into(), file.identity?)));
        known.places.get_or_init(|| places.collect());
        let places = all.iter().enumerate().map(|(at, file)| (file.path.clone(), at)).collect();
        Self { all, places }
    }

    /// All of them.
    pub fn all(&self) -> &[File] {
        &self.all
    }

    /// The file at `path`, as its distribution names it.
    pub fn at(&self, path: &Path) -> Option<&File> {
        self.places.get(path).map(|at| &self.all[*at])
    }

    /// The distribution of the file at `path`.
    pub fn owner_at(&self, path: &Path) -> Option<DistributionId> {
        self.at(path).map(|file| file.owner)
    }

    /// Who has which file. Of two paths to one file, the first one's distribution has it.
    pub(super) fn owners(&self) -> FxHashMap<Identity, DistributionId> {
        let all = self.all.iter().rev();
        all.filter_map(|file| Some((file.identity?, file.owner))).collect()
    }
}

/// Which file a path leads to.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    Some(Identity::of(&std::fs::metadata(path).ok()?))
}
