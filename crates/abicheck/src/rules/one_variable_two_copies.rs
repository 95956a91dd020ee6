//! # one-variable-two-copies
//!
//! ## What it does
//! Looks for several copies of a library that finds its data by an environment variable: GDAL by `GDAL_DATA`, PROJ by
//! `PROJ_LIB` and `PROJ_DATA`, and others. A copy is found by its name or by the symbols that it defines.
//!
//! ## Why is this bad?
//! The variable is the whole process's: set for one copy, by the user or by a package when it is imported, it sends
//! the other one to data of another release. For one such pair coordinates were wrong without any error, for another
//! one all was well; so this is a note.
//!
//! ## Example
//! ```text
//! note[AB503]: 2 copies of PROJ read PROJ_LIB, PROJ_DATA: libproj-1a2b3c4d.so.25 of a, libproj-5e6f7a8b.so.22 of b
//!   a.libs/libproj-1a2b3c4d.so.25   loaded by a
//!   b.libs/libproj-5e6f7a8b.so.22   loaded by b
//! ```
//!
//! ## Fix
//! Leave the variables unset, so that each copy finds the data that it brings. Where one must be set, use one release
//! for both.

use super::copies::{self, Reader};
use super::{Gathered, Rule};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB503",
    name: "one-variable-two-copies",
    severity: Severity::Note,
    summary: "several copies of a library that one environment variable configures",
    source: include_str!("one_variable_two_copies.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let all = gathered.loaded();
    for family in copies::of(Reader::Variable) {
        let copies = family.copies(all);
        if copies::at_once(&copies) < 2 || copies::of_one_owner(&copies) {
            continue;
        }
        let mut finding = Finding::of(&RULE);
        let described: Vec<String> = copies.iter().map(|copy| copy.described(analysis)).collect();
        let (count, variables) = (copies.len(), family.variables.join(", "));
        finding.title =
            format!("{count} copies of {} read {variables}: {}", family.name, described.join(", "));
        finding.message =
            format!("{}. Set for one, a variable counts for all, and {}.", finding.title, family.why);
        finding.hint = format!("leave {variables} unset, or use one release of {} for all", family.name);
        copies::describe(analysis, &copies, &mut finding);
        findings.push(finding);
    }
}
