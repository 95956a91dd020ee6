//! Libraries that a package got from another one, because the SONAME was loaded already, although it brings its own.
//!
//! Deliberately not here: what that is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use elf_facts::{Facts, Name};
use elf_loader::{By, Found, Object};

use crate::analysis::{Analysis, Changed, Opening, PackageId};
use crate::environment::DistributionId;
use crate::finding::{Probe, SymbolName};

/// One library that came from another package.
pub(super) struct Shared {
    /// The distribution whose files get it.
    pub(super) victim: DistributionId,
    /// The distribution that has it.
    pub(super) giver: DistributionId,
    /// The distribution whose import gets it: the victim, or one that uses the victim's libraries.
    pub(super) importer: DistributionId,
    /// The distribution whose import loads it first.
    pub(super) first: DistributionId,
    /// The packages in the order that does it; `None` where importing the victim alone does it.
    pub(super) order: Option<Vec<PackageId>>,
    /// What needs it.
    pub(super) from: Arc<Object>,
    /// The name that it is needed by.
    pub(super) name: Name,
    /// The copy that is loaded.
    pub(super) now: Arc<Object>,
    /// The victim's own copy.
    pub(super) own: PathBuf,
    /// What the own copy says.
    pub(super) own_facts: Arc<Facts>,
    /// The module of the victim that gets it.
    pub(super) module: Option<String>,
    /// Libraries that the victim's own copy needs, that the loaded one does not, and that are loaded all the same for
    /// other files of the victim's: these work on another instance than the loaded copy does.
    pub(super) different_needs: Vec<Name>,
    /// Whether one of these has data of its own, so that two instances of it differ.
    pub(super) has_state: bool,
    /// Symbols of the victim's files that are bound to it.
    pub(super) symbols: BTreeSet<SymbolName>,
}

impl Shared {
    /// Libraries that the loaded copy needs instead.
    pub(super) fn needs_instead(&self, analysis: &Analysis<'_>) -> Vec<Name> {
        let (own, now) = (&self.own_facts.head.needed, &self.now.facts().head.needed);
        now.iter().filter(|name| !own.contains(name) && analysis.brings(self.giver, name)).cloned().collect()
    }

    /// What a process does to see it.
    pub(super) fn probe(&self, analysis: &Analysis<'_>) -> Option<Probe> {
        let first = analysis.package_of(self.first)?;
        let then = analysis.package_of(self.importer)?;
        let opens = opens(analysis, first, &self.now).and_then(|opening| opening.module.clone());
        let mut modules = analysis.packages[first].modules.clone();
        modules.extend(opens);
        let mut later = analysis.packages[then].modules.clone();
        later.extend(self.module.clone());
        let name = |package| analysis.package_name(package).to_owned();
        Some(Probe { imports: vec![(name(first), modules), (name(then), later)] })
    }
}

/// The opening in the run of `package` alone that loads `object`.
fn opens<'a>(analysis: &'a Analysis<'_>, package: PackageId, object: &Object) -> Option<&'a Opening> {
    let is_it = |other: &Arc<Object>| Arc::ptr_eq(other.library(), object.library());
    let openings = analysis.alone[package].openings.iter();
    openings.into_iter().find(|opening| opening.load.new_objects().any(|(_, object)| is_it(object)))
}

/// The distribution whose import loads `object` first, of those imported in `order`.
fn first_of(analysis: &Analysis<'_>, order: &[PackageId], object: &Object) -> Option<DistributionId> {
    let openings = order.iter().filter_map(|package| Some((*package, opens(analysis, *package, object)?)));
    let (package, opening) = openings.into_iter().next()?;
    let owner = analysis.files.owner_at(&opening.path).filter(|owner| analysis.package_of(*owner).is_some());
    Some(owner.unwrap_or(analysis.packages[package].distribution))
}

/// Bytes of writable data that compilers put into every library (`completed.0` and `__dso_handle` of GCC).
const COMPILERS_OWN: u64 = 16;

/// The victim, the giver, the name, and the order.
type Key = (DistributionId, DistributionId, Name, Option<Vec<PackageId>>);

