//! Symbols that a file defines itself and that are bound to another package's definition all the same, because that
//! one is found first: in the global scope, in what it was opened with, or in the table of unique symbols.
//!
//! Deliberately not here: what that is worth.

use std::collections::BTreeMap;
use std::sync::Arc;

use elf_facts::Definition;
use elf_loader::Object;

use super::instead::stands_for;
use super::shared::first_of;
use crate::analysis::{Analysis, Changed, PackageId, Rebound};
use crate::environment::DistributionId;
use crate::finding::{Probe, SymbolName};

/// One such symbol.
pub(super) struct Crossing {
    /// The symbol.
    pub(super) symbol: SymbolName,
    /// What its own file, or the library that it means, says of it.
    pub(super) own: Definition,
    /// What it is bound to.
    pub(super) now: Definition,
    /// Both are of two versions of one distribution.
    pub(super) versions: bool,
    /// The table of unique symbols decided.
    pub(super) unique: bool,
    /// The file that answers is loaded instead of the one that would, under one name.
    pub(super) instead: bool,
}

impl Crossing {
    /// Whether both are data of one size and type, as far as the files say sizes.
    pub(super) fn is_alike(&self) -> bool {
        const OBJECT: u8 = 1;
        let data = |definition: &Definition| definition.kind() == OBJECT || definition.is_tls();
        if !data(&self.own) && !data(&self.now) {
            return true;
        }
        let sized = self.own.size != 0 && self.now.size != 0;
        self.own.kind() == self.now.kind() && (!sized || self.own.size == self.now.size)
    }
}

/// The symbols of one file that another package's file answers.
pub(super) struct Crossings {
    /// The file whose symbols they are.
    pub(super) from: Arc<Object>,
    /// The file that answers.
    pub(super) to: Arc<Object>,
    /// Whose they are: its distribution, or the one that loads it where nobody imports that.
    pub(super) victim: DistributionId,
    /// Whose file answers, in the same way.
    pub(super) giver: DistributionId,
    /// The packages in the order that does it; `None` where importing the victim alone does it.
    pub(super) order: Option<Vec<PackageId>>,
    /// The module of the victim's that shows it.
    pub(super) module: Option<String>,
    /// The symbols.
    pub(super) symbols: Vec<Crossing>,
}

impl Crossings {
    /// What a process does to see it.
    pub(super) fn probe(&self, analysis: &Analysis<'_>) -> Option<Probe> {
        let (giver, victim) = (analysis.package_of(self.giver)?, analysis.package_of(self.victim)?);
        let name = |package| analysis.package_name(package).to_owned();
        let modules = |package: PackageId| analysis.packages[package].modules.clone();
        let mut then = modules(victim);
        then.extend(self.module.clone());
        Some(Probe { imports: vec![(name(giver), modules(giver)), (name(victim), then)] })
    }
}

/// Whether a symbol is bound to another version of what it is bound to alone.
pub(crate) fn are_versions(analysis: &Analysis<'_>, bound: &Rebound) -> bool {
    let owner = |object| analysis.owner(object).map(|id| &analysis.environment.distributions[id]);
    let both = owner(&bound.alone).zip(owner(&bound.now));
    both.is_some_and(|(alone, now)| !std::ptr::eq(alone, now) && alone.is_version_of(now))
}

type Key = (DistributionId, DistributionId, std::path::PathBuf, std::path::PathBuf, Option<Vec<PackageId>>);

/// All of them, by file and order.
pub(super) fn crossings(analysis: &Analysis<'_>) -> Vec<Crossings> {
    let mut found: BTreeMap<Key, Crossings> = BTreeMap::new();
    let mut add = |(from, to): (&Arc<Object>, &Arc<Object>),
                   (importer, order): (DistributionId, Option<&Vec<PackageId>>),
                   module: Option<&String>,
                   crossing: Crossing| {
        let (Some(victim), Some(giver)) = (analysis.owner(from), analysis.owner(to)) else { return };
        if victim == giver {
            return;
        }
        // Libraries may have a distribution of their own, which belongs to who imports it.
        let is_imported = |one: &DistributionId| analysis.package_of(*one).is_some();
        let alone: Vec<PackageId> = analysis.package_of(importer).into_iter().collect();
        let first = || first_of(analysis, order.unwrap_or(&alone), to);
        let victim = Some(victim).filter(is_imported).unwrap_or(importer);
        let giver = Some(giver).filter(is_imported).or_else(first).unwrap_or(giver);
        if victim == giver {
            return;
        }
        let path = |object: &Object| object.path.as_path().to_owned();
        let entry =
            found.entry((victim, giver, path(from), path(to), order.cloned())).or_insert_with(|| Crossings {
                from: from.clone(),
                to: to.clone(),
                victim,
                giver,
                order: order.cloned(),
                module: module.cloned(),
                symbols: Vec::new(),
            });
        entry.symbols.push(crossing);
    };
    for (package, run) in analysis.alone.iter().enumerate() {
        for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
            // What another package's import opens, its own run tells.
            let owner = analysis.files.owner_at(&opening.path).and_then(|owner| analysis.package_of(owner));
            if owner.is_some_and(|owner| owner != package) {
                continue;
            }
            // Most bindings are to the same file, to the interpreter or to the system: nothing is made of those.
            let ours = |object: &Object| analysis.owner(object).is_some();
            for bindings in opening.load.bindings.chunk_by(|a, b| a.from == b.from && a.to == b.to) {
                let (from, to) = (bindings[0].from, bindings[0].to);
                if from == to {
                    continue;
                }
                let (from, to) = (run.process.object(from), run.process.object(to));
                let (facts, defined) = (from.facts(), &to.facts().definitions);
                for binding in bindings {
                    let Some(asked) = facts.references.get(binding.reference as usize) else { continue };
                    if !asked.is_defined_here() || !ours(from) || !ours(to) {
                        continue;
                    }
                    let own = facts.definitions.get(asked.own);
                    if let (Some(own), Some(now)) = (own, defined.get(binding.definition)) {
                        let symbol = super::symbol(facts, binding.reference);
                        let unique = binding.unique;
                        let crossing = Crossing {
                            symbol,
                            own: *own,
                            now: *now,
                            versions: false,
                            unique,
                            instead: false,
                        };
                        let importer = analysis.packages[package].distribution;
                        add((from, to), (importer, None), opening.module.as_ref(), crossing);
                    }
                }
            }
        }
    }
    for together in &analysis.together {
        for change in &together.changes {
            let Changed::Binds(bound) = &change.what else { continue };
            let instead = stands_for(&bound.now, &bound.alone);
            let versions = are_versions(analysis, bound);
            for one in &bound.references {
                let own = bound.alone.facts().definitions.get(one.alone);
                if let (Some(own), Some(now)) = (own, bound.now.facts().definitions.get(one.now)) {
                    let symbol = super::symbol(bound.from.facts(), one.reference);
                    let crossing =
                        Crossing { symbol, own: *own, now: *now, versions, unique: one.unique, instead };
                    let imported = (change.victim, Some(&together.order));
                    add((&bound.from, &bound.now), imported, change.module.as_ref(), crossing);
                }
            }
        }
    }
    let mut found: Vec<Crossings> = found.into_values().collect();
    for one in &mut found {
        // Several openings bind it, and a reference may have bindings for each of its uses.
        one.symbols.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        one.symbols.dedup_by(|a, b| {
            (&a.symbol, a.unique, a.own.size, a.now.size) == (&b.symbol, b.unique, b.own.size, b.now.size)
        });
    }
    found
}
