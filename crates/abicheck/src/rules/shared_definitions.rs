//! # shared-definitions
//!
//! ## What it does
//! Finds symbols that two packages define and of which a process has one definition: STB_GNU_UNIQUE symbols, and symbols
//! that one package binds to another's definition although it has its own. Size and type are the same in both.
//!
//! ## Why is this bad?
//! Mostly it is not: templates and inline functions of one header do the same in both. About half of all environments
//! that work have it. It is worth knowing where two packages seem to share state.
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

use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::DistributionId;
use crate::finding::{Finding, Severity, SymbolName};

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
    for one in gathered.crossings() {
        let other = one.symbols.iter().filter(|crossing| !crossing.is_alike());
        unlike.extend(other.map(|crossing| crossing.symbol.clone()));
        let alike = one.symbols.iter().filter(|crossing| crossing.is_alike());
        let symbols: Vec<SymbolName> = alike.map(|crossing| crossing.symbol.clone()).collect();
        if !symbols.is_empty() && one.order.is_none() {
            groups.entry([one.victim, one.giver].into()).or_default().extend(symbols);
        }
    }
    for (symbol, owners) in unique(analysis) {
        // Of another size or type is told by rules of its own.
        if owners.len() > 1 && !unlike.contains(&symbol) {
            groups.entry(owners).or_default().insert(symbol);
        }
    }
    for (owners, symbols) in groups {
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
        findings.push(finding);
    }
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
