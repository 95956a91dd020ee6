//! Which packages break each other by what they share: errors, as rules find them, of two packages of which one gets
//! another file than alone, or a unique symbol of the other.
//!
//! Deliberately not here: what is done about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Analysis, Changed};
use crate::environment::DistributionId;
use crate::finding::{Finding, Severity};
use crate::rules;

/// Two packages that break each other, the lower number first.
pub(super) type Pair = (DistributionId, DistributionId);

/// The errors of `analysis`.
pub(super) fn errors(analysis: &Analysis<'_>) -> Vec<Finding> {
    let findings = rules::check(analysis).into_iter();
    findings.filter(|finding| finding.severity == Severity::Error).collect()
}

/// Whether an error is that symbols are found first in what the other package opened for everyone.
pub(super) fn is_of_scope(finding: &Finding) -> bool {
    finding.code == "AB207"
}

/// The pairs that `errors` name, each with the first of them, where what the two share could be the cause.
pub(super) fn pairs<'f>(analysis: &Analysis<'_>, errors: &'f [Finding]) -> BTreeMap<Pair, &'f Finding> {
    let share = sharing(analysis);
    let mut pairs = BTreeMap::new();
    for finding in errors {
        // Two units may have one name and one version.
        let named = |id: &DistributionId| finding.packages.iter().any(|name| name == analysis.name(*id));
        let ids: Vec<DistributionId> = (0..analysis.environment.distributions.len()).filter(named).collect();
        for (at, a) in ids.iter().enumerate() {
            for b in ids[at + 1..].iter().filter(|b| share.contains(&(*a, **b))) {
                pairs.entry((*a, *b)).or_insert(finding);
            }
        }
    }
    pairs
}

/// Packages of which one gets what is the other's when it is imported after it.
fn sharing(analysis: &Analysis<'_>) -> BTreeSet<Pair> {
    let mut found: BTreeSet<Pair> = rules::unloaded_versions(analysis).into_keys().collect();
    for together in &analysis.together {
        let is_shared = |change: &crate::analysis::Change| match &change.what {
            Changed::Needs(_) | Changed::Opens(_) | Changed::Fails(_) => true,
            Changed::Binds(rebound) => {
                rebound.references.iter().any(|reference| reference.unique)
                    || rules::are_versions(analysis, rebound)
            }
            Changed::Works(_) => false,
        };
        if !together.changes.iter().any(is_shared) {
            continue;
        }
        let ids: Vec<DistributionId> =
            together.order.iter().map(|package| analysis.packages[*package].distribution).collect();
        for (at, a) in ids.iter().enumerate() {
            found.extend(ids[at + 1..].iter().map(|b| (*a.min(b), *a.max(b))));
        }
    }
    found
}
