//! For a load that fails after others only: which library was taken, and which one the package loads alone.
//!
//! Deliberately not here: loads that fail alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_loader::{MissingSymbol, Object};

use super::loads::Failed;
use crate::analysis::{Analysis, Run};

/// One library instead of another.
pub(super) struct Instead {
    /// The one that is taken.
    pub(super) taken: PathBuf,
    /// The one that the package loads alone.
    pub(super) own: PathBuf,
}

impl Failed<'_> {
    /// The library that answers for a symbol when the package is imported alone, and the one that stands for it here.
    pub(super) fn instead(&self, analysis: &Analysis<'_>, missing: &MissingSymbol) -> Option<Instead> {
        let own = definer(&analysis.alone[analysis.package_of(self.victim)?], missing)?;
        let before = self.after.iter().flat_map(|package| analysis.alone[*package].process.objects());
        let mut before = before.map(|(_, object)| object);
        let taken = before.find(|object| stands_for(object, own))?;
        let path = |object: &Object| object.path.as_path().to_owned();
        Some(Instead { taken: path(taken), own: path(own) })
    }

    /// As [`Self::instead`], where the package's own imports bring another one's library first.
    pub(super) fn forced(&self, analysis: &Analysis<'_>, missing: &MissingSymbol) -> Option<Instead> {
        let package = analysis.package_of(self.victim)?;
        let by_itself = analysis.by_itself(package);
        by_itself.opening(self.path).filter(|opening| opening.load.result.is_ok())?;
        let own = definer(&by_itself, missing)?;
        let mut there = analysis.alone[package].process.objects().map(|(_, object)| object);
        let taken = there.find(|object| stands_for(object, own))?;
        let path = |object: &Object| object.path.as_path().to_owned();
        Some(Instead { taken: path(taken), own: path(own) })
    }

    /// The library that the package loads alone under the name of the one at `taken`; else the one that it brings.
    pub(super) fn own_of(&self, analysis: &Analysis<'_>, taken: &Path) -> Option<PathBuf> {
        let before = self.after.iter().flat_map(|package| analysis.alone[*package].process.objects());
        let taken_object = before.map(|(_, object)| object).find(|object| object.path.as_path() == taken);
        let package = analysis.package_of(self.victim);
        let loaded = package.zip(taken_object).and_then(|(package, taken)| {
            let mut alone = analysis.alone[package].process.objects().map(|(_, object)| object);
            alone.find(|own| stands_for(taken, own)).map(|own| own.path.as_path().to_owned())
        });
        loaded.or_else(|| analysis.own_copy(self.victim, taken))
    }
}

/// Whether the loader takes `taken` for `own` when it is there first.
pub(super) fn stands_for(taken: &Object, own: &Object) -> bool {
    let last = |object: &Object| object.path.as_path().file_name().map(ToOwned::to_owned);
    let soname = taken.soname().is_some_and(|soname| {
        own.soname() == Some(soname) || last(own).is_some_and(|last| last == soname.as_path().as_os_str())
    });
    taken.key() != own.key() && (soname || (taken.soname().is_none() && last(taken) == last(own)))
}

/// What a symbol is bound to in a run.
fn definer<'a>(run: &'a Run, missing: &MissingSymbol) -> Option<&'a Arc<Object>> {
    let loads = run.openings.iter().map(|opening| &opening.load).filter(|load| load.result.is_ok());
    loads.into_iter().find_map(|load| {
        let of_one = |bindings: &&[elf_loader::Binding]| {
            load.object(&run.process, bindings[0].from).path == missing.needed_by
        };
        let mut objects = load.bindings.chunk_by(|a, b| a.from == b.from);
        let is_it = |binding: &&elf_loader::Binding| {
            load.symbol(&run.process, binding).is_some_and(|symbol| symbol.name == missing.symbol)
        };
        let binding = objects.find(of_one)?.iter().find(is_it)?;
        Some(load.object(&run.process, binding.to))
    })
}
