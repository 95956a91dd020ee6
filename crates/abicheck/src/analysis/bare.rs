//! Bare names that Python code opens: what answers to one, and those that functions open once everything is imported.
//!
//! glibc answers with whatever is loaded under the name; Pinfold's hook, where a unit has copies, with that unit's.
//! Deliberately not here: finding the code (`python-facts`).

use std::path::{Path, PathBuf};

use elf_loader::{Mode, Process};

use super::files::identity;
use super::machine::Machine;
use super::run::{Opening, Run};

/// Whether `opened` is a name that the loader looks for.
pub(crate) fn is_bare(opened: &Path) -> bool {
    opened.components().count() == 1 && !opened.has_root()
}

/// What a bare name leads to.
pub(super) enum Answer {
    /// What the loader says of this.
    Loader(PathBuf),
    /// It is a library of the asker's world, which is not loaded.
    Nobody,
}

impl Machine {
    /// What `name` means in code of `source`.
    pub(super) fn answer(&self, process: &Process, source: &Path, name: &str) -> Answer {
        let owners = self.brought.owners_of(source);
        let mut files = owners.into_iter().flat_map(|owner| self.answers.files(owner, name)).peekable();
        if files.peek().is_none() {
            return Answer::Loader(PathBuf::from(name));
        }
        let is_loaded = |file: &&PathBuf| {
            let file = identity(file);
            file.is_some() && process.objects().any(|(_, object)| object.identity == file)
        };
        files.find(is_loaded).map_or(Answer::Nobody, |file| Answer::Loader(file.clone()))
    }
}

impl Machine {
    /// Whether the library at `path` goes to the global scope where code asks for that.
    pub(super) fn is_for_all(&self, path: &Path) -> bool {
        !self.brought.owner(path).is_some_and(|owner| self.answers.has_own_scope(owner))
    }
}

impl Run {
    /// A function of `source` opens a library by its bare name: what a distribution brings, and is loaded.
    pub(super) fn open_later(&mut self, machine: &Machine, name: &str, source: &Path) {
        let Answer::Loader(path) = machine.answer(&self.process, source, name) else { return };
        let bytes = path.as_os_str().as_encoded_bytes();
        let is_there = !is_bare(&path) || self.process.loaded(bytes).is_some();
        if !machine.brought.has(name) || !is_there || self.opened(&path) {
            return;
        }
        let load = self.process.dlopen(bytes, Mode::default(), self.opener(machine));
        self.openings.push(Opening {
            path,
            module: None,
            by: Some(source.to_owned()),
            eager: false,
            guarded: true,
            conditional: true,
            global: false,
            load,
            assumed: None,
        });
    }
}
