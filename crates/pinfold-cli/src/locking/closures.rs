//! Every closure resolved: root's, then that of each pinned package at each version that somebody came to.
//!
//! A pinned package is a leaf in every closure but its own. Versions that are chosen already (by the lock that was, by
//! root, by closures before) are preferred. Deliberately not here: units, which are made of the results.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pep508_rs::MarkerEnvironment;
use pinfold_core::lock::{Lock, Wheel};
use pinfold_core::manifest::Manifest;
use pinfold_core::names::ROOT;
use wheelsplit::Store;

use super::choose::Chooser;
use super::error::{LockingError, near};
use super::graph::walk;
use super::local::Local;
use super::preferences::Preferences;
use super::requirement::subject;
use super::unfit::Required;
use super::wanted::{Locals, Wanted, address, for_uv};
use crate::build::Builder;
use crate::terminal;
use crate::uv::lockfile::UvLock;
use crate::uv::project::{Question, QuestionError};
use crate::uv::tags::Tags;

/// A pinned package at one version, from one wheel: the owner of a closure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Normalised.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its wheel.
    pub wheel: String,
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
    /// That of the pinned package's own closure.
    Pinned,
    /// Root's, because the pin shares it.
    Root,
}

/// A closure, resolved.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The pinned package whose closure it is; `None` for root's.
    pub owner: Option<Owner>,
    /// Its members by name.
    pub members: BTreeMap<String, Member>,
    /// Names that its requirements in the manifest name.
    pub direct: BTreeSet<String>,
    /// Extras of the pinned package that it was resolved with.
    pub with: BTreeSet<String>,
    /// Extras that it asks its pinned members for.
    pub extras: BTreeMap<String, BTreeSet<String>>,
}

/// The extras that pinned packages are asked for, by whomever.
type Extras = BTreeMap<Owner, BTreeSet<String>>;

/// What is needed to resolve.
pub struct Resolver<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Its requirements.
    pub wanted: &'a Wanted,
    /// Its local packages.
    pub locals: &'a Locals,
    /// uv and the interpreter.
    pub builder: Builder<'a>,
    /// What fits the interpreter.
    pub tags: &'a Tags,
    /// The environment of markers.
    pub markers: &'a MarkerEnvironment,
    /// The same as a marker.
    pub environment: &'a str,
    /// Where wheels that were here before are.
    pub store: &'a Store,
    /// The lock that was, and what of it may move.
    pub preferences: Preferences<'a>,
}

/// What a pin asks of its closure.
struct Asked<'a> {
    owner: Option<&'a Owner>,
    extras: BTreeSet<String>,
    requires: Vec<String>,
    constraints: Vec<String>,
    shared: BTreeSet<String>,
}

