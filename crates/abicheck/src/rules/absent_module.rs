//! Modules without a file that an importer takes, which imports ask for: a part of `unreadable-file`.
//!
//! Deliberately not here: those that nothing asks for; installed environments lack many a file that is recorded.

use std::collections::BTreeMap;

use super::export_function::is_attribute;
use super::unreadable_file::RULE;
use super::wrong_tag::reached;
use crate::analysis::Analysis;
use crate::environment::Absent;
use crate::finding::{Evidence, Finding, Probe, Severity};

pub(super) fn check(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let reached = reached(analysis);
    let suffixes = &analysis.environment.interpreter.suffixes;
    for (id, distribution) in analysis.environment.distributions.iter().enumerate() {
        let mut groups: BTreeMap<Severity, Vec<Absent>> = BTreeMap::new();
        for absent in distribution.absent_modules(suffixes) {
            if let Some(severity) = reached.get(absent.module.as_str())
                && !is_attribute(&absent.module, &absent.path)
            {
                groups.entry(*severity).or_default().push(absent);
            }
        }
        for (severity, absent) in groups {
            findings.push(finding(analysis.name(id), severity, &absent));
        }
    }
}

fn finding(package: &str, severity: Severity, absent: &[Absent]) -> Finding {
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let what = match absent {
        [one] => format!("{} has no file", one.module),
        [one, more @ ..] => format!("{} and {} more have no files", one.module, more.len()),
        [] => "modules have no files".to_owned(),
    };
    finding.title = match severity {
        Severity::Error => format!("importing {package} fails: {what}"),
        _ => format!("{what} that could be imported, which {package} tries"),
    };
    let instead = absent.first().map(Absent::instead).unwrap_or_default();
    finding.message = format!("{}; what is there in its place: {instead}.", finding.title);
    finding.packages = vec![package.to_owned()];
    finding.libraries = absent.iter().map(|one| one.path.clone()).collect();
    let shown = absent.iter().take(Finding::MOST_SYMBOLS);
    finding.evidence = shown.map(|one| Evidence { path: one.path.clone(), text: one.instead() }).collect();
    finding.hint = format!("install {package} again; if the file is the same afterwards, tell its authors");
    let modules = absent.first().map(|one| one.module.clone());
    finding.probe = modules.map(|module| Probe { imports: vec![(package.to_owned(), vec![module])] });
    finding
}
