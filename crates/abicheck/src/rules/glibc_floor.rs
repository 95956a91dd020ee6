//! # glibc-floor
//!
//! ## What it does
//! Finds modules and libraries that were built for a newer C library than the one that is here: they need a version,
//! such as `GLIBC_2.38`, that the system's `libc.so.6`, `libm.so.6` or their kin do not define.
//!
//! ## Why is this bad?
//! The import ends with ``ImportError: /lib/libc.so.6: version `GLIBC_2.38' not found``. No order of imports helps.
//!
//! ## Example
//! ```text
//! error[AB104]: importing pkg fails: it needs glibc 2.38
//!   pkg/_core.so   needs GLIBC_2.38
//!   libc.so.6      defines up to GLIBC_2.36
//! ```
//!
//! ## Fix
//! Install a wheel for an older `manylinux` platform, or build the package on this system.

use std::collections::BTreeMap;
use std::path::PathBuf;

use elf_facts::Name;
use elf_loader::{Failure, MissingVersion};

use super::loads::Failed;
use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB104",
    name: "glibc-floor",
    severity: Severity::Error,
    summary: "a module was built for a newer C library",
    source: include_str!("glibc_floor.rs"),
    check,
};

/// Whether the version is one of glibc's own (`GLIBC_2.38`; `GLIBC_ABI_DT_RELR` and others say a feature).
pub(super) fn is_of_the_system(missing: &MissingVersion) -> bool {
    missing.version.as_bytes().starts_with(b"GLIBC_")
}

/// 2 and 38 of `GLIBC_2.38`.
fn number(version: &Name) -> Option<Vec<u32>> {
    let text = version.to_text();
    let numbers = text.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    numbers.collect::<Result<Vec<u32>, _>>().ok()
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let mut groups: BTreeMap<(DistributionId, Severity), Vec<(&Failed<'_>, &MissingVersion)>> =
        BTreeMap::new();
    for failed in gathered.failed().iter().filter(|failed| failed.after.is_empty()) {
        let Failure::Versions(missing) = &failed.error.failure else { continue };
        let floor = missing.iter().filter(|one| is_of_the_system(one)).max_by_key(|one| number(&one.version));
        if let Some(floor) = floor {
            groups.entry((failed.victim, failed.severity())).or_default().push((failed, floor));
        }
    }
    for ((victim, severity), failed) in groups {
        let mut finding = Finding { severity, ..Finding::of(&RULE) };
        let Some((first, highest)) = failed.iter().max_by_key(|(_, missing)| number(&missing.version)) else {
            continue;
        };
        let first = failed.iter().map(|(failed, _)| failed).find(|failed| failed.eager).unwrap_or(first);
        first.describe(analysis, &mut finding);
        let package = analysis.name(victim);
        let needed = highest.version.to_text();
        let needed = needed.strip_prefix("GLIBC_").unwrap_or(&needed);
        let here = defined(analysis, &highest.library);
        let here_text = here.as_ref().map(|here| format!(", and here is {here}")).unwrap_or_default();
        finding.title = format!("{}: it needs glibc {needed}{here_text}", first.fails(analysis));
        finding.message = format!("{}; the loader says \"{}\".", finding.title, first.error);
        let mut evidence: Vec<Evidence> = failed
            .iter()
            .take(8)
            .map(|(_, missing)| Evidence {
                path: PathBuf::from(missing.needed_by.as_path()),
                text: format!("needs {}", missing.version),
            })
            .collect();
        finding.libraries = evidence.iter().map(|one| one.path.clone()).collect();
        if let Some(here) = here {
            let path = PathBuf::from(highest.library.as_path());
            evidence.push(Evidence { path, text: format!("defines up to GLIBC_{here}") });
        }
        finding.evidence = evidence;
        finding.symbols = vec![SymbolName { name: None, version: Some(highest.version.to_string()) }];
        finding.hint =
            format!("install a wheel of {package} for an older manylinux platform, or build it here");
        findings.push(finding);
    }
}

/// The highest version that the library at `path` defines.
fn defined(analysis: &Analysis<'_>, path: &Name) -> Option<String> {
    let (_, object) = analysis.machine.start.objects().find(|(_, object)| object.path == *path)?;
    let versions = object.facts().head.versions.iter().filter(|version| version.file.is_none());
    let highest = versions.filter_map(|version| number(&version.name)).max()?;
    Some(highest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}
