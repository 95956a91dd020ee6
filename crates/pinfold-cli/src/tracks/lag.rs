//! How far behind a track is: for each of its packages, the releases that are newer than the one in the lock.
//!
//! What is there is what `pinfold update` would try: the newest that the manifest and the other packages accept. Where
//! that is nothing (there is no solution), it is the newest of each package alone within the manifest's own bounds.
//! Nothing is built to find that out. Deliberately not here: what is held, and since when.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pinfold_core::lock::{Lock, Wheel};
use pinfold_core::manifest::MAIN;
use pinfold_core::names::ROOT;

use crate::build::Options;
use crate::environment::difference::order;
use crate::error::Error;
use crate::locking::requirement::Target;
use crate::locking::resolved::track_key;
use crate::locking::{LockingError, Moving, Upgrade, Workspace};
use crate::terminal;
use crate::uv::releases::{MOST, Release, Releases};

/// A package of a track, in one closure.
#[derive(Clone, Debug)]
pub struct Package<'a> {
    /// The closure.
    pub closure: &'a str,
    /// Its wheel.
    pub wheel: &'a Wheel,
    /// Whether the manifest names it: as a requirement, as a pin, or in a track.
    pub is_named: bool,
    /// Whether the closure is a pin's of `main`.
    pub is_of_a_pin: bool,
}

/// Newer releases of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The newest that is available.
    pub newest: String,
    /// How many there are.
    pub versions: usize,
    /// Whether nobody counted further.
    pub or_more: bool,
    /// When the first of them was uploaded, where the index says it.
    pub first: Option<Timestamp>,
}

/// What is there: track, package, version. Two tracks may accept different releases of one package.
pub type Subject = (String, String, String);

/// Newer releases of what is there.
pub type Lags = BTreeMap<Subject, Lag>;

/// The packages of a track: those of its closures that no other track has.
pub fn packages<'a>(lock: &'a Lock, workspace: &Workspace, track: &str) -> Vec<Package<'a>> {
    let pins = &workspace.manifest.pins;
    let of_other = |name: &str| {
        let own = pins.get(name).and_then(|pin| pin.track.as_deref());
        own.is_some_and(|own| own != track)
    };
    let names: BTreeSet<&str> =
        workspace.wanted().closures.values().flatten().map(|requirement| requirement.name.as_str()).collect();
    let closures = lock.closures.iter().filter(|closure| closure.track.as_deref().unwrap_or(MAIN) == track);
    let mut found: Vec<Package<'a>> = Vec::new();
    for closure in closures {
        for wheel in closure.units.iter().filter_map(|id| lock.wheel(&lock.unit(id)?.wheel)) {
            let there = found.iter().any(|package| package.wheel == wheel);
            if !there && !of_other(&wheel.name) {
                let is_named = pins.contains_key(&wheel.name) || names.contains(wheel.name.as_str());
                let is_of_a_pin = closure.owner.is_some();
                found.push(Package { closure: &closure.name, wheel, is_named, is_of_a_pin });
            }
        }
    }
    found.sort_by_key(|package| &package.wheel.name);
    found
}

/// How far behind the packages of these tracks are.
///
/// # Errors
/// When uv could not look.
pub fn lags(workspace: &Workspace, lock: &Lock, tracks: &BTreeSet<String>) -> Result<Lags, Error> {
    let environment = workspace.interpreter.platform_marker();
    let releases = workspace.releases(&environment);
    let mut newest: BTreeMap<Subject, Release> = BTreeMap::new();
    // All at once is quicker. Where a track is held, others may be unable to move because of it: each that has something
    // newer is asked for itself then, as an update tries it.
    let mut open = tracks.clone();
    if let Ok(together) = candidate(workspace, tracks)? {
        let found = newer(workspace, lock, &together, tracks);
        let held = |track: &String| lock.holds.iter().any(|hold| hold.track == *track);
        if lock.holds.is_empty() {
            open.clear();
            newest.extend(found);
        } else {
            open.retain(|track| held(track) || found.keys().any(|(of, _, _)| of == track));
        }
    }
    for track in open {
        let alone = BTreeSet::from([track.clone()]);
        match candidate(workspace, &alone)? {
            Ok(candidate) => newest.extend(newer(workspace, lock, &candidate, &alone)),
            Err(_) => newest.extend(each_alone(workspace, &releases, lock, &track)?),
        }
    }
    count(&releases, newest)
}

/// What the tracks would move to; the inner error says that there is no such thing.
///
/// # Errors
/// When uv could not look.
pub fn candidate(
    workspace: &Workspace,
    tracks: &BTreeSet<String>,
) -> Result<Result<Lock, LockingError>, Error> {
    let engine = workspace.engine(Options { versions_only: true, ..workspace.options() }, false)?;
    let moving = tracks.iter().map(|track| (track.clone(), Moving::default())).collect();
    match workspace.resolve_with(&engine, &Upgrade::Tracks(moving)) {
        Ok(lock) => Ok(Ok(lock)),
        Err(refused) if refused.is_refusal() => Ok(Err(refused)),
        Err(error) => Err(error.into()),
    }
}

