//! Libraries that many packages share and whose own symbols were bound into one package, because that package's
//! import loaded them first: their references are looked up in the scope of what was opened then, and stay so for
//! everyone after (`elf/dl-reloc.c`, `l_scope`).
//!
//! Deliberately not here: whether that does harm.

use std::sync::Arc;

use elf_loader::{Binding, Object, ObjectId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Analysis, PackageId};
use crate::environment::DistributionId;

/// References of one shared library that one package's file answers.
pub struct Foreign {
    /// The distribution whose import does it.
    pub by: DistributionId,
    /// The module that it opens then; `None` for a library that `ctypes` opens.
    pub module: Option<String>,
    /// The shared library, such as the system's libstdc++.
    pub library: Arc<Object>,
    /// The file of the package.
    pub provider: Arc<Object>,
    /// Each reference of the library ([`elf_facts::Facts::references`]) with its definition in the provider.
    pub references: Vec<(u32, u32)>,
    /// References of the library that other files answer, itself included.
    pub others: Vec<u32>,
}

impl Analysis<'_> {
    /// What importing each package alone does to libraries that are not its own.
    pub fn foreign(&self) -> &[Foreign] {
        self.foreign.get_or_init(|| self.find_foreign())
    }

    fn find_foreign(&self) -> Vec<Foreign> {
        let mut found: FxHashMap<(DistributionId, usize, usize), Foreign> = FxHashMap::default();
        for (package, run) in self.alone.iter().enumerate() {
            for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
                let by = self.files.owner_at(&opening.path).unwrap_or(self.packages[package].distribution);
                for bindings in opening.load.bindings.chunk_by(|a, b| a.from == b.from) {
                    let library = run.process.object(bindings[0].from);
                    let owner = self.owner(library);
                    let strange = |to: &Arc<Object>| self.owner(to).is_some_and(|other| Some(other) != owner);
                    let mut providers: Vec<ObjectId> = Vec::new();
                    for binding in bindings {
                        if !providers.contains(&binding.to) {
                            providers.push(binding.to);
                        }
                    }
                    providers.retain(|to| strange(run.process.object(*to)));
                    // What the library needs, itself or through others, it is meant to be bound to.
                    if providers.is_empty()
                        || opening.load.result.as_ref().is_ok_and(|root| *root == bindings[0].from)
                    {
                        continue;
                    }
                    let reached = reached(&run.process, bindings[0].from);
                    for to in providers.into_iter().filter(|to| !reached.contains(to)) {
                        let provider = run.process.object(to);
                        let key = (by, library.key(), provider.key());
                        let (inside, outside): (Vec<&Binding>, Vec<&Binding>) =
                            bindings.iter().partition(|binding| binding.to == to);
                        found.entry(key).or_insert_with(|| Foreign {
                            by,
                            module: opening.module.clone(),
                            library: library.clone(),
                            provider: provider.clone(),
                            references: inside.iter().map(|one| (one.reference, one.definition)).collect(),
                            others: outside.iter().map(|one| one.reference).collect(),
                        });
                    }
                }
            }
        }
        let mut found: Vec<Foreign> = found.into_values().collect();
        found.sort_by(|a, b| {
            (a.by, &a.library.path, &a.provider.path).cmp(&(b.by, &b.library.path, &b.provider.path))
        });
        found
    }

    /// The packages whose import alone loads `library` without `foreign`'s doing.
    pub fn users(&self, foreign: &Foreign) -> Vec<PackageId> {
        let is = |a: &Object, b: &Object| Arc::ptr_eq(a.library(), b.library());
        let users = self.alone.iter().enumerate().filter(|(_, run)| {
            let mut loads = false;
            for (_, object) in run.objects(&self.machine) {
                if is(object, &foreign.provider) {
                    return false;
                }
                loads |= is(object, &foreign.library);
            }
            loads
        });
        let asked = users.filter(|(package, _)| self.is_in_scope(self.packages[*package].distribution));
        asked.map(|(package, _)| package).collect()
    }
}

/// An object and everything that it needs, itself or through others.
pub(crate) fn reached(process: &elf_loader::Process, from: ObjectId) -> FxHashSet<ObjectId> {
    let (mut reached, mut next) = (FxHashSet::default(), vec![from]);
    while let Some(id) = next.pop() {
        if reached.insert(id) {
            next.extend(process.object(id).needed().iter().flatten());
        }
    }
    reached
}
