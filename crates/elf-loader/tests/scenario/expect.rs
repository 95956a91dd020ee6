//! What a scenario says must come of a run.
//!
//! Deliberately not here: what the real loader says, which decides whether the simulation is right.

use std::path::Path;

use elf_loader::{Load, ObjectId, Process};

/// The expectations of one run; each a list of lines.
pub(super) struct Expected {
    /// `FROM NEEDED -> PATH by HOW`; without FROM, the opened name.
    found: Vec<String>,
    /// `FROM NEEDED by HOW`, where the path is the machine's.
    system: Vec<String>,
    /// `FROM SYMBOL[@VERSION] -> PATH`
    binds: Vec<String>,
    /// Bindings of the same form that must not be.
    not: Vec<String>,
    /// `FROM SYMBOL`: a reference that stays without a definition.
    unbound: Vec<String>,
    /// `FROM SYMBOL = VERSION`: the version of the definition.
    definitions: Vec<String>,
    /// The messages of what fails, in order.
    fails: Vec<String>,
}

/// The list of texts `name` in `table`; none is an empty one.
pub(super) fn strings(table: &toml::Table, name: &str) -> Vec<String> {
    let list = table.get(name).and_then(toml::Value::as_array).into_iter().flatten();
    list.map(|value| value.as_str().expect("a list of texts").to_owned()).collect()
}

impl Expected {
    pub(super) fn read(table: &toml::Table) -> Self {
        const KNOWN: [&str; 10] = [
            "environment",
            "open",
            "bind_now",
            "found",
            "system",
            "binds",
            "not",
            "unbound",
            "definitions",
            "fails",
        ];
        assert!(
            table.keys().all(|key| KNOWN.contains(&key.as_str())),
            "a run has other keys than {KNOWN:?}: {table}"
        );
        let [found, system, binds, not] =
            ["found", "system", "binds", "not"].map(|name| strings(table, name));
        let [unbound, definitions, fails] =
            ["unbound", "definitions", "fails"].map(|name| strings(table, name));
        Self { found, system, binds, not, unbound, definitions, fails }
    }

    /// What is otherwise.
    pub(super) fn check(
        &self,
        process: &Process,
        loads: &[Load],
        root: &Path,
        said: &[String],
    ) -> Vec<String> {
        let root = format!("{}/", root.display());
        let fails: Vec<String> = self.fails.iter().map(|line| line.replace("@/", &root)).collect();
        let failed: Vec<&String> = said.iter().filter(|line| *line != "ok").collect();
        let mut wrong = Vec::new();
        if failed != fails.iter().collect::<Vec<_>>() {
            wrong.push(format!("expected to fail: {fails:#?}\n  failed: {failed:#?}"));
        }
        let (mut edges, mut bindings, mut asked, mut definitions) = (vec![], vec![], vec![], vec![]);
        for load in loads {
            let path = |id: ObjectId| {
                let path = load.object(process, id).path.to_string();
                path.strip_prefix(&root).map_or(path.clone(), str::to_owned)
            };
            for edge in &load.edges {
                let to = path(edge.to);
                let (from, name) = match edge.from {
                    Some(from) => {
                        let head = &load.object(process, from).facts().head;
                        (path(from), head.needed[edge.needed as usize].to_string())
                    }
                    // The name was a path, or is told by what it became.
                    None => (String::new(), to.rsplit('/').next().unwrap_or_default().to_owned()),
                };
                edges.push(format!("{from} {name} -> {to} by {}", edge.found));
                edges.push(format!("{from} {name} by {}", edge.found));
            }
            for binding in &load.bindings {
                let (from, to) = (path(binding.from), path(binding.to));
                let symbol = load.symbol(process, binding).expect("a binding has a symbol");
                let version = symbol.version.map(|version| format!("@{version}")).unwrap_or_default();
                let name = symbol.name;
                bindings.push(format!("{from} {name}{version} -> {to}"));
                asked.push(format!("{from} {name}"));
                let definition = load.definition(process, binding).expect("a binding has a definition");
                let library = load.object(process, binding.to).library();
                let version = process.system().version_name(library.version(definition.version));
                definitions.push(format!("{from} {name} = {}", String::from_utf8_lossy(&version)));
            }
        }
        let mut lacks = |what: &str, expected: &[String], there: &[String], wanted: bool| {
            let lines = expected.iter().filter(|line| there.contains(line) != wanted);
            let verb = if wanted { "expected" } else { "not expected" };
            wrong.extend(lines.map(|line| {
                let from = line.split(' ').next().unwrap_or_default();
                let same: Vec<_> =
                    there.iter().filter(|other| other.split(' ').next() == Some(from)).collect();
                format!("{verb}: {what} {line}; there are {same:#?}")
            }));
        };
        lacks("found", &self.found, &edges, true);
        lacks("found", &self.system, &edges, true);
        lacks("binds", &self.binds, &bindings, true);
        lacks("binds", &self.not, &bindings, false);
        lacks("bound", &self.unbound, &asked, false);
        lacks("definition", &self.definitions, &definitions, true);
        wrong
    }
}
