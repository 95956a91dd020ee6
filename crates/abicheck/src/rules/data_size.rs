//! # data-size
//!
//! ## What it does
//! Finds variables that a module or library was built with and that the loader binds to another package's variable of
//! the same name and of a different size. That happens with what is loaded with RTLD_GLOBAL, or with libraries that
//! came from another package under one SONAME.
//!
//! ## Why is this bad?
//! The code reads and writes bytes beyond the end of the variable, which belong to something else.
//!
//! ## Example
//! ```text
//! error[AB205]: import a, then b: table of b is bound to a's, of another size
//!   b/_core.so   has table of 24 bytes
//!   a/_core.so   has table of 4 bytes, which is taken
//! ```
//!
//! ## Fix
//! Import the package whose symbols go to everyone last, or install a version of it that does not need RTLD_GLOBAL.

use super::crossings::Crossings;
use super::{Gathered, Rule};
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB205",
    name: "data-size",
    severity: Severity::Error,
    summary: "a variable is bound to another package's of a different size",
    source: include_str!("data_size.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    for one in gathered.crossings() {
        findings.extend(finding(gathered, &RULE, one, false));
    }
}

/// The finding of `rule` for what is not alike among the unique symbols, or among the others.
pub(super) fn finding(
    gathered: &Gathered<'_>,
    rule: &Rule,
    one: &Crossings,
    unique: bool,
) -> Option<Finding> {
    let analysis = gathered.analysis;
    let unlike: Vec<_> =
        one.symbols.iter().filter(|crossing| crossing.unique == unique && !crossing.is_alike()).collect();
    let first = unlike.first()?;
    let mut finding = Finding::of(rule);
    let (giver, victim) = (analysis.name(one.giver), analysis.name(one.victim));
    let symbol = first.symbol.name.as_deref().unwrap_or_default();
    let more = match unlike.len() {
        1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let what = format!("{symbol}{more} of {victim} is bound to {giver}'s, of another size or type");
    finding.title = match &one.order {
        Some(_) => format!("import {giver}, then {victim}: {what}"),
        None => what,
    };
    let sizes = format!("{} bytes here, {} there", first.own.size, first.now.size);
    finding.message = format!("{}: {sizes}.", finding.title);
    finding.packages = vec![giver.to_owned(), victim.to_owned()];
    finding.order = one.order.as_ref().map(|_| finding.packages.clone());
    let (from, to) = (one.from.path.as_path().to_owned(), one.to.path.as_path().to_owned());
    finding.evidence = vec![
        Evidence { path: from.clone(), text: format!("has {symbol} of {} bytes", first.own.size) },
        Evidence {
            path: to.clone(),
            text: format!("has {symbol} of {} bytes, which is taken", first.now.size),
        },
    ];
    finding.libraries = vec![to, from];
    finding.symbols =
        unlike.iter().take(Finding::MOST_SYMBOLS).map(|crossing| crossing.symbol.clone()).collect();
    finding.hint = match &one.order {
        Some(_) if has_reverse(gathered.crossings(), one, unique) => format!(
            "install versions of {giver} and {victim} that were built with one definition; the other way round is no better"
        ),
        Some(_) => {
            format!("import {victim} before {giver}, or install versions that were built with one definition")
        }
        None => format!("install versions of {giver} and {victim} that were built with one definition"),
    };
    finding.probe = one.probe(analysis);
    Some(finding)
}

/// Whether the other way round something is not alike as well.
fn has_reverse(all: &[Crossings], one: &Crossings, unique: bool) -> bool {
    all.iter().filter(|other| (other.giver, other.victim) == (one.victim, one.giver)).any(|other| {
        other.order.is_some()
            && other.symbols.iter().any(|crossing| crossing.unique == unique && !crossing.is_alike())
    })
}
