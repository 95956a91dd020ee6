//! # shared-name-different-needs
//!
//! ## What it does
//! Finds libraries that two packages bring under one SONAME, of which a process loads only the first, where each copy
//! needs other libraries of its package.
//!
//! ## Why is this bad?
//! The second package calls the first one's copy, and that works on the first one's libraries, while the rest of the
//! second package works on its own: two instances of one library, with handles of one given to the other. What comes
//! of it are errors that make no sense, or crashes, in operations that cross the two. In all environments that were
//! traced, none that works had this. Where both copies need one library under two file names, and that has no data
//! which it changes, such as zlib, it is a warning: the instances differ in nothing but their release.
//!
//! ## Example
//! ```text
//! error[AB201]: import a, then b: b works on two copies of libbase, through libtop.so.1
//!   a.libs/libtop.so.1   is loaded first; needs libbase-a.so
//!   b.libs/libtop.so.1   is the one that b brings; needs libbase-b.so
//! ```
//!
//! ## Fix
//! Install versions of both packages that were built against one library, or build one of them from source against the
//! other's. Where both must stay, `abicheck isolate` gives each copy a SONAME of its own.

use std::path::PathBuf;

use elf_facts::Name;

use super::shared::Shared;
use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB201",
    name: "shared-name-different-needs",
    severity: Severity::Error,
    summary: "two packages share one library that needs other libraries in each",
    source: include_str!("shared_name_different_needs.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    for one in gathered.shared() {
        if !one.different_needs.is_empty() {
            findings.push(finding(analysis, one));
        }
    }
}

fn finding(analysis: &Analysis<'_>, one: &Shared) -> Finding {
    let (victim, giver) = (analysis.name(one.importer), analysis.name(one.first));
    let severity = if one.alike { Severity::Warning } else { Severity::Error };
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let list = |names: &[Name]| match names {
        [] => "does without them".to_owned(),
        names => format!("needs {}", names.iter().map(Name::to_string).collect::<Vec<_>>().join(", ")),
    };
    let (theirs, ours) = (list(&one.needs_instead(analysis)), list(&one.different_needs));
    let now = PathBuf::from(one.now.path.as_path());
    finding.title = match &one.order {
        Some(_) => format!(
            "import {giver}, then {victim}: {victim} gets {giver}'s {}, which works on other libraries than its own",
            one.name
        ),
        None => format!("{victim} gets {giver}'s {}, which works on other libraries than its own", one.name),
    };
    finding.message = format!(
        "{}. Both bring a library of that name, and the loader takes the one that is loaded first for both; {giver}'s {}, {victim}'s own {}.",
        finding.title, theirs, ours,
    );
    finding.packages = vec![giver.to_owned(), victim.to_owned()];
    finding.order = one.order.as_ref().map(|_| finding.packages.clone());
    finding.evidence = vec![
        Evidence { path: now.clone(), text: format!("is loaded first; {}", theirs) },
        Evidence {
            path: one.from.clone(),
            text: format!(
                "{} {}, already loaded under this name",
                if one.opened { "opens" } else { "needs" },
                one.name
            ),
        },
        Evidence {
            path: one.own.clone(),
            text: format!("is the one that {victim} brings, not loaded; {}", ours),
        },
    ];
    finding.libraries = vec![now, one.own.clone()];
    finding.symbols = one.symbols.iter().take(Finding::MOST_SYMBOLS).cloned().collect();
    finding.hint =
        format!("install versions of {giver} and {victim} that were built against one {}", one.name);
    finding.probe = one.probe(analysis);
    finding
}