/// The packages that a candidate has newer than the lock.
fn newer(
    workspace: &Workspace,
    lock: &Lock,
    candidate: &Lock,
    tracks: &BTreeSet<String>,
) -> BTreeMap<Subject, Release> {
    let mut found = BTreeMap::new();
    for track in tracks {
        let there = packages(candidate, workspace, track);
        for package in packages(lock, workspace, track) {
            let Wheel { name, version, .. } = package.wheel;
            // A pin at two versions has two closures, which are called after the versions.
            let owner = |closure: &str| closure.split("==").next().unwrap_or(closure).to_owned();
            let same = |other: &&Package<'_>| other.wheel.name == *name;
            let mut namesakes =
                there.iter().filter(same).filter(|o| owner(o.closure) == owner(package.closure));
            let other = namesakes.next().or_else(|| there.iter().find(same));
            let Some(wheel) = other.map(|other| other.wheel).filter(|_| package.wheel.path.is_none()) else {
                continue;
            };
            if order(version, &wheel.version).is_lt() {
                let release = Release { version: wheel.version.clone(), uploaded: wheel.uploaded.clone() };
                found.insert((track.clone(), name.clone(), version.clone()), release);
            }
        }
    }
    found
}

/// The newest of a track's packages within what the manifest says of each, and no package says of another.
fn each_alone(
    workspace: &Workspace,
    releases: &Releases<'_>,
    lock: &Lock,
    track: &str,
) -> Result<BTreeMap<Subject, Release>, Error> {
    let held = lock.holds.iter().find(|hold| hold.track == track);
    let failed = held.map(|hold| hold.candidate.as_slice()).unwrap_or_default();
    let failed: BTreeSet<&str> = failed.iter().filter_map(|text| text.split(' ').next()).collect();
    let wanted = |package: &Package<'_>| package.is_named || failed.contains(package.wheel.name.as_str());
    newer_alone(workspace, releases, lock, track, &wanted)
}

/// As what is known where there is no solution: the newest of those packages of a track that are `wanted`, each alone.
///
/// # Errors
/// When uv could not look.
pub fn newer_alone(
    workspace: &Workspace,
    releases: &Releases<'_>,
    lock: &Lock,
    track: &str,
    wanted: &dyn Fn(&Package<'_>) -> bool,
) -> Result<BTreeMap<Subject, Release>, Error> {
    let all = workspace.wanted();
    let key = if track == MAIN { ROOT.to_owned() } else { track_key(track) };
    let said: Vec<_> = all.of(ROOT).iter().chain(all.of(&key)).collect();
    let mut there = packages(lock, workspace, track);
    there.retain(|package| package.wheel.path.is_none() && wanted(package));
    let bounds = |name: &str| {
        let of_it = said.iter().filter(|one| one.name == name);
        let texts = of_it.filter_map(|one| match &one.target {
            Target::Index(versions) => Some(versions.as_str()).filter(|text| !text.is_empty()),
            Target::Local(_) => None,
        });
        texts.collect::<Vec<_>>().join(",")
    };
    let requires = there.iter().map(|package| (package.wheel.name.clone(), bounds(&package.wheel.name)));
    let newest = releases.newest(&requires.collect())?;
    let newer = there.iter().filter_map(|package| {
        let release = newest.get(&package.wheel.name)?;
        let key = (track.to_owned(), package.wheel.name.clone(), package.wheel.version.clone());
        order(&key.2, &release.version).is_lt().then(|| (key, release.clone()))
    });
    Ok(newer.collect())
}

/// Counts what lies between, and finds the first of it.
fn count(releases: &Releases<'_>, newest: BTreeMap<Subject, Release>) -> Result<Lags, Error> {
    let mut spans: BTreeMap<String, (String, String)> = BTreeMap::new();
    for ((_, name, version), release) in &newest {
        let span = spans.entry(name.clone()).or_insert_with(|| (version.clone(), release.version.clone()));
        if order(version, &span.0).is_lt() {
            span.0.clone_from(version);
        }
        if order(&span.1, &release.version).is_lt() {
            span.1.clone_from(&release.version);
        }
    }
    let spinner = terminal::spinner("Looking for newer releases");
    let between = releases.between(&spans)?;
    drop(spinner);
    let lag = |(key, release): (Subject, Release)| {
        let all = between.get(&key.1).map(Vec::as_slice).unwrap_or_default();
        let own = |other: &&Release| {
            order(&key.2, &other.version).is_lt() && order(&other.version, &release.version).is_lt()
        };
        let own: Vec<&Release> = all.iter().filter(own).chain([&release]).collect();
        let moment = |release: &&Release| release.uploaded.as_deref()?.parse::<Timestamp>().ok();
        let first = own.iter().filter_map(moment).min();
        let or_more = all.len() >= MOST;
        (key, Lag { newest: release.version.clone(), versions: own.len().min(MOST), or_more, first })
    };
    Ok(newest.into_iter().map(lag).collect())
}
