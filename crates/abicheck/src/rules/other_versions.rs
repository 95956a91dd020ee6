//! Libraries that a package got from another version than it gets alone, although neither stands in the package itself:
//! of two versions of the distribution that brings them, or of what two units of one package depend on.
//!
//! What is compared is all that a library comes to: a second unit of one wheel gets the first one's libraries, whose bytes are
//! the same, and with them what *those* work on. Deliberately not here: libraries that the package itself brings (`shared`),
//! and what is said about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use elf_loader::{Object, Process};
use pinfold_core::names::normalize;

use super::shared::first_of;
use crate::analysis::{Analysis, Change, Changed, Substitution, Together, reached};
use crate::environment::DistributionId;

/// One library of the other version.
pub(super) struct Crossed {
    /// The distribution whose import gets it.
    pub(super) importer: DistributionId,
    /// The distribution whose import loads it first.
    pub(super) first: DistributionId,
    /// The library that is loaded, and whose it is.
    pub(super) now: (Arc<Object>, DistributionId),
    /// The one that stands for it where the importer is alone.
    pub(super) own: (Arc<Object>, DistributionId),
}

/// All of them, by the two packages, the lower number first, and the library's name.
pub(super) type ByPair = BTreeMap<(DistributionId, DistributionId), BTreeMap<String, Crossed>>;

/// Every library of another version, once for two packages in whatever order.
pub(super) fn other_versions(analysis: &Analysis<'_>) -> ByPair {
    let mut found = ByPair::new();
    let all = &analysis.environment.distributions;
    // Nearly every environment has one version of everything.
    let mut names: Vec<String> = all.iter().map(|one| normalize(&one.name)).collect();
    names.sort_unstable();
    if !names.windows(2).any(|two| two[0] == two[1]) {
        return found;
    }
    for together in &analysis.together {
        for change in &together.changes {
            let Changed::Needs(needs) = &change.what else { continue };
            for (name, one) in crossed(analysis, together, change, needs).into_iter().flatten() {
                let pair = (one.importer.min(one.first), one.importer.max(one.first));
                found.entry(pair).or_default().entry(name).or_insert(one);
            }
        }
    }
    found
}

/// What of all that the needed library comes to is of another version now.
fn crossed(
    analysis: &Analysis<'_>,
    together: &Together,
    change: &Change,
    needs: &Substitution,
) -> Option<Vec<(String, Crossed)>> {
    let importer = change.victim;
    let first = first_of(analysis, &together.order, &needs.now).filter(|first| *first != importer)?;
    let process = |id: DistributionId| Some(&analysis.alone[analysis.package_of(id)?].process);
    let own = below(process(importer)?, &needs.alone)?;
    let now = below(process(first)?, &needs.now)?;
    let versions = |a: DistributionId, b: DistributionId| {
        let all = &analysis.environment.distributions;
        a != b && all[a].is_version_of(&all[b])
    };
    let crossed = own.into_iter().filter_map(|(name, own)| {
        let now = now.get(&name)?;
        let (whose, theirs) = (analysis.owner(&own)?, analysis.owner(now)?);
        let differs = own.facts().head.content != now.facts().head.content;
        let counts = differs && whose != theirs && (versions(whose, theirs) || versions(importer, first));
        let one = || Crossed { importer, first, now: (now.clone(), theirs), own: (own.clone(), whose) };
        counts.then(|| (name.clone(), one()))
    });
    Some(crossed.collect())
}

/// An object and all that it needs, itself or through others, by the names that the loader tells them by.
fn below(process: &Process, object: &Object) -> Option<BTreeMap<String, Arc<Object>>> {
    let (root, _) = process.objects().find(|(_, other)| other.key() == object.key())?;
    let name = |object: &Object| {
        let last = || object.path.as_path().file_name().map(|name| name.to_string_lossy().into_owned());
        object.soname().map(ToString::to_string).or_else(last)
    };
    let objects = reached(process, root).into_iter().map(|id| process.object(id));
    Some(objects.filter_map(|object| Some((name(object)?, object.clone()))).collect())
}
