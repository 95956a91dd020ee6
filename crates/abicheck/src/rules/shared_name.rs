//! # shared-name
//!
//! ## What it does
//! Finds libraries that two packages bring under one SONAME with different bytes, of which a process loads only the
//! first, where the libraries that each copy needs are no matter. What an order of imports misses by it, a version or
//! a symbol, rules of their own tell. It counts who needs the name, and Python code that opens it without a folder, also in
//! functions: `ctypes.CDLL("libfoo.so.1")` gets whatever is loaded under the name.
//!
//! ## Why is this bad?
//! Mostly it is not: builds of one library by one tool get one name, and either copy does. It is worth knowing where
//! something works in one order of imports only and no error says why.
//!
//! Of two versions of one package, which an environment of pins has in one process, it is an error: Python code and
//! modules of the one version work on a library that was built for the other, whose symbols have the names that they
//! look for, and other classes and tables behind them. `import torch` in a second version crashes so, with every symbol
//! found. So it is where the library stands in a distribution of its own, and two packages, or one wheel in two closures,
//! depend on two versions of that. Two versions of one distribution are told also where no import loads such a library:
//! what opens it when it is called gets the one that is loaded.
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
use std::path::PathBuf;

use super::other_versions::{Crossed, other_versions};
use super::shared::Shared;
use super::{Gathered, Rule, unloaded_versions};
use crate::analysis::Analysis;
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

const OWN_NAMES: &str = "`abicheck isolate` gives each version libraries under names of their own";

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
    let mut told: BTreeSet<(DistributionId, DistributionId)> = BTreeSet::new();
    for ((a, b), libraries) in pairs {
        let breaks = breaking.contains(&(a, b));
        let both = [a, b].map(|id| &analysis.environment.distributions[id]);
        let versions = both[0].is_version_of(both[1]);
        if versions {
            told.insert((a, b));
        }
        let severity = if versions { Severity::Error } else { RULE.severity };
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let (a, b) = (analysis.name(a), analysis.name(b));
        finding.title = title(a, b, libraries.keys());
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
            (true, _) => OWN_NAMES,
            (false, true) => "install versions of both that bring the same libraries",
            (false, false) => "nothing, as long as all works",
        };
        finding.hint = hint.to_owned();
        findings.push(finding);
    }
    let both = |a: DistributionId, b: DistributionId| (a.min(b), a.max(b));
    // Whose they are is told by those who come to them.
    let mut owners = BTreeSet::new();
    for (pair, libraries) in other_versions(analysis) {
        owners.extend(libraries.values().map(|one| both(one.now.1, one.own.1)));
        if told.insert(pair) {
            findings.push(of_other_versions(analysis, pair, &libraries));
        }
    }
    told.extend(owners);
    told.extend(failing.iter().map(|(a, b)| both(*a, *b)));
    told.extend(gathered.shared().iter().map(|one| both(one.victim, one.giver)));
    let unloaded = unloaded_versions(analysis).into_iter().filter(|(pair, _)| !told.contains(pair));
    findings.extend(unloaded.map(|(pair, libraries)| of_unloaded_versions(analysis, pair, &libraries)));
}

fn title(a: &str, b: &str, names: impl ExactSizeIterator<Item = impl ToString>) -> String {
    let count = match names.len() {
        1 => "1 library".to_owned(),
        count => format!("{count} libraries"),
    };
    let more = if names.len() > 3 { ", ..." } else { "" };
    let names: Vec<String> = names.take(3).map(|name| name.to_string()).collect();
    format!("{a} and {b} share {count}: {}{more}", names.join(", "))
}

/// Of libraries of two versions that imports do not come to, or not in this way.
fn of_unloaded_versions(
    analysis: &Analysis<'_>,
    (a, b): (DistributionId, DistributionId),
    libraries: &BTreeMap<elf_facts::Name, [PathBuf; 2]>,
) -> Finding {
    let mut finding = Finding { severity: Severity::Error, ..Finding::of(&RULE) };
    let names = [a, b].map(|id| analysis.name(id));
    finding.title = title(names[0], names[1], libraries.keys());
    finding.message = format!(
        "{}. No import shows it: whatever code opens what needs them first, when it is called, decides for both versions.",
        finding.title
    );
    finding.packages = names.map(str::to_owned).to_vec();
    for paths in libraries.values() {
        for (path, name) in paths.iter().zip(names) {
            if finding.evidence.len() < 2 * Finding::MOST_SYMBOLS {
                finding.evidence.push(Evidence { path: path.clone(), text: format!("is {name}'s") });
            }
            finding.libraries.push(path.clone());
        }
    }
    finding.hint = OWN_NAMES.to_owned();
    finding
}

/// Of libraries that neither package brings itself: each depends on another version of what does.
fn of_other_versions(
    analysis: &Analysis<'_>,
    (a, b): (DistributionId, DistributionId),
    libraries: &BTreeMap<String, Crossed>,
) -> Finding {
    let mut finding = Finding { severity: Severity::Error, ..Finding::of(&RULE) };
    let (a, b) = (analysis.name(a), analysis.name(b));
    finding.title = title(a, b, libraries.keys());
    finding.message = format!(
        "{}. Each comes to another one alone, whoever is first decides, and the other works on a library of another version.",
        finding.title
    );
    finding.packages = vec![a.to_owned(), b.to_owned()];
    for one in libraries.values() {
        let (importer, first) = (analysis.name(one.importer), analysis.name(one.first));
        let paths = [&one.now, &one.own].map(|(object, _)| object.path.as_path().to_owned());
        let [now, own] = &paths;
        if finding.evidence.len() < Finding::MOST_SYMBOLS {
            finding.evidence.extend([
                Evidence {
                    path: now.clone(),
                    text: format!("is of {}; loaded for both if {first} is first", analysis.name(one.now.1)),
                },
                Evidence {
                    path: own.clone(),
                    text: format!("is of {}; what {importer} loads alone", analysis.name(one.own.1)),
                },
            ]);
        }
        finding.libraries.extend(paths);
    }
    finding.hint = OWN_NAMES.to_owned();
    finding
}
