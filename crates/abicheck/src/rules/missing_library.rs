//! # missing-library
//!
//! ## What it does
//! Looks for every library that a module needs, as the dynamic loader would: DT_RPATH of the module and of what loaded
//! it, LD_LIBRARY_PATH, DT_RUNPATH, `ld.so.cache`, the default folders.
//!
//! Where Python code opens libraries and reading does not tell which, one that the same package brings is taken to be
//! among them: a warning says so, for nothing tells that it is.
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

use elf_facts::{Class, Name};
use elf_loader::{Failure, Missing};

use super::loads::Failed;
use super::{Gathered, Rule};
use crate::analysis::{Analysis, PackageId};
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
        let why = match first.error.failure {
            Failure::Missing(missing) => missing,
            _ => Missing::NoSuchFile,
        };
        let file = library.as_path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let said = match why {
            Missing::Refused(_) => format!("{file} cannot be opened"),
            Missing::OtherClass(Class::Bits32) => format!("{file} is there for 32-bit processes only"),
            Missing::OtherClass(Class::Bits64) => format!("{file} is there for 64-bit processes only"),
            Missing::Folder => format!("{file} is a folder"),
            Missing::NoSuchFile | Missing::Nowhere => format!("{file} is not there"),
        };
        finding.title = match (after, failed.len(), severity) {
            ([], 1, _) | ([], _, Severity::Error) => format!("{}: {said}", first.fails(analysis)),
            ([], _, _) if first.eager && first.conditional => format!("{}: {said}", first.fails(analysis)),
            ([], count, _) => format!("{count} modules of {package} cannot be imported: {said}"),
            _ => format!("{}: {said}", first.in_order(&finding, first.last(analysis))),
        };
        finding.message = format!("{}; the loader says \"{}\".", finding.title, first.error);
        finding.libraries = failed.iter().map(|failed| failed.path.clone()).collect();
        finding.evidence =
            failed.iter().take(Finding::MOST_SYMBOLS).map(|failed| evidence(failed, library)).collect();
        finding.hint = match why {
            Missing::Refused(_) => format!(
                "who imports {package} must be able to read {library}: see to its mode and its folders'"
            ),
            Missing::OtherClass(_) => {
                format!("install {file} and {package} for the machine that the interpreter is for")
            }
            Missing::Folder => {
                format!(
                    "the loader takes the first of that name on its way: move the folder {file} away, or install {package} again"
                )
            }
            Missing::NoSuchFile | Missing::Nowhere => {
                format!("install what has {library}, or a wheel of {package} that brings it along")
            }
        };
        findings.push(finding);
    }
    assumed(analysis, findings);
}

/// Libraries that are taken to be there, since code opens some that reading does not tell: one warning for each
/// package and library.
fn assumed(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let mut seen = BTreeMap::new();
    let openings = analysis.alone.iter().flat_map(|run| &run.openings);
    for (opening, assumed) in openings.filter_map(|one| Some((one, one.assumed.as_ref()?))) {
        if let Some(victim) = analysis.files.owner_at(&assumed.by) {
            seen.entry((victim, &assumed.needed)).or_insert((opening, assumed));
        }
    }
    for ((victim, library), (opening, assumed)) in seen {
        let mut finding = Finding { severity: Severity::Warning, ..Finding::of(&RULE) };
        let package = analysis.name(victim);
        let source = analysis.shown(&assumed.source);
        finding.packages = vec![package.to_owned()];
        finding.title = format!(
            "importing {package} may fail: {library} is found only if {package}'s own code loads it first"
        );
        finding.message = format!(
            "The loader alone finds {library} nowhere. {} opens libraries by `ctypes`, and reading does not tell which; \
             this one is taken to be among them.",
            source.display()
        );
        finding.libraries = vec![assumed.by.clone(), opening.path.clone()];
        let needs = Evidence { path: assumed.by.clone(), text: format!("needs {library}, found nowhere") };
        let opened = Evidence {
            path: opening.path.clone(),
            text: format!("taken to be opened by {}", source.display()),
        };
        finding.evidence = vec![needs, opened];
        finding.hint = format!("`python -c \"import {}\"` tells", module_of(analysis, victim, package));
        findings.push(finding);
    }
}

/// A module at the top of a distribution.
fn module_of<'a>(analysis: &'a Analysis<'_>, distribution: DistributionId, name: &'a str) -> &'a str {
    let modules = &analysis.environment.distributions[distribution].modules;
    modules.first().map_or(name, String::as_str)
}

fn evidence(failed: &Failed<'_>, library: &Name) -> Evidence {
    let path = failed.error.needed_by.as_ref().map_or(failed.path.clone(), |by| PathBuf::from(by.as_path()));
    Evidence { path, text: format!("needs {library}: {}", failed.error.failure) }
}
