//! # executable-stack
//!
//! ## What it does
//! Looks for libraries that imports load and that want an executable stack: PT_GNU_STACK with the flag X, or, on x86 and
//! ARM, no PT_GNU_STACK at all, which the loader reads the same.
//!
//! ## Why is this bad?
//! glibc up to 2.40 makes the stack of the whole process executable when it loads one, which takes a barrier from every
//! attack. From 2.41 on it refuses: `cannot enable executable stack as shared object requires`. SELinux refuses it too
//! where `execstack` is off. Mostly no code needs it: one file of assembler without a note is enough.
//!
//! ## Example
//! ```text
//! warning[AB501]: _core.so of pkg wants an executable stack
//!   pkg/_core.so   PT_GNU_STACK has the flag X
//! ```
//!
//! ## Fix
//! A newer release of the package; `patchelf --clear-execstack FILE` where none is there.

use elf_facts::Head;

use super::{Gathered, Rule, segments};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB501",
    name: "executable-stack",
    severity: Severity::Warning,
    summary: "a library wants an executable stack, which newer systems refuse",
    source: include_str!("executable_stack.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    findings.extend(segments::findings(
        gathered,
        &RULE,
        says,
        |package, what| format!("{what} of {package} wants an executable stack"),
        "glibc from 2.41 on and SELinux refuse to load such a library, and older systems make the whole process's \
         stack executable",
        |package| format!("take a newer release of {package}, or run `patchelf --clear-execstack` on the file"),
    ));
}

fn says(head: &Head) -> Option<&'static str> {
    match head.executable_stack {
        Some(true) => Some("PT_GNU_STACK has the flag X"),
        // `DEFAULT_STACK_PERMS` of 386, ARM and x86-64 (glibc's stackinfo.h).
        None if [3, 40, 62].contains(&head.machine) => {
            Some("has no PT_GNU_STACK, which stands for an executable stack")
        }
        _ => None,
    }
}
