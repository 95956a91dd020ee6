//! # pybind11-internals
//!
//! ## What it does
//! Compares extension modules of different packages that share one table of C++ types: those of pybind11 and nanobind
//! with the same internals id, such as `__pybind11_internals_v4_gcc_libstdcpp_cxxabi1014__`. It compares what their
//! files say of the compilers, and which `std::string` they use.
//!
//! ## Why is this bad?
//! The module that is imported first makes the table, with the layout of its own compiler and library; the others take
//! it by its name. For some pairs that ended in a crash at the first exception or class of the other module; most pairs
//! are fine. Other compilers or another `std::string` are a warning, files that say the same or nothing a note.
//!
//! ## Example
//! ```text
//! warning[AB401]: a and b share __pybind11_internals_v4_gcc_libstdcpp_cxxabi1011__, made by different compilers
//!   a/_core.so   GCC 4.8.2, the std::string from before C++11
//!   b/_core.so   GCC 10.2.1, the std::string of C++11
//! ```
//!
//! ## Fix
//! Take releases of both that were built alike, or with pybind11 releases of different internals versions, which share
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use elf_facts::{Facts, Name};

use super::loaded::Loaded;
use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB401",
    name: "pybind11-internals",
    severity: Severity::Warning,
    summary: "modules of different packages share C++ types, and were compiled differently",
    source: include_str!("pybind11_internals.rs"),
    check,
};

/// How the ids start.
const IDS: [&str; 2] = ["__pybind11_internals_v", "__nb_internals_v"];

type Compiler = (&'static str, Vec<u32>);

/// What a file says of how it was compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Made {
    /// The compiler, by its name and numbers.
    compiler: Option<Compiler>,
    /// Whether it uses the `std::string` of C++11; `None` where it uses neither, or both.
    new_string: Option<bool>,
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let all = gathered.loaded();
    let mut by_id: BTreeMap<&Name, Vec<&Loaded<'_>>> = BTreeMap::new();
    for loaded in all.iter().filter(|loaded| loaded.owner.is_some()) {
        let markers = loaded.object.facts().head.markers.iter();
        let ids = markers.filter(|marker| IDS.iter().any(|id| marker.as_bytes().starts_with(id.as_bytes())));
        ids.for_each(|id| by_id.entry(id).or_default().push(loaded));
    }
    for (id, sharing) in by_id {
        // Modules that say the same are told of once.
        let mut kinds: BTreeMap<(DistributionId, Made), Vec<&Loaded<'_>>> = BTreeMap::new();
        for loaded in sharing {
            let Some(owner) = loaded.owner else { continue };
            kinds.entry((owner, made(loaded.object.facts()))).or_default().push(loaded);
        }
        let owners: BTreeSet<DistributionId> = kinds.keys().map(|(owner, _)| *owner).collect();
        if owners.len() > 1 {
            findings.push(finding(analysis, id, &owners, &kinds));
        }
    }
}

fn finding(
    analysis: &Analysis<'_>,
    id: &Name,
    owners: &BTreeSet<DistributionId>,
    kinds: &BTreeMap<(DistributionId, Made), Vec<&Loaded<'_>>>,
) -> Finding {
    let others = |kind: &(DistributionId, Made)| kinds.keys().any(|other| differ(kind, other));
    // Names from pybind11 3 on say the ABI of the standard library: one name is one layout, whatever compiled it.
    let says_all = id.to_text().contains("_use_cxx11_abi_");
    let odd = !says_all && kinds.keys().any(others);
    let severity = if odd { Severity::Warning } else { Severity::Note };
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    finding.packages = owners.iter().map(|owner| analysis.name(*owner).to_owned()).collect();
    let who = finding.packages.join(" and ");
    let compared = match (odd, says_all) {
        (true, _) => "compiled differently",
        (false, true) => "a name that says the layout",
        (false, false) => "compiled alike, as far as their files say",
    };
    finding.title = format!("{who} share {id}, {compared}");
    finding.message = format!(
        "{}. The module that is imported first makes the table of C++ types, and the others use it as if it were \
         theirs.",
        finding.title
    );
    finding.libraries = kinds.values().flatten().map(|loaded| loaded.path()).collect();
    finding.evidence = kinds.iter().map(|((_, made), files)| evidence(made, files)).collect();
    finding.hint = match odd {
        true => "import both and use exceptions and classes of each before you rely on it; releases that were built alike share safely".to_owned(),
        false => "nothing to do while both work".to_owned(),
    };
    finding
}

