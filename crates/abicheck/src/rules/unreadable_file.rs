//! # unreadable-file
//!
//! ## What it does
//! Reads every shared object that a distribution brings, and says which cannot be read: truncated, damaged, empty, or
//! of another format. Nothing is guessed of such a file, and the analysis goes on without it. An extension module
//! whose file is a broken link, a folder, or recorded and gone is told where an import was seen that asks for it.
//!
//! ## Why is this bad?
//! Loading a damaged file fails, or worse. It is an error where importing the package opens the file, a note for files
//! of other systems (a Windows DLL, a macOS library) that nothing here opens, and a warning for the rest.
//!
//! ## Example
//! ```text
//! warning[AB105]: 1 file of pkg cannot be read
//!   pkg/_core.so   the file ends before its program headers: 64 bytes
//! ```
//!
//! ## Fix
//! Install the package again; if the file is the same afterwards, tell its authors.

use std::collections::BTreeMap;

use elf_facts::{FactsError, Format};
use elf_loader::Failure;

use super::loads::Failed;
use super::{Gathered, Rule, absent_module};
use crate::analysis::File;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB105",
    name: "unreadable-file",
    severity: Severity::Error,
    summary: "a shared object is damaged, or of another format",
    source: include_str!("unreadable_file.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let failed = gathered.failed();
    let opened = |file: &File| -> Vec<&Failed<'_>> {
        let of_it = |failed: &&Failed<'_>| {
            matches!(failed.error.failure, Failure::Unreadable(_))
                && (*failed.path == file.path || failed.error.object.as_path() == file.path)
        };
        failed.iter().filter(of_it).collect()
    };
    let severity = |file: &File, error: &FactsError| {
        let opened = opened(file).into_iter().map(Failed::severity).max();
        match error {
            FactsError::Foreign { format: Format::Empty | Format::Unknown, .. } => {
                opened.unwrap_or(Severity::Warning)
            }
            FactsError::Foreign { .. } => opened.unwrap_or(Severity::Note),
            _ => opened.unwrap_or(Severity::Warning),
        }
    };
    let mut groups: BTreeMap<(DistributionId, Severity), Vec<(&File, &FactsError)>> = BTreeMap::new();
    for file in analysis.files.all() {
        if let Err(error) = &file.facts {
            groups.entry((file.owner, severity(file, error))).or_default().push((file, error));
        }
    }
    for ((owner, severity), files) in groups {
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let package = analysis.name(owner);
        let count = match files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let shown = files.iter().flat_map(|(file, _)| opened(file)).filter(|failed| failed.victim == owner);
        let shown = shown.min_by_key(|failed| (std::cmp::Reverse(failed.severity()), !failed.eager));
        if let Some(shown) = shown {
            shown.describe(analysis, &mut finding);
        }
        finding.title = match severity {
            Severity::Error => {
                let fails =
                    shown.map_or_else(|| format!("importing {package} fails"), |one| one.fails(analysis));
                format!("{fails}: {count} cannot be read")
            }
            Severity::Warning => format!("{count} of {package} cannot be read"),
            Severity::Note => {
                let verb = if files.len() == 1 { "is" } else { "are" };
                format!("{count} of {package} {verb} of another format")
            }
        };
        finding.message = format!("{}: {}.", finding.title, files[0].1);
        finding.packages = vec![package.to_owned()];
        finding.order = None;
        finding.libraries = files.iter().map(|(file, _)| file.path.clone()).collect();
        let lines = files.iter().take(Finding::MOST_SYMBOLS);
        let evidence =
            lines.map(|(file, error)| Evidence { path: file.path.clone(), text: reason(file, error) });
        finding.evidence = evidence.collect();
        finding.hint = match severity {
            Severity::Note => "nothing here can load them; they do no harm".to_owned(),
            _ if files.iter().all(|(_, error)| is_denied(error)) => {
                format!("look as who imports {package}, or let everybody read what it has")
            }
            _ => format!("install {package} again; if the file is the same afterwards, tell its authors"),
        };
        findings.push(finding);
    }
    absent_module::check(analysis, findings);
}

fn is_denied(error: &FactsError) -> bool {
    matches!(error, FactsError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied)
}

/// What an error says, without the path in front.
fn reason(file: &File, error: &FactsError) -> String {
    let text = error.to_string();
    text.strip_prefix(&format!("{} ", file.path.display())).unwrap_or(&text).to_owned()
}
