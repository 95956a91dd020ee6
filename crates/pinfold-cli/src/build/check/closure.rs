//! What of a lock a check needs: the unit, its runtime closure, the closures of pins in it, and the test tools beside.
//!
//! Deliberately not here: the environment that is made of it ([`super::place`]).

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use pep508_rs::{MarkerEnvironment, VerbatimUrl};
use pinfold_core::closure::Closure;
use pinfold_core::lock::{FrozenSet, Lock, LockedUnit, Wheel};
use pinfold_core::names::{ROOT, UnitId, normalize};
use pinfold_core::units::{Node, hashes};
use wheelsplit::Installed;
use wheelsplit::steps::Input;

use super::super::engine::Builder;
use super::super::error::BuildError;
use crate::locking::requirement::Requirement;

/// The runtime closure of a unit.
pub(super) struct Runtime<'l> {
    lock: &'l Lock,
    /// The unit.
    pub(super) unit: &'l LockedUnit,
    /// The unit and all that it sees, without what is behind pins.
    members: BTreeSet<&'l UnitId>,
    /// The closures of pins among them, and of pins in those.
    pins: Vec<&'l Closure>,
}

impl<'l> Runtime<'l> {
    /// The closure of `unit`: its own, if it is pinned; else what it depends on.
    pub(super) fn of(lock: &'l Lock, unit: &'l LockedUnit) -> Self {
        let own = unit.pin.as_ref().and_then(|pin| lock.closures.iter().find(|c| c.name == pin.closure));
        let mut members: BTreeSet<&UnitId> = BTreeSet::from([&unit.id]);
        if let Some(closure) = own {
            members.extend(&closure.units);
        }
        let mut stack: Vec<&UnitId> = members.iter().copied().collect();
        while let Some(id) = stack.pop() {
            let Some(member) = lock.unit(id) else { continue };
            if member.pin.is_some() && member.id != unit.id {
                continue;
            }
            for dependency in &member.dependencies {
                if members.insert(dependency) {
                    stack.push(dependency);
                }
            }
        }
        let mut pins: Vec<&Closure> = Vec::new();
        let mut queue: Vec<&UnitId> = members.iter().copied().filter(|id| **id != unit.id).collect();
        while let Some(id) = queue.pop() {
            let pin = lock.unit(id).and_then(|member| member.pin.as_ref());
            let closure = pin.and_then(|pin| lock.closures.iter().find(|c| c.name == pin.closure));
            if let Some(closure) = closure
                && !pins.iter().any(|known| known.name == closure.name)
            {
                pins.push(closure);
                queue.extend(&closure.units);
            }
        }
        pins.sort_by(|a, b| a.name.cmp(&b.name));
        Runtime { lock, unit, members, pins }
    }

    /// Whether versions differ in it, so that only the hook can show each its own.
    pub(super) fn has_pins(&self) -> bool {
        !self.pins.is_empty()
    }

    fn wheels(&self) -> impl Iterator<Item = &'l Wheel> {
        self.members.iter().filter_map(|id| self.lock.wheel(&self.lock.unit(id)?.wheel))
    }

    /// The versions that it has, as constraints: the wheel itself, where it was built here.
    pub(super) fn requirements(&self, builder: &Builder<'_>) -> Result<Vec<Requirement>, BuildError> {
        let mut all = Vec::new();
        for wheel in self.wheels() {
            let file = match (&wheel.path, &wheel.source) {
                (Some(path), _) => {
                    let path = builder.project.join(path);
                    Some(if wheel.is_built() { builder.local(&wheel.name, &path)? } else { path })
                }
                (None, Some(source)) => {
                    Some(builder.distribution(&wheel.name, &wheel.version, &source.sha256)?)
                }
                (None, None) => None,
            };
            let text = match file {
                Some(file) => format!("{} @ {}", wheel.name, file.display()),
                None => format!("{}=={}", wheel.name, wheel.version),
            };
            all.push(Requirement::parse(&text, "pinfold.lock")?);
        }
        Ok(all)
    }

    /// Pinned packages: what they depend on is their own affair.
    pub(super) fn leaves(&self) -> Vec<(String, Option<String>)> {
        let pinned = self.members.iter().filter_map(|id| self.lock.unit(id));
        let pinned = pinned.filter(|member| member.pin.is_some() && member.id != self.unit.id);
        let wheels = pinned.filter_map(|member| self.lock.wheel(&member.wheel));
        wheels.map(|wheel| (wheel.name.clone(), Some(wheel.version.clone()))).collect()
    }

    /// What a key has to know of it. The unit's hash covers all of that; an explanation needs it by name.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let own = self.unit.wheel.as_str();
        let others = self.wheels().filter(|wheel| wheel.sha256 != own);
        let mut inputs: Vec<Input> = others
            .map(|wheel| {
                Input::new(
                    format!("dependency {}", wheel.name),
                    format!("{} {}", wheel.version, wheel.sha256),
                )
            })
            .collect();
        inputs.push(Input::new("wheel", own));
        for closure in &self.pins {
            let units: Vec<&str> = closure.units.iter().map(UnitId::as_str).collect();
            let pin = closure.owner.as_ref().and_then(|id| self.lock.unit(id)?.pin.as_ref());
            let of_track = self.lock.units.iter().filter_map(|unit| unit.pin.as_ref());
            let of_track: Vec<_> = of_track.filter(|pin| pin.closure == closure.name).collect();
            let rules = match closure.track {
                Some(_) => serde_json::to_string(&of_track),
                None => serde_json::to_string(&pin),
            };
            let rules = rules.unwrap_or_default();
            inputs.push(Input::new(
                format!("closure {}", closure.name),
                format!("{rules} {}", units.join(" ")),
            ));
        }
        inputs
    }
}

