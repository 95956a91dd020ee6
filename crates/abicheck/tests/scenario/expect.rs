//! What a scenario says must come of it.
//!
//! Deliberately not here: running anything.

use std::path::Path;

use abicheck::finding::{Finding, Severity};

/// `expect.toml`.
pub(crate) struct Expected {
    /// Imports in processes of their own, and how each really ends.
    pub(crate) runs: Vec<Run>,
    /// All that is found, in any order.
    pub(crate) findings: Vec<ExpectedFinding>,
    /// With the copies of `abicheck isolate` every run ends well, and there are no errors.
    pub(crate) isolates: bool,
}

/// One process.
pub(crate) struct Run {
    /// Modules, in order.
    pub(crate) import: Vec<String>,
    /// `ok`, `signal 11`, or the last line of its error; `*` stands for any text, `@` for `site-packages`.
    pub(crate) ends: String,
}

/// One finding.
#[derive(Debug)]
pub(crate) struct ExpectedFinding {
    pub(crate) code: String,
    severity: Severity,
    packages: Vec<String>,
    order: Option<Vec<String>>,
    /// Symbols that must be among its symbols: `NAME`, `NAME@VERSION`, `@VERSION`.
    symbols: Vec<String>,
    /// Files that must be among its libraries, below `site-packages`.
    libraries: Vec<String>,
}

impl Expected {
    pub(super) fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        known(&table, &["shows", "isolates", "run", "finding"], path);
        assert!(
            table.get("shows").is_some_and(toml::Value::is_str),
            "{}: what does it show?",
            path.display()
        );
        let runs: Vec<Run> = tables(&table, "run").map(|run| Run::read(run, path)).collect();
        assert!(!runs.is_empty(), "{}: how does it really end?", path.display());
        let findings = tables(&table, "finding").map(|finding| ExpectedFinding::read(finding, path));
        let isolates = table.get("isolates").and_then(toml::Value::as_bool).unwrap_or_default();
        Self { runs, findings: findings.collect(), isolates }
    }
}

impl Run {
    fn read(table: &toml::Table, path: &Path) -> Self {
        known(table, &["import", "ends"], path);
        let import = strings(table, "import").expect("a run imports something");
        Self { import, ends: text(table, "ends").expect("a run ends somehow") }
    }
}

impl ExpectedFinding {
    fn read(table: &toml::Table, path: &Path) -> Self {
        known(table, &["code", "severity", "packages", "order", "symbols", "libraries"], path);
        let severity = match text(table, "severity").as_deref() {
            Some("error") => Severity::Error,
            Some("warning") => Severity::Warning,
            Some("note") => Severity::Note,
            other => panic!("{}: no severity: {other:?}", path.display()),
        };
        Self {
            code: text(table, "code").expect("a finding has a code"),
            severity,
            packages: strings(table, "packages").expect("a finding names packages"),
            order: strings(table, "order"),
            symbols: strings(table, "symbols").unwrap_or_default(),
            libraries: strings(table, "libraries").unwrap_or_default(),
        }
    }

    fn is(&self, found: &Finding, site: &Path) -> bool {
        let symbols: Vec<String> = found
            .symbols
            .iter()
            .map(|symbol| {
                let version = symbol.version.as_ref().map(|version| format!("@{version}"));
                symbol.name.clone().unwrap_or_default() + &version.unwrap_or_default()
            })
            .collect();
        let library = |library: &String| {
            // Paths keep the `..` of a RUNPATH.
            let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
            let wanted = real(&site.join(library));
            found.libraries.iter().any(|path| real(path) == wanted)
        };
        self.code == found.code
            && self.severity == found.severity
            && self.packages == found.packages
            && self.order == found.order
            && self.symbols.iter().all(|symbol| symbols.contains(symbol))
            && self.libraries.iter().all(library)
    }
}

/// What is found and not expected, and the reverse; each expectation stands for one finding.
pub(super) fn compare(expected: &[ExpectedFinding], found: &[Finding], site: &Path) -> Vec<String> {
    let mut left: Vec<&Finding> = found.iter().collect();
    let mut wrong = Vec::new();
    for expected in expected {
        match left.iter().position(|found| expected.is(found, site)) {
            Some(at) => drop(left.remove(at)),
            None => wrong.push(format!("not found: {expected:?}")),
        }
    }
    wrong.extend(left.into_iter().map(|found| format!("not expected: {found:#?}")));
    wrong
}

/// Whether `text` is `pattern`, in which `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    let mut parts = pattern.split('*').peekable();
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

fn tables<'a>(table: &'a toml::Table, name: &str) -> impl Iterator<Item = &'a toml::Table> {
    let list = table.get(name).and_then(toml::Value::as_array).into_iter().flatten();
    list.map(|value| value.as_table().expect("a list of tables"))
}

fn strings(table: &toml::Table, name: &str) -> Option<Vec<String>> {
    let list = table.get(name)?.as_array().expect("a list of texts");
    Some(list.iter().map(|value| value.as_str().expect("a list of texts").to_owned()).collect())
}

fn text(table: &toml::Table, name: &str) -> Option<String> {
    Some(table.get(name)?.as_str().expect("a text").to_owned())
}

fn known(table: &toml::Table, keys: &[&str], path: &Path) {
    let other = table.keys().find(|key| !keys.contains(&key.as_str()));
    assert!(other.is_none(), "{}: {other:?} is none of {keys:?}", path.display());
}
