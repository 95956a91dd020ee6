//! # file-collision
//!
//! ## What it does
//! Looks for paths that two distributions record as theirs. Two wheels or folders that are used together are compared
//! as if they were installed in one place. In an environment of pins each package has a folder of its own, and nothing
//! collides.
//!
//! ## Why is this bad?
//! Who is installed last has the file, and removing one takes it from the other. Where the contents of a module or of
//! a native file differ, one package runs with the other's: a warning. Otherwise it is a note, and for `__init__.py`
//! files that are alike nothing at all, as packages that share a namespace have them.
//!
//! ## Example
//! ```text
//! warning[AB504]: a and b both install 2 files with contents of their own, such as shared/core.py
//!   shared/core.py    recorded by a and by b
//!   shared/_fast.so   recorded by a and by b
//! ```
//!
//! ## Fix
//! Keep one of them; mostly they are two builds of one project. Then install that one again, since the other's removal
//! takes its files.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rustc_hash::FxHashMap;

use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::{Distribution, DistributionId, Views};
use crate::finding::{Evidence, Finding, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB504",
    name: "file-collision",
    severity: Severity::Warning,
    summary: "two distributions install the same file",
    source: include_str!("file_collision.rs"),
    check,
};

/// SHA-256 of nothing, as RECORD has it.
const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

/// What is the matter with one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Collision {
    /// The same in both.
    Same,
    /// Different, and nothing that runs in every program: text, tests, scripts.
    Beside,
    /// Different modules or native files.
    Code,
}

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let environment = analysis.environment;
    if matches!(environment.views, Views::Pinned { .. }) {
        return;
    }
    let mut hashes: HashMap<DistributionId, HashMap<String, String>> = HashMap::new();
    for ((a, b), paths) in shared(&environment.distributions) {
        for id in [a, b] {
            hashes.entry(id).or_insert_with(|| environment.distributions[id].hashes());
        }
        let mut by_kind: BTreeMap<Collision, Vec<&str>> = BTreeMap::new();
        for path in paths {
            let (of_a, of_b) = (hashes[&a].get(path), hashes[&b].get(path));
            if let Some(collision) = collision(path, of_a, of_b) {
                by_kind.entry(collision).or_default().push(path);
            }
        }
        // The worst is told of; the rest goes with it.
        if let Some((worst, paths)) = by_kind.pop_last() {
            findings.push(finding(analysis, (a, b), worst, paths));
        }
    }
}

/// The paths that two distributions record, for each two that share some. Two of one name are two versions of one, of
/// which one is what an older installer left.
fn shared(distributions: &[Distribution]) -> BTreeMap<(DistributionId, DistributionId), Vec<&str>> {
    let mut first: FxHashMap<&str, DistributionId> = FxHashMap::default();
    let mut shared: BTreeMap<(DistributionId, DistributionId), Vec<&str>> = BTreeMap::new();
    for (id, distribution) in distributions.iter().enumerate() {
        for path in &distribution.recorded {
            let owner = *first.entry(path).or_insert(id);
            if owner != id && !distributions[owner].is_version_of(distribution) {
                shared.entry((owner, id)).or_default().push(path);
            }
        }
    }
    shared
}

fn collision(path: &str, a: Option<&String>, b: Option<&String>) -> Option<Collision> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_same = a.is_some() && a == b;
    // Bytecode follows its source, and is written by whoever imports first.
    if name.ends_with(".pyc") || (is_same && (name == "__init__.py" || a.is_some_and(|hash| hash == EMPTY))) {
        return None;
    }
    if is_same {
        return Some(Collision::Same);
    }
    let is_code = [".py", ".so"].iter().any(|suffix| name.ends_with(suffix)) || name.contains(".so.");
    // Folders beside the packages that projects leave in by mistake, and that nobody imports.
    let top = path.split('/').next().unwrap_or(path);
    let aside = [
        "..",
        "tests",
        "test",
        "testing",
        "docs",
        "doc",
        "examples",
        "example",
        "benchmarks",
        "scripts",
        "tools",
    ];
    Some(if is_code && !aside.contains(&top) { Collision::Code } else { Collision::Beside })
}

fn finding(
    analysis: &Analysis<'_>,
    (a, b): (DistributionId, DistributionId),
    worst: Collision,
    paths: Vec<&str>,
) -> Finding {
    let severity = if worst == Collision::Code { Severity::Warning } else { Severity::Note };
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let (first, second) = (analysis.name(a), analysis.name(b));
    let distributions = &analysis.environment.distributions;
    let what = match worst {
        Collision::Same => "the same contents",
        _ => "contents of their own",
    };
    let (count, example) = (paths.len(), paths.first().copied().unwrap_or_default());
    finding.title = match count {
        1 => format!("{first} and {second} both install {example}, with {what}"),
        _ => {
            format!("{first} and {second} both install {count} files with {what}, such as {example}")
        }
    };
    let why = match worst {
        Collision::Code => {
            "Who was installed last has them, and the other one runs with what it did not bring"
        }
        _ => "Removing one of them takes the files from the other",
    };
    finding.message = format!("{}. {why}.", finding.title);
    finding.packages = vec![first.to_owned(), second.to_owned()];
    let at = |path: &str| -> PathBuf { distributions[a].folder.join(path) };
    finding.libraries = paths.iter().filter(|path| path.contains(".so")).map(|path| at(path)).collect();
    let shown = paths.iter().take(Finding::MOST_SYMBOLS);
    let text = format!("recorded by {first} and by {second}");
    finding.evidence = shown.map(|path| Evidence { path: at(path), text: text.clone() }).collect();
    finding.hint = format!("keep one of {first} and {second}, and install it again after the other is gone");
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_collides_and_how() {
        let (one, other, empty) = ("sha256=one".to_owned(), "sha256=other".to_owned(), EMPTY.to_owned());
        let ask = |path: &str, a: &String, b: &String| collision(path, Some(a), Some(b));
        assert_eq!(ask("p/core.py", &one, &other), Some(Collision::Code));
        assert_eq!(ask("p/libx.so.1.2", &one, &other), Some(Collision::Code));
        assert_eq!(ask("p/core.py", &one, &one), Some(Collision::Same));
        assert_eq!(ask("p/__init__.py", &one, &other), Some(Collision::Code));
        assert_eq!(ask("p/__init__.py", &one, &one), None, "packages of a namespace");
        assert_eq!(ask("p/py.typed", &empty, &empty), None);
        assert_eq!(ask("tests/__init__.py", &empty, &empty), None);
        assert_eq!(ask("tests/test_it.py", &one, &other), Some(Collision::Beside));
        assert_eq!(ask("LICENSE", &one, &other), Some(Collision::Beside));
        assert_eq!(ask("../../../bin/tool", &one, &other), Some(Collision::Beside));
        assert_eq!(collision("p/__pycache__/core.cpython-311.pyc", None, None), None);
        assert_eq!(
            collision("p/core.py", None, Some(&one)),
            Some(Collision::Code),
            "nothing says that they are alike"
        );
    }
}
