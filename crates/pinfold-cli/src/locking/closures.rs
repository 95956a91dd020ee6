//! Every closure resolved: root's, then that of each pinned package at each version that somebody came to.
//!
//! A pinned package is a leaf in every closure but its own. Versions that are chosen already (by the lock that was, by
//! root, by closures before) are preferred. The packages of a track share one closure; their versions are chosen
//! together first ([`super::tracks`]). Deliberately not here: units, which are made of the results.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use pep508_rs::MarkerEnvironment;
use pinfold_core::manifest::Manifest;
use pinfold_core::names::{ROOT, nearest};
use wheelsplit::Store;

use super::choose::Chooser;
use super::error::LockingError;
use super::graph::walk;
use super::local::Local;
use super::preferences::Preferences;
use super::requirement::subject;
use super::resolved::{
    Extras, Member, Owner, Resolved, Whom, Whose, circle, learn, owner, pinned, reach, words,
};
use super::unfit::Required;
use super::wanted::{Locals, Wanted, address, for_uv};
use crate::build::Builder;
use crate::terminal;
use crate::uv::lockfile::UvLock;
use crate::uv::project::{Question, QuestionError};
use crate::uv::tags::Tags;

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

/// What is asked of a closure.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) whom: Whom,
    pub(super) with: BTreeMap<String, BTreeSet<String>>,
    pub(super) requires: Vec<String>,
    pub(super) constraints: Vec<String>,
    pub(super) shared: BTreeSet<String>,
    /// Packages of other tracks are members like any other: their versions there are no versions for this closure.
    pub(super) apart: bool,
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
                closure.owners.iter().all(|owner| {
                    let with = closure.with.get(&owner.name);
                    extras.get(owner).is_none_or(|asked| with.is_some_and(|with| asked.is_subset(with)))
                })
            };
            if closures.iter().all(complete) {
                return self.checked(closures);
            }
        }
    }

    /// Resolves all closures once, with the extras that are known by then, and learns of others.
    fn pass(&self, extras: &mut Extras) -> Result<Vec<Resolved>, LockingError> {
        let (root, chosen) = self.root_and_tracks(extras)?;
        let mut closures = vec![root];
        learn(extras, &closures[0]);
        let mut queue: VecDeque<Owner> = pinned(&closures[0]).collect();
        while let Some(owner) = queue.pop_front() {
            if closures.iter().any(|closure| closure.owners.contains(&owner)) {
                continue;
            }
            let track = self.manifest.pins.get(&owner.name).and_then(|pin| pin.track.clone());
            let whom = match track {
                Some(track) if closures.iter().any(|c| c.whom == Whom::Track(track.clone())) => {
                    return Err(LockingError::TrackTwice { track, name: owner.name, version: owner.version });
                }
                Some(track) => Whom::Track(track),
                None => Whom::Pin(owner),
            };
            let resolved = self.pin(whom, extras, &chosen, &closures)?;
            learn(extras, &resolved);
            queue.extend(pinned(&resolved));
            closures.push(resolved);
        }
        Ok(closures)
    }

    /// Root's closure, with these versions of the packages of tracks.
    pub(super) fn root(&self, chosen: &BTreeMap<String, String>) -> Result<Resolved, LockingError> {
        let locals = self.locals.of(self.wanted, ROOT);
        let requires = self.wanted.of(ROOT).iter().map(|r| for_uv(r, &locals)).collect();
        let asked = Asked {
            whom: Whom::Root,
            with: BTreeMap::new(),
            requires,
            constraints: exactly(chosen, &[]),
            shared: BTreeSet::new(),
            apart: false,
        };
        self.closure(&asked, &locals, &[])
    }

    /// Refuses pins that nobody needs, and pins that need each other.
    fn checked(&self, closures: Vec<Resolved>) -> Result<Vec<Resolved>, LockingError> {
        let needed = |name: &str| {
            closures.iter().any(|closure| {
                let mut needs = closure.members.iter().filter(|(other, _)| *other != name);
                closure.members.get(name).is_some_and(|member| match member.whose {
                    Whose::Own => needs.any(|(_, other)| other.dependencies.contains(name)),
                    Whose::Pinned => true,
                    Whose::Root => false,
                })
            })
        };
        if let Some(name) = self.manifest.pins.keys().find(|name| !needed(name)) {
            let track = self.manifest.pins.get(name).and_then(|pin| pin.track.as_deref());
            return Err(LockingError::unused_pin(name, track, &closures));
        }
        match circle(&closures) {
            Some(names) => Err(LockingError::PinCycle { names }),
            None => Ok(closures),
        }
    }

    fn pin(
        &self,
        whom: Whom,
        asked: &Extras,
        chosen: &BTreeMap<String, String>,
        before: &[Resolved],
    ) -> Result<Resolved, LockingError> {
        let key = whom.key();
        let locals = self.locals.of(self.wanted, &key);
        let (mut with, mut requires) = (BTreeMap::new(), Vec::new());
        for name in whom.names(self.manifest) {
            let extras = self.extras(&name, asked);
            let local = locals.get(&name);
            requires.push(match &whom {
                Whom::Pin(owner) => match local.filter(|local| local.wheel.sha256 == owner.wheel) {
                    Some(local) => format!("{} @ {}", subject(&name, &extras), address(&local.path)),
                    None => format!("{}=={}", subject(&name, &extras), owner.version),
                },
                // A version of it that is chosen stands among the constraints.
                _ => local.map_or_else(
                    || subject(&name, &extras),
                    |local| format!("{} @ {}", subject(&name, &extras), address(&local.path)),
                ),
            });
            with.insert(name, extras);
        }
        requires.extend(self.wanted.of(&key).iter().map(|r| for_uv(r, &locals)));
        let shared = self.shared(&whom, &before[0])?;
        let versions = shared.iter().filter_map(|name| Some((name, before[0].members.get(name)?)));
        let constraints: Vec<String> =
            versions.map(|(name, member)| format!("{name}=={}", member.wheel.version)).collect();
        let tracks = exactly(chosen, &locals.keys().collect::<Vec<_>>());
        let asked = Asked { whom, with, requires, constraints, shared, apart: false };
        self.with_tracks_or_apart(asked, tracks, &locals, before)
    }

    /// A closure with the tracks' packages as leaves at their versions, or, if there is none, with versions of its own.
    pub(super) fn with_tracks_or_apart(
        &self,
        asked: Asked,
        tracks: Vec<String>,
        locals: &BTreeMap<String, Local>,
        before: &[Resolved],
    ) -> Result<Resolved, LockingError> {
        let constraints = asked.constraints.iter().cloned().chain(tracks.iter().cloned()).collect();
        let together = Asked { constraints, ..asked.clone() };
        match self.closure(&together, locals, before) {
            Err(LockingError::NoSolution { .. }) if !tracks.is_empty() => {
                self.closure(&Asked { apart: true, ..asked }, locals, before)
            }
            done => done,
        }
    }

    /// Whether `name` is a leaf in the closure that is asked for, whose own packages are `own`.
    fn is_leaf(&self, name: &String, asked: &Asked, own: &[String]) -> bool {
        let pin = self.manifest.pins.get(name).filter(|_| !own.contains(name));
        pin.is_some_and(|pin| !asked.apart || pin.track.is_none())
    }

    /// The extras that a pinned package is to have: those that the manifest names, and those that anybody asks for.
    pub(super) fn extras(&self, name: &str, asked: &Extras) -> BTreeSet<String> {
        let mut extras = self.wanted.extras(name);
        extras.extend(asked.iter().filter(|(owner, _)| owner.name == name).flat_map(|(_, set)| set.clone()));
        extras
    }

    /// Names that the closure takes from root: those that its pins share, and all that they need there.
    fn shared(&self, whom: &Whom, root: &Resolved) -> Result<BTreeSet<String>, LockingError> {
        let mut all = BTreeSet::new();
        let names = whom.names(self.manifest);
        for pin in &names {
            let share = self.manifest.pins.get(pin).map_or(&[][..], |pin| pin.share.as_slice());
            // Its unit would be nobody's: neither this closure's own nor that of another.
            let own = |name: &&String| {
                let reached = reach(root, [(*name).clone()].into_iter());
                names.iter().any(|own| reached.contains(own))
            };
            if let Some(name) = share.iter().find(|name| *name == pin).or_else(|| share.iter().find(own)) {
                let by = (name != pin).then(|| name.clone());
                return Err(LockingError::SharesItself { pin: pin.clone(), by });
            }
            if let Some(name) = share.iter().find(|name| !root.members.contains_key(*name)) {
                let near = nearest(name, root.members.keys()).cloned();
                return Err(LockingError::SharedNotInRoot { pin: pin.clone(), name: name.clone(), near });
            }
            all.extend(reach(root, share.iter().cloned()));
        }
        Ok(all)
    }

    pub(super) fn closure(
        &self,
        asked: &Asked,
        locals: &BTreeMap<String, Local>,
        before: &[Resolved],
    ) -> Result<Resolved, LockingError> {
        let words = words(&asked.whom);
        let _spinner = terminal::spinner(format!("Resolving {words}"));
        let own = asked.whom.names(self.manifest);
        let pins = self.manifest.pins.keys().filter(|name| self.is_leaf(name, asked, &own));
        let leaves: BTreeSet<&String> = pins.chain(&asked.shared).collect();
        let version = |name: &String| locals.get(name).map(|local| local.wheel.version.clone());
        let mut question = self.question();
        question.requires.clone_from(&asked.requires);
        question.leaves = leaves.iter().map(|name| ((*name).clone(), version(name))).collect();
        // A local package is meant wherever its name comes up.
        let local = locals.iter().map(|(name, local)| format!("{name} @ {}", address(&local.path)));
        let own_constraints = self.preferences.constraints(&asked.whom);
        let constraints = asked
            .constraints
            .iter()
            .chain(&own_constraints)
            .filter(|text| !locals.keys().any(|n| text.starts_with(&format!("{n}=="))));
        question.constraints = local.chain(constraints.cloned()).collect();
        question.preferences = self.preferences.of(&asked.whom, before);
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
        let interpreter = self.builder.interpreter;
        Question::new(&interpreter.executable, &interpreter.version, self.environment)
    }

    fn members(
        &self,
        asked: &Asked,
        answer: &UvLock,
        locals: &BTreeMap<String, Local>,
        before: &[Resolved],
        words: &str,
    ) -> Result<Resolved, LockingError> {
        let question = self.question();
        let chooser = Chooser {
            builder: self.builder,
            tags: self.tags,
            question: &question,
            of_tools: false,
            locked: self.preferences.locked(),
        };
        let locals: Vec<Local> = locals.values().cloned().collect();
        let own = asked.whom.names(self.manifest);
        let mut members = BTreeMap::new();
        for (name, reached) in walk(answer, self.markers)? {
            let whose = match &name {
                name if asked.shared.contains(name) => Whose::Root,
                name if self.is_leaf(name, asked, &own) => Whose::Pinned,
                _ => Whose::Own,
            };
            let wheel = chooser.wheel(reached.package, &locals, words)?;
            members.insert(name, Member { wheel, dependencies: reached.dependencies, whose });
        }
        self.take_from_root(asked, &mut members, before)?;
        let requirements = self.wanted.of(&asked.whom.key());
        let direct = requirements.iter().map(|requirement| requirement.name.clone()).collect();
        // A pin's requirements, and its track's, count as if the package itself declared them; what a track requires of
        // its own packages only narrows them.
        for name in &own {
            let track = self.manifest.pins.get(name).and_then(|pin| pin.track.as_deref());
            let of_track = self.wanted.of_track(track).iter().filter(|one| !own.contains(&one.name));
            let declared = self.wanted.of(name).iter().filter(|one| one.name != *name).chain(of_track);
            let names: Vec<String> = declared.map(|requirement| requirement.name.clone()).collect();
            if let Some(owner) = members.get_mut(name) {
                owner.dependencies.extend(names);
            }
        }
        let owners = members.iter().filter(|(name, _)| own.contains(name)).map(owner).collect();
        let (whom, with) = (asked.whom.clone(), asked.with.clone());
        Ok(Resolved { whom, owners, members, direct, with, extras: BTreeMap::new() })
    }

    /// What is shared comes with all that it needs in root.
    fn take_from_root(
        &self,
        asked: &Asked,
        members: &mut BTreeMap<String, Member>,
        before: &[Resolved],
    ) -> Result<(), LockingError> {
        let Some(root) = before.first() else { return Ok(()) };
        for pin in asked.whom.names(self.manifest) {
            let share = self.manifest.pins.get(&pin).map_or(&[][..], |pin| pin.share.as_slice());
            if let Some(name) = share.iter().find(|name| !members.contains_key(*name)) {
                let near = nearest(name, members.keys()).cloned();
                return Err(LockingError::SharedNotNeeded { pin, name: name.clone(), near });
            }
            for name in reach(root, share.iter().cloned()) {
                if let Some(member) = root.members.get(&name) {
                    members.insert(name, Member { whose: Whose::Root, ..member.clone() });
                }
            }
        }
        Ok(())
    }

    fn refused(&self, error: QuestionError, asked: &Asked, before: &[Resolved]) -> LockingError {
        let required = match &error {
            QuestionError::NoSolution(explanation) => self.required(asked, explanation),
            QuestionError::Culprit(..) | QuestionError::Failed(_) | QuestionError::Uv(_) => {
                Required::default()
            }
        };
        let pins = asked.whom.names(self.manifest);
        let pins = pins.iter().filter_map(|name| self.manifest.pins.get(name));
        let share: Vec<String> = pins.flat_map(|pin| pin.share.iter().cloned()).collect();
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
        LockingError::question(error, &asked.whom, shared, self.builder.uv)
    }

    /// What the closure that has no solution requires: the pin, its package and what uv's explanation names.
    fn required(&self, asked: &Asked, explanation: &str) -> Required {
        let mut required = Required::default();
        for name in asked.whom.names(self.manifest) {
            let none = BTreeSet::new();
            let extras = asked.with.get(&name).unwrap_or(&none);
            let pin = self.wanted.of(&name).iter().map(|one| for_uv(one, &BTreeMap::new()));
            required.add(&format!("[pins.{name}]"), pin, self.markers, extras);
            // A wheel that was never here has no metadata to read; uv has said what it says then.
            if let Whom::Pin(owner) = &asked.whom {
                let wheel = self.store.wheel(&owner.wheel).ok().flatten();
                let declared = wheel.map(|wheel| wheel.facts.requires_dist).unwrap_or_default();
                required.add(&format!("{} {}", owner.name, owner.version), declared, self.markers, extras);
            }
        }
        if asked.whom == Whom::Root {
            return required;
        }
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

/// Constraints to exactly these versions; not for local packages, of which there is one version.
pub(super) fn exactly(chosen: &BTreeMap<String, String>, locals: &[&String]) -> Vec<String> {
    let foreign = chosen.iter().filter(|(name, _)| !locals.contains(name));
    foreign.map(|(name, version)| format!("{name}=={version}")).collect()
}
