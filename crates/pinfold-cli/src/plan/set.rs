//! A package set that somebody else describes (Nix does): names, edges, and which of the names are frozen for builds.
//!
//! ```json
//! {"version": 1,
//!  "packages": {"aiohttp": {"version": "3.9", "dependencies": ["yarl"], "build-system": ["setuptools"],
//!                           "native-build-inputs": ["cmake"], "check-inputs": ["pytest"], "wheel": "..."}},
//!  "build-set": {"setuptools": "80.9", "cmake": "4.0"}}
//! ```
//! `wheel` is whatever tells one build from another (a derivation's path, a hash); without it the version does.
//! Deliberately not here: who writes it.

use std::collections::BTreeMap;

use pinfold_core::names::normalize;
use serde::Deserialize;
use wheelsplit::plan::{Graph, Input, Package, Tool};

/// The version of the format.
const VERSION: u32 = 1;

/// A package set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Set {
    version: u32,
    /// The packages, by name.
    pub packages: BTreeMap<String, Described>,
    /// The frozen build set: name to version, or whatever else tells one from another. Without it builds take
    /// the packages as they are.
    #[serde(default)]
    pub build_set: Option<BTreeMap<String, String>>,
}

/// A package of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Described {
    /// Its version.
    pub version: String,
    /// What it depends on at run time.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// What builds its wheel.
    #[serde(default)]
    pub build_system: Vec<String>,
    /// What else the build runs.
    #[serde(default)]
    pub native_build_inputs: Vec<String>,
    /// What its tests need; `null` where it has none.
    #[serde(default = "untested")]
    pub check_inputs: Option<Vec<String>>,
    /// What tells this build from another.
    #[serde(default)]
    pub wheel: Option<String>,
}

fn untested() -> Option<Vec<String>> {
    Some(Vec::new())
}