fn evidence(made: &Made, files: &[&Loaded<'_>]) -> Evidence {
    let compiler = made.compiler.as_ref().map_or("no word on its compiler".to_owned(), |(name, numbers)| {
        let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        format!("{name} {}", numbers.join("."))
    });
    let string = match made.new_string {
        Some(true) => ", the std::string of C++11",
        Some(false) => ", the std::string from before C++11",
        None => "",
    };
    let more = match files.len() {
        1 => String::new(),
        count => format!("; as {} more", count - 1),
    };
    Evidence { path: files[0].path(), text: format!("{compiler}{string}{more}") }
}

/// Whether two files of different packages say different things of what decides the table's layout.
fn differ((owner, a): &(DistributionId, Made), (other, b): &(DistributionId, Made)) -> bool {
    let strings = a.new_string.is_some() && b.new_string.is_some() && a.new_string != b.new_string;
    let compilers = a.compiler.is_some() && b.compiler.is_some() && a.compiler != b.compiler;
    owner != other && (strings || compilers)
}

fn made(facts: &Facts) -> Made {
    // The newest, and clang before GCC: the C library's parts in each file are GCC's, mostly of an older one.
    let compiler = facts.head.markers.iter().filter_map(|marker| compiler(&marker.to_text())).max();
    let names = facts.references.iter().map(|reference| facts.name_of(reference));
    let (mut new, mut old) = (false, false);
    for name in names.filter(|name| name.starts_with(b"_Z")) {
        new |= memchr::memmem::find(name, b"__cxx11").is_some();
        // `Ss` stands for the old `std::string` where names begin (Itanium C++ ABI, 5.1.10).
        old |= name.starts_with(b"_ZNSs") || name.starts_with(b"_ZNKSs");
    }
    Made { compiler, new_string: (new != old).then_some(new) }
}

/// The name and numbers of a compiler, of what it writes into `.comment`.
fn compiler(text: &str) -> Option<Compiler> {
    let (name, rest) = match (text.strip_prefix("GCC: ("), text.strip_prefix("clang version ")) {
        (Some(rest), _) => ("GCC", rest.split_once(") ")?.1),
        (None, Some(rest)) => ("clang", rest),
        (None, None) => return None,
    };
    let version = rest.split([' ', '-']).next()?;
    let numbers: Option<Vec<u32>> = version.split('.').map(|number| number.parse().ok()).collect();
    numbers.map(|numbers| (name, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_say_who_they_are() {
        assert_eq!(compiler("GCC: (GNU) 10.2.1 20210130 (Red Hat 10.2.1-11)"), Some(("GCC", vec![10, 2, 1])));
        assert_eq!(compiler("GCC: (Debian 12.2.0-14) 12.2.0"), Some(("GCC", vec![12, 2, 0])));
        assert_eq!(compiler("clang version 17.0.6 (https://x/llvm)"), Some(("clang", vec![17, 0, 6])));
        assert_eq!(compiler("__pybind11_internals_v4__"), None);
        assert_eq!(compiler("GCC: (odd"), None);
    }

    #[test]
    fn what_is_not_told_is_no_difference() {
        let gcc = |major| Some(("GCC", vec![major, 1]));
        let made = |compiler, new_string| Made { compiler, new_string };
        assert!(differ(&(0, made(gcc(9), None)), &(1, made(gcc(10), None))));
        assert!(differ(&(0, made(None, Some(true))), &(1, made(None, Some(false)))));
        assert!(!differ(&(0, made(gcc(9), None)), &(1, made(None, Some(true)))));
        assert!(!differ(&(0, made(gcc(9), None)), &(0, made(gcc(10), None))), "one package knows its own");
        assert!(!differ(&(0, made(gcc(9), Some(true))), &(1, made(gcc(9), Some(true)))));
    }
}
