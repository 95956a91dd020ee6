//! Holds whose packages are in another track by now: a track was renamed, removed, or gave some of its packages away.
//!
//! A hold is about packages. It goes where they go, with its date: else a new name for a track would be a way past every
//! deadline. Deliberately not here: what ends a hold ([`super::candidate`]).

use std::collections::BTreeMap;

use pinfold_core::lock::{Hold, Lock};
use pinfold_core::manifest::MAIN;

use super::candidate::name_of;

/// `hold` for each track that has some of its packages in `lock`; lines about packages that no track has stay with its own.
pub fn heirs(hold: &Hold, lock: &Lock) -> Vec<Hold> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in &hold.candidate {
        let tracks = tracks_of(name_of(line), lock);
        let track = match tracks.first() {
            Some(first) if !tracks.contains(&hold.track.as_str()) => first,
            _ => hold.track.as_str(),
        };
        lines.entry(track).or_default().push(line.clone());
    }
    if lines.is_empty() {
        return vec![hold.clone()];
    }
    let heir =
        |(track, candidate): (&str, Vec<String>)| Hold { track: track.to_owned(), candidate, ..hold.clone() };
    lines.into_iter().map(heir).collect()
}

/// One hold for each track: of several, the oldest, about what all of them are about.
pub fn joined(holds: impl Iterator<Item = Hold>) -> Vec<Hold> {
    let mut joined: BTreeMap<String, Hold> = BTreeMap::new();
    for hold in holds {
        let Some(other) = joined.remove(&hold.track) else {
            joined.insert(hold.track.clone(), hold);
            continue;
        };
        let (mut older, newer) = if other.since <= hold.since { (other, hold) } else { (hold, other) };
        older.candidate.extend(newer.candidate);
        older.candidate.sort();
        older.candidate.dedup();
        joined.insert(older.track.clone(), older);
    }
    joined.into_values().collect()
}

/// The tracks whose closures have the package `name`, `main` last: what a track brings along, root may have as well.
fn tracks_of<'l>(name: &str, lock: &'l Lock) -> Vec<&'l str> {
    let has =
        |id| lock.unit(id).and_then(|unit| lock.wheel(&unit.wheel)).is_some_and(|wheel| wheel.name == name);
    let with = lock.closures.iter().filter(|closure| closure.units.iter().any(has));
    let mut tracks: Vec<&str> = with.map(|closure| closure.track.as_deref().unwrap_or(MAIN)).collect();
    tracks.sort_by_key(|track| (*track == MAIN, *track));
    tracks.dedup();
    tracks
}
