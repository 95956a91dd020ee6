//! What is different for a package when others were imported before it.
//!
//! Every file that is opened is compared with the same opening in the run of its own distribution alone.
//! Deliberately not here: whether a difference does harm.

use std::path::PathBuf;
use std::sync::Arc;

use elf_facts::Name;
use elf_loader::{Found, Load, LoadError, Object, Process};
use rustc_hash::FxHashMap;

use super::bare::is_bare;
use super::interact::Order;
use super::{Analysis, Cause, Opening, PackageId, Run, Together};
use crate::environment::DistributionId;

/// One difference.
pub struct Change {
    /// The distribution whose file was opened.
    pub victim: DistributionId,
    /// The file that was opened.
    pub path: PathBuf,
    /// Its module.
    pub module: Option<String>,
    /// Importing the modules at the top of the package opens it.
    pub eager: bool,
    /// Below a `try`.
    pub guarded: bool,
    /// Under a condition that reading does not decide.
    pub conditional: bool,
    /// What of the packages before does it; told of failures only.
    pub cause: Cause,
    /// What is different.
    pub what: Changed,
}

/// What is different.
pub enum Changed {
    /// It cannot be loaded any more.
    Fails(LoadError),
    /// It could not be loaded alone, and now it can.
    Works(LoadError),
    /// A name that it needs, itself or something that it needs, came to another file.
    Needs(Substitution),
    /// A bare name that code opens came to another file.
    Opens(Opened),
    /// Symbols are bound to another file.
    Binds(Rebound),
}

/// A bare name that came to another file.
pub struct Opened {
    /// The source that opens it.
    pub by: PathBuf,
    /// The name.
    pub name: Name,
    /// The file that it came to alone.
    pub alone: Arc<Object>,
    /// The file that it came to now.
    pub now: Arc<Object>,
}

/// A needed name that came to another file.
pub struct Substitution {
    /// What needs it.
    pub from: Arc<Object>,
    /// The name, as DT_NEEDED has it.
    pub name: Name,
    /// The file that it came to alone.
    pub alone: Arc<Object>,
    /// The file that it came to now.
    pub now: Arc<Object>,
    /// How.
    pub found: Found,
}

/// Symbols of one object that are bound to another file than alone.
pub struct Rebound {
    /// The object whose references they are.
    pub from: Arc<Object>,
    /// What they are bound to alone.
    pub alone: Arc<Object>,
    /// What they are bound to now.
    pub now: Arc<Object>,
    /// Each reference ([`elf_facts::Facts::references`]), with its definition alone and now.
    pub references: Vec<Reference>,
}

/// One reference of a [`Rebound`].
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// The place in [`elf_facts::Facts::references`].
    pub reference: u32,
    /// The definition alone ([`elf_facts::Definitions::get`]).
    pub alone: u32,
    /// The definition now.
    pub now: u32,
    /// The table of unique symbols decided.
    pub unique: bool,
}

impl Analysis<'_> {
    /// What the last package of `order` did otherwise than alone; also how many symbols it bound.
    pub(super) fn compare(&self, order: Order) -> (Together, usize) {
        let Order { packages: order, mut causes, run } = order;
        let mut changes = Vec::new();
        let mut known: FxHashMap<PackageId, Known<'_>> = FxHashMap::default();
        for opening in &run.openings {
            let owner = self.files.owner_at(&opening.path);
            // A bare name belongs to who opens it.
            let by = || opening.by.as_deref().filter(|_| is_bare(&opening.path));
            let owner = owner.or_else(|| self.machine.brought.owners_of(by()?).first().copied());
            let own = owner.and_then(|owner| self.package_of(owner));
            // What no distribution has, such as a module of the standard library, is opened for the package.
            let Some(package) = own.or(order.last().copied()) else { continue };
            let alone = &self.alone[package];
            let Some(before) = alone.opening(&opening.path) else { continue };
            let victim = self.packages[package].distribution;
            let was = known.entry(package).or_insert_with(|| Known::of(alone));
            let cause = causes.remove(&opening.path).unwrap_or(Cause::Imported);
            compare((victim, cause), (before, was), (opening, &run.process), &mut changes);
        }
        let bindings = run.openings.iter().map(|opening| opening.load.bindings.len()).sum();
        let loaded: Vec<_> = run
            .openings
            .iter()
            .filter(|opening| opening.load.result.is_ok())
            .flat_map(|opening| opening.load.objects.iter().cloned())
            .collect();
        (Together { order, changes, loaded }, bindings)
    }
}

