//! # static-tls
//!
//! ## What it does
//! Adds up the thread-local data that modules and libraries want in the static block of each thread. The block is made
//! when the program starts, with a surplus of 1664 bytes by default for everything that is loaded later
//! (`glibc.rtld.optional_static_tls`).
//!
//! ## Why is this bad?
//! Whoever comes when the surplus is used up fails with `ImportError: cannot allocate memory in static TLS block`. Each
//! package works alone; which one fails depends on the order of imports.
//!
//! ## Example
//! ```text
//! error[AB208]: import a, then b: no room for b's thread-local data
//!   b/_core.so   wants 900 bytes of the static TLS block; 764 are left
//! ```
//!
//! ## Fix
//! Start Python with `GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384`, or import first the package that fails.
//! Whoever builds the library can compile without `-ftls-model=initial-exec`.

use elf_loader::Failure;

use super::{Gathered, Rule};
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB208",
    name: "static-tls",
    severity: Severity::Error,
    summary: "thread-local data does not fit the static block",
    source: include_str!("static_tls.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    for failed in gathered.failed() {
        let Failure::StaticTls { needed, left } = failed.error.failure else { continue };
        let mut finding = Finding { severity: failed.severity(), ..Finding::of(&RULE) };
        failed.describe(analysis, &mut finding);
        let package = analysis.name(failed.victim);
        finding.title = match &failed.after[..] {
            [] => format!("no room for the thread-local data of {package}"),
            _ => format!("{}: no room for {package}'s thread-local data", failed.in_order(&finding, package)),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, failed.error);
        let path = failed.error.object.as_path().to_owned();
        let text = format!("wants {needed} bytes of the static TLS block; {left} are left");
        finding.evidence = vec![Evidence { path: path.clone(), text }];
        finding.libraries = vec![path];
        finding.hint = "start Python with GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384".to_owned();
        findings.push(finding);
    }
}
