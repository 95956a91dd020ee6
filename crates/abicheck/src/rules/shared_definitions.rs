//! # shared-definitions
//!
//! ## What it does
//! Finds symbols that two packages define and of which a process has one definition: STB_GNU_UNIQUE symbols, and symbols
//! that one package binds to another's definition although it has its own, functions included: because that one's
//! library comes first among what both need, or was opened with RTLD_GLOBAL before. Size and type are the same in both.
//!
//! ## Why is this bad?
//! Mostly it is not: templates and inline functions of one header do the same in both. About half of all environments
//! that work have it. It is worth knowing where two packages seem to share state. Of two versions of one package, of which
//! one works on the other's library because that was opened for everyone, it is an error.
//!
//! ## Example
//! ```text
//! note[AB207]: 12 definitions are shared by a and b: whoever is first has them
//! ```
//!
//! ## Fix
//! Nothing, as long as all works. Whoever builds one of the packages can compile with `-fno-gnu-unique` and
//! `-fvisibility=hidden`.

use std::collections::{BTreeMap, BTreeSet};

use super::crossings::{Crossing, Crossings};
use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB207",
    name: "shared-definitions",
    severity: Severity::Note,
    summary: "two packages define a symbol of which a process has one",
    source: include_str!("shared_definitions.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    // One finding for all packages that share the same symbols, so that a hundred C++ packages make one note.
    let mut groups: BTreeMap<BTreeSet<DistributionId>, BTreeSet<SymbolName>> = BTreeMap::new();
    let mut unlike: BTreeSet<SymbolName> = BTreeSet::new();
    let mut taken: BTreeMap<(DistributionId, DistributionId), Vec<&Crossings>> = BTreeMap::new();
    for one in gathered.crossings() {
        let other = one.symbols.iter().filter(|crossing| !crossing.is_alike());
        unlike.extend(other.map(|crossing| crossing.symbol.clone()));
        let alike = one.symbols.iter().filter(|crossing| crossing.is_alike());
        let symbols: Vec<SymbolName> = alike.map(|crossing| crossing.symbol.clone()).collect();
        if symbols.is_empty() {
            continue;
        }
        match &one.order {
            None => groups.entry([one.victim, one.giver].into()).or_default().extend(symbols),
            Some(_) if one.symbols.iter().any(is_taken) => {
                taken.entry((one.giver, one.victim)).or_default().push(one);
            }
            Some(_) => {}
        }
    }
    for (symbol, owners) in unique(analysis) {
        // Of another size or type is told by rules of its own.
        if owners.len() > 1 && !unlike.contains(&symbol) {
            groups.entry(owners).or_default().insert(symbol);
        }
    }
    findings.extend(groups.into_iter().map(|(owners, symbols)| shared(analysis, &owners, symbols)));
    findings.extend(taken.into_iter().map(|(pair, crossings)| in_one_order(analysis, pair, &crossings)));
}

/// Whether a package has its own definition and binds to another one that was there before, because that one's file is
/// open for all to see. What a shared file does under one name is told as such, and unique symbols in every order.
fn is_taken(crossing: &Crossing) -> bool {
    crossing.is_alike() && !crossing.unique && !crossing.instead
}

/// Whether it is the other version's, and no template or inline function, of which each file has one.
fn is_other_version(crossing: &Crossing) -> bool {
    is_taken(crossing) && crossing.versions && !crossing.own.is_weak() && !crossing.now.is_weak()
}

fn shared(
    analysis: &Analysis<'_>,
    owners: &BTreeSet<DistributionId>,
    symbols: BTreeSet<SymbolName>,
) -> Finding {
    let mut finding = Finding::of(&RULE);
    let names: Vec<String> = owners.iter().map(|owner| analysis.name(*owner).to_owned()).collect();
    let count = match symbols.len() {
        1 => "1 definition is".to_owned(),
        count => format!("{count} definitions are"),
    };
    finding.title = format!("{count} shared by {}: whoever is first has them", names.join(", "));
    finding.message = format!("{}. Size and type are the same in all.", finding.title);
    finding.packages = names;
    finding.symbols = symbols.into_iter().take(Finding::MOST_SYMBOLS).collect();
    finding.hint = "nothing, as long as all works".to_owned();
    finding
}

/// What one package takes from another one that was imported before it.
fn in_one_order(
    analysis: &Analysis<'_>,
    (giver, victim): (DistributionId, DistributionId),
    crossings: &[&Crossings],
) -> Finding {
    let versions = crossings.iter().flat_map(|one| &one.symbols).any(is_other_version);
    let severity = if versions { Severity::Error } else { RULE.severity };
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let (giver, victim) = (analysis.name(giver), analysis.name(victim));
    let all: BTreeSet<&SymbolName> = crossings
        .iter()
        .flat_map(|one| one.symbols.iter().filter(|crossing| is_taken(crossing)))
        .map(|crossing| &crossing.symbol)
        .collect();
    let what = match all.len() {
        1 => "1 symbol".to_owned(),
        count => format!("{count} symbols"),
    };
    finding.title = format!("import {giver}, then {victim}: {what} of {victim} bound to {giver}'s");
    finding.message = format!(
        "{}. {victim} has definitions of its own, and {giver} opens its file with RTLD_GLOBAL, so that they come later.",
        finding.title
    );
    finding.packages = vec![giver.to_owned(), victim.to_owned()];
    finding.order = Some(finding.packages.clone());
    for one in crossings.iter().take(Finding::MOST_SYMBOLS) {
        let (from, to) = (one.from.path.as_path().to_owned(), one.to.path.as_path().to_owned());
        let first = one.symbols.iter().find(|crossing| is_taken(crossing));
        let name = first.and_then(|crossing| crossing.symbol.name.as_deref()).unwrap_or_default();
        for (path, text) in [(&to, format!("has {name}, which is taken")), (&from, format!("has {name} too"))]
        {
            if !finding.libraries.contains(path) {
                finding.libraries.push(path.clone());
                finding.evidence.push(Evidence { path: path.clone(), text });
            }
        }
    }
    finding.symbols = all.into_iter().take(Finding::MOST_SYMBOLS).cloned().collect();
    finding.hint = match versions {
        true => format!("open the libraries of {giver} without RTLD_GLOBAL"),
        false => format!("nothing, as long as all works; otherwise import {victim} before {giver}"),
    };
    finding
}

/// Unique symbols with the distributions whose own files answer for them when each package is imported alone.
fn unique(analysis: &Analysis<'_>) -> BTreeMap<SymbolName, BTreeSet<DistributionId>> {
    let mut found: BTreeMap<SymbolName, BTreeSet<DistributionId>> = BTreeMap::new();
    for run in &analysis.alone {
        for opening in run.openings.iter().filter(|opening| opening.load.result.is_ok()) {
            for binding in opening.load.bindings.iter().filter(|binding| binding.unique) {
                let Some(owner) = analysis.owner(run.process.object(binding.to)) else { continue };
                let from = run.process.object(binding.from);
                found.entry(super::symbol(from.facts(), binding.reference)).or_default().insert(owner);
            }
        }
    }
    found
}
