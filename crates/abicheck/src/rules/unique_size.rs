//! # unique-size
//!
//! ## What it does
//! Finds STB_GNU_UNIQUE symbols (static variables of inline functions and templates, as GCC emits them) of which two
//! packages have definitions of different size or type. A process has one definition of such a name, whatever
//! RTLD_LOCAL says: that of the first package that is imported.
//!
//! ## Why is this bad?
//! The second package's code works on a variable with another layout: it reads and writes beyond its end.
//!
//! ## Example
//! ```text
//! error[AB206]: import a, then b: _ZGVZ5table of b is bound to a's, of another size or type
//! ```
//!
//! ## Fix
//! Install versions of both packages that were built with one version of the library whose code it is. Whoever builds
//! one of them can compile with `-fno-gnu-unique`, or hide the symbols; `abicheck isolate` makes copies in which they have
//! names of their own.

use super::data_size;
use super::{Gathered, Rule};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB206",
    name: "unique-size",
    severity: Severity::Error,
    summary: "two packages have one unique symbol with different layouts",
    source: include_str!("unique_size.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    for one in gathered.crossings() {
        findings.extend(data_size::finding(gathered, &RULE, one, true));
    }
}
