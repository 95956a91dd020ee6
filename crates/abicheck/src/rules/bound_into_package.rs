//! # bound-into-package
//!
//! ## What it does
//! Finds libraries that all share, such as the system's `libstdc++.so.6`, of which some references were bound into the
//! package that was imported first, because it exports symbols of that library.
//!
//! ## Why is this bad?
//! Mostly it is not: two copies of an inline function do the same. A third of all environments that work have it. Where
//! it cannot go well, `scope-poisoning` says so.
//!
//! ## Example
//! ```text
//! note[AB204]: 52 references of libstdc++.so.6 are bound into a's _core.so if a is imported first
//! ```
//!
//! ## Fix
//! Nothing, as long as all works. Whoever builds the package should hide what it does not want to export
//! (`-fvisibility=hidden`, `-Wl,--exclude-libs,ALL`).

use super::{Gathered, Rule};
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB204",
    name: "bound-into-package",
    severity: Severity::Note,
    summary: "references of a library that all share are bound into one package",
    source: include_str!("bound_into_package.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    for foreign in analysis.foreign() {
        let mut finding = Finding::of(&RULE);
        let by = analysis.name(foreign.by);
        let (library, provider) = (foreign.library.path.as_path(), foreign.provider.path.as_path());
        let file =
            |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let count = match foreign.references.len() {
            1 => "1 reference".to_owned(),
            count => format!("{count} references"),
        };
        finding.title =
            format!("{count} of {} bound into {} if {by} is first", file(library), file(provider));
        finding.message =
            format!("{}; that stays so for all that use {} later.", finding.title, file(library));
        finding.packages = vec![by.to_owned()];
        finding.libraries = vec![library.to_owned(), provider.to_owned()];
        let references = foreign.references.iter();
        finding.symbols = references
            .take(Finding::MOST_SYMBOLS)
            .map(|(reference, _)| super::symbol(foreign.library.facts(), *reference))
            .collect();
        finding.evidence = finding
            .symbols
            .iter()
            .take(3)
            .map(|symbol| Evidence {
                path: library.to_owned(),
                text: format!(
                    "its {} is bound to {}",
                    symbol.name.as_deref().unwrap_or_default(),
                    file(provider)
                ),
            })
            .collect();
        finding.hint = "nothing, as long as all works".to_owned();
        findings.push(finding);
    }
}
