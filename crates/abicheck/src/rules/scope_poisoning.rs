//! # scope-poisoning
//!
//! ## What it does
//! A library that is shared by all, such as the system's `libstdc++.so.6`, is bound once: when the first package that
//! needs it is imported, its own references are looked up among what was opened then. A package that exports
//! symbols of that library (because it was linked against a static copy) so becomes a part of it for the whole process.
//! This rule finds the symbols for which that cannot go well:
//! - a definition without an address (left behind by a linker): whoever calls it jumps to 0;
//! - thread-local variables: the library and its users then have two of one;
//! - classes of which one part comes from the package and one part from the library, where the two
//!   parts work on one object whose layout changed between versions.
//!
//! ## Why is this bad?
//! Packages that are imported later crash in plain C++ code. The other way round, with the package imported last, all
//! is well.
//!
//! ## Example
//! ```text
//! error[AB203]: import a, then b: libstdc++.so.6 calls into a's _core.so, also for b
//!   libstdc++.so.6   its std::__once_callable is bound to a's _core.so
//! ```
//!
//! ## Fix
//! Import the other package first. Whoever builds the package should hide what it does not want to export
//! (`-fvisibility=hidden`, `-Wl,--exclude-libs,ALL`).

use super::families::{self, Family};
use super::{Gathered, Rule};
use crate::analysis::{Analysis, Foreign};
use crate::finding::{Evidence, Finding, Probe, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB203",
    name: "scope-poisoning",
    severity: Severity::Error,
    summary: "a library that all share was bound into one package so that others break",
    source: include_str!("scope_poisoning.rs"),
    check,
};

/// Why a reference of a shared library cannot be answered by a package.
enum Reason<'a> {
    NoAddress,
    ThreadLocal,
    Split(&'a Family),
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let families = families::all();
    for foreign in analysis.foreign() {
        let users = analysis.users(foreign);
        let fatal = fatal(foreign, families);
        if users.is_empty() || fatal.is_empty() {
            continue;
        }
        let severity = severity(foreign, &fatal);
        findings.push(Finding { severity, ..finding(analysis, foreign, &users, &fatal) });
    }
}

/// The references that cannot go well, with the reason.
fn fatal<'a>(foreign: &Foreign, families: &'a [Family]) -> Vec<(SymbolName, Reason<'a>)> {
    let (asker, provider) = (foreign.library.facts(), foreign.provider.facts());
    let name_of = |reference: u32| {
        asker.references.get(reference as usize).map(|asked| asker.name_of(asked)).unwrap_or_default()
    };
    let split: Vec<&Family> = families
        .iter()
        .filter(|family| {
            let strong = foreign.references.iter().any(|(reference, definition)| {
                let defined = provider.definitions.get(*definition);
                defined.is_some_and(|defined| !defined.is_weak()) && family.has(name_of(*reference))
            });
            strong && foreign.others.iter().any(|reference| family.has(name_of(*reference)))
        })
        .collect();
    let reason = |(reference, definition): &(u32, u32)| {
        let asked = asker.references.get(*reference as usize)?;
        let defined = provider.definitions.get(*definition)?;
        let reason = if defined.is_without_value() && !defined.is_tls() {
            Reason::NoAddress
        } else if asked.is_tls() || defined.is_tls() {
            Reason::ThreadLocal
        } else {
            Reason::Split(split.iter().find(|family| family.has(asker.name_of(asked)))?)
        };
        Some((super::symbol(asker, *reference), reason))
    };
    foreign.references.iter().filter_map(reason).collect()
}

/// A class of which the package has no part that sets an object up was seen to work all the same.
fn severity(foreign: &Foreign, fatal: &[(SymbolName, Reason<'_>)]) -> Severity {
    let asker = foreign.library.facts();
    let sets_up = |family: &Family| {
        let asked = foreign.references.iter().filter_map(|(at, _)| asker.references.get(*at as usize));
        asked.map(|asked| asker.name_of(asked)).any(|name| family.sets_up(name))
    };
    let breaks = fatal.iter().any(|(_, reason)| match reason {
        Reason::NoAddress | Reason::ThreadLocal => true,
        Reason::Split(family) => sets_up(family),
    });
    if breaks { Severity::Error } else { Severity::Warning }
}

fn finding(
    analysis: &Analysis<'_>,
    foreign: &Foreign,
    users: &[crate::analysis::PackageId],
    fatal: &[(SymbolName, Reason<'_>)],
) -> Finding {
    let mut finding = Finding::of(&RULE);
    let by = analysis.name(foreign.by).to_owned();
    let victims: Vec<String> = users.iter().map(|user| analysis.package_name(*user).to_owned()).collect();
    let (library, provider) = (foreign.library.path.as_path(), foreign.provider.path.as_path());
    let file = |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let shown = match &victims[..] {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (or {} more)", rest.len()),
        [] => String::new(),
    };
    finding.title = format!(
        "import {by}, then {shown}: {} works with {} of {by}, also for others",
        file(library),
        file(provider),
    );
    finding.message = format!(
        "{}. {} references of {} were bound to {} when {by} was imported first, {} of them so that it cannot work for who comes later.",
        finding.title,
        foreign.references.len(),
        file(library),
        file(provider),
        fatal.len(),
    );
    finding.packages = [by.clone()].into_iter().chain(victims.iter().cloned()).collect();
    finding.order = victims.first().map(|victim| vec![by.clone(), victim.clone()]);
    finding.libraries = vec![library.to_owned(), provider.to_owned()];
    let mut fatal: Vec<&(SymbolName, Reason<'_>)> = fatal.iter().collect();
    fatal.sort_by_key(|(symbol, reason)| {
        let rank = match reason {
            Reason::NoAddress => 0,
            Reason::ThreadLocal => 1,
            Reason::Split(_) => 2,
        };
        (rank, symbol.clone())
    });
    finding.symbols = fatal.iter().take(Finding::MOST_SYMBOLS).map(|(symbol, _)| symbol.clone()).collect();
    // Overloads have one name to a reader.
    let stem = |symbol: &SymbolName| crate::report::readable(symbol.name.as_deref().unwrap_or_default());
    fatal.dedup_by(|(a, _), (b, _)| stem(a) == stem(b));
    finding.evidence = fatal
        .iter()
        .take(6)
        .map(|(symbol, reason)| {
            let name = symbol.name.as_deref().unwrap_or_default();
            let why = match reason {
                Reason::NoAddress => "which has no address there: a call jumps to 0".to_owned(),
                Reason::ThreadLocal => "a thread-local variable, of which there are two then".to_owned(),
                Reason::Split(family) => format!("one part of {}: {}", family.name, family.reason),
            };
            Evidence {
                path: library.to_owned(),
                text: format!("its {name} is bound to {}, {why}", file(provider)),
            }
        })
        .collect();
    finding.hint = format!("import {} before {by}", victims.first().map_or("the others", |victim| victim));
    let modules = |package: crate::analysis::PackageId| analysis.packages[package].modules.clone();
    finding.probe = users.first().zip(analysis.package_of(foreign.by)).map(|(user, package)| {
        let mut first = modules(package);
        first.extend(foreign.module.clone());
        Probe {
            imports: vec![(by.clone(), first), (analysis.package_name(*user).to_owned(), modules(*user))],
        }
    });
    finding
}
