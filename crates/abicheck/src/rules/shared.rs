//! Libraries that a package got from another one, because the SONAME was loaded already, although it brings its own.
//!
//! Deliberately not here: what that is worth.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
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
    /// What needs it, or the source that opens it by its bare name.
    pub(super) from: PathBuf,
    /// Whether it is a source.
    pub(super) opened: bool,
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
    /// Whether each of these is, under another file name, a library that the loaded copy needs too, and neither has
    /// state: then one does as the other.
    pub(super) alike: bool,
    /// Symbols of the victim's files that are bound to it.
    pub(super) symbols: BTreeSet<SymbolName>,
}

impl Shared {
    /// Libraries that the loaded copy needs instead.
    pub(super) fn needs_instead(&self, analysis: &Analysis<'_>) -> Vec<Name> {
        let (own, now) = (&self.own_facts.head.needed, &self.now.facts().head.needed);
        let instead =
            |name: &&Name| self.different_needs.iter().any(|other| released_as(other) == released_as(name));
        let strange = now.iter().filter(|name| !own.contains(name));
        strange.filter(|name| analysis.brings(self.giver, name) || instead(name)).cloned().collect()
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
pub(super) fn first_of(
    analysis: &Analysis<'_>,
    order: &[PackageId],
    object: &Object,
) -> Option<DistributionId> {
    let openings = order.iter().filter_map(|package| Some((*package, opens(analysis, *package, object)?)));
    let (package, opening) = openings.into_iter().next()?;
    let owner = analysis.files.owner_at(&opening.path).filter(|owner| analysis.package_of(*owner).is_some());
    Some(owner.unwrap_or(analysis.packages[package].distribution))
}

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
                if let Some(one) =
                    other_copy(analysis, (victim, giver), (from.path.as_path(), now), name, &loaded)
                {
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
            let (from, victim, name, now) = match &change.what {
                Changed::Needs(needs) => {
                    (needs.from.path.as_path(), analysis.owner(&needs.from), &needs.name, &needs.now)
                }
                Changed::Opens(opened) => {
                    (opened.by.as_path(), Some(change.victim), &opened.name, &opened.now)
                }
                _ => continue,
            };
            let (Some(victim), Some(giver)) = (victim, analysis.owner(now)) else { continue };
            if victim == giver {
                continue;
            }
            if let Some(one) = other_copy(analysis, (victim, giver), (from, now), Some(name), &loaded) {
                let (module, order) = (change.module.clone(), Some(together.order.clone()));
                let key = (victim, giver, one.name.clone(), order.clone());
                // What happens without any other package has no order.
                if !found.contains_key(&(victim, giver, one.name.clone(), None)) {
                    let first = first_of(analysis, &together.order, now).unwrap_or(giver);
                    found.entry(key).or_insert(Shared {
                        module,
                        order,
                        first,
                        opened: matches!(change.what, Changed::Opens(_)),
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
    (from, now): (&Path, &Arc<Object>),
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
    let own_of = |name: &Name| {
        let mut own = loaded.iter().filter(|object| analysis.owner(object) == Some(victim));
        own.find(|object| is_named(object, name)).copied()
    };
    let needed = own_facts.head.needed.iter().filter(|name| !now.facts().head.needed.contains(name));
    let instances: Vec<(&Name, &Arc<Object>)> =
        needed.filter_map(|name| Some((name, own_of(name)?))).collect();
    let alike = instances.iter().all(|(name, own)| {
        let of_one_library = |other: &&Name| released_as(other) == released_as(name);
        let other = now.facts().head.needed.iter().find(of_one_library);
        other.is_some_and(|other| {
            is_stateless(own) && of_giver(analysis, giver, other).is_none_or(is_stateless)
        })
    });
    let different_needs: Vec<Name> = instances.iter().map(|(name, _)| (*name).clone()).collect();
    let (from, now, symbols) = (from.to_owned(), now.clone(), BTreeSet::new());
    let (first, importer, order, module) = (giver, victim, None, None);
    Some(Shared {
        victim,
        giver,
        importer,
        first,
        order,
        from,
        opened: false,
        name,
        now,
        own,
        own_facts,
        module,
        different_needs,
        alike,
        symbols,
    })
}

fn is_named(object: &Object, name: &Name) -> bool {
    let last = object.path.as_path().file_name();
    object.soname() == Some(name) || last.is_some_and(|last| last == name.as_path().as_os_str())
}

/// What a package loads under a name when it is imported alone.
fn of_giver<'a>(analysis: &'a Analysis<'_>, giver: DistributionId, name: &Name) -> Option<&'a Arc<Object>> {
    let package = analysis.package_of(giver)?;
    analysis.alone[package].process.objects().map(|(_, object)| object).find(|object| is_named(object, name))
}

/// Whether a library has no data that it changes, so that two instances of it differ in nothing but their release.
fn is_stateless(object: &Arc<Object>) -> bool {
    elf_facts::state(object.path.as_path()).is_ok_and(|bytes| bytes == 0)
}

/// `libz` of `libz.so.1` and of `libz-a147dcb0.so.1.2.3`: tools that copy libraries into wheels add to their names.
fn released_as(name: &Name) -> String {
    let name = name.to_text();
    let stem = name.split_once(".so").map_or(&*name, |(stem, _)| stem);
    let is_hash = |end: &str| end.len() == 8 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
    stem.rsplit_once('-').filter(|(_, end)| is_hash(end)).map_or(stem, |(stem, _)| stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_in_wheels_are_named_after_their_library() {
        let stem = |name: &str| released_as(&Name::from(name));
        assert_eq!(stem("libz.so.1"), "libz");
        assert_eq!(stem("libz-a147dcb0.so.1.2.3"), stem("libz.so.1"));
        assert_eq!(stem("libpng16-898afbbd.so.16.35.0"), "libpng16");
        assert_ne!(stem("libssl-gnutls.so.3"), stem("libssl.so.3"));
    }
}
