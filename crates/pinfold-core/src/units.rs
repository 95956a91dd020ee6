//! Units: their Merkle hashes, and the sharing domains of their C-level registries.
//!
//! Deliberately not here: which dependency a requirement resolved to; that comes in as edges.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use sha2::{Digest, Sha256};

use crate::lock::Lock;
use crate::names::{ROOT, UnitId};

/// A distribution of which the unit is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The distribution's name, normalised.
    pub name: String,
    /// SHA-256 of its wheel.
    pub wheel: String,
    /// Positions of the nodes it depends on.
    pub dependencies: BTreeSet<usize>,
}

/// The Merkle hash of every node: over its wheel and the hashes of what it depends on.
///
/// Distributions that depend on each other (there are such) are hashed together. Equal wheels with equal dependencies
/// have equal hashes, whichever closure they stand in: that is what makes them one unit.
pub fn hashes(nodes: &[Node]) -> Vec<String> {
    let mut graph = DiGraph::<(), ()>::with_capacity(nodes.len(), nodes.len());
    let indices: Vec<NodeIndex> = nodes.iter().map(|_| graph.add_node(())).collect();
    for (from, node) in nodes.iter().enumerate() {
        for &to in &node.dependencies {
            graph.add_edge(indices[from], indices[to], ());
        }
    }
    let mut hashes = vec![String::new(); nodes.len()];
    // Tarjan's order: a component comes after all that it depends on.
    for component in tarjan_scc(&graph) {
        let mut members: Vec<usize> = component.iter().map(|index| index.index()).collect();
        members.sort_by_key(|&i| (&nodes[i].name, &nodes[i].wheel));
        let whole = digest(members.iter().map(|&i| line(nodes, &members, &hashes, i)));
        for &i in &members {
            hashes[i] = match members.len() {
                1 => whole.clone(),
                _ => digest([format!("{whole} {}", nodes[i].name)]),
            };
        }
    }
    hashes
}

/// What a node adds to its component's hash: its wheel, the units outside, the names inside.
fn line(nodes: &[Node], members: &[usize], hashes: &[String], i: usize) -> String {
    let outside = nodes[i].dependencies.iter().filter(|d| !members.contains(d)).map(|&d| hashes[d].as_str());
    let inside =
        nodes[i].dependencies.iter().filter(|d| members.contains(d)).map(|&d| nodes[d].name.as_str());
    let sorted = |items: BTreeSet<&str>| items.into_iter().collect::<Vec<_>>().join(",");
    format!(
        "{} {} [{}] [{}]",
        nodes[i].name,
        nodes[i].wheel,
        sorted(outside.collect()),
        sorted(inside.collect())
    )
}

fn digest(lines: impl IntoIterator<Item = String>) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"pinfold unit 1\n");
    for line in lines {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The closures that each unit is part of, in the order of the lock.
pub fn memberships(lock: &Lock) -> BTreeMap<UnitId, Vec<String>> {
    let mut memberships: BTreeMap<UnitId, Vec<String>> = BTreeMap::new();
    for closure in &lock.closures {
        for id in &closure.units {
            memberships.entry(id.clone()).or_default().push(closure.name.clone());
        }
    }
    memberships
}

/// The sharing domain of every unit: within one, C code finds one registry; between two, each its own.
///
/// What root sees shares root's. Other units share with their closure; closures that have such a unit in
/// common share one domain, unless that would put two versions of a name into it. A unit that is built on a native
/// unit of root's domain exchanges types with it and joins, unless root's domain has its name already.
pub fn domains(lock: &Lock, native: impl Fn(&UnitId) -> bool) -> BTreeMap<UnitId, String> {
    let memberships = memberships(lock);
    let mut groups: Vec<Group> = Vec::new();
    for closure in lock.closures.iter().filter(|closure| closure.name != ROOT) {
        let own = closure.units.iter().filter(|id| !in_root(&memberships, id));
        let mut group = Group { closures: vec![closure.name.clone()], units: own.cloned().collect() };
        let (together, apart): (Vec<Group>, Vec<Group>) =
            std::mem::take(&mut groups).into_iter().partition(|other| {
                let joins = !group.units.is_disjoint(&other.units)
                    && one_version_each(group.units.union(&other.units));
                if joins {
                    group.units.extend(other.units.iter().cloned());
                }
                joins
            });
        group.closures =
            together.into_iter().flat_map(|other| other.closures).chain(group.closures).collect();
        groups = apart;
        groups.push(group);
    }
    groups.sort_by_key(|group| lock.closures.iter().position(|c| Some(&c.name) == group.closures.first()));
    let mut domains: BTreeMap<UnitId, String> = BTreeMap::new();
    for id in memberships.keys() {
        let group =
            groups.iter().find(|group| group.units.contains(id)).and_then(|group| group.closures.first());
        let domain = group.filter(|_| !in_root(&memberships, id)).map_or(ROOT, String::as_str);
        domains.insert(id.clone(), domain.to_owned());
    }
    join_root(lock, &mut domains, native);
    domains
}

/// Closures that share one domain, and their units that root does not see.
struct Group {
    closures: Vec<String>,
    units: BTreeSet<UnitId>,
}

fn in_root(memberships: &BTreeMap<UnitId, Vec<String>>, id: &UnitId) -> bool {
    memberships.get(id).is_some_and(|closures| closures.iter().any(|name| name == ROOT))
}

fn one_version_each<'a>(ids: impl Iterator<Item = &'a UnitId>) -> bool {
    let mut seen = BTreeSet::new();
    ids.into_iter().all(|id| seen.insert(name_of(id)))
}

