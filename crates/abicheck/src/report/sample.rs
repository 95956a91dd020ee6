//! A report and rules for tests of the formats.
//!
//! Deliberately not here: expectations.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::{Report, Stats};
use crate::finding::{Evidence, Finding, Outcome, Severity, SymbolName, Verified};
use crate::rules::{Gathered, Rule};

const PAGE: &str = "//! # sample\n//!\n//! ## What it does\n//! Twice the same name, and one copy for both.\n//!\n//! ## Why is this bad?\n//! It breaks.\n//!\n//! ## Fix\n//! Give each a name.\n\nfn code() {}\n";

fn nothing(_: &Gathered<'_>, _: &mut Vec<Finding>) {}

static SHARED: Rule = Rule {
    code: "AB102",
    name: "shared-library",
    severity: Severity::Error,
    summary: "Two packages bring a library of one name, and one copy serves both",
    source: PAGE,
    check: nothing,
};
static OPENMP: Rule = Rule {
    code: "AB301",
    name: "several-openmp",
    severity: Severity::Warning,
    summary: "Several OpenMP runtimes in one process",
    source: PAGE,
    check: nothing,
};
static INTERPOSED: Rule = Rule {
    code: "AB401",
    name: "interposed",
    severity: Severity::Note,
    summary: "A reference of libstdc++ is answered by a wheel",
    source: PAGE,
    check: nothing,
};

/// Rules of all severities.
pub(crate) static RULES: [&Rule; 3] = [&SHARED, &OPENMP, &INTERPOSED];

const SITE: &str = "/venv/lib/python3.11/site-packages";

fn at(file: &str) -> PathBuf {
    PathBuf::from(format!("{SITE}/{file}"))
}

fn evidence(file: &str, text: &str) -> Evidence {
    Evidence { path: at(file), text: text.to_owned() }
}

/// An error in one order, confirmed.
pub(crate) fn order_dependent() -> Finding {
    Finding {
        code: "AB102",
        severity: Severity::Error,
        title: "`libfoo.so.1` exists twice, and who is imported first decides which one both get".into(),
        message: "b needs FOO_2.0 of libfoo.so.1. After a, that name is taken by a's copy, which lacks it."
            .into(),
        packages: vec!["a".into(), "b".into()],
        order: Some(vec!["a".into(), "b".into()]),
        libraries: vec![at("a.libs/libfoo-1a2b3c4d.so.1"), at("b.libs/libfoo-99887766.so.1")],
        symbols: vec![SymbolName { name: Some("foo_open".into()), version: Some("FOO_2.0".into()) }],
        evidence: vec![
            evidence("a/_core.so", "loads a.libs/libfoo-1a2b3c4d.so.1, found by RUNPATH"),
            evidence("b/_fast/_core.so", "needs libfoo.so.1, already loaded under this SONAME"),
            Evidence { path: PathBuf::new(), text: "missing for b: foo_open, version FOO_2.0".into() },
        ],
        hint: "import b first, or give each copy a name of its own".into(),
        probe: None,
        verified: Some(Verified { outcome: Outcome::Confirmed, detail: "a, then b: SIGSEGV".into() }),
    }
}

/// A warning whose file's name is not UTF-8.
pub(crate) fn strange_name() -> Finding {
    let name = OsStr::from_bytes(b"/venv/lib/python3.11/site-packages/c d/lib\xff</script>.so");
    Finding {
        code: "AB301",
        severity: Severity::Warning,
        title: "two OpenMP runtimes: `libgomp` and `libomp`".into(),
        message: "Both start threads.".into(),
        packages: vec!["c".into()],
        order: None,
        libraries: vec![name.into()],
        symbols: Vec::new(),
        evidence: vec![Evidence { path: name.into(), text: "SONAME libomp.so".into() }],
        hint: "set OMP_NUM_THREADS".into(),
        probe: None,
        verified: None,
    }
}

/// A note about `package`.
pub(crate) fn note(package: &str) -> Finding {
    Finding {
        code: "AB401",
        severity: Severity::Note,
        title: format!("50 references of libstdc++ are answered by {package}"),
        message: "Harmless by itself.".into(),
        packages: vec![package.into()],
        order: None,
        libraries: vec!["/usr/lib/libstdc++.so.6".into()],
        symbols: Vec::new(),
        evidence: Vec::new(),
        hint: String::new(),
        probe: None,
        verified: None,
    }
}

/// One of everything.
pub(crate) fn report() -> Report {
    Report {
        inputs: vec![".venv".into()],
        base: Some(SITE.into()),
        findings: vec![order_dependent(), strange_name(), note("a"), note("b")],
        ignored: vec![(note("c"), "seen, and harmless here".into())],
        notes: vec!["x.pth runs code at start, which is not followed".into()],
        stats: stats(),
        order: None,
        graph: super::Graph::default(),
    }
}

/// Figures of a small environment.
pub(crate) fn stats() -> Stats {
    Stats {
        python: "3.11".into(),
        distributions: 9,
        packages: 7,
        files: 340,
        loaded: 351,
        bindings: 36_624,
        pairs: 21,
        interacting: 4,
        orders: 15,
    }
}
