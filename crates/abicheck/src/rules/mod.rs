//! The rules: each a file of its own, whose `//!` text is its page for users.
//!
//! A rule reads an [`Analysis`] and says [`Finding`]s. Every file here is in [`ALL`]; a test compares them, and asks
//! for each rule's page, example, fix and scenario.
//! Deliberately not here: what is loaded in which order (`analysis`), and what the user ignores (`config`).

mod abi3_violation;
mod absent_module;
mod bound_into_package;
mod copies;
mod crossings;
mod data_size;
mod executable_stack;
mod export_function;
mod families;
mod file_collision;
mod gathered;
mod glibc_floor;
mod instead;
mod loaded;
mod loads;
mod missing_library;
mod missing_symbol;
mod missing_version;
mod not_loadable;
mod numpy_c_api;
mod numpy_seen;
mod one_variable_two_copies;
mod other_versions;
mod page;
mod pybind11_internals;
mod scope_poisoning;
mod segments;
mod several_copies;
mod several_openmp;
mod shared;
mod shared_definitions;
mod shared_name;
mod shared_name_different_needs;
mod static_tls;
mod text_relocations;
mod unique_size;
mod unloaded_versions;
mod unreadable_file;
mod wrong_tag;

use elf_facts::Facts;
use elf_loader::straight;
use rayon::prelude::*;

use crate::analysis::Analysis;
use crate::finding::{Finding, Severity, SymbolName};

pub(crate) use crossings::are_versions;
pub(crate) use gathered::Gathered;
pub use page::Page;
pub(crate) use unloaded_versions::unloaded_versions;

/// One rule.
pub struct Rule {
    /// Its code, such as `AB102`: never given to another rule.
    pub code: &'static str,
    /// Its name, such as `missing-version`.
    pub name: &'static str,
    /// The worst severity of its findings.
    pub severity: Severity,
    /// One sentence.
    pub summary: &'static str,
    /// The text of its file, whose `//!` lines are the page.
    pub(crate) source: &'static str,
    /// Looks.
    pub(crate) check: fn(&Gathered<'_>, &mut Vec<Finding>),
}

impl Rule {
    /// Its page.
    pub fn page(&self) -> Page {
        Page::of(self.source)
    }
}

/// All rules, by code.
pub const ALL: &[&Rule] = &[
    &missing_library::RULE,
    &missing_version::RULE,
    &missing_symbol::RULE,
    &glibc_floor::RULE,
    &unreadable_file::RULE,
    &not_loadable::RULE,
    &shared_name_different_needs::RULE,
    &shared_name::RULE,
    &scope_poisoning::RULE,
    &bound_into_package::RULE,
    &data_size::RULE,
    &unique_size::RULE,
    &shared_definitions::RULE,
    &static_tls::RULE,
    &several_openmp::RULE,
    &several_copies::RULE,
    &pybind11_internals::RULE,
    &numpy_c_api::RULE,
    &wrong_tag::RULE,
    &abi3_violation::RULE,
    &executable_stack::RULE,
    &text_relocations::RULE,
    &one_variable_two_copies::RULE,
    &file_collision::RULE,
];

/// The one of `rules` with this code or name.
pub fn named(rules: &[&'static Rule], asked: &str) -> Option<&'static Rule> {
    let is_it =
        |rule: &&&Rule| rule.code.eq_ignore_ascii_case(asked) || rule.name.eq_ignore_ascii_case(asked);
    rules.iter().find(is_it).copied()
}

/// What all rules say, the worst first.
pub fn check(analysis: &Analysis<'_>) -> Vec<Finding> {
    let gathered = Gathered::of(analysis);
    let said = ALL.par_iter().with_max_len(1).flat_map_iter(|rule| {
        let mut findings = Vec::new();
        (rule.check)(&gathered, &mut findings);
        findings
    });
    let mut findings: Vec<Finding> = said.collect();
    findings.retain(|finding| {
        let order = finding.order.as_deref();
        analysis.is_asked(&finding.packages, false)
            && order.is_none_or(|order| analysis.is_asked(order, true))
    });
    for finding in &mut findings {
        // RUNPATHs make detours, such as `a/../a.libs`.
        finding.libraries.iter_mut().for_each(|path| *path = straight(path));
        finding.evidence.iter_mut().for_each(|line| line.path = straight(&line.path));
    }
    findings.sort_by(|a, b| {
        let key = |one: &Finding| (std::cmp::Reverse(one.severity), one.code);
        key(a)
            .cmp(&key(b))
            .then_with(|| (&a.packages, &a.order, &a.title).cmp(&(&b.packages, &b.order, &b.title)))
    });
    findings.dedup();
    findings
}

/// The symbol that a reference of a file asks for.
fn symbol(facts: &Facts, reference: u32) -> SymbolName {
    let Some(asked) = facts.references.get(reference as usize) else {
        return SymbolName { name: None, version: None };
    };
    let version = facts.version(asked.version).filter(|version| !version.base);
    SymbolName {
        name: Some(String::from_utf8_lossy(facts.name_of(asked)).into_owned()),
        version: version.map(|version| version.name.to_string()),
    }
}