fn name_of(id: &UnitId) -> &str {
    id.as_str().split('@').next().unwrap_or(id.as_str())
}

fn join_root(lock: &Lock, domains: &mut BTreeMap<UnitId, String>, native: impl Fn(&UnitId) -> bool) {
    let mut names: BTreeSet<String> =
        domains.iter().filter(|(_, domain)| *domain == ROOT).map(|(id, _)| name_of(id).to_owned()).collect();
    loop {
        let joining = lock.units.iter().find(|unit| {
            domains.get(&unit.id).is_some_and(|domain| domain != ROOT)
                && !names.contains(name_of(&unit.id))
                && unit.dependencies.iter().any(|id| domains.get(id).is_some_and(|d| d == ROOT) && native(id))
        });
        let Some(unit) = joining else { return };
        names.insert(name_of(&unit.id).to_owned());
        domains.insert(unit.id.clone(), ROOT.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, wheel: &str, dependencies: &[usize]) -> Node {
        Node { name: name.into(), wheel: wheel.into(), dependencies: dependencies.iter().copied().collect() }
    }

    #[test]
    fn equal_wheels_with_equal_dependencies_are_one_unit() {
        let h = hashes(&[
            node("scipy", "s", &[1]),
            node("numpy", "n1", &[]),
            node("scipy", "s", &[3]),
            node("numpy", "n2", &[]),
            node("scipy", "s", &[1]),
        ]);
        assert_eq!(h[0], h[4]);
        assert_ne!(h[0], h[2], "another numpy makes another scipy");
        assert!(h.iter().all(|hash| hash.len() == 64));
    }

    #[test]
    fn a_cycle_is_hashed_together_and_independent_of_order() {
        let one = hashes(&[node("a", "1", &[1]), node("b", "2", &[0, 2]), node("c", "3", &[])]);
        let other = hashes(&[node("c", "3", &[]), node("b", "2", &[0, 2]), node("a", "1", &[1])]);
        assert_eq!((&one[0], &one[1]), (&other[2], &other[1]));
        assert_ne!(one[0], one[1]);
        let changed = hashes(&[node("a", "1", &[1]), node("b", "2", &[0, 2]), node("c", "4", &[])]);
        assert_ne!(one[0], changed[0], "what is below the cycle counts for all of it");
    }

    fn lock(closures: &[(&str, &[&str])], edges: &[(&str, &str)]) -> Lock {
        let id =
            |text: &str| UnitId::new(text.split('@').next().unwrap(), text.split('@').next_back().unwrap());
        let mut all: Vec<&str> = closures.iter().flat_map(|(_, units)| units.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        let unit = |text: &&str| crate::lock::LockedUnit {
            id: id(text),
            hash: String::new(),
            wheel: String::new(),
            dependencies: edges.iter().filter(|(from, _)| from == text).map(|(_, to)| id(to)).collect(),
            pin: None,
        };
        let closure = |(name, units): &(&str, &[&str])| crate::closure::Closure {
            name: (*name).to_owned(),
            owner: None,
            track: None,
            requires: Vec::new(),
            direct: Vec::new(),
            units: units.iter().map(|text| id(text)).collect(),
        };
        Lock {
            version: 1,
            python: String::new(),
            platform: String::new(),
            manifest: String::new(),
            wheels: Vec::new(),
            units: all.iter().map(unit).collect(),
            closures: closures.iter().map(closure).collect(),
            holds: Vec::new(),
            native: Default::default(),
            build_set: Default::default(),
            check_set: Default::default(),
        }
    }

    fn domain<'a>(domains: &'a BTreeMap<UnitId, String>, text: &str) -> &'a str {
        domains.iter().find(|(id, _)| id.as_str() == text).unwrap().1
    }

    #[test]
    fn closures_that_share_a_unit_share_a_domain_unless_versions_meet() {
        let lock = lock(
            &[
                ("root", &["np@2", "x@1", "y@1", "z@1"]),
                ("x", &["np@1", "pd@1", "x@1"]),
                ("y", &["np@1", "sp@1", "y@1"]),
                ("z", &["np@0", "sp@1", "z@1"]),
            ],
            &[],
        );
        let domains = domains(&lock, |_| true);
        assert_eq!(domain(&domains, "np@2"), "root");
        assert_eq!(
            [domain(&domains, "np@1"), domain(&domains, "pd@1"), domain(&domains, "sp@1")],
            ["x", "x", "x"]
        );
        assert_eq!(domain(&domains, "np@0"), "z", "a second numpy cannot share");
    }

    #[test]
    fn what_is_built_on_a_native_root_unit_joins_root() {
        let lock = lock(
            &[("root", &["torch@1", "pd@2", "x@1"]), ("x", &["ext@1", "over@1", "pd@1", "torch@1", "x@1"])],
            &[("ext@1", "torch@1"), ("over@1", "ext@1"), ("pd@1", "torch@1")],
        );
        let native = domains(&lock, |_| true);
        assert_eq!([domain(&native, "ext@1"), domain(&native, "over@1")], ["root", "root"]);
        assert_eq!(domain(&native, "pd@1"), "x", "root has another version of it");
        let pure = domains(&lock, |_| false);
        assert_eq!(domain(&pure, "ext@1"), "x");
    }
}
