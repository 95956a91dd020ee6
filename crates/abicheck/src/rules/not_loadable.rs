//! # not-loadable
//!
//! ## What it does
//! Finds modules that the dynamic loader refuses for another reason than a missing library, version or symbol: of
//! another class or machine, a program instead of a library, for another system. And modules that it loads and that
//! the interpreter refuses: without the function `PyInit_NAME` that makes the module.
//!
//! ## Why is this bad?
//! The import ends with an ImportError that says the reason.
//!
//! ## Example
//! ```text
//! error[AB106]: importing pkg fails: wrong ELF class: ELFCLASS32
//!   pkg/_core.so   wrong ELF class: ELFCLASS32
//! ```
//!
//! ## Fix
//! Install the package for this machine.

use elf_loader::Failure;

use super::{Gathered, Rule, export_function};
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB106",
    name: "not-loadable",
    severity: Severity::Error,
    summary: "the loader refuses a module",
    source: include_str!("not_loadable.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    for failed in gathered.failed() {
        let told = matches!(
            failed.error.failure,
            Failure::Missing(_)
                | Failure::Versions(_)
                | Failure::Symbols(_)
                | Failure::Unreadable(_)
                | Failure::StaticTls { .. }
        );
        if told || failed.module.is_none() {
            continue;
        }
        let mut finding = Finding { severity: failed.severity(), ..Finding::of(&RULE) };
        failed.describe(analysis, &mut finding);
        let package = analysis.name(failed.victim);
        let why = &failed.error.failure;
        finding.title = match &failed.after[..] {
            [] => format!("{}: {why}", failed.fails(analysis)),
            _ => format!("{}: {why}", failed.in_order(&finding, failed.last(analysis))),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, failed.error);
        let path = failed.error.object.as_path().to_owned();
        finding.evidence = vec![Evidence { path: path.clone(), text: why.to_string() }];
        finding.libraries = vec![path];
        finding.hint = format!("install {package} for this machine");
        findings.push(finding);
    }
    export_function::check(analysis, findings);
}