/// Every library that one package gets from another although it brings a different one, once for each order.
pub(super) fn shared(analysis: &Analysis<'_>) -> Vec<Shared> {
    let mut found: BTreeMap<Key, Shared> = BTreeMap::new();
    for (package, run) in analysis.alone.iter().enumerate() {
        for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
            for edge in &opening.load.edges {
                let Some(from) = edge.from.map(|from| run.process.object(from)) else { continue };
                let silent = matches!(edge.found, Found::AlreadyLoaded(By::Name | By::Soname));
                let now = run.process.object(edge.to);
                let (Some(victim), Some(giver)) = (analysis.owner(from), analysis.owner(now)) else {
                    continue;
                };
                if !silent || victim == giver || analysis.package_of(victim) != Some(package) {
                    continue;
                }
                let name = from.facts().head.needed.get(edge.needed as usize);
                let module = opening.module.clone();
                let loaded: Vec<&Arc<Object>> =
                    run.objects(&analysis.machine).map(|(_, object)| object).collect();
                if let Some(one) = other_copy(analysis, (victim, giver), (from, now), name, &loaded) {
                    let key = (victim, giver, one.name.clone(), None);
                    let first = first_of(analysis, &[package], now).unwrap_or(giver);
                    found.entry(key).or_insert(Shared { module, first, importer: victim, ..one });
                }
            }
        }
    }
    for together in &analysis.together {
        let loaded: Vec<&Arc<Object>> = together.loaded.iter().collect();
        for change in &together.changes {
            let Changed::Needs(needs) = &change.what else { continue };
            let (Some(victim), Some(giver)) = (analysis.owner(&needs.from), analysis.owner(&needs.now))
            else {
                continue;
            };
            if victim == giver {
                continue;
            }
            if let Some(one) =
                other_copy(analysis, (victim, giver), (&needs.from, &needs.now), Some(&needs.name), &loaded)
            {
                let (module, order) = (change.module.clone(), Some(together.order.clone()));
                let key = (victim, giver, one.name.clone(), order.clone());
                // What happens without any other package has no order.
                if !found.contains_key(&(victim, giver, one.name.clone(), None)) {
                    let first = first_of(analysis, &together.order, &needs.now).unwrap_or(giver);
                    found.entry(key).or_insert(Shared {
                        module,
                        order,
                        first,
                        importer: change.victim,
                        ..one
                    });
                }
            }
        }
        for change in &together.changes {
            let Changed::Binds(bound) = &change.what else { continue };
            let same = |one: &&mut Shared| {
                one.order.as_ref() == Some(&together.order)
                    && Arc::ptr_eq(one.now.library(), bound.now.library())
            };
            for one in found.values_mut().filter_map(|one| Some(one).filter(same)) {
                let facts = bound.from.facts();
                one.symbols.extend(
                    bound.references.iter().map(|reference| super::symbol(facts, reference.reference)),
                );
            }
        }
    }
    found.into_values().collect()
}

/// What `now` stands for, if the victim brings another copy of that name; `loaded` is what the victim's import loads.
fn other_copy(
    analysis: &Analysis<'_>,
    (victim, giver): (DistributionId, DistributionId),
    (from, now): (&Arc<Object>, &Arc<Object>),
    name: Option<&Name>,
    loaded: &[&Arc<Object>],
) -> Option<Shared> {
    let name = name?.clone();
    let own = analysis.own_copy(victim, name.as_path())?;
    let own_facts = analysis.files.at(&own)?.facts.as_ref().ok()?.clone();
    // The same bytes do the same, as far as they need nothing else.
    if own_facts.head.content == now.facts().head.content {
        return None;
    }
    let is_named = |object: &Object, name: &Name| {
        object.soname() == Some(name)
            || object.path.as_path().file_name().is_some_and(|last| last == name.as_path().as_os_str())
    };
    let own_of = |name: &Name| {
        let mut own = loaded.iter().filter(|object| analysis.owner(object) == Some(victim));
        own.find(|object| is_named(object, name))
    };
    let needed = own_facts.head.needed.iter().filter(|name| !now.facts().head.needed.contains(name));
    let instances = needed.filter_map(|name| Some((name, own_of(name)?)));
    let (mut different_needs, mut has_state) = (Vec::new(), false);
    for (name, object) in instances {
        different_needs.push(name.clone());
        has_state |= object.facts().head.writable > COMPILERS_OWN;
    }
    let (from, now, symbols) = (from.clone(), now.clone(), BTreeSet::new());
    let (first, importer, order, module) = (giver, victim, None, None);
    Some(Shared {
        victim,
        giver,
        importer,
        first,
        order,
        from,
        name,
        now,
        own,
        own_facts,
        module,
        different_needs,
        has_state,
        symbols,
    })
}
