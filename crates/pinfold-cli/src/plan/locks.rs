//! The graph of a lock: a package is a unit, a wheel is known by its hash, and the frozen sets are tools.
//!
//! Deliberately not here: locks that are wrong (their reader refuses them).

use std::collections::BTreeSet;

use pinfold_core::lock::{FrozenPackage, FrozenSet, Lock, LockedUnit, Wheel};
use pinfold_core::names::UnitId;
use wheelsplit::plan::{Graph, Input, Package, Tool};

/// The graph in which nothing changed.
pub fn graph(lock: &Lock) -> Graph {
    let position = |id: &UnitId| lock.units.binary_search_by(|unit| unit.id.cmp(id)).ok();
    let packages = lock.units.iter().map(|unit| {
        let wheel = lock.wheel(&unit.wheel);
        let name = wheel.map(|wheel| wheel.name.clone()).unwrap_or_default();
        let built: Vec<&FrozenPackage> =
            lock.build_set.packages.iter().filter(|package| package.name == name).collect();
        let mut checked: Vec<&FrozenPackage> =
            lock.check_set.packages.iter().filter(|package| package.name == name).collect();
        let this = |package: &&FrozenPackage| package.unit.as_deref() == Some(unit.id.as_str());
        if checked.iter().any(this) {
            checked.retain(this);
        }
        // Who is checked stands in the lock once something was; our own sources are, if they have tests.
        let is_checked =
            if lock.check_set.is_empty() { wheel.is_some_and(Wheel::is_folder) } else { !checked.is_empty() };
        Package {
            label: label(lock, unit, wheel),
            wheel: unit.wheel.clone(),
            dependencies: unit.dependencies.iter().filter_map(position).collect(),
            build: inputs(&built, &lock.build_set, 0),
            check: is_checked.then(|| inputs(&checked, &lock.check_set, lock.build_set.wheels.len())),
            name,
            ..Package::default()
        }
    });
    let sets = [(&lock.build_set, "build set"), (&lock.check_set, "check set")];
    let tools = sets.iter().flat_map(|(set, title)| set.wheels.iter().map(move |wheel| (wheel, title)));
    let of_name =
        |unit: &LockedUnit, name: &str| lock.wheel(&unit.wheel).is_some_and(|wheel| wheel.name == name);
    let tools = tools.map(|(wheel, title)| Tool {
        name: wheel.name.clone(),
        label: format!("{} ({title})", wheel.name),
        package: lock.units.iter().position(|unit| of_name(unit, &wheel.name)),
        live: wheel.is_folder(),
        ..Tool::default()
    });
    Graph { packages: packages.collect(), tools: tools.collect() }
}

/// What `packages` take of `set`, whose first wheel is the tool `first`.
fn inputs(packages: &[&FrozenPackage], set: &FrozenSet, first: usize) -> Vec<Input> {
    let position = |sha256: &String| set.wheels.iter().position(|wheel| wheel.sha256 == *sha256);
    let positions = packages.iter().flat_map(|package| &package.wheels).filter_map(position);
    positions.map(|position| Input::Tool(first + position)).collect()
}

/// The graph of `after`, with what is not as in `before` marked as changed.
pub fn compare(before: &Lock, after: &Lock) -> Graph {
    let mut graph = graph(after);
    let wheels = hashes(&before.wheels);
    let wired: BTreeSet<(&str, Vec<&str>)> = before.units.iter().map(|unit| wiring(before, unit)).collect();
    for (package, unit) in graph.packages.iter_mut().zip(&after.units) {
        package.same = wheels.contains(unit.wheel.as_str());
        package.changed = matches!(why(before, after, unit), Why::Itself);
        // A dependency that is another version changes its own closure, and so this one's: no news here.
        let (wheel, dependencies) = wiring(after, unit);
        let known = |dependency: &&str| wheels.contains(dependency);
        package.rewired =
            package.same && dependencies.iter().all(known) && !wired.contains(&(wheel, dependencies));
    }
    let sets = [(&before.build_set, &after.build_set), (&before.check_set, &after.check_set)];
    let fresh = sets.iter().flat_map(|(old, new)| {
        let old = hashes(&old.wheels);
        new.wheels.iter().map(move |wheel| !old.contains(wheel.sha256.as_str()))
    });
    for (tool, changed) in graph.tools.iter_mut().zip(fresh) {
        tool.changed = changed;
    }
    graph
}

/// Why a unit's wheel is built anew, as far as two locks can tell.
enum Why {
    /// It is not built, or not anew.
    Not,
    /// A tool that it is built with was in no build before: it follows from that.
    FromTool,
    /// It has another source, or takes other tools of those that were there.
    Itself,
}

fn why(before: &Lock, after: &Lock, unit: &LockedUnit) -> Why {
    let is_same = before.wheels.iter().any(|wheel| wheel.sha256 == unit.wheel);
    let Some(new) = after.wheel(&unit.wheel).filter(|wheel| is_same || wheel.is_built()) else {
        return Why::Itself;
    };
    let (known, now) = (tools(before, &new.name), tools(after, &new.name));
    if known == now {
        return if is_same { Why::Not } else { Why::Itself };
    }
    // The source itself is not in a lock; another version or place of it is.
    let of_source = |old: &Wheel| {
        (&old.name, &old.version, &old.path, &old.source) == (&new.name, &new.version, &new.path, &new.source)
    };
    let there = hashes(&before.build_set.wheels);
    let source = is_same || before.wheels.iter().any(of_source);
    if source && !now.is_subset(&there) { Why::FromTool } else { Why::Itself }
}

/// The wheels that a package is built with.
fn tools<'l>(lock: &'l Lock, name: &str) -> BTreeSet<&'l str> {
    let packages = lock.build_set.packages.iter().filter(|package| package.name == name);
    packages.flat_map(|package| &package.wheels).map(String::as_str).collect()
}

fn hashes(wheels: &[Wheel]) -> BTreeSet<&str> {
    wheels.iter().map(|wheel| wheel.sha256.as_str()).collect()
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
