//! # missing-library
//!
//! ## What it does
//! Looks for every library that a module needs, as the dynamic loader would: DT_RPATH of the module and of what loaded
//! it, LD_LIBRARY_PATH, DT_RUNPATH, `ld.so.cache`, the default folders.
//!
//! ## Why is this bad?
//! The import ends with `ImportError: libfoo.so.1: cannot open shared object file`. It is an error where importing the
//! package opens the module, and a warning where only that module cannot be imported, or the package does without.
//!
//! ## Example
//! ```text
//! error[AB101]: importing pkg fails: libfoo.so.1 is not there
//!   pkg/_core.so   needs libfoo.so.1, found nowhere
//! ```
//!
//! ## Fix
//! Install the library with the system's packages, or a wheel that brings it along (`auditwheel repair` makes one).

use std::collections::BTreeMap;
use std::path::PathBuf;

use elf_facts::Name;
use elf_loader::Failure;

use super::loads::Failed;
use super::{Gathered, Rule};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB101",
    name: "missing-library",
    severity: Severity::Error,
    summary: "a library that a module needs is not there",
    source: include_str!("missing_library.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    // One finding for each package and library, however many modules need it.
    let mut by_library: BTreeMap<(DistributionId, &Name, Severity), Vec<&Failed<'_>>> = BTreeMap::new();
    for failed in gathered.failed() {
        // What `ctypes` opens by a name of the system's is tried by most code, and not needed.
        if matches!(failed.error.failure, Failure::Missing(_)) && failed.module.is_some() {
            let key = (failed.victim, &failed.error.object, failed.severity());
            by_library.entry(key).or_default().push(failed);
        }
    }
    for ((victim, library, severity), failed) in by_library {
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        failed[0].describe(analysis, &mut finding);
        let package = analysis.name(victim);
        finding.title = match severity {
            Severity::Error => format!("importing {package} fails: {library} is not there"),
            _ => format!("{} of {package} cannot be imported: {library} is not there", modules(&failed)),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, failed[0].error);
        finding.libraries = failed.iter().map(|failed| failed.path.clone()).collect();
        finding.evidence =
            failed.iter().take(Finding::MOST_SYMBOLS).map(|failed| evidence(failed, library)).collect();
        finding.hint = format!("install what has {library}, or a wheel of {package} that brings it along");
        findings.push(finding);
    }
}

fn modules(failed: &[&Failed<'_>]) -> String {
    match failed {
        [one] => one.module.unwrap_or_default().to_owned(),
        all => format!("{} modules", all.len()),
    }
}

fn evidence(failed: &Failed<'_>, library: &Name) -> Evidence {
    let path = failed.error.needed_by.as_ref().map_or(failed.path.clone(), |by| PathBuf::from(by.as_path()));
    Evidence { path, text: format!("needs {library}: {}", failed.error.failure) }
}
