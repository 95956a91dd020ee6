//! A closure, resolved: whose it is, its members, and which of them belong to somebody else's closure.
//!
//! Deliberately not here: resolving ([`super::closures`]), and units, which are made of the members.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::lock::{Lock, Wheel};
use pinfold_core::manifest::{MAIN, Manifest};
use pinfold_core::names::ROOT;

/// A pinned package at one version, from one wheel: the owner of a closure, or one of the owners of a track's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Normalised.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its wheel.
    pub wheel: String,
}

/// Whose a closure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Root's.
    Root,
    /// A pinned package's.
    Pin(Owner),
    /// That of a track, which several pinned packages may share.
    Track(String),
}

/// A package in a closure.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its wheel.
    pub wheel: Wheel,
    /// Names of what it needs, in the same closure.
    pub dependencies: BTreeSet<String>,
    /// Whose unit it is.
    pub whose: Whose,
}

/// Whose unit a member of a closure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The closure's own: its dependencies are here.
    Own,
    /// That of a pinned package's own closure.
    Pinned,
    /// Root's, because the pin shares it.
    Root,
}

/// A closure, resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Whose it is.
    pub whom: Whom,
    /// The pinned packages whose closure it is; none for root's.
    pub owners: Vec<Owner>,
    /// Its members by name.
    pub members: BTreeMap<String, Member>,
    /// Names that its requirements in the manifest name.
    pub direct: BTreeSet<String>,
    /// Per pinned package whose closure it is, the extras that it was resolved with.
    pub with: BTreeMap<String, BTreeSet<String>>,
    /// Extras that it asks its pinned members for.
    pub extras: BTreeMap<String, BTreeSet<String>>,
}

/// The extras that pinned packages are asked for, by whomever.
pub type Extras = BTreeMap<Owner, BTreeSet<String>>;

impl Whom {
    /// The key of [`super::wanted::Wanted`] under which its requirements stand.
    pub fn key(&self) -> String {
        match self {
            Whom::Root => ROOT.to_owned(),
            Whom::Pin(owner) => owner.name.clone(),
            Whom::Track(name) => track_key(name),
        }
    }

    /// The names of the pinned packages whose closure it is.
    pub fn names(&self, manifest: &Manifest) -> Vec<String> {
        match self {
            Whom::Root => Vec::new(),
            Whom::Pin(owner) => vec![owner.name.clone()],
            Whom::Track(name) => {
                manifest.tracks.get(name).map(|track| track.packages.clone()).unwrap_or_default()
            }
        }
    }

    /// The track that moves it.
    pub fn track(&self) -> &str {
        match self {
            Whom::Root | Whom::Pin(_) => MAIN,
            Whom::Track(name) => name,
        }
    }

    /// What the closure is called in the lock: the package's name, with its version where several are pinned, or the
    /// track's.
    pub fn label(&self, closures: &[Resolved]) -> String {
        let owner = match self {
            Whom::Root => return ROOT.to_owned(),
            Whom::Track(name) => return name.clone(),
            Whom::Pin(owner) => owner,
        };
        let same =
            closures.iter().filter(|c| matches!(&c.whom, Whom::Pin(other) if other.name == owner.name));
        match same.count() {
            0 | 1 => owner.name.clone(),
            _ => format!("{}=={}", owner.name, owner.version),
        }
    }
}

/// The key under which a track's requirements stand; no package has a dot in its name.
pub fn track_key(name: &str) -> String {
    format!("tracks.{name}")
}

/// A closure, in words.
pub fn words(whom: &Whom) -> String {
    match whom {
        Whom::Root => "root's closure".to_owned(),
        Whom::Pin(owner) => format!("the closure of pin `{}` ({} {})", owner.name, owner.name, owner.version),
        Whom::Track(name) => format!("the closure of track `{name}`"),
    }
}

/// The owners of the closures that a closure's pinned members have.
pub fn pinned(closure: &Resolved) -> impl Iterator<Item = Owner> {
    closure.members.iter().filter(|(_, member)| member.whose == Whose::Pinned).map(owner)
}

