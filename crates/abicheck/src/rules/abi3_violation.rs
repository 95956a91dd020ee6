//! # abi3-violation
//!
//! ## What it does
//! Looks in files named `*.abi3.so` for functions and data of CPython that are not in the stable ABI, or that were added
//! to it after the version that the wheel's tag names: `cp38-abi3` says that Python 3.8 and all later ones do.
//!
//! ## Why is this bad?
//! What is outside the stable ABI may change or go with the next release of Python, so that a wheel that says that it
//! fits all of them does not. This interpreter has the symbols (one that it lacks is an error of its own,
//! `missing-symbol`): the environment works as it is. Private or changeable symbols are a warning, as what they mean can
//! differ between the Python that the wheel was made with and this one; ones that are only newer than the tag are a
//! note, as they do harm under older Pythons alone.
//!
//! ## Example
//! ```text
//! warning[AB404]: pkg is built for the stable ABI and uses 1 symbol outside it: _PyUnicode_Ready
//!   pkg/_core.abi3.so   refers to _PyUnicode_Ready
//! ```
//!
//! ## Fix
//! Tell the package's authors; `abi3audit` shows them the same. A wheel of the package for this very version of Python
//! has no such limit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use elf_facts::{Facts, gnu_hash};

use super::{Gathered, Rule};
use crate::analysis::{Analysis, File};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity, SymbolName};

pub(super) const RULE: Rule = Rule {
    code: "AB404",
    name: "abi3-violation",
    severity: Severity::Warning,
    summary: "a module that says to use the stable ABI uses symbols outside it",
    source: include_str!("abi3_violation.rs"),
    check,
};

/// The names of the stable ABI, each with the minor version of Python 3 that added it.
struct StableAbi(HashMap<String, u32>);

impl StableAbi {
    /// A test reads the file, so that it is sound here.
    fn read() -> Self {
        let versions: BTreeMap<String, String> =
            toml::from_str(include_str!("stable_abi.toml")).unwrap_or_default();
        let mut added = HashMap::new();
        for (version, names) in versions {
            let minor = version.strip_prefix("3.").and_then(|minor| minor.parse().ok()).unwrap_or(0);
            added.extend(names.split_whitespace().map(|name| (name.to_owned(), minor)));
        }
        Self(added)
    }
}

/// What files of one distribution use that they should not.
#[derive(Default)]
struct Used<'a> {
    outside: BTreeMap<String, Vec<&'a File>>,
    newer: BTreeMap<String, Vec<&'a File>>,
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let is_abi3 = |file: &&File| file.path.to_str().is_some_and(|path| path.ends_with(".abi3.so"));
    let files: Vec<&File> = analysis.files.all().iter().filter(is_abi3).collect();
    if files.is_empty() {
        return;
    }
    let stable = StableAbi::read();
    let mut by_owner: BTreeMap<DistributionId, Used<'_>> = BTreeMap::new();
    for file in files {
        let oldest = oldest(&analysis.environment.distributions[file.owner].tags);
        look(analysis, &stable, file, oldest, by_owner.entry(file.owner).or_default());
    }
    for (owner, mut used) in by_owner {
        // A library that brings the function along, as an older Python lacks it, keeps within the ABI.
        used.outside.retain(|name, _| !is_brought_along(analysis, owner, name.as_bytes()));
        used.newer.retain(|name, _| !is_brought_along(analysis, owner, name.as_bytes()));
        let oldest = oldest(&analysis.environment.distributions[owner].tags);
        if !used.outside.is_empty() {
            findings.push(finding(analysis, owner, Severity::Warning, &used.outside, "outside it"));
        }
        if let Some(oldest) = oldest.filter(|_| !used.newer.is_empty()) {
            let what = format!("newer than its tag, cp3{oldest}-abi3");
            findings.push(finding(analysis, owner, Severity::Note, &used.newer, &what));
        }
    }
}

/// The oldest Python 3 that a wheel says to be for: 8 of `cp38-abi3`.
fn oldest(tags: &[String]) -> Option<u32> {
    let minors = tags.iter().filter_map(|tag| {
        let mut parts = tag.split('-');
        let (python, abi) = (parts.next()?, parts.next()?);
        python.strip_prefix("cp3").filter(|_| abi == "abi3")?.parse().ok()
    });
    minors.min()
}