impl Resolver<'_> {
    /// Resolves all closures, root's first.
    ///
    /// # Errors
    /// When one has no solution, a pin is not needed, or pins depend on each other in a circle.
    pub fn all(&self) -> Result<Vec<Resolved>, LockingError> {
        let mut extras = Extras::new();
        loop {
            let closures = self.pass(&mut extras)?;
            // Who asks for an extra may be found only after the closure that it belongs to; there are finitely many.
            let complete = |closure: &Resolved| {
                let asked = closure.owner.as_ref().and_then(|owner| extras.get(owner));
                asked.is_none_or(|asked| asked.is_subset(&closure.with))
            };
            if closures.iter().all(complete) {
                return self.checked(closures);
            }
        }
    }

    /// Resolves all closures once, with the extras that are known by then, and learns of others.
    fn pass(&self, extras: &mut Extras) -> Result<Vec<Resolved>, LockingError> {
        let locals = self.locals.of(self.wanted, ROOT);
        let requires = self.wanted.of(ROOT).iter().map(|r| for_uv(r, &locals)).collect();
        let asked = Asked {
            owner: None,
            extras: BTreeSet::new(),
            requires,
            constraints: Vec::new(),
            shared: BTreeSet::new(),
        };
        let mut closures = vec![self.closure(&asked, &locals, &[])?];
        learn(extras, &closures[0]);
        let mut queue: VecDeque<Owner> = pinned(&closures[0]).collect();
        while let Some(owner) = queue.pop_front() {
            if closures.iter().any(|closure| closure.owner.as_ref() == Some(&owner)) {
                continue;
            }
            let resolved = self.pin(&owner, extras, &closures)?;
            learn(extras, &resolved);
            queue.extend(pinned(&resolved));
            closures.push(resolved);
        }
        Ok(closures)
    }

    /// Refuses pins that nobody needs, and pins that need each other.
    fn checked(&self, closures: Vec<Resolved>) -> Result<Vec<Resolved>, LockingError> {
        let owns = |name: &str| closures.iter().any(|c| c.owner.as_ref().is_some_and(|o| o.name == name));
        if let Some(name) = self.manifest.pins.keys().find(|name| !owns(name)) {
            return Err(LockingError::unused_pin(name, &closures));
        }
        match circle(&closures) {
            Some(names) => Err(LockingError::PinCycle { names }),
            None => Ok(closures),
        }
    }

    fn pin(&self, owner: &Owner, asked: &Extras, before: &[Resolved]) -> Result<Resolved, LockingError> {
        let locals = self.locals.of(self.wanted, &owner.name);
        let mut extras = self.wanted.extras(&owner.name);
        extras.extend(asked.get(owner).into_iter().flatten().cloned());
        let own = match locals.get(&owner.name).filter(|local| local.wheel.sha256 == owner.wheel) {
            Some(local) => format!("{} @ {}", subject(&owner.name, &extras), address(&local.path)),
            None => format!("{}=={}", subject(&owner.name, &extras), owner.version),
        };
        let requires = self.wanted.of(&owner.name).iter().map(|r| for_uv(r, &locals));
        let requires = [own].into_iter().chain(requires).collect();
        let shared = self.shared(owner, &before[0])?;
        let versions = shared.iter().filter_map(|name| Some((name, before[0].members.get(name)?)));
        let constraints =
            versions.map(|(name, member)| format!("{name}=={}", member.wheel.version)).collect();
        let asked = Asked { owner: Some(owner), extras, requires, constraints, shared };
        self.closure(&asked, &locals, before)
    }

    /// Names that the pin's closure takes from root: those it shares, and all that they need there.
    fn shared(&self, owner: &Owner, root: &Resolved) -> Result<BTreeSet<String>, LockingError> {
        let share = self.manifest.pins.get(&owner.name).map_or(&[][..], |pin| pin.share.as_slice());
        // Its unit would be nobody's: neither this closure's own nor that of another.
        let own = |name: &&String| reach(root, [(*name).clone()].into_iter()).contains(&owner.name);
        if let Some(name) = share.iter().find(|name| **name == owner.name).or_else(|| share.iter().find(own))
        {
            let by = (*name != owner.name).then(|| name.clone());
            return Err(LockingError::SharesItself { pin: owner.name.clone(), by });
        }
        if let Some(name) = share.iter().find(|name| !root.members.contains_key(*name)) {
            let near = near(name, root.members.keys());
            return Err(LockingError::SharedNotInRoot { pin: owner.name.clone(), name: name.clone(), near });
        }
        Ok(reach(root, share.iter().cloned()))
    }

    fn closure(
        &self,
        asked: &Asked<'_>,
        locals: &BTreeMap<String, Local>,
        before: &[Resolved],
    ) -> Result<Resolved, LockingError> {
        let words = words(asked.owner);
        let _spinner = terminal::spinner(format!("Resolving {words}"));
        let own = asked.owner.map(|owner| owner.name.as_str());
        let pins = self.manifest.pins.keys().filter(|name| own != Some(name.as_str()));
        let leaves: BTreeSet<&String> = pins.chain(&asked.shared).collect();
        let version = |name: &String| locals.get(name).map(|local| local.wheel.version.clone());
        let mut question = self.question();
        question.requires.clone_from(&asked.requires);
        question.leaves = leaves.iter().map(|name| ((*name).clone(), version(name))).collect();
        // A local package is meant wherever its name comes up.
        let local = locals.iter().map(|(name, local)| format!("{name} @ {}", address(&local.path)));
        let constraints = asked
            .constraints
            .iter()
            .filter(|text| !locals.keys().any(|n| text.starts_with(&format!("{n}=="))));
        question.constraints = local.chain(constraints.cloned()).collect();
        question.preferences = self.preferences.of(asked.owner, before);
        let answer = question
            .ask(self.builder.uv, self.builder.settings)
            .map_err(|e| self.refused(e, asked, before))?;
        let mut resolved = self.members(asked, &answer, locals, before, &words)?;
        // To ask uv again is for those alone that have somebody else's pin among them.
        if pinned(&resolved).next().is_some() {
            let extras = question.extras(self.builder.uv, self.builder.settings, &answer);
            resolved.extras = extras.map_err(|e| self.refused(e, asked, before))?;
        }
        Ok(resolved)
    }

    fn question(&self) -> Question<'_> {
        Question {
            python: &self.builder.interpreter.executable,
            version: &self.builder.interpreter.version,
            environment: self.environment,
            requires: Vec::new(),
            leaves: Vec::new(),
            constraints: Vec::new(),
            preferences: Vec::new(),
        }
    }

    fn members(
        &self,
        asked: &Asked<'_>,
        answer: &UvLock,
        locals: &BTreeMap<String, Local>,
        before: &[Resolved],
        words: &str,
    ) -> Result<Resolved, LockingError> {
        let question = self.question();
        let chooser = Chooser { builder: self.builder, tags: self.tags, question: &question };
        let locals: Vec<Local> = locals.values().cloned().collect();
        let own = asked.owner.map(|owner| owner.name.as_str());
        let mut members = BTreeMap::new();
        for (name, reached) in walk(answer, self.markers)? {
            let whose = match &name {
                name if asked.shared.contains(name) => Whose::Root,
                name if own != Some(name) && self.manifest.pins.contains_key(name) => Whose::Pinned,
                _ => Whose::Own,
            };
            let wheel = chooser.wheel(reached.package, &locals, words)?;
            members.insert(name, Member { wheel, dependencies: reached.dependencies, whose });
        }
        self.take_from_root(asked, &mut members, before)?;
        let requirements = self.wanted.of(own.unwrap_or(ROOT));
        let direct = requirements.iter().map(|requirement| requirement.name.clone()).collect();
        // A pin's requirements count as if the package itself declared them.
        if let Some(owner) = own.and_then(|own| members.get_mut(own)) {
            owner
                .dependencies
                .extend(requirements.iter().map(|r| r.name.clone()).filter(|name| own != Some(name)));
        }
        let (owner, with) = (asked.owner.cloned(), asked.extras.clone());
        Ok(Resolved { owner, members, direct, with, extras: BTreeMap::new() })
    }

    /// What is shared comes with all that it needs in root.
    fn take_from_root(
        &self,
        asked: &Asked<'_>,
        members: &mut BTreeMap<String, Member>,
        before: &[Resolved],
    ) -> Result<(), LockingError> {
        let (Some(owner), Some(root)) = (asked.owner, before.first()) else { return Ok(()) };
        let share = self.manifest.pins.get(&owner.name).map_or(&[][..], |pin| pin.share.as_slice());
        if let Some(name) = share.iter().find(|name| !members.contains_key(*name)) {
            let near = near(name, members.keys());
            return Err(LockingError::SharedNotNeeded { pin: owner.name.clone(), name: name.clone(), near });
        }
        for name in reach(root, share.iter().cloned()) {
            if let Some(member) = root.members.get(&name) {
                members.insert(name, Member { whose: Whose::Root, ..member.clone() });
            }
        }
        Ok(())
    }

    fn refused(&self, error: QuestionError, asked: &Asked<'_>, before: &[Resolved]) -> LockingError {
        let required = match &error {
            QuestionError::NoSolution(explanation) => self.required(asked, explanation),
            QuestionError::Failed(_) | QuestionError::Uv(_) => Required::default(),
        };
        let share = asked.owner.and_then(|owner| self.manifest.pins.get(&owner.name));
        let share = share.map_or(&[][..], |pin| pin.share.as_slice());
        let mut shared = Vec::new();
        // What is named comes first, and is said in any case; what comes with it, where it is in the way.
        let implied = asked.shared.iter().filter(|name| !share.contains(name));
        for name in share.iter().chain(implied) {
            let Some((root, member)) = before.first().and_then(|r| Some((r, r.members.get(name)?))) else {
                continue;
            };
            let (version, because) = (&member.wheel.version, self.why_in_root(name, root));
            let against = required.against(name, version, &because);
            if against.is_empty() && share.contains(name) {
                shared.push(format!("it shares root's {name} {version}, because {because}"));
            }
            shared.extend(against);
        }
        LockingError::question(error, asked.owner, shared, self.builder.uv)
    }

    /// What the closure that has no solution requires: the pin, its package and what uv's explanation names.
    fn required(&self, asked: &Asked<'_>, explanation: &str) -> Required {
        let mut required = Required::default();
        let Some(owner) = asked.owner else { return required };
        let pin = self.wanted.of(&owner.name).iter().map(|one| for_uv(one, &BTreeMap::new()));
        required.add(&format!("[pins.{}]", owner.name), pin, self.markers, &asked.extras);
        // A wheel that was never here has no metadata to read; uv has said what it says then.
        let wheel = self.store.wheel(&owner.wheel).ok().flatten();
        let declared = wheel.map(|wheel| wheel.facts.requires_dist).unwrap_or_default();
        let who = format!("{} {}", owner.name, owner.version);
        required.add(&who, declared, self.markers, &asked.extras);
        required.add_explained(explanation);
        required
    }

    /// Which requirement brought `name` into root's closure, in words.
    fn why_in_root(&self, name: &str, root: &Resolved) -> String {
        let direct = self.wanted.of(ROOT).iter().find(|requirement| requirement.name == name);
        if let Some(requirement) = direct {
            return format!("the manifest requires `{}`", for_uv(requirement, &BTreeMap::new()));
        }
        let parent = root.members.iter().find(|(_, member)| member.dependencies.contains(name));
        parent.map_or_else(
            || "root has it".to_owned(),
            |(parent, m)| format!("{parent} {} requires it", m.wheel.version),
        )
    }
}

