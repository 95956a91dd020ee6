//! What packages are built and checked with: resolved once, apart from every closure, and frozen in the lock.
//!
//! A package's tools stay as the lock has them for as long as it asks for the same. What is new is resolved with the
//! versions that are frozen already preferred, so that all builds share one version of a tool where they can. Deliberately
//! not here: what a package asks for, and the environment that is made of the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pinfold_core::lock::{FrozenPackage, FrozenSet, Lock, Wheel};
use pinfold_core::manifest::Manifest;
use wheelsplit::Installed;

use super::engine::{Builder, Engine};
use super::error::BuildError;
use super::resolve::{self, Question};
use crate::error::Error;
use crate::locking::local::{self, Local};
use crate::locking::requirement::{Requirement, RequirementError, Target};
use crate::uv::fetch;
use crate::uv::tags::Tags;

/// What a package asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The package, normalised.
    pub name: String,
    /// The package and where it comes from, in words.
    pub words: String,
    /// Requirements, sorted.
    pub requires: Vec<String>,
    /// What its backend requires in addition; `None` when nobody has asked it yet.
    pub dynamic: Option<Vec<String>>,
    /// The unit that is checked; `None` for a build.
    pub unit: Option<String>,
}

/// What a package is built or checked with.
#[derive(Clone, Debug, Default)]
pub struct Frozen {
    /// The wheels.
    pub wheels: Vec<Wheel>,
    /// What its backend required in addition when they were resolved.
    pub dynamic: Vec<String>,
}

#[derive(Debug, Default)]
struct State {
    build: FrozenSet,
    check: FrozenSet,
    /// Versions that do for several at once.
    together: BTreeMap<String, String>,
    /// Entries of the build set that were asked for, by name and requirements.
    used: BTreeSet<(String, Vec<String>)>,
}

/// The frozen sets of a project, as they were and as they become.
#[derive(Debug)]
pub struct Tools {
    state: Mutex<State>,
    /// Local packages by name: what the manifest says of it, and where.
    locals: BTreeMap<String, (String, String)>,
    /// What the manifest says of every tool.
    narrowed: Vec<Requirement>,
}

impl Asked {
    /// What a build asks for: its `[build-system]`, and what the manifest and uv's settings add for the package.
    pub fn of_build(engine: &Engine<'_>, name: &str, words: &str, requires: &[String]) -> Self {
        let own = engine.manifest.builds.get(name).map(|build| build.requires.clone()).unwrap_or_default();
        let more = engine.settings.extra_build_dependencies(name);
        let mut requires: Vec<String> = requires.iter().cloned().chain(own).chain(more).collect();
        requires.sort();
        requires.dedup();
        Asked { name: name.to_owned(), words: words.to_owned(), requires, dynamic: None, unit: None }
    }

    pub(super) fn done(&self) -> &'static str {
        if self.unit.is_some() { "checked" } else { "built" }
    }

    /// All that it asks for.
    pub(super) fn all(&self) -> impl Iterator<Item = &String> {
        self.requires.iter().chain(self.dynamic.iter().flatten())
    }

    fn is(&self, entry: &FrozenPackage) -> bool {
        (&self.name, &self.requires, &self.unit) == (&entry.name, &entry.requires, &entry.unit)
            && self.dynamic.as_ref().is_none_or(|dynamic| *dynamic == entry.dynamic)
    }
}

