//! What each unit depends on, for code that goes together whether an import shows it or not.
//!
//! Deliberately not here: what imports show (`super::graph`).

use std::collections::BTreeSet;
use std::path::PathBuf;

use pinfold_core::closure;

/// By each unit's folder, the numbers in `order` of itself and what it depends on, transitively: those that its own closure
/// has first, then pinned ones, and then what only these find.
pub(super) fn dependencies(
    closure: &closure::Environment,
    order: &[usize],
) -> Vec<(PathBuf, Vec<BTreeSet<usize>>)> {
    let of = |(position, unit): (usize, &closure::Unit)| {
        let is_pinned = |other: usize| other != position && closure.units[other].pin.is_some();
        let reached = closure.reached(position);
        let seen = closure.reached_past(position, &|other| !is_pinned(other));
        let (pinned, own): (Vec<usize>, Vec<usize>) = seen.iter().partition(|other| is_pinned(**other));
        let rest = reached.into_iter().filter(|other| !seen.contains(other)).collect();
        let numbers = |units: Vec<usize>| units.into_iter().map(|unit| order[unit]).collect();
        (unit.path.clone(), [own, pinned, rest].map(numbers).into())
    };
    closure.units.iter().enumerate().map(of).collect()
}