fn look<'a>(
    analysis: &Analysis<'_>,
    stable: &StableAbi,
    file: &'a File,
    oldest: Option<u32>,
    used: &mut Used<'a>,
) {
    let Ok(facts) = &file.facts else { return };
    for reference in facts.references.iter().filter(|one| !one.is_defined_here() && !one.is_weak()) {
        let name = facts.name_of(reference);
        if !(name.starts_with(b"Py") || name.starts_with(b"_Py")) {
            continue;
        }
        let text = String::from_utf8_lossy(name).into_owned();
        let into = match stable.0.get(&text) {
            Some(added) if oldest.is_some_and(|oldest| *added > oldest) => &mut used.newer,
            Some(_) => continue,
            None => &mut used.outside,
        };
        // What only looks like CPython's is another library's.
        if analysis.machine.start.global_definer(name).is_some() {
            into.entry(text).or_default().push(file);
        }
    }
}

/// Whether a file of the package or of what it loads, beside the interpreter, defines the function as well.
fn is_brought_along(analysis: &Analysis<'_>, owner: DistributionId, name: &[u8]) -> bool {
    let hash = gnu_hash(name);
    let defines =
        |facts: &Facts| facts.definitions.named(&facts.names, name, hash).any(|one| !one.is_undefined());
    let Some(package) = analysis.package_of(owner) else { return false };
    analysis.alone[package].objects(&analysis.machine).any(|(_, object)| defines(object.facts()))
}

fn finding(
    analysis: &Analysis<'_>,
    owner: DistributionId,
    severity: Severity,
    used: &BTreeMap<String, Vec<&File>>,
    what: &str,
) -> Finding {
    let package = analysis.name(owner);
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let names: Vec<&str> = used.keys().map(String::as_str).collect();
    let (count, plural) = (names.len(), if names.len() == 1 { "" } else { "s" });
    let shown = names[..count.min(5)].join(", ");
    let more = if count > 5 { ", ..." } else { "" };
    finding.title = format!(
        "{package} is built for the stable ABI and uses {count} symbol{plural} {what}: {shown}{more}"
    );
    finding.message = format!(
        "{}. This interpreter has {}, and another one may not.",
        finding.title,
        if count == 1 { "it" } else { "them" }
    );
    finding.packages = vec![package.to_owned()];
    let files: BTreeSet<_> = used.values().flatten().map(|file| &file.path).collect();
    finding.libraries = files.into_iter().cloned().collect();
    let symbols = names.iter().take(Finding::MOST_SYMBOLS);
    finding.symbols =
        symbols.map(|name| SymbolName { name: Some((*name).to_owned()), version: None }).collect();
    finding.evidence = finding
        .libraries
        .iter()
        .map(|path| {
            let own = used.iter().filter(|(_, files)| files.iter().any(|file| file.path == *path));
            let own: Vec<&str> = own.map(|(name, _)| name.as_str()).take(8).collect();
            Evidence { path: path.clone(), text: format!("refers to {}", own.join(", ")) }
        })
        .collect();
    finding.hint = format!(
        "nothing while it works; a wheel of {package} for this version of Python alone has no such limit"
    );
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        let stable = StableAbi::read();
        assert!(stable.0.len() > 900, "{}", stable.0.len());
        for (name, added) in [
            ("PyType_FromSpec", 2),
            ("PyModuleDef_Init", 5),
            ("PyObject_GetBuffer", 11),
            ("PyType_GetModule", 10),
            ("Py_IsNone", 10),
            ("PyBool_Type", 2),
            ("_Py_Dealloc", 2),
        ] {
            assert_eq!(stable.0.get(name), Some(&added), "{name}");
        }
        for outside in ["PyUnicode_AsUTF8AndSizes", "_PyObject_GetDictPtr", "PyFrame_New", "PyCode_New"] {
            assert_eq!(stable.0.get(outside), None, "{outside}");
        }
        assert!(stable.0.keys().all(|name| name.starts_with("Py") || name.starts_with("_Py")));
    }

    #[test]
    fn the_oldest_python_of_a_wheel() {
        let oldest = |tags: &[&str]| super::oldest(&tags.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(oldest(&["cp38-abi3-manylinux_2_28_x86_64"]), Some(8));
        assert_eq!(oldest(&["cp311-cp311-linux_x86_64"]), None);
        assert_eq!(oldest(&["cp39-abi3-a", "cp37-abi3-b", "odd"]), Some(7));
    }
}
