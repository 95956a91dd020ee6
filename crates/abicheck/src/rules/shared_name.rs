//! # shared-name
//!
//! ## What it does
//! Finds libraries that two packages bring under one SONAME with different bytes, of which a process loads only the
//! first, where the libraries that each copy needs are no matter. What an order of imports misses by it, a version or
//! a symbol, rules of their own tell.
//!
//! ## Why is this bad?
//! Mostly it is not: builds of one library by one tool get one name, and either copy does. It is worth knowing where
//! something works in one order of imports only and no error says why.
//!
//! Of two versions of one package, which an environment of pins has in one process, it is an error: Python code and
//! modules of the one version work on a library that was built for the other, whose symbols have the names that they
//! look for, and other classes and tables behind them. `import torch` in a second version crashes so, with every symbol
//! found.
//!
//! ## Example
//! ```text
//! note[AB202]: a and b share 1 library: libfoo.so.1
//!   a.libs/libfoo.so.1   is loaded by whoever is first
//!   b.libs/libfoo.so.1   is the one that b brings
//! ```
//!
//! ## Fix
//! Nothing, as long as all works. Otherwise install versions of both that bring the same library. Of two versions of one
//! package, `abicheck isolate` gives each copy a SONAME of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::shared::Shared;
use super::{Gathered, Rule};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB202",
    name: "shared-name",
    severity: Severity::Note,
    summary: "two packages share one library that each brings",
    source: include_str!("shared_name.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    // Orders in which something fails for want of the other copy: rules of their own tell it.
    let failing = gathered.failed().iter().filter(|failed| !failed.after.is_empty());
    let failing: BTreeSet<(DistributionId, DistributionId)> = failing
        .flat_map(|failed| {
            failed.after.iter().map(|first| (analysis.packages[*first].distribution, failed.victim))
        })
        .collect();
    let mut breaking: BTreeSet<(DistributionId, DistributionId)> = BTreeSet::new();
    // One finding for two packages, in whatever order.
    let mut pairs: BTreeMap<(DistributionId, DistributionId), BTreeMap<elf_facts::Name, &Shared>> =
        BTreeMap::new();
    for one in gathered.shared().iter().filter(|one| one.different_needs.is_empty()) {
        let key = (one.victim.min(one.giver), one.victim.max(one.giver));
        if failing.contains(&(one.first, one.importer)) || failing.contains(&(one.importer, one.first)) {
            breaking.insert(key);
        }
        pairs.entry(key).or_default().entry(one.name.clone()).or_insert(one);
    }
    for ((a, b), libraries) in pairs {
        let breaks = breaking.contains(&(a, b));
        let both = [a, b].map(|id| &analysis.environment.distributions[id]);
        let versions = both[0].is_version_of(both[1]);
        let severity = if versions { Severity::Error } else { RULE.severity };
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let names: Vec<String> = libraries.keys().map(ToString::to_string).collect();
        let (a, b) = (analysis.name(a), analysis.name(b));
        let count = match names.len() {
            1 => "1 library".to_owned(),
            count => format!("{count} libraries"),
        };
        let more = if names.len() > 3 { ", ..." } else { "" };
        finding.title =
            format!("{a} and {b} share {count}: {}{more}", names[..names.len().min(3)].join(", "));
        let but = match (breaks, versions) {
            (true, _) => "and one order of imports fails: see the findings that name one",
            (false, true) => "and the other's code works on a library of another version",
            (false, false) => "and nothing that the other copy needs is missed",
        };
        finding.message = format!("{}. Each brings its own, whoever is first decides, {but}.", finding.title);
        finding.packages = vec![a.to_owned(), b.to_owned()];
        for one in libraries.values() {
            let (giver, victim) = (analysis.name(one.giver), analysis.name(one.victim));
            let now = one.now.path.as_path().to_owned();
            finding.libraries.extend([now.clone(), one.own.clone()]);
            if finding.evidence.len() < Finding::MOST_SYMBOLS {
                finding.evidence.extend([
                    Evidence {
                        path: now,
                        text: format!("is {giver}'s; loaded for both if {giver} is first"),
                    },
                    Evidence { path: one.own.clone(), text: format!("is {victim}'s") },
                ]);
            }
        }
        let hint = match (versions, breaks) {
            (true, _) => "`abicheck isolate` gives each version libraries under names of their own",
            (false, true) => "install versions of both that bring the same libraries",
            (false, false) => "nothing, as long as all works",
        };
        finding.hint = hint.to_owned();
        findings.push(finding);
    }
}