/// A closure, in words.
pub fn words(owner: Option<&Owner>) -> String {
    match owner {
        None => "root's closure".to_owned(),
        Some(owner) => format!("the closure of pin `{}` ({} {})", owner.name, owner.name, owner.version),
    }
}

/// The owners of the closures that a closure's pinned members have.
pub fn pinned(closure: &Resolved) -> impl Iterator<Item = Owner> {
    let members = closure.members.iter().filter(|(_, member)| member.whose == Whose::Pinned);
    members.map(|(name, member)| Owner {
        name: name.clone(),
        version: member.wheel.version.clone(),
        wheel: member.wheel.sha256.clone(),
    })
}

/// Adds the extras that a closure asks its pinned members for.
fn learn(extras: &mut Extras, closure: &Resolved) {
    for owner in pinned(closure) {
        let asked = closure.extras.get(&owner.name).cloned().unwrap_or_default();
        extras.entry(owner).or_default().extend(asked);
    }
}

/// `names` and all that they need in a closure.
fn reach(closure: &Resolved, names: impl Iterator<Item = String>) -> BTreeSet<String> {
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
fn circle(closures: &[Resolved]) -> Option<Vec<String>> {
    let position = |owner: &Owner| closures.iter().position(|closure| closure.owner.as_ref() == Some(owner));
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
    let name = |i: &usize| closures[*i].owner.as_ref().map_or(ROOT, |owner| owner.name.as_str()).to_owned();
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
            owner,
            members: pins.iter().map(member).collect(),
            direct: BTreeSet::new(),
            with: BTreeSet::new(),
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
