//! Which packages could influence each other, by what each does alone: the same name for two files, symbols that go to
//! everyone, a symbol that a process has one of with two layouts.
//!
//! What a package loads for another one is put down to the other, so that a hundred packages that import numpy are one
//! candidate and not a hundred. Everything is looked up by name, so that the cost grows with what is shared.
//! Deliberately not here: whether the influence does harm; that is simulated.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use elf_facts::Name;
use elf_loader::Failure;
use pinfold_core::names::normalize;
use rustc_hash::{FxHashMap, FxHashSet};

use super::cause::{Causes, Ways, is_imported_by_name};
use super::plan::PlannedStep;
use super::{Analysis, AnalysisError, Cause, Opening, PackageId, Plan, Run, Wishes};
use crate::importing::{Imports, Step};

/// A file ([`elf_loader::Object::key`]); 0 for a name that found none.
type FileKey = usize;

/// A symbol of which a process has one: its name's hash, size and type, and the file that defines it.
type Unique = (u32, u64, u8, FileKey);

/// Pairs with the files that they could meet in.
type Pairs = BTreeMap<(PackageId, PackageId), FxHashSet<FileKey>>;

/// An order, and the run of its last package.
pub(super) struct Order {
    pub(super) packages: Vec<PackageId>,
    /// What of the packages before makes loads fail.
    pub(super) causes: Causes,
    pub(super) run: Run,
}

/// What one package does to others.
#[derive(Default)]
struct Profile {
    names: Vec<(Box<[u8]>, FileKey, PackageId)>,
    unique: Vec<(Unique, PackageId)>,
    /// Hashes of what goes to the global scope.
    global: FxHashSet<u32>,
}

