//! # missing-library
//!
//! ## What it does
//! Looks for every library that a module needs, as the dynamic loader would: DT_RPATH of the module and of what loaded
//! it, LD_LIBRARY_PATH, DT_RUNPATH, `ld.so.cache`, the default folders.
//!
//! ## Why is this bad?
//! The import ends with `ImportError: libfoo.so.1: cannot open shared object file`. It is an error where importing the
//! package opens the module, or where none of the modules that programs import by their names can be loaded. It is a
//! warning where importing the package works: only that module cannot be imported, or the package does without.
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
use elf_loader::{Failure, Missing};

use super::loads::{Failed, before};
use super::{Gathered, Rule};
use crate::analysis::PackageId;
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
    type Key<'a> = (DistributionId, &'a Name, Severity, &'a [PackageId]);
    let mut by_library: BTreeMap<Key<'_>, Vec<&Failed<'_>>> = BTreeMap::new();
    for failed in gathered.failed() {
        // What `ctypes` opens by a name of the system's is tried by most code, and not needed.
        if matches!(failed.error.failure, Failure::Missing(_)) && failed.module.is_some() {
            let key = (failed.victim, &failed.error.object, failed.severity(), &failed.after[..]);
            by_library.entry(key).or_default().push(failed);
        }
    }
    for ((victim, library, severity, after), mut failed) in by_library {
        failed.sort_by_key(|failed| !failed.eager);
        let first = failed[0];
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        first.describe(analysis, &mut finding);
        let package = analysis.name(victim);
        let refused = matches!(first.error.failure, Failure::Missing(Missing::Refused(_)));
        let said = format!("{library} {}", if refused { "cannot be opened" } else { "is not there" });
        finding.title = match (after, failed.len(), severity) {
            ([], 1, _) | ([], _, Severity::Error) => format!("{}: {said}", first.fails(analysis)),
            ([], count, _) => format!("{count} modules of {package} cannot be imported: {said}"),
            _ => format!("import {}, then {}: {said}", before(&finding), first.last(analysis)),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, first.error);
        finding.libraries = failed.iter().map(|failed| failed.path.clone()).collect();
        finding.evidence =
            failed.iter().take(Finding::MOST_SYMBOLS).map(|failed| evidence(failed, library)).collect();
        finding.hint = match refused {
            true => format!(
                "who imports {package} must be able to read {library}: see to its mode and its folders'"
            ),
            false => format!("install what has {library}, or a wheel of {package} that brings it along"),
        };
        findings.push(finding);
    }
}

fn evidence(failed: &Failed<'_>, library: &Name) -> Evidence {
    let path = failed.error.needed_by.as_ref().map_or(failed.path.clone(), |by| PathBuf::from(by.as_path()));
    Evidence { path, text: format!("needs {library}: {}", failed.error.failure) }
}
