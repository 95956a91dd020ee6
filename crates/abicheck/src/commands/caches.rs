//! What is kept between runs: facts of ELF files, and what Python code does, each in a folder of its own.
//!
//! `$XDG_CACHE_HOME/abicheck`, else `~/.cache/abicheck`. A cache that cannot be used costs time, never an answer.
//! Deliberately not here: what is in them.

use std::path::PathBuf;
use std::sync::Arc;

use elf_facts::Cache;
use python_facts::Target;
use rayon::prelude::*;

use crate::environment::Environment;
use crate::importing::{Given, GivenError, Sources};

/// The largest size of the facts in bytes.
const LIMIT: u64 = 512 << 20;

/// Both caches.
pub(crate) struct Caches {
    pub(crate) facts: Arc<Cache>,
    pub(crate) sources: Sources,
}

impl Caches {
    /// Opens them; `off` reads every file anew and writes nothing. `given` is what other runs kept of folders.
    ///
    /// # Errors
    /// When something given cannot be used: it was asked for.
    pub(crate) fn open(environment: &Environment, off: bool, given: &[PathBuf]) -> Result<Self, GivenError> {
        let folder = if off { None } else { folder() };
        let target = Target { version: environment.interpreter.version };
        let python = folder.map(|folder| folder.join("python"));
        let (mut facts, mut sources) =
            rayon::join(|| facts(off), || Sources::open(target, python.as_deref()));
        let given: Vec<Given> = given.par_iter().map(|out| Given::read(out)).collect::<Result<_, _>>()?;
        for given in given {
            given.tell(&mut facts);
            sources.give(given);
        }
        Ok(Self { facts: Arc::new(facts), sources })
    }

    /// Writes what is new; what could not be written is worth a note.
    pub(crate) fn finish(&self) -> Vec<String> {
        let facts = self.facts.finish().err();
        let sources = self.sources.finish().err();
        let notes = [facts.map(|error| error.to_string()), sources.map(|error| error.to_string())];
        notes.into_iter().flatten().collect()
    }
}

/// The cache of facts alone.
pub(crate) fn facts(off: bool) -> Cache {
    let folder = if off { None } else { folder() };
    folder.map_or_else(Cache::none, |folder| Cache::open(folder.join("facts"), LIMIT))
}

fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("abicheck"))
}
