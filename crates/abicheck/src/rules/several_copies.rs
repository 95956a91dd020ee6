//! # several-copies
//!
//! ## What it does
//! Looks for several copies of a library that should be in a process once: the CUDA runtime, HDF5, OpenSSL, libstdc++,
//! protobuf, Qt. A copy is found by its name or by the symbols that it defines, so that one that was renamed or linked
//! into another library counts. Files of one content are one copy, and of several that share a SONAME the loader takes
//! the first.
//!
//! ## Why is this bad?
//! Mostly it is not: wheels bring their own copies under names of their own, and most environments have some. It is a
//! note, to be remembered when objects of one copy reach the other. Two Qt libraries of one major release are a
//! warning where both come into the process or their releases differ: they share settings, plugins and symbols.
//!
//! ## Example
//! ```text
//! note[AB302]: 2 copies of HDF5: libhdf5-1a2b3c4d.so.310 of a, libhdf5-5e6f7a8b.so.200 of b
//!   a.libs/libhdf5-1a2b3c4d.so.310   loaded by a
//!   b.libs/libhdf5-5e6f7a8b.so.200   loaded by b
//! ```
//!
//! ## Fix
//! Nothing, as long as the packages do not hand each other objects of the library: open files, connections, windows.
//! Where they do, build both against one copy.

use std::collections::BTreeSet;

use super::copies::{self, Copy, Family, Reader};
use super::{Gathered, Rule};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB302",
    name: "several-copies",
    severity: Severity::Warning,
    summary: "several copies of a library that a process should have once",
    source: include_str!("several_copies.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let all = gathered.loaded();
    let mut told = Vec::new();
    for family in copies::of(Reader::Copies) {
        let copies = family.copies(all);
        let known = told.contains(&&family.name);
        if known || copies.len() < 2 || copies::of_one_owner(&copies) || !matters(family, &copies) {
            continue;
        }
        told.push(&family.name);
        let mut finding = Finding { severity: family.severity, ..Finding::of(&RULE) };
        let described: Vec<String> = copies.iter().map(|copy| copy.described(analysis)).collect();
        finding.title = format!("{} copies of {}: {}", copies.len(), family.name, described.join(", "));
        let variables = match family.variables.as_slice() {
            [] => String::new(),
            names => format!(" All read the same settings: {}.", names.join(", ")),
        };
        finding.message = format!("{}. With several, {}.{variables}", finding.title, family.why);
        finding.hint = format!(
            "keep objects of {} of one package from another one, or build both against one copy",
            family.name
        );
        copies::describe(analysis, &copies, &mut finding);
        findings.push(finding);
    }
}

/// Several are in the process at once, or who is first decides which release it has. Of one release under one name,
/// which of them is taken says little.
fn matters(family: &Family, copies: &[Copy<'_>]) -> bool {
    let releases: BTreeSet<_> = copies.iter().map(|copy| &copy.version).collect();
    copies::at_once(copies) > 1 || (family.severity > Severity::Note && releases.len() > 1)
}
