//! The graph of a lock: a package is a unit, a wheel is known by its hash, and what is built from source is checked.
//!
//! Deliberately not here: locks that are wrong (their reader refuses them).

use std::collections::BTreeSet;

use pinfold_core::lock::{Lock, LockedUnit, Wheel};
use pinfold_core::names::UnitId;
use wheelsplit::plan::{Graph, Package};

/// The graph in which nothing changed.
pub fn graph(lock: &Lock) -> Graph {
    let position = |id: &UnitId| lock.units.binary_search_by(|unit| unit.id.cmp(id)).ok();
    let packages = lock.units.iter().map(|unit| {
        let wheel = lock.wheel(&unit.wheel);
        Package {
            name: wheel.map(|wheel| wheel.name.clone()).unwrap_or_default(),
            label: label(lock, unit, wheel),
            wheel: unit.wheel.clone(),
            dependencies: unit.dependencies.iter().filter_map(position).collect(),
            check: wheel.is_some_and(Wheel::is_built).then(Vec::new),
            ..Package::default()
        }
    });
    Graph { packages: packages.collect(), tools: Vec::new() }
}

/// The graph of `after`, with what is not as in `before` marked as changed.
pub fn compare(before: &Lock, after: &Lock) -> Graph {
    let mut graph = graph(after);
    let wheels: BTreeSet<&str> = before.wheels.iter().map(|wheel| wheel.sha256.as_str()).collect();
    let wired: BTreeSet<(&str, Vec<&str>)> = before.units.iter().map(|unit| wiring(before, unit)).collect();
    for (package, unit) in graph.packages.iter_mut().zip(&after.units) {
        package.changed = !wheels.contains(unit.wheel.as_str());
        // A dependency that is another version changes its own closure, and so this one's: no news here.
        let (wheel, dependencies) = wiring(after, unit);
        let known = |dependency: &&str| wheels.contains(dependency);
        package.rewired =
            !package.changed && dependencies.iter().all(known) && !wired.contains(&(wheel, dependencies));
    }
    graph
}

/// A unit's wheel, and the wheels that it depends on.
fn wiring<'l>(lock: &'l Lock, unit: &'l LockedUnit) -> (&'l str, Vec<&'l str>) {
    let mut dependencies: Vec<&str> =
        unit.dependencies.iter().filter_map(|id| lock.unit(id)).map(|unit| unit.wheel.as_str()).collect();
    dependencies.sort_unstable();
    (&unit.wheel, dependencies)
}

/// The shortest of name, `name==version` and identifier that no other unit has.
fn label(lock: &Lock, unit: &LockedUnit, wheel: Option<&Wheel>) -> String {
    let Some(wheel) = wheel else { return unit.id.to_string() };
    let same = |other: &&Wheel| other.name == wheel.name;
    let units_of = |sha256: &str| lock.units.iter().filter(|unit| unit.wheel == sha256).count();
    if units_of(&unit.wheel) > 1 {
        return unit.id.to_string();
    }
    match lock.wheels.iter().filter(same).count() {
        1 => wheel.name.clone(),
        _ => format!("{}=={}", wheel.name, wheel.version),
    }
}
