//! # missing-symbol
//!
//! ## What it does
//! Looks every symbol that a module and its libraries refer to up as the dynamic loader would, in the scopes that they
//! have in each order of imports. Weak references may stay without a definition.
//!
//! ## Why is this bad?
//! The import ends with `ImportError: undefined symbol: x`. Where the library that defines it is there and another
//! package's of the same SONAME comes first, it happens in one order of imports only.
//!
//! ## Example
//! ```text
//! error[AB103]: import a, then b: foo_open is not in libfoo.so.1
//!   a.libs/libfoo.so.1   is loaded first; does not define foo_open
//!   b/_core.so           refers to foo_open
//!   b.libs/libfoo.so.1   is the one that b loads alone, not looked at any more
//! ```
//!
//! ## Fix
//! Install versions of both packages that bring the same library, or import the other one first.

use std::collections::BTreeMap;
use std::path::PathBuf;

use elf_loader::{Failure, MissingSymbol};

use super::instead::Instead;
use super::loads::{Failed, add_new};
use super::{Gathered, Rule};
use crate::analysis::PackageId;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB103",
    name: "missing-symbol",
    severity: Severity::Error,
    summary: "a symbol that is referred to is defined nowhere",
    source: include_str!("missing_symbol.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    type Group = (DistributionId, Vec<PackageId>, Severity);
    let mut groups: BTreeMap<Group, Vec<(&Failed<'_>, &[MissingSymbol])>> = BTreeMap::new();
    for failed in gathered.failed() {
        let Failure::Symbols(missing) = &failed.error.failure else { continue };
        let key = (failed.victim, failed.after.clone(), failed.severity());
        groups.entry(key).or_default().push((failed, missing));
    }
    for ((victim, after, severity), mut failed) in groups {
        failed.sort_by_key(|(failed, _)| failed.rank(analysis));
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let (first, missing) = &failed[0];
        first.describe(analysis, &mut finding);
        let package = analysis.name(victim);
        let symbol = &missing[0].symbol;
        let forced = if after.is_empty() { first.forced(analysis, &missing[0]) } else { None };
        let is_forced = forced.is_some();
        let instead = forced.or_else(|| first.instead(analysis, &missing[0]));
        let file =
            |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let said = match &instead {
            Some(instead) => format!("{symbol} is not in {}", file(&instead.taken)),
            None => format!("{symbol} is defined nowhere"),
        };
        finding.title = match &after[..] {
            [] => format!("{}: {said}", first.fails(analysis)),
            _ => format!("{}: {said}", first.in_order(&finding, first.last(analysis))),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, first.error);
        finding.libraries = failed.iter().map(|(_, missing)| path(&missing[0])).collect();
        finding.libraries.dedup();
        finding.evidence = evidence(&failed, instead.as_ref(), package);
        let of_both = instead.into_iter().flat_map(|instead| [instead.taken, instead.own]);
        finding.libraries.splice(0..0, of_both);
        let all = failed.iter().flat_map(|(_, missing)| missing.iter());
        let mut symbols: Vec<SymbolName> = all
            .map(|one| SymbolName {
                name: Some(one.symbol.to_string()),
                version: one.version.as_ref().map(ToString::to_string),
            })
            .collect();
        symbols.sort();
        symbols.dedup();
        symbols.truncate(Finding::MOST_SYMBOLS);
        finding.symbols = symbols;
        finding.hint = match &after[..] {
            [] if is_forced => format!(
                "install versions of both that bring the same libraries: {package} imports the other one first itself"
            ),
            [] => format!("install a version of {package} that was built for what is here"),
            _ if first.fails_reversed(analysis) => {
                "install versions of both that bring the same libraries; the other way round fails as well"
                    .to_owned()
            }
            _ => format!("import {package} first, or install versions of both that bring the same libraries"),
        };
        findings.push(finding);
    }
}

fn path(missing: &MissingSymbol) -> PathBuf {
    missing.needed_by.as_path().to_owned()
}

fn evidence(
    failed: &[(&Failed<'_>, &[MissingSymbol])],
    instead: Option<&Instead>,
    package: &str,
) -> Vec<Evidence> {
    let taken = instead.map(|instead| Evidence {
        path: instead.taken.clone(),
        text: format!("{}; does not define {}", failed[0].0.loaded_first(), failed[0].1[0].symbol),
    });
    let own = instead.map(|instead| Evidence {
        path: instead.own.clone(),
        text: format!("is the one that {package} loads alone, not looked at any more"),
    });
    let lines = failed.iter().map(|(_, missing)| {
        let one = &missing[0];
        let version = one.version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
        let more = match missing.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        Evidence { path: path(one), text: format!("refers to {}{version}{more}", one.symbol) }
    });
    let mut evidence = Vec::new();
    add_new(&mut evidence, taken.into_iter().chain(lines));
    evidence.truncate(8);
    evidence.extend(own);
    evidence
}
