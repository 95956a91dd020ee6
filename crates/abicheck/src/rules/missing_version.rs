//! # missing-version
//!
//! ## What it does
//! Checks that every version that a module and its libraries need is defined by the library that the loader takes,
//! which may be one that another package has loaded before under the same SONAME.
//!
//! ## Why is this bad?
//! The import ends with ``ImportError: version `X' not found``. Where the right library is there and another package's
//! comes first, it happens in one order of imports only.
//!
//! ## Example
//! ```text
//! error[AB102]: import a, then b: version FOO_2 is not in libfoo.so.1
//!   a.libs/libfoo.so.1   is loaded first; does not define FOO_2
//!   b/_core.so           needs FOO_2
//!   b.libs/libfoo.so.1   is the one that b loads alone, not looked at any more
//! ```
//!
//! ## Fix
//! Import the package with the newer library first, or install versions of both packages that bring the same library.
//! For an order that you cannot choose, `abicheck isolate` gives each copy a SONAME of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use elf_loader::{Failure, MissingVersion};

use super::loads::{Failed, add_new};
use super::{Gathered, Rule};
use crate::analysis::{Analysis, PackageId};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB102",
    name: "missing-version",
    severity: Severity::Error,
    summary: "the library that the loader takes does not define a version that is needed",
    source: include_str!("missing_version.rs"),
    check,
};

type Group<'a> = (DistributionId, Vec<PackageId>, &'a elf_facts::Name, Severity);

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let mut groups: BTreeMap<Group<'_>, Vec<(&Failed<'_>, &MissingVersion)>> = BTreeMap::new();
    for failed in gathered.failed() {
        let Failure::Versions(missing) = &failed.error.failure else { continue };
        let Some(first) = missing.iter().find(|one| !super::glibc_floor::is_of_the_system(one)) else {
            continue;
        };
        let key = (failed.victim, failed.after.clone(), &first.library, failed.severity());
        groups.entry(key).or_default().push((failed, first));
    }
    for ((victim, after, library, severity), mut failed) in groups {
        failed.sort_by_key(|(failed, _)| failed.rank(analysis));
        findings.push(finding(analysis, (victim, &after, library, severity), &failed));
    }
}

fn finding(
    analysis: &Analysis<'_>,
    (victim, after, library, severity): (DistributionId, &[PackageId], &elf_facts::Name, Severity),
    failed: &[(&Failed<'_>, &MissingVersion)],
) -> Finding {
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    // What importing the package shows comes first: it is what a program meets.
    let (first, missing) = &failed[0];
    first.describe(analysis, &mut finding);
    let path = PathBuf::from(library.as_path());
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let package = analysis.name(victim);
    let version = &missing.version;
    let said = format!("version {version} is not in {file}");
    finding.title = match after {
        [] => format!("{}: {said}", first.fails(analysis)),
        _ => format!("{}: {said}", first.in_order(&finding, first.last(analysis))),
    };
    finding.message = format!("{}; the loader says \"{}\".", finding.title, first.error);
    let own = if after.is_empty() { analysis.own_copy(victim, &path) } else { first.own_of(analysis, &path) };
    let mut evidence = vec![Evidence {
        path: path.clone(),
        text: match after {
            [] => format!("does not define {version}"),
            _ => format!("{}; does not define {version}", first.loaded_first()),
        },
    }];
    let needs =
        failed.iter().map(|(failed, missing)| (PathBuf::from(missing.needed_by.as_path()), failed, missing));
    let needs = needs.map(|(path, _, missing)| Evidence { path, text: format!("needs {}", missing.version) });
    add_new(&mut evidence, needs.take(5));
    if failed.len() > 5 {
        let text = format!("and {} more modules of {package} fail in the same way", failed.len() - 5);
        evidence.push(Evidence { path: failed[5].0.path.clone(), text });
    }
    if let Some(own) = own {
        evidence.push(Evidence {
            path: own.clone(),
            text: format!("is the one that {package} loads alone, not looked at any more"),
        });
        finding.libraries.push(own);
    }
    finding.libraries.insert(0, path);
    let mut symbols: Vec<SymbolName> = failed
        .iter()
        .map(|(_, missing)| SymbolName { name: None, version: Some(missing.version.to_string()) })
        .collect();
    symbols.sort();
    symbols.dedup();
    finding.symbols = symbols;
    finding.evidence = evidence;
    finding.hint = match after {
        [] => format!("install a {file} that defines {version}, or a {package} that brings one"),
        _ if first.fails_reversed(analysis) => {
            format!("install versions of both that bring the same {file}; the other way round fails as well")
        }
        _ => format!("import {package} first, or install versions of both that bring the same {file}"),
    };
    finding
}