/// A member, as the owner of a closure.
pub fn owner((name, member): (&String, &Member)) -> Owner {
    Owner { name: name.clone(), version: member.wheel.version.clone(), wheel: member.wheel.sha256.clone() }
}

/// Adds the extras that a closure asks its pinned members for.
pub fn learn(extras: &mut Extras, closure: &Resolved) {
    for owner in pinned(closure) {
        let asked = closure.extras.get(&owner.name).cloned().unwrap_or_default();
        extras.entry(owner).or_default().extend(asked);
    }
}

/// `names` and all that they need in a closure.
pub fn reach(closure: &Resolved, names: impl Iterator<Item = String>) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut stack: Vec<String> = names.collect();
    while let Some(name) = stack.pop() {
        if let Some(member) = closure.members.get(&name)
            && reached.insert(name)
        {
            stack.extend(member.dependencies.iter().cloned());
        }
    }
    reached
}

/// A circle of pins, as names from one around to the same.
pub fn circle(closures: &[Resolved]) -> Option<Vec<String>> {
    let position = |owner: &Owner| closures.iter().position(|closure| closure.owners.contains(owner));
    let edges: Vec<Vec<usize>> =
        closures.iter().map(|c| pinned(c).filter_map(|o| position(&o)).collect()).collect();
    fn visit(at: usize, edges: &[Vec<usize>], path: &mut Vec<usize>, done: &mut BTreeSet<usize>) -> bool {
        if let Some(start) = path.iter().position(|&on| on == at) {
            path.drain(..start);
            path.push(at);
            return true;
        }
        if !done.insert(at) {
            return false;
        }
        path.push(at);
        let found = edges[at].iter().any(|&to| visit(to, edges, path, done));
        if !found {
            path.pop();
        }
        found
    }
    let mut path = Vec::new();
    let name = |i: &usize| match &closures[*i].whom {
        Whom::Root => ROOT.to_owned(),
        Whom::Pin(owner) => owner.name.clone(),
        Whom::Track(name) => format!("track {name}"),
    };
    visit(0, &edges, &mut path, &mut BTreeSet::new()).then(|| path.iter().map(name).collect())
}

/// Used where only the wheels of a lock count.
pub fn versions(lock: &Lock, closure: &pinfold_core::closure::Closure) -> BTreeMap<String, String> {
    let units = closure.units.iter().filter_map(|id| lock.unit(id));
    let wheels = units.filter_map(|unit| lock.wheel(&unit.wheel)).filter(|wheel| wheel.path.is_none());
    wheels.map(|wheel| (wheel.name.clone(), wheel.version.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &str) -> Wheel {
        Wheel {
            name: name.into(),
            version: "1".into(),
            file: String::new(),
            sha256: name.into(),
            size: None,
            index: None,
            path: None,
            uploaded: None,
            source: None,
        }
    }

    fn closure(owner: Option<&str>, pins: &[&str]) -> Resolved {
        let owner = owner.map(|n| Owner { name: n.into(), version: "1".into(), wheel: n.into() });
        let member = |n: &&str| {
            ((*n).to_owned(), Member { wheel: wheel(n), dependencies: BTreeSet::new(), whose: Whose::Pinned })
        };
        Resolved {
            whom: owner.clone().map_or(Whom::Root, Whom::Pin),
            owners: owner.into_iter().collect(),
            members: pins.iter().map(member).collect(),
            direct: BTreeSet::new(),
            with: BTreeMap::new(),
            extras: BTreeMap::new(),
        }
    }

    #[test]
    fn a_circle_of_pins_is_shown_from_one_around_to_the_same() {
        let closures = [
            closure(None, &["a", "d"]),
            closure(Some("a"), &["b", "d"]),
            closure(Some("d"), &[]),
            closure(Some("b"), &["c"]),
            closure(Some("c"), &["b"]),
        ];
        assert_eq!(circle(&closures).expect("a circle"), ["b", "c", "b"]);
        assert_eq!(circle(&closures[..3]), None);
    }
}