impl Set {
    /// Reads a description.
    ///
    /// # Errors
    /// A sentence that says what is wrong: not JSON of this shape, another version, a name that is not there.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if set.version != VERSION {
            return Err(format!("its version is {}, and this Pinfold reads {VERSION}", set.version));
        }
        for (name, package) in &set.packages {
            let built = package.build_system.iter().chain(&package.native_build_inputs);
            let frozen =
                |input: &String| set.build_set.as_ref().is_some_and(|frozen| frozen.contains_key(input));
            let live = package.dependencies.iter().chain(package.check_inputs.iter().flatten());
            let mut inputs = built.filter(|input| !frozen(input)).chain(live);
            if let Some(input) = inputs.find(|input| !set.packages.contains_key(*input)) {
                return Err(format!("`{name}` names `{input}`, which is not among its packages"));
            }
        }
        Ok(set)
    }

    /// The graph in which nothing changed.
    pub fn graph(&self) -> Graph {
        let position = |name: &String| self.packages.keys().position(|known| known == name);
        let frozen: Vec<&String> = self.build_set.iter().flat_map(BTreeMap::keys).collect();
        let tool = |name: &String| frozen.iter().position(|known| *known == name);
        let input =
            |name: &String| tool(name).map(Input::Tool).or_else(|| position(name).map(Input::Package));
        let tools = frozen.iter().map(|name| Tool {
            name: normalize(name),
            label: format!("{name} (build set)"),
            dependencies: self
                .packages
                .get(*name)
                .iter()
                .flat_map(|p| &p.dependencies)
                .filter_map(tool)
                .collect(),
            package: position(name),
            ..Tool::default()
        });
        let packages = self.packages.iter().map(|(name, package)| Package {
            name: normalize(name),
            label: name.clone(),
            wheel: name.clone(),
            dependencies: package.dependencies.iter().filter_map(position).collect(),
            build: package
                .build_system
                .iter()
                .chain(&package.native_build_inputs)
                .filter_map(input)
                .collect(),
            check: package
                .check_inputs
                .as_ref()
                .map(|inputs| inputs.iter().filter_map(position).map(Input::Package).collect()),
            ..Package::default()
        });
        Graph { packages: packages.collect(), tools: tools.collect() }
    }

    /// The graph of `after`, with what is not as here marked as changed.
    pub fn compare(&self, after: &Set) -> Graph {
        let mut graph = after.graph();
        let build = |package: &Described| {
            let mut inputs = package.build_system.clone();
            inputs.extend(package.native_build_inputs.iter().cloned());
            inputs.sort();
            inputs
        };
        for (package, (name, new)) in graph.packages.iter_mut().zip(&after.packages) {
            let old = self.packages.get(name);
            let source = |described: &Described| described.wheel.clone().unwrap_or(described.version.clone());
            package.changed = old.is_none_or(|old| source(old) != source(new) || build(old) != build(new));
            package.same = old.is_some_and(|old| old.wheel.is_some() && old.wheel == new.wheel);
            package.rewired = old.is_some_and(|old| {
                old.dependencies != new.dependencies || old.check_inputs != new.check_inputs
            });
        }
        let before = self.build_set.iter().flatten().collect::<BTreeMap<_, _>>();
        for (tool, (name, version)) in graph.tools.iter_mut().zip(after.build_set.iter().flatten()) {
            tool.changed = before.get(name) != Some(&version);
        }
        graph
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"version": 1, "packages": {
        "certifi": {"version": "1"},
        "cmake": {"version": "1", "dependencies": ["certifi"]},
        "aiohttp": {"version": "1", "build-system": ["cmake"], "check-inputs": null},
        "app": {"version": "1", "dependencies": ["aiohttp"]}}"#;

    fn set(rest: &str) -> Set {
        Set::parse(format!("{SET}{rest}}}").as_bytes()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn cost(before: &Set, after: &Set) -> [usize; 4] {
        let cost = before.compare(after).cost();
        [cost.wheels, cost.installs, cost.checks, cost.merged_rebuilds]
    }

    #[test]
    fn a_set_and_itself_cost_nothing() {
        assert_eq!(cost(&set(""), &set("")), [0; 4]);
    }

    #[test]
    fn a_new_version_costs_what_it_reaches() {
        for (rest, expected) in [("", [2, 2, 3, 4]), (r#", "build-set": {"cmake": "1"}"#, [1, 1, 2, 4])] {
            let (before, mut after) = (set(rest), set(rest));
            after.packages.entry("certifi".to_owned()).and_modify(|package| package.version = "2".to_owned());
            assert_eq!(cost(&before, &after), expected, "{rest}");
        }
    }

    #[test]
    fn the_build_set_moves_by_itself() {
        let (before, after) =
            (set(r#", "build-set": {"cmake": "1"}"#), set(r#", "build-set": {"cmake": "2"}"#));
        assert_eq!(cost(&before, &after), [1, 1, 1, 2]);
    }

    #[test]
    fn a_wheel_that_is_told_to_be_the_same_ends_there() {
        let with = |version: &str, hash: &str| {
            let mut set = set(&format!(r#", "build-set": {{"cmake": "{version}"}}"#));
            set.packages
                .entry("aiohttp".to_owned())
                .and_modify(|package| package.wheel = Some(hash.to_owned()));
            set
        };
        assert_eq!(cost(&with("1", "a"), &with("2", "a")), [1, 0, 0, 2]);
        assert_eq!(cost(&with("1", "a"), &with("2", "b")), [1, 1, 1, 2]);
    }

    #[test]
    fn a_description_that_is_none_says_why() {
        let parse = |text: &str| Set::parse(text.as_bytes()).map(|_| ()).unwrap_err();
        assert!(parse(r#"{"version": 2, "packages": {}}"#).contains("its version is 2"));
        let dangling = r#"{"version": 1, "packages": {"a": {"version": "1", "dependencies": ["b"]}}}"#;
        assert_eq!(parse(dangling), "`a` names `b`, which is not among its packages");
        assert!(parse(r#"{"version": 1, "packages": {"a": {}}}"#).contains("version"));
    }
}
