//! What runs say about a finding.
//!
//! A finding with an order is confirmed by what fails in that order and not in the reverse one; a finding without one
//! by what fails at all. Deliberately not here: running.

use super::exercises::Exercises;
use super::run::{DID_NOT_RUN, Failed, Imports};
use crate::finding::{Outcome, Verified};

/// What failed in the runs that a finding asks for.
pub(super) struct Seen<'a> {
    /// In the finding's order.
    pub(super) so: &'a [Failed],
    /// In the reverse order; `None` where the finding has none.
    pub(super) reverse: Option<&'a [Failed]>,
}

/// Judges a finding about `imports`.
pub(super) fn judge(seen: &Seen<'_>, imports: &Imports, exercises: &Exercises) -> Verified {
    match seen.reverse {
        Some(reverse) => by_order(seen.so, reverse, imports, exercises),
        None => always(seen.so, imports, exercises),
    }
}

fn by_order(so: &[Failed], reverse: &[Failed], imports: &Imports, exercises: &Exercises) -> Verified {
    if so.is_empty() {
        let other = reverse.first().map(|failed| format!("; the reverse order: {}", failed.told()));
        return nothing(&other.unwrap_or_default(), imports, exercises);
    }
    let own = so.iter().find(|failed| !reverse.iter().any(|other| other.is_like(failed)));
    let Some(own) = own else {
        let detail = format!("the reverse order ends in the same way: {}", so[0].told());
        return Verified { outcome: Outcome::BrokeOtherwise, detail };
    };
    let other = match reverse.iter().find(|failed| !so.iter().any(|other| other.is_like(failed))) {
        Some(other) => format!("the reverse order: {}", other.told()),
        None => "the reverse order ends well".to_owned(),
    };
    let detail = format!("{}; {other}", own.told());
    Verified { outcome: outcome(own), detail }
}

fn always(so: &[Failed], imports: &Imports, exercises: &Exercises) -> Verified {
    let Some(failed) = so.iter().find(|failed| outcome(failed) == Outcome::Confirmed).or(so.first()) else {
        return nothing("", imports, exercises);
    };
    Verified { outcome: outcome(failed), detail: failed.told() }
}

/// What Python says where there is no network: `ENETUNREACH`, and names that nobody resolves.
const NO_NETWORK: [&str; 3] = ["[Errno 101]", "[Errno -2]", "[Errno -3]"];

/// Exceptions that no loader and no native library raises: `dlopen` makes them `ImportError` or `OSError` itself.
const OTHER_CAUSES: [&str; 6] = [
    "ModuleNotFoundError",
    "FileNotFoundError",
    "PermissionError",
    "SyntaxError",
    "IndentationError",
    "SystemExit",
];

/// A module or a file that is not there, code that is none, or a network that is missed is nothing that a native library did.
fn outcome(failed: &Failed) -> Outcome {
    if failed.raised && NO_NETWORK.iter().any(|word| failed.message.contains(word)) {
        return Outcome::BrokeOtherwise;
    }
    match failed.kind.as_str() {
        kind if failed.raised && OTHER_CAUSES.contains(&kind) => Outcome::BrokeOtherwise,
        DID_NOT_RUN => Outcome::BrokeOtherwise,
        _ => Outcome::Confirmed,
    }
}

/// Nothing broke, and how far that was tried.
fn nothing(more: &str, imports: &Imports, exercises: &Exercises) -> Verified {
    let idle: Vec<&str> = imports
        .iter()
        .map(|(package, _)| package.as_str())
        .filter(|package| exercises.of(package).is_none())
        .collect();
    let detail = match idle[..] {
        [] => format!("nothing broke, neither in the imports nor in the exercises{more}"),
        _ => format!(
            "nothing broke{more}; {} only imported: give code that uses {} in [tool.abicheck.exercises]",
            format_args!("{} {}", idle.join(" and "), if idle.len() == 1 { "was" } else { "were" }),
            if idle.len() == 1 { "it" } else { "them" },
        ),
    };
    Verified { outcome: Outcome::NotReproduced, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(package: &str, kind: &str, message: &str) -> Failed {
        let raised = kind.ends_with("Error");
        let (package, kind, message) = (package.to_owned(), kind.to_owned(), message.to_owned());
        Failed { step: format!("import {package}"), package: Some(package), kind, message, raised }
    }

    #[test]
    fn an_order_is_confirmed_by_what_the_reverse_does_not_show() {
        let (crash, error) = (failed("b", "SIGSEGV", ""), failed("a", "ImportError", "x at 0x7f01"));
        let (again, absent) =
            (failed("a", "ImportError", "x at 0x7f99"), failed("b", "ModuleNotFoundError", "no c"));
        let imports = vec![("a".to_owned(), vec!["a".to_owned()]), ("b".to_owned(), vec!["b".to_owned()])];
        let judged = |so: &[&Failed], reverse: Option<&[&Failed]>| {
            let own = |all: &[&Failed]| all.iter().map(|one| (*one).clone()).collect::<Vec<_>>();
            let (so, reverse) = (own(so), reverse.map(own));
            let seen = Seen { so: &so, reverse: reverse.as_deref() };
            let verified = judge(&seen, &imports, &Exercises::default());
            (verified.outcome, verified.detail)
        };
        let (confirmed, detail) = judged(&[&error, &crash], Some(&[&again]));
        assert_eq!(
            (confirmed, detail.as_str()),
            (Outcome::Confirmed, "SIGSEGV in import b; the reverse order ends well")
        );
        let (confirmed, detail) = judged(&[&crash], Some(&[&error]));
        assert_eq!(confirmed, Outcome::Confirmed);
        assert_eq!(detail, "SIGSEGV in import b; the reverse order: ImportError: x at 0x7f01 (import a)");
        assert_eq!(judged(&[&error], Some(&[&again])).0, Outcome::BrokeOtherwise);
        assert_eq!(judged(&[&absent], Some(&[])).0, Outcome::BrokeOtherwise);
        assert_eq!(judged(&[], Some(&[&crash])).0, Outcome::NotReproduced);
        assert_eq!(judged(&[], None).0, Outcome::NotReproduced);
        assert_eq!(judged(&[&absent, &error], None).0, Outcome::Confirmed);
        assert_eq!(judged(&[&absent], None).0, Outcome::BrokeOtherwise);
        let (_, detail) = judged(&[], None);
        assert_eq!(
            detail,
            "nothing broke; a and b were only imported: give code that uses them in [tool.abicheck.exercises]"
        );
    }
}
