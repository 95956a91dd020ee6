//! From resolved closures to the lock: units made of their members, in a stable order.
//!
//! Deliberately not here: resolving, and the hash of a unit ([`pinfold_core::units`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::closure::{Closure, Pin};
use pinfold_core::lock::{FrozenSet, Lock, LockedUnit, VERSION, Wheel};
use pinfold_core::manifest::Manifest;
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::units::{Node, hashes};

use super::resolved::{Resolved, Whom, Whose};
use crate::interpreter::Interpreter;

/// Makes the lock of `closures`, of which the first is root's.
pub fn lock(manifest: &Manifest, digest: String, interpreter: &Interpreter, closures: &[Resolved]) -> Lock {
    let graph = Graph::new(closures);
    let hashes = hashes(&graph.nodes);
    let id = |node: usize| UnitId::new(&graph.nodes[node].name, &hashes[node]);
    let mut wheels: BTreeMap<String, Wheel> = BTreeMap::new();
    let mut units: BTreeMap<UnitId, LockedUnit> = BTreeMap::new();
    for (node, &(at, name)) in graph.places.iter().enumerate() {
        let closure = &closures[at];
        let wheel = &closure.members[name].wheel;
        wheels.entry(wheel.sha256.clone()).or_insert_with(|| wheel.clone());
        let owned = closure.owners.iter().any(|owner| owner.name == name);
        let pin = owned.then_some(()).and_then(|()| {
            let pin = manifest.pins.get(name)?;
            Some(Pin {
                closure: closure.whom.label(closures),
                undeclared: pin.undeclared,
                share: pin.share.clone(),
                private: pin.private.clone(),
                native: pin.native,
            })
        });
        let unit = units.entry(id(node)).or_insert_with(|| LockedUnit {
            id: id(node),
            hash: hashes[node].clone(),
            wheel: wheel.sha256.clone(),
            dependencies: sorted(graph.nodes[node].dependencies.iter().map(|&d| id(d))),
            pin: None,
        });
        // One closure may have resolved to what is a pinned unit elsewhere.
        unit.pin = unit.pin.take().or(pin);
    }
    let mut listed: Vec<Closure> = Vec::new();
    for (at, closure) in closures.iter().enumerate() {
        let find = |name: &String| graph.find(at, name).map(id);
        let (owner, track) = match &closure.whom {
            Whom::Root => (None, None),
            Whom::Pin(owner) => (find(&owner.name), None),
            Whom::Track(name) => (None, Some(name.clone())),
        };
        listed.push(Closure {
            name: closure.whom.label(closures),
            owner,
            track,
            requires: requires(manifest, &closure.whom),
            direct: sorted(closure.direct.iter().filter_map(find)),
            units: sorted(closure.members.keys().filter_map(find)),
        });
    }
    listed.sort_by(|a, b| (a.name != ROOT, &a.name).cmp(&(b.name != ROOT, &b.name)));
    let mut wheels: Vec<Wheel> = wheels.into_values().collect();
    wheels.sort();
    Lock {
        version: VERSION,
        python: interpreter.minor.clone(),
        platform: interpreter.platform.clone(),
        manifest: digest,
        native: manifest.native,
        wheels,
        units: units.into_values().collect(),
        closures: listed,
        // Nothing is built by it: whoever built says with what.
        holds: Vec::new(),
        build_set: FrozenSet::default(),
        check_set: FrozenSet::default(),
    }
}

fn sorted(ids: impl Iterator<Item = UnitId>) -> Vec<UnitId> {
    ids.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a closure was resolved from, as the manifest writes it: a track's own requirements, then those of its pins.
fn requires(manifest: &Manifest, whom: &Whom) -> Vec<String> {
    let track = match whom {
        Whom::Root => return manifest.requires.clone(),
        Whom::Pin(_) => None,
        Whom::Track(name) => manifest.tracks.get(name),
    };
    let own = track.map(|track| track.requires.clone()).unwrap_or_default();
    let pins = whom.names(manifest);
    let pins = pins.iter().filter_map(|name| manifest.pins.get(name));
    own.into_iter().chain(pins.flat_map(|pin| pin.requires.clone())).collect()
}

/// The members of all closures, each that has a unit of its own as one node.
struct Graph<'a> {
    closures: &'a [Resolved],
    places: Vec<(usize, &'a str)>,
    positions: BTreeMap<(usize, &'a str), usize>,
    nodes: Vec<Node>,
}

impl<'a> Graph<'a> {
    fn new(closures: &'a [Resolved]) -> Self {
        let mut graph = Graph { closures, places: Vec::new(), positions: BTreeMap::new(), nodes: Vec::new() };
        for (at, closure) in closures.iter().enumerate() {
            for (name, _) in closure.members.iter().filter(|(_, member)| member.whose == Whose::Own) {
                graph.positions.insert((at, name), graph.places.len());
                graph.places.push((at, name));
            }
        }
        for &(at, name) in &graph.places {
            let member = &closures[at].members[name];
            let dependencies = member.dependencies.iter().filter_map(|name| graph.find(at, name)).collect();
            graph.nodes.push(Node {
                name: name.to_owned(),
                wheel: member.wheel.sha256.clone(),
                dependencies,
            });
        }
        graph
    }

    /// The node that `name` is in closure `at`, wherever its unit belongs.
    fn find(&self, at: usize, name: &str) -> Option<usize> {
        let member = self.closures[at].members.get(name)?;
        match member.whose {
            Whose::Own => self.positions.get(&(at, name)).copied(),
            Whose::Root => self.find(0, name),
            Whose::Pinned => {
                let owns = |closure: &Resolved| {
                    let mut owners = closure.owners.iter();
                    owners.any(|owner| owner.name == name && owner.wheel == member.wheel.sha256)
                };
                let home = self.closures.iter().position(owns)?;
                self.positions.get(&(home, name)).copied()
            }
        }
    }
}
