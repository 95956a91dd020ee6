//! Where each track stands: what it has, since which generation, how far behind it is, and when it must have moved.
//!
//! A track that is held must have moved `max-lag` after its hold began. One that nothing holds must have moved
//! `max-lag` after the first newer release was there: nobody ran an update then. Deliberately not here: what releases
//! there are ([`super::lag`]), and how it is told.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use pinfold_core::lock::{Hold, Lock};
use pinfold_core::manifest::{MAIN, Track};

use super::clock::Clock;
use super::lag::{Lag, Lags, Package, packages};
use super::moving::names;
use crate::environment::difference::{Change, Difference, difference};
use crate::environment::history;
use crate::environment::layout::Layout;
use crate::locking::Workspace;

/// Where a track stands.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// Its name.
    pub name: String,
    /// Its hold, if there is one.
    pub hold: Option<&'a Hold>,
    /// Its packages, and how far behind each is; `None` where nothing newer is known.
    pub packages: Vec<(Package<'a>, Option<&'a Lag>)>,
    /// The generation that brought these versions, as far as generations are kept.
    pub generation: Option<u64>,
    /// Days that it may stay behind.
    pub max_lag: u32,
    /// When it must have moved.
    pub deadline: Option<Timestamp>,
    /// Days since the first release that it does not have; `None` where nobody says.
    pub days: Option<i64>,
    /// Newer releases of the package that is furthest behind; `None` where nobody could look.
    pub versions: Option<usize>,
    /// Whether nobody counted further.
    pub or_more: bool,
    /// Packages of which nobody can tell what was there on the day that is played.
    pub unknown: Vec<&'a str>,
}

impl Standing<'_> {
    /// Whether it should have moved by now. A hold of which nobody can tell the age is too old: one without a moment, or
    /// one that is yet to begin.
    pub fn is_past(&self, clock: &Clock) -> bool {
        match self.deadline {
            Some(deadline) => clock.now() > deadline,
            None => self.hold.is_some(),
        }
    }

    /// Days since its hold began; below zero by a clock that was turned back.
    pub fn age(&self, clock: &Clock) -> Option<i64> {
        Some(days(began(self.hold?)?, clock.now()))
    }

    /// Packages of which there are newer releases, and no index says since when.
    pub fn undated(&self) -> Vec<&Package<'_>> {
        let undated = |lag: &Option<&Lag>| lag.is_some_and(|lag| lag.first.is_none());
        self.packages.iter().filter(|(_, lag)| undated(lag)).map(|(package, _)| package).collect()
    }
}

/// When a hold began.
pub fn began(hold: &Hold) -> Option<Timestamp> {
    hold.since.parse().ok()
}

/// When a track must have moved that must not for longer than `max_lag` days after `from`.
pub fn deadline(from: Timestamp, max_lag: u32) -> Timestamp {
    from.checked_add(SignedDuration::from_hours(i64::from(max_lag) * 24)).unwrap_or(Timestamp::MAX)
}

/// Whole days from one moment to another.
pub fn days(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours().div_euclid(24)
}

/// Where all tracks stand; `lags` is `None` where nobody could look for newer releases.
pub fn standings<'a>(
    workspace: &Workspace,
    lock: &'a Lock,
    lags: Option<&'a Lags>,
    clock: &Clock,
    layout: &Layout,
) -> Vec<Standing<'a>> {
    let moved = generations(workspace, lock, layout);
    let standing = |name: String| {
        let hold = lock.holds.iter().find(|hold| hold.track == name);
        let max_lag = workspace.manifest.tracks.get(&name).map_or(Track::default().max_lag(), Track::max_lag);
        let lag = |package: &Package<'_>| {
            lags?.get(&(name.clone(), package.wheel.name.clone(), package.wheel.version.clone()))
        };
        let packages = packages(lock, workspace, &name).into_iter();
        let packages: Vec<_> = packages
            .map(|package| {
                let lag = lag(&package);
                (package, lag)
            })
            .collect();
        let unknown = clock.unknown(packages.iter().map(|(package, _)| package.wheel));
        let lags = lags.filter(|_| unknown.is_empty());
        let behind = || packages.iter().filter_map(|(_, lag)| *lag);
        let first = behind().filter_map(|lag| lag.first).min();
        let from = hold.map_or(first, |hold| began(hold).filter(|since| !clock.is_to_come(*since)));
        let nothing = behind().next().is_none();
        Standing {
            generation: moved.get(&name).copied(),
            deadline: from.map(|from| deadline(from, max_lag)),
            days: lags
                .and_then(|_| first.map(|first| days(first, clock.now()).max(0)).or(nothing.then_some(0))),
            versions: lags.map(|_| behind().map(|lag| lag.versions).max().unwrap_or(0)),
            or_more: behind().any(|lag| lag.or_more),
            unknown,
            name,
            hold,
            packages,
            max_lag,
        }
    };
    names(workspace).into_iter().map(standing).collect()
}

/// The generation that brought each track what it has: none before it in which it had the same.
fn generations(workspace: &Workspace, lock: &Lock, layout: &Layout) -> BTreeMap<String, u64> {
    let mut found = BTreeMap::new();
    let Ok(current) = history::current(layout) else { return found };
    let Ok(now) = history::environment(layout, current) else { return found };
    let tracks: BTreeMap<&str, &str> = lock
        .closures
        .iter()
        .map(|closure| (closure.name.as_str(), closure.track.as_deref().unwrap_or(MAIN)))
        .collect();
    // In other closures the packages of a track are leaves: those closures have not moved because of them.
    let moved = |difference: &Difference| {
        let track = tracks.get(difference.closure.as_str()).copied().unwrap_or(MAIN);
        let own = |change: &Change| {
            let pin = workspace.manifest.pins.get(&change.package);
            pin.and_then(|pin| pin.track.as_deref()).is_none_or(|other| other == track)
        };
        difference.changes.iter().any(own).then(|| track.to_owned())
    };
    for name in tracks.values() {
        found.insert((*name).to_owned(), current);
    }
    let mut open: Vec<String> = found.keys().cloned().collect();
    for number in layout.generations().into_iter().rev().filter(|number| *number < current) {
        let Ok(before) = history::environment(layout, number) else { break };
        let other: Vec<String> = difference(&before, &now).iter().filter_map(moved).collect();
        open.retain(|name| !other.contains(name));
        for name in &open {
            found.insert(name.clone(), number);
        }
    }
    found
}