impl Tools {
    /// The sets of the lock that was, as far as the manifest still says the same about all tools; `anew` to resolve all
    /// of it again.
    ///
    /// # Errors
    /// When a requirement of the manifest cannot be read.
    pub fn new(manifest: &Manifest, previous: Option<&Lock>, anew: bool) -> Result<Self, RequirementError> {
        let mut locals = BTreeMap::new();
        let own = manifest.builds.iter().map(|(name, build)| (format!("[builds.{name}]"), &build.requires));
        let pins = manifest.pins.iter().map(|(name, pin)| (format!("[pins.{name}]"), &pin.requires));
        let root = [
            ("[build-set]".to_owned(), &manifest.build_set.requires),
            ("the manifest's requirements".to_owned(), &manifest.requires),
        ];
        for (place, requires) in root.into_iter().chain(own).chain(pins) {
            for text in requires {
                let requirement = Requirement::parse(text, &place)?;
                if let Target::Local(path) = requirement.target {
                    locals.entry(requirement.name).or_insert((path, place.clone()));
                }
            }
        }
        let parse = |text: &String| Requirement::parse(text, "[build-set]");
        let narrowed = manifest.build_set.requires.iter().map(parse).collect::<Result<_, _>>()?;
        let mut requires = manifest.build_set.requires.clone();
        requires.sort();
        requires.dedup();
        let mut state = State::default();
        if let Some(lock) = previous.filter(|_| !anew) {
            state.check = lock.check_set.clone();
            state.build = lock.build_set.clone();
            if state.build.requires != requires {
                // The wheels stay: their versions are preferred.
                state.build.packages.clear();
            }
        }
        state.build.requires = requires;
        Ok(Tools { state: Mutex::new(state), locals, narrowed })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the package is built with.
    ///
    /// # Errors
    /// When that is not frozen and cannot be resolved, or must not be now.
    pub fn for_build(&self, builder: &Builder<'_>, asked: &Asked) -> Result<Frozen, BuildError> {
        let known = self.known(&self.lock().build, asked);
        let frozen = match known {
            Some(frozen) if self.is_current(builder, asked, &frozen)? => frozen,
            _ => {
                self.may_freeze(builder, asked)?;
                let constraints = self.narrowed.clone();
                let question =
                    Question { asked, constraints, leaves: Vec::new(), preferences: self.preferences(asked) };
                let wheels = resolve::resolve(builder, self, &question)?;
                let dynamic = asked.dynamic.clone().unwrap_or_default();
                put(&mut self.lock().build, asked, &wheels, &dynamic);
                Frozen { wheels, dynamic }
            }
        };
        self.lock().used.insert((asked.name.clone(), asked.requires.clone()));
        Ok(frozen)
    }

    /// What the package is checked with, beyond `runtime`, whose versions are given.
    ///
    /// # Errors
    /// As for [`Self::for_build`].
    pub fn for_check(
        &self,
        builder: &Builder<'_>,
        asked: &Asked,
        runtime: Vec<Requirement>,
        leaves: Vec<(String, Option<String>)>,
    ) -> Result<Frozen, BuildError> {
        let known = self.known(&self.lock().check, asked);
        if let Some(frozen) = known
            && self.is_current(builder, asked, &frozen)?
        {
            return Ok(frozen);
        }
        self.may_freeze(builder, asked)?;
        let names: BTreeSet<String> = runtime.iter().map(|requirement| requirement.name.clone()).collect();
        let preferences = versions(&self.lock().check.wheels, |_| true);
        let question = Question { asked, constraints: runtime, leaves, preferences };
        let mut wheels = resolve::resolve(builder, self, &question)?;
        wheels.retain(|wheel| !names.contains(&wheel.name));
        let mut state = self.lock();
        // One entry for each unit of the package: what was checked before is not asked for any more.
        state.check.packages.retain(|entry| entry.name != asked.name || entry.unit != asked.unit);
        put(&mut state.check, asked, &wheels, &[]);
        Ok(Frozen { wheels, dynamic: Vec::new() })
    }

    fn known(&self, set: &FrozenSet, asked: &Asked) -> Option<Frozen> {
        let entry = set.packages.iter().find(|entry| asked.is(entry))?;
        Some(Frozen { wheels: set.wheels_of(entry).cloned().collect(), dynamic: entry.dynamic.clone() })
    }

    /// Whether the local packages among them are what they were: those are sources, and nobody froze them.
    fn is_current(&self, builder: &Builder<'_>, asked: &Asked, frozen: &Frozen) -> Result<bool, BuildError> {
        for wheel in frozen.wheels.iter().filter(|wheel| wheel.path.is_some()) {
            let local = self.local(builder, asked, &wheel.name)?;
            if local.is_none_or(|local| local.wheel.sha256 != wheel.sha256) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn may_freeze(&self, builder: &Builder<'_>, asked: &Asked) -> Result<(), BuildError> {
        match builder.options.frozen {
            None => Ok(()),
            Some(reason) => Err(BuildError::NotFrozen {
                what: asked.words.clone(),
                done: asked.done(),
                requires: match asked.all().cloned().collect::<Vec<_>>().as_slice() {
                    [] => "nothing".to_owned(),
                    some => some.join(", "),
                },
                reason,
            }),
        }
    }

    /// The local package that the manifest means by `name`, built.
    pub(super) fn local(
        &self,
        builder: &Builder<'_>,
        asked: &Asked,
        name: &str,
    ) -> Result<Option<Local>, BuildError> {
        let Some((written, place)) = self.locals.get(name) else { return Ok(None) };
        let tags = Tags::of_interpreter(builder.interpreter);
        let found = local::find(builder, &tags, name, written, place);
        found.map(Some).map_err(|e| match e {
            local::LocalError::Build { source, .. } if matches!(*source, BuildError::Circle { .. }) => {
                *source
            }
            e => BuildError::Prepare { what: asked.words.clone(), reason: Box::new(Error::from(e)) },
        })
    }

    /// Versions to prefer: those that are frozen, the package's own first.
    fn preferences(&self, asked: &Asked) -> BTreeMap<String, String> {
        let state = self.lock();
        let mut preferred = versions(&state.build.wheels, |_| true);
        preferred.extend(state.together.clone());
        let own = state.build.packages.iter().filter(|entry| entry.name == asked.name);
        for entry in own {
            preferred.extend(versions(&state.build.wheels, |wheel| entry.wheels.contains(&wheel.sha256)));
        }
        preferred
    }

    /// Looks for versions that do for all of them at once, before each asks for itself. One that has requirements of its
    /// own in the manifest is left out: it may differ, and the others need not follow.
    pub fn prepare(&self, builder: &Builder<'_>, all: &[Asked]) {
        let new: Vec<&Asked> = {
            let state = self.lock();
            let known = |asked: &&Asked| state.build.packages.iter().any(|entry| asked.is(entry));
            let own = |asked: &&Asked| {
                builder.manifest.builds.get(&asked.name).is_some_and(|b| !b.requires.is_empty())
            };
            all.iter().filter(|asked| !known(asked) && !own(asked)).collect()
        };
        if new.len() < 2 || builder.options.frozen.is_some() {
            return;
        }
        let mut requires: Vec<String> = new.iter().flat_map(|asked| asked.all().cloned()).collect();
        requires.sort();
        requires.dedup();
        // What is built here has no version to agree on yet.
        requires
            .retain(|text| Requirement::parse(text, "").is_ok_and(|r| !self.locals.contains_key(&r.name)));
        let preferences = versions(&self.lock().build.wheels, |_| true);
        // Without a solution for all at once, each has its own.
        if let Ok(together) = resolve::together(builder, &requires, &self.narrowed, &preferences) {
            self.lock().together.extend(together);
        }
    }

    /// Brings wheels into the store.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn install(
        &self,
        builder: &Builder<'_>,
        words: &str,
        wheels: &[Wheel],
    ) -> Result<Vec<Installed>, BuildError> {
        // An error of a build that these wheels need names that build.
        let prepare = |e: Error| BuildError::Prepare { what: words.to_owned(), reason: Box::new(e) };
        fetch::into_store(builder, wheels, &|| {}).map_err(prepare)
    }

    /// The build set with what was asked for, and the tools of those tools that are built themselves.
    pub fn build_set(&self) -> FrozenSet {
        let state = self.lock();
        let mut set = state.build.clone();
        let mut used = state.used.clone();
        loop {
            let is_used =
                |entry: &FrozenPackage| used.contains(&(entry.name.clone(), entry.requires.clone()));
            let entries = set.packages.iter().filter(|entry| is_used(entry));
            let built = entries
                .flat_map(|entry| set.wheels_of(entry))
                .filter(|w| w.path.is_some() || w.source.is_some());
            let names: BTreeSet<&String> = built.map(|wheel| &wheel.name).collect();
            let more: Vec<_> =
                set.packages.iter().filter(|e| names.contains(&e.name) && !is_used(e)).collect();
            if more.is_empty() {
                break;
            }
            let more: Vec<_> = more.into_iter().map(|e| (e.name.clone(), e.requires.clone())).collect();
            used.extend(more);
        }
        set.packages.retain(|entry| used.contains(&(entry.name.clone(), entry.requires.clone())));
        set.tidy();
        if set.packages.is_empty() { FrozenSet::default() } else { set }
    }

    /// The check set, as far as it is about a lock. What a package was checked with stays until a unit that is there is
    /// checked: its versions are preferred then.
    pub fn check_set(&self, lock: &Lock) -> FrozenSet {
        let mut set = self.lock().check.clone();
        set.packages.retain(|entry| lock.wheels.iter().any(|wheel| wheel.name == entry.name));
        let is_there = |entry: &FrozenPackage| {
            lock.units.iter().any(|unit| entry.unit.as_deref() == Some(unit.id.as_str()))
        };
        let there: BTreeSet<String> =
            set.packages.iter().filter(|entry| is_there(entry)).map(|entry| entry.name.clone()).collect();
        set.packages.retain(|entry| is_there(entry) || !there.contains(&entry.name));
        set.tidy();
        set
    }
}

/// Versions by name, of those wheels that count.
fn versions(wheels: &[Wheel], counts: impl Fn(&Wheel) -> bool) -> BTreeMap<String, String> {
    let wheels = wheels.iter().filter(|wheel| wheel.path.is_none() && counts(wheel));
    wheels.map(|wheel| (wheel.name.clone(), wheel.version.clone())).collect()
}

fn put(set: &mut FrozenSet, asked: &Asked, wheels: &[Wheel], dynamic: &[String]) {
    let same = |entry: &FrozenPackage| {
        (&entry.name, &entry.requires, &entry.unit) == (&asked.name, &asked.requires, &asked.unit)
    };
    set.packages.retain(|entry| !same(entry));
    set.wheels.extend(wheels.iter().cloned());
    set.packages.push(FrozenPackage {
        name: asked.name.clone(),
        unit: asked.unit.clone(),
        requires: asked.requires.clone(),
        dynamic: dynamic.to_vec(),
        wheels: wheels.iter().map(|wheel| wheel.sha256.clone()).collect(),
    });
}
