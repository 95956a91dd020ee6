//! # text-relocations
//!
//! ## What it does
//! Looks for libraries that imports load and whose code itself is relocated: DT_TEXTREL or DF_TEXTREL.
//!
//! ## Why is this bad?
//! The loader must make code writable, change it, and cannot share it between processes. SELinux refuses that where
//! `execmod` is off, as hardened systems and containers do: `cannot restore segment prot after reloc: Permission
//! denied`.
//!
//! ## Example
//! ```text
//! warning[AB502]: _core.so of pkg has text relocations
//!   pkg/_core.so   DT_TEXTREL
//! ```
//!
//! ## Fix
//! A release of the package whose code was all compiled with `-fPIC`; the linker's `-z text` finds the rest.

use elf_facts::Head;

use super::{Gathered, Rule, segments};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB502",
    name: "text-relocations",
    severity: Severity::Warning,
    summary: "a library's code itself is relocated, which hardened systems refuse",
    source: include_str!("text_relocations.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    findings.extend(segments::findings(
        gathered,
        &RULE,
        says,
        |package, what| format!("{what} of {package} has text relocations"),
        "its code is changed when it is loaded, which SELinux and hardened systems refuse",
        |package| format!("take a release of {package} whose code was compiled with -fPIC"),
    ));
}

fn says(head: &Head) -> Option<&'static str> {
    head.flags.text_relocations.then_some("DT_TEXTREL, or DF_TEXTREL in DT_FLAGS")
}