impl Analysis<'_> {
    /// The orders to look at, each with the run of its last package.
    pub(super) fn orders(
        &mut self,
        imports: &mut Imports<'_>,
        wishes: &Wishes,
    ) -> Result<Vec<Order>, AnalysisError> {
        if let Some(script) = &wishes.script {
            return self.script(imports, script);
        }
        if let Some(names) = &wishes.order {
            let order: Result<Vec<PackageId>, _> = names.iter().map(|name| self.wished(name)).collect();
            return Ok(self.asked(imports, &order?));
        }
        let mut pairs = self.pairs();
        let crowd = self.crowd();
        if let [a, b] = crowd[..] {
            pairs.entry((a.min(b), a.max(b))).or_default();
        }
        self.interacting = pairs.len();
        let (mut orders, mut ways): (Vec<Order>, Ways) = Default::default();
        for ((a, b), contested) in &pairs {
            for (first, then) in [(*a, *b), (*b, *a)] {
                let run = self.alone[first].then(&self.machine, &self.packages[then]);
                let causes = self.causes(imports, &mut ways, (first, then), &run);
                orders.push(Order { packages: vec![first, then], causes, run });
                orders.extend(self.part_first((imports, &mut ways), (first, then), contested));
            }
        }
        if crowd.len() > 2 {
            let run = self.in_order(&crowd, |_, _| true).pop();
            let last = crowd.last().copied().unwrap_or_default();
            orders.extend(run.map(|run| {
                let causes = self.causes_beside(last, &run, &run);
                Order { packages: crowd, causes, run }
            }));
        }
        Ok(orders)
    }

    /// `then` after a part of `first` only, where importing `first` itself comes to nothing that both have: one module
    /// of it, the smallest that does. All of `first` may bring what is missing then.
    fn part_first(
        &self,
        (imports, ways): (&mut Imports<'_>, &mut Ways),
        (first, then): (PackageId, PackageId),
        contested: &FxHashSet<FileKey>,
    ) -> Option<Order> {
        let alone = &self.alone[first];
        let has =
            |opening: &&Opening| opening.load.objects.iter().any(|object| contested.contains(&object.key()));
        if alone.openings.iter().filter(|opening| opening.eager).any(|opening| has(&opening)) {
            return None;
        }
        let reaches = |opening: &&Opening| {
            let root = opening.load.result.as_ref().ok()?;
            let list = alone.process.object(*root).search_list()?;
            let files = list.iter().map(|id| alone.process.object(*id).key());
            files.into_iter().any(|file| contested.contains(&file)).then_some(list.len())
        };
        let deep = alone.openings.iter().filter(|opening| !opening.eager && opening.module.is_some());
        // One that programs import by its name says more than one that they do not.
        let is_private = |opening: &Opening| {
            opening.module.iter().any(|module| module.split('.').any(|part| part.starts_with('_')))
        };
        let (_, opening) = deep
            .filter_map(|opening| Some(((is_private(opening), reaches(&opening)?), opening)))
            .min_by_key(|(rank, _)| *rank)?;
        let part = self.part(first, |step| step.eager || step.step.path() == Some(&opening.path));
        let run = part.then(&self.machine, &self.packages[then]);
        let mut causes = self.causes(imports, ways, (first, then), &run);
        causes.retain(|_, cause| *cause != Cause::Imported);
        for cause in causes.values_mut() {
            *cause = self.cause_of(imports, ways, first, opening);
        }
        Some(Order { packages: vec![first, then], causes, run })
    }

    /// The fewest packages whose thread-local data does not fit the static block together, the largest first; none
    /// where that of all of them fits.
    fn crowd(&self) -> Vec<PackageId> {
        let blocks = |id: PackageId| -> FxHashMap<FileKey, u64> {
            let objects = self.alone[id].objects(&self.machine).filter(|(_, object)| object.has_static_tls());
            let sized = objects.filter_map(|(_, object)| Some((object, object.facts().head.tls?)));
            sized.map(|(object, tls)| (object.key(), tls.size.max(tls.align))).collect()
        };
        let mut needs: Vec<(PackageId, FxHashMap<FileKey, u64>)> = (0..self.packages.len())
            .map(|id| (id, blocks(id)))
            .filter(|(_, blocks)| !blocks.is_empty())
            .collect();
        needs.sort_by_key(|(id, blocks)| (std::cmp::Reverse(blocks.values().sum::<u64>()), *id));
        let left = self.machine.start.static_tls_left();
        let (mut all, mut crowd) = (FxHashMap::default(), Vec::new());
        for (id, blocks) in needs {
            let before = all.len();
            all.extend(blocks);
            if all.len() > before {
                crowd.push(id);
            }
            if all.values().fold(0_u64, |sum, size| sum.saturating_add(*size)) > left && crowd.len() > 1 {
                return crowd;
            }
        }
        Vec::new()
    }

    fn wished(&self, name: &str) -> Result<PackageId, AnalysisError> {
        let is_it = |id: &PackageId| {
            let plan = &self.packages[*id];
            normalize(self.package_name(*id)) == normalize(name)
                || plan.modules.iter().any(|module| module == name)
        };
        (0..self.packages.len()).find(is_it).ok_or_else(|| {
            let known: Vec<String> =
                (0..self.packages.len()).map(|id| self.package_name(id).to_owned()).collect();
            AnalysisError::NoPackage { name: name.to_owned(), known }
        })
    }

    /// `order`, each package after all before it, with those steps of each that `keep` says.
    fn in_order(&self, order: &[PackageId], keep: impl Fn(PackageId, &PlannedStep) -> bool) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for package in order {
            let mut run = runs.last().map_or_else(|| Run::new(&self.machine), Run::next);
            for step in self.packages[*package].steps.iter().filter(|step| keep(*package, step)) {
                run.open(&self.machine, step);
            }
            runs.push(run);
        }
        runs
    }

    /// The order that the user asks for, as importing the packages goes: without modules below that this does not come to.
    /// Where it opens nothing at all, the modules are meant that programs import by their names.
    fn asked(&self, imports: &mut Imports<'_>, order: &[PackageId]) -> Vec<Order> {
        let opens: Vec<bool> = self
            .packages
            .iter()
            .map(|plan| plan.steps.iter().any(|step| step.eager && step.step.path().is_some()))
            .collect();
        let is_named = |package: PackageId, step: &PlannedStep| {
            let folder = &self.environment.distributions[self.packages[package].distribution].folder;
            matches!(&step.step, Step::Extension { module, .. } if is_imported_by_name(folder, module))
        };
        let keep = |package: PackageId, step: &PlannedStep| {
            step.eager || (!opens[package] && is_named(package, step))
        };
        let is_certain = |step: &PlannedStep| !step.step.when().is_some_and(|when| when.conditional);
        let runs = self.in_order(order, keep);
        let certain = self.in_order(order, |package, step| keep(package, step) && is_certain(step));
        let mut ways = Ways::default();
        let orders = runs.into_iter().zip(certain).enumerate().map(|(at, (run, certain))| {
            let causes = match order[..=at] {
                [first, then] => self.causes(imports, &mut ways, (first, then), &run),
                _ => self.causes_beside(order[at], &run, &certain),
            };
            Order { packages: order[..=at].to_vec(), causes, run }
        });
        orders.collect()
    }

    /// What a script imports, as one run; its order is that in which packages' files are opened first.
    fn script(&self, imports: &mut Imports<'_>, script: &Path) -> Result<Vec<Order>, AnalysisError> {
        let steps = Plan::of_script(imports, script)
            .map_err(|why| AnalysisError::Script { path: script.to_owned(), why })?;
        let mut run = Run::new(&self.machine);
        run.open_all(&self.machine, &steps);
        let mut order: Vec<PackageId> = Vec::new();
        for opening in &run.openings {
            let package = self.files.owner_at(&opening.path).and_then(|owner| self.package_of(owner));
            if let Some(package) = package.filter(|package| !order.contains(package)) {
                order.push(package);
            }
        }
        let causes = match order.last() {
            Some(last) => {
                let mut certain = Run::new(&self.machine);
                let is_certain = |step: &&PlannedStep| !step.step.when().is_some_and(|when| when.conditional);
                steps.iter().filter(is_certain).for_each(|step| certain.open(&self.machine, step));
                self.causes_beside(*last, &run, &certain)
            }
            None => Causes::new(),
        };
        Ok(vec![Order { packages: order, causes, run }])
    }

    /// The pairs that could influence each other, the smaller id first, with the files that they could meet in.
    fn pairs(&self) -> Pairs {
        let profiles: Vec<Profile> = {
            let needed = self.needed();
            (0..self.packages.len()).map(|id| self.profile(id, &needed)).collect()
        };
        let mut names: HashMap<&[u8], FxHashSet<(FileKey, PackageId)>> = HashMap::new();
        let mut unique: FxHashMap<u32, FxHashSet<(Unique, PackageId)>> = FxHashMap::default();
        for profile in &profiles {
            for (name, file, package) in &profile.names {
                names.entry(name).or_default().insert((*file, *package));
            }
            for (symbol, package) in &profile.unique {
                unique.entry(symbol.0).or_default().insert((*symbol, *package));
            }
        }
        let mut pairs = Pairs::new();
        for users in names.values() {
            add(users, |a, b| a != b, |file| file, &mut pairs);
        }
        for users in unique.values() {
            // One name in two files is harmless while both mean the same.
            add(users, |a, b| a.3 != b.3 && (a.1, a.2) != (b.1, b.2), |symbol| symbol.3, &mut pairs);
        }
        for (id, profile) in profiles.iter().enumerate().filter(|(_, profile)| !profile.global.is_empty()) {
            let touched =
                (0..self.packages.len()).filter(|other| *other != id && self.asks(*other, &profile.global));
            for other in touched {
                pairs.entry((id.min(other), id.max(other))).or_default();
            }
        }
        pairs
    }

    /// Every name that some file needs, or that some code opens: names that nobody asks for match nothing.
    fn needed(&self) -> FxHashSet<&[u8]> {
        let objects = self.alone.iter().flat_map(|run| run.objects(&self.machine));
        let needed = objects.flat_map(|(_, object)| object.facts().head.needed.iter().map(Name::as_bytes));
        let opened =
            self.alone.iter().flat_map(|run| &run.openings).filter(|opening| opening.module.is_none());
        needed.chain(opened.map(|opening| opening.path.as_os_str().as_encoded_bytes())).collect()
    }

    fn profile(&self, id: PackageId, needed: &FxHashSet<&[u8]>) -> Profile {
        let run = &self.alone[id];
        let mut profile = Profile::default();
        let start = self.machine.start.len();
        for opening in &run.openings {
            // A module of the standard library is opened for whoever imports it.
            let owner = self.files.owner_at(&opening.path).and_then(|owner| self.package_of(owner));
            let package = owner.unwrap_or(id);
            if let Err(error) = &opening.load.result
                && let Failure::Missing(_) = &error.failure
            {
                profile.names.push((error.object.as_bytes().into(), 0, package));
            }
            if opening.load.result.is_err() {
                continue;
            }
            for (object_id, object) in opening.load.new_objects() {
                let file = object.key();
                let last = object.path.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let names = [Some(last), object.soname().map(|soname| soname.as_bytes())];
                for name in names.into_iter().flatten().filter(|name| needed.contains(name)) {
                    profile.names.push((name.into(), file, package));
                }
                if run.process.object(object_id).global {
                    profile.global.extend(object.facts().definitions.all().iter().map(|symbol| symbol.hash));
                }
            }
            for binding in opening.load.bindings.iter().filter(|binding| binding.unique) {
                let object = opening.load.object(&run.process, binding.to);
                let Some(symbol) = object.facts().definitions.get(binding.definition) else { continue };
                if binding.to.index() >= start {
                    let file = object.key();
                    profile.unique.push(((symbol.hash, symbol.size, symbol.kind(), file), package));
                }
            }
        }
        profile
    }

    /// Whether anything that the package loads asks for one of these symbols.
    fn asks(&self, id: PackageId, symbols: &FxHashSet<u32>) -> bool {
        let mut objects = self.alone[id].objects(&self.machine);
        objects.any(|(_, object)| object.facts().references.iter().any(|asked| symbols.contains(&asked.hash)))
    }
}

/// Adds the pairs of packages whose things differ by `differ`.
fn add<T: Copy + Eq + std::hash::Hash>(
    users: &FxHashSet<(T, PackageId)>,
    differ: impl Fn(T, T) -> bool,
    file: impl Fn(T) -> FileKey,
    pairs: &mut Pairs,
) {
    let things: HashSet<T> = users.iter().map(|(thing, _)| *thing).collect();
    if things.len() < 2 {
        return;
    }
    for (a, first) in users {
        let others = users.iter().filter(|(b, second)| first < second && differ(*a, *b));
        for (b, second) in others {
            pairs.entry((*first, *second)).or_default().extend([file(*a), file(*b)]);
        }
    }
}
