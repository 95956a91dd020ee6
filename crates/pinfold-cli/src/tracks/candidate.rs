//! What a track would have moved to, as a hold says it: `numpy 1.26.4 -> 2.0.0`, `fresh 1 (new)`, `old 1 (gone)`.
//!
//! A hold is about its candidate until all of that has moved; whatever else fails meanwhile, it is as old as it is.
//! Deliberately not here: what is tried, and what is held.

use std::collections::BTreeSet;

use pinfold_core::lock::{Hold, Lock};
use pinfold_core::manifest::MAIN;

use crate::commands::lock::changes;
use crate::environment::difference::order;

/// `numpy 1.26.4 -> 2.0.0`, for each package that moves in whichever closure.
pub fn said(before: &Lock, after: &Lock) -> Vec<String> {
    let moved: BTreeSet<String> = changes(Some(before), after)
        .into_iter()
        .map(|change| match (change.from, change.to) {
            (Some(from), Some(to)) => format!("{} {from} -> {to}", change.name),
            (None, Some(to)) => format!("{} {to} (new)", change.name),
            (from, None) => format!("{} {} (gone)", change.name, from.unwrap_or_default()),
        })
        .collect();
    moved.into_iter().collect()
}

/// As [`said`], without what goes back: where less moves, some packages may go further.
pub fn left(reached: &Lock, newest: &Lock) -> Vec<String> {
    let mut lines = said(reached, newest);
    lines.retain(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        [_, from, "->", to] => order(from, to).is_lt(),
        _ => true,
    });
    // A closure that has a package beside is no news of one that moves.
    let moving: BTreeSet<String> =
        lines.iter().filter(|line| line.contains(" -> ")).map(|line| name_of(line).to_owned()).collect();
    lines.retain(|line| line.contains(" -> ") || !moving.contains(name_of(line)));
    lines
}

/// The package that a line is about.
pub fn name_of(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

/// What of a hold's candidate `lock` has by now.
pub fn moved<'a>(hold: &'a Hold, lock: &Lock) -> Vec<&'a str> {
    let lines = hold.candidate.iter().map(String::as_str);
    lines.filter(|line| has_moved(line, &hold.track, lock)).collect()
}

/// Whether nothing is left of what a hold is about. Where it names nothing, nobody can tell.
pub fn is_over(hold: &Hold, lock: &Lock) -> bool {
    !hold.candidate.is_empty() && moved(hold, lock).len() == hold.candidate.len()
}

fn has_moved(line: &str, track: &str, lock: &Lock) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let name = name_of(line);
    let closures = lock.closures.iter().filter(|closure| closure.track.as_deref().unwrap_or(MAIN) == track);
    let wheels =
        closures.flat_map(|closure| &closure.units).filter_map(|id| lock.wheel(&lock.unit(id)?.wheel));
    let versions: Vec<&str> =
        wheels.filter(|wheel| wheel.name == name).map(|wheel| wheel.version.as_str()).collect();
    match words.as_slice() {
        // Half of the way is not the way. What a pin has at an older version yet was never meant.
        [_, from, "->", to] => {
            let way = order(from, to);
            let short = |v: &&str| order(v, to) == way && (order(from, v) == way || order(from, v).is_eq());
            !versions.iter().any(short)
        }
        [_, _, "(new)"] => !versions.is_empty(),
        [_, _, "(gone)"] => versions.is_empty(),
        _ => false,
    }
}
