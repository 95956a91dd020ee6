//! # several-openmp
//!
//! ## What it does
//! Looks for OpenMP runtimes of different packages that one process can have at once: libgomp, libomp, libiomp5, under
//! any name, or linked into another library. Files of one content count once, and so do files of one SONAME, of which
//! the loader takes the first.
//!
//! ## Why is this bad?
//! Each runtime has threads of its own. Loops that run beside each other use more threads than there are cores, and a
//! process that forks after one runtime was used can hang. No crash is known of it, so that this is a warning; where
//! importing the packages alone does not load both, it is a note.
//!
//! ## Example
//! ```text
//! warning[AB301]: two OpenMP runtimes in one process: libgomp-24e2ab19.so.1.0.0 of a, libiomp5.so of b
//!   a.libs/libgomp-24e2ab19.so.1.0.0   loaded by a
//!   b/lib/libiomp5.so                  loaded by b
//! ```
//!
//! ## Fix
//! Take builds of the packages that share one runtime, such as those of one conda channel. Otherwise limit the threads
//! of each: `OMP_NUM_THREADS=1` where the other should have the cores, or `threadpoolctl` in the program.

use super::copies::{self, Reader};
use super::{Gathered, Rule};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB301",
    name: "several-openmp",
    severity: Severity::Warning,
    summary: "several OpenMP runtimes in one process",
    source: include_str!("several_openmp.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let all = gathered.loaded();
    for family in copies::of(Reader::OpenMp) {
        let copies = family.copies(all);
        let count = copies::at_once(&copies);
        if count < 2 || copies::of_one_owner(&copies) {
            continue;
        }
        let eager: Vec<_> = family.copies(all).into_iter().filter(copies::Copy::eager).collect();
        let together = copies::at_once(&eager) > 1 && !copies::of_one_owner(&eager);
        let severity = if together { Severity::Warning } else { Severity::Note };
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let described: Vec<String> = copies.iter().map(|copy| copy.described(analysis)).collect();
        finding.title = format!("{count} {} runtimes in one process: {}", family.name, described.join(", "));
        let when = if together { "" } else { " once all their modules are imported" };
        finding.message = format!("{}{when}: {}.", finding.title, family.why);
        finding.hint = "take builds that share one runtime, or limit the threads of each, such as by \
                        OMP_NUM_THREADS"
            .to_owned();
        copies::describe(analysis, &copies, &mut finding);
        findings.push(finding);
    }
}