/// The lock of an environment for the check: root sees the runtime closure and the tools, and owns the unit.
pub(super) fn with_tools(
    lock: &Lock,
    runtime: &Runtime<'_>,
    wheels: &[Wheel],
    tools: &[Installed],
    markers: &MarkerEnvironment,
) -> Lock {
    let mut ids: BTreeSet<&UnitId> = runtime.members.clone();
    ids.extend(runtime.pins.iter().flat_map(|closure| &closure.units));
    let old: Vec<&LockedUnit> = ids.iter().filter_map(|id| lock.unit(id)).collect();
    let wheel_of = |unit: &LockedUnit| lock.wheel(&unit.wheel);
    let name_of = |unit: &LockedUnit| wheel_of(unit).map(|wheel| wheel.name.clone()).unwrap_or_default();
    let position: BTreeMap<&UnitId, usize> = old.iter().enumerate().map(|(i, unit)| (&unit.id, i)).collect();
    let mut nodes: Vec<Node> = old
        .iter()
        .map(|unit| Node {
            name: name_of(unit),
            wheel: unit.wheel.clone(),
            dependencies: unit.dependencies.iter().filter_map(|id| position.get(id).copied()).collect(),
        })
        .collect();
    // Names as root sees them: the runtime closure's, then the tools'.
    let mut seen: BTreeMap<String, usize> = old
        .iter()
        .enumerate()
        .filter(|(_, u)| runtime.members.contains(&u.id))
        .map(|(i, u)| (name_of(u), i))
        .collect();
    let first = nodes.len();
    for (i, wheel) in wheels.iter().enumerate() {
        seen.insert(wheel.name.clone(), first + i);
    }
    for (wheel, tool) in wheels.iter().zip(tools) {
        let dependencies =
            required(tool, markers).into_iter().filter_map(|name| seen.get(&name).copied()).collect();
        nodes.push(Node { name: wheel.name.clone(), wheel: wheel.sha256.clone(), dependencies });
    }
    let hashes = hashes(&nodes);
    let id = |i: usize| UnitId::new(&nodes[i].name, &hashes[i]);
    let mut units: Vec<LockedUnit> = old
        .iter()
        .map(|unit| {
            let pin = unit.pin.clone().filter(|_| unit.id != runtime.unit.id);
            let dependencies = unit.dependencies.iter().filter(|id| ids.contains(id)).cloned().collect();
            LockedUnit { pin, dependencies, ..(*unit).clone() }
        })
        .collect();
    for i in first..nodes.len() {
        let dependencies: BTreeSet<UnitId> = nodes[i].dependencies.iter().map(|&d| id(d)).collect();
        units.push(LockedUnit {
            id: id(i),
            hash: hashes[i].clone(),
            wheel: nodes[i].wheel.clone(),
            dependencies: dependencies.into_iter().collect(),
            pin: None,
        });
    }
    units.sort_by(|a, b| a.id.cmp(&b.id));
    units.dedup_by(|a, b| a.id == b.id);
    let mut members: Vec<UnitId> =
        runtime.members.iter().map(|id| (*id).clone()).chain((first..nodes.len()).map(id)).collect();
    members.sort();
    members.dedup();
    let mut direct: Vec<UnitId> =
        std::iter::once(runtime.unit.id.clone()).chain((first..nodes.len()).map(id)).collect();
    direct.sort();
    direct.dedup();
    let root = Closure {
        name: ROOT.to_owned(),
        owner: None,
        track: None,
        requires: Vec::new(),
        direct,
        units: members,
    };
    let mut all: Vec<Wheel> = old.iter().filter_map(|unit| wheel_of(unit)).chain(wheels).cloned().collect();
    all.sort();
    all.dedup_by(|a, b| a.sha256 == b.sha256);
    Lock {
        wheels: all,
        units,
        closures: std::iter::once(root)
            .chain(runtime.pins.iter().map(|closure| (*closure).clone()))
            .collect(),
        holds: Vec::new(),
        build_set: FrozenSet::default(),
        check_set: FrozenSet::default(),
        ..lock.clone()
    }
}

/// Names that a distribution requires here, without extras.
fn required(tool: &Installed, markers: &MarkerEnvironment) -> Vec<String> {
    let parsed = tool.facts.requires_dist.iter().filter_map(|text| {
        let one = pep508_rs::Requirement::<VerbatimUrl>::from_str(text).ok()?;
        one.marker.evaluate(markers, &[]).then(|| normalize(one.name.as_ref()))
    });
    parsed.collect()
}