/// Adds what `now` did otherwise than `before`.
fn compare(
    (victim, cause): (DistributionId, Cause),
    (before, was): (&Opening, &Known<'_>),
    (now, process): (&Opening, &Process),
    changes: &mut Vec<Change>,
) {
    let mut add = |what| {
        let (path, module) = (now.path.clone(), now.module.clone());
        let (eager, guarded) = (before.eager, before.guarded || now.guarded);
        let (conditional, cause) = (before.conditional || now.conditional, cause.clone());
        changes.push(Change { victim, path, module, eager, guarded, conditional, cause, what });
    };
    match (&before.load.result, &now.load.result) {
        (Ok(_), Err(error)) => add(Changed::Fails(error.clone())),
        (Err(error), Ok(_)) => add(Changed::Works(error.clone())),
        _ => {}
    }
    if before.load.result.is_err() {
        return;
    }
    if let (Ok(alone), Ok(to), Some(by)) = (&before.load.result, &now.load.result, &now.by)
        && is_bare(&now.path)
    {
        let (alone, to) = (was.process.object(*alone), now.load.object(process, *to));
        if alone.key() != to.key() {
            let (by, name) = (by.clone(), Name::from(now.path.as_path()));
            add(Changed::Opens(Opened { by, name, alone: alone.clone(), now: to.clone() }));
        }
    }
    for edge in &now.load.edges {
        let Some(from) = edge.from.map(|from| now.load.object(process, from)) else { continue };
        let to = now.load.object(process, edge.to);
        if let Some(alone) = was.needs.get(&(from.key(), edge.needed)).filter(|alone| alone.key() != to.key())
        {
            let name = from.facts().head.needed.get(edge.needed as usize).cloned();
            let name = name.unwrap_or_else(|| Name::from(""));
            let (from, alone, now) = (from.clone(), (*alone).clone(), to.clone());
            add(Changed::Needs(Substitution { from, name, alone, now, found: edge.found }));
        }
    }
    if now.load.result.is_ok() {
        rebound(&now.load, process, was).into_iter().for_each(|rebound| add(Changed::Binds(rebound)));
    }
}

/// A run alone, by file.
struct Known<'a> {
    needs: FxHashMap<(usize, u32), &'a Arc<Object>>,
    /// Bindings of each object, by reference.
    bound: FxHashMap<usize, &'a [elf_loader::Binding]>,
    process: &'a Process,
}

impl<'a> Known<'a> {
    fn of(run: &'a Run) -> Self {
        let (mut needs, mut bound) = (FxHashMap::default(), FxHashMap::default());
        let process = &run.process;
        for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
            for edge in &opening.load.edges {
                if let Some(from) = edge.from {
                    needs.insert((process.object(from).key(), edge.needed), process.object(edge.to));
                }
            }
            for bindings in opening.load.bindings.chunk_by(|a, b| a.from == b.from) {
                bound.insert(process.object(bindings[0].from).key(), bindings);
            }
        }
        Self { needs, bound, process }
    }
}

/// The bindings of `load` that differ from those alone, by the three files that they are about.
fn rebound(load: &Load, process: &Process, was: &Known<'_>) -> Vec<Rebound> {
    let mut found: FxHashMap<(usize, usize, usize), Rebound> = FxHashMap::default();
    for bindings in load.bindings.chunk_by(|a, b| a.from == b.from) {
        let from = load.object(process, bindings[0].from);
        let Some(before) = was.bound.get(&from.key()) else { continue };
        for now in bindings {
            // Both are in the order of references, each at most a few times.
            let at = before.partition_point(|binding| binding.reference < now.reference);
            let same = |binding: &&elf_loader::Binding| binding.reference == now.reference;
            let Some(alone) = before[at..].iter().take_while(same).find(|binding| binding.uses == now.uses)
            else {
                continue;
            };
            let (to, to_alone) = (load.object(process, now.to), was.process.object(alone.to));
            if to.key() == to_alone.key() {
                continue;
            }
            let entry = found.entry((from.key(), to_alone.key(), to.key())).or_insert_with(|| Rebound {
                from: from.clone(),
                alone: to_alone.clone(),
                now: to.clone(),
                references: Vec::new(),
            });
            entry.references.push(Reference {
                reference: now.reference,
                alone: alone.definition,
                now: now.definition,
                unique: now.unique || alone.unique,
            });
        }
    }
    let mut found: Vec<Rebound> = found.into_values().collect();
    found.sort_by(|a, b| {
        (&a.from.path, &a.now.path, &a.alone.path).cmp(&(&b.from.path, &b.now.path, &b.alone.path))
    });
    found
}
