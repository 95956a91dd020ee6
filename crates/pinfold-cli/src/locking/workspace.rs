//! A project with all that is needed to lock it: manifest, lock, interpreter, uv and its settings.
//!
//! Deliberately not here: what commands say about it.

use std::path::PathBuf;

use pinfold_core::lock::{self, Hold, Lock, Wheel};
use pinfold_core::manifest::{MAIN, Manifest};
use wheelsplit::Store;

use super::closures::Resolver;
use super::preferences::{Preferences, Upgrade};
use super::wanted::Wanted;
use super::{LockingError, assemble};
use crate::build::engine::Basis;
use crate::build::limits::Limits;
use crate::build::{Engine, Options};
use crate::context::Context;
use crate::error::Error;
use crate::interpreter::{self, Interpreter};
use crate::manifests;
use crate::terminal;
use crate::tracks::candidate::{is_over, moved, name_of};
use crate::tracks::heirs::{heirs, joined};
use crate::uv::Uv;
use crate::uv::project::Question;
use crate::uv::releases::Releases;
use crate::uv::settings::Settings;
use crate::uv::tags::Tags;

/// A project with all that is needed to lock it.
pub struct Workspace {
    /// The manifest.
    pub manifest: Manifest,
    /// The lock that is there.
    pub previous: Option<Lock>,
    /// The interpreter.
    pub interpreter: Interpreter,
    path: PathBuf,
    lock_path: PathBuf,
    project: PathBuf,
    uv: Uv,
    store: Store,
    settings: Settings,
    wanted: Wanted,
    options: Options,
}

impl Workspace {
    /// Opens the project of `context`.
    ///
    /// # Errors
    /// When the manifest is missing or wrong, the lock is damaged, or there is no fitting interpreter or uv.
    pub fn open(context: &Context, store: &Store) -> Result<Self, Error> {
        Self::of(context, store, manifests::read(&context.manifest)?)
    }

    /// The project of `context` as it would be with another manifest.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn of(context: &Context, store: &Store, manifest: Manifest) -> Result<Self, Error> {
        let lock_path = context.project.join(lock::FILE);
        let previous = Lock::read(&lock_path)?;
        let uv = Uv::find(context.offline)?.within(Limits::new(&manifest, context.timeout));
        let minor = previous.as_ref().map(|lock| lock.python.as_str());
        let interpreter = interpreter::choose(
            context,
            store.root(),
            manifest.python.as_deref(),
            minor,
            Some(uv.program()),
        )?;
        let markers = interpreter.marker_environment()?;
        let settings = Settings::gather(&manifest, &context.manifest)?;
        let wanted = Wanted::read(&manifest, &markers)?;
        let (path, project) = (context.manifest.clone(), context.project.clone());
        Ok(Workspace {
            manifest,
            previous,
            interpreter,
            path,
            lock_path,
            project,
            uv,
            store: store.clone(),
            settings,
            wanted,
            options: Options::of(context),
        })
    }

    /// The engine that builds what the project takes from source; `anew` to resolve the build set again.
    ///
    /// # Errors
    /// When the manifest's requirements for builds cannot be read.
    pub fn engine(&self, options: Options, anew: bool) -> Result<Engine<'_>, Error> {
        let basis = Basis {
            uv: &self.uv,
            interpreter: &self.interpreter,
            settings: &self.settings,
            project: &self.project,
            manifest: &self.manifest,
            store: &self.store,
        };
        Engine::new(basis, self.kept(), options, anew)
    }

    /// From now on, nothing that was uploaded later than `moment` is there.
    pub fn limit(&mut self, moment: &str) {
        self.settings.limit(moment);
    }

    /// Asks which releases there are of packages alone; `environment` is the marker of the one platform.
    pub fn releases<'a>(&'a self, environment: &'a str) -> Releases<'a> {
        let (python, version) = (&self.interpreter.executable, &self.interpreter.version);
        Releases::new(&self.uv, &self.settings, Question::new(python, version, environment))
    }

    /// How builds are done where the command says nothing else.
    pub fn options(&self) -> Options {
        self.options.clone()
    }

    /// A path of the manifest, absolute.
    pub fn folder(&self, path: &str) -> PathBuf {
        super::local::clean(&self.project.join(path))
    }

    /// The requirements of the manifest.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The lock that was, if it is for this Python and platform.
    fn kept(&self) -> Option<&Lock> {
        // Versions of another Python are no worse a start than any, but wheels of another platform say nothing.
        let (python, platform) = (&self.interpreter.minor, &self.interpreter.platform);
        self.previous.as_ref().filter(|lock| lock.platform == *platform && lock.python == *python)
    }

    /// Why the lock that is there does not fit, in words; `None` when it fits.
    ///
    /// # Errors
    /// When a local folder cannot be read.
    pub fn stale(&self) -> Result<Option<String>, LockingError> {
        let Some(lock) = &self.previous else { return Ok(Some("there is no pinfold.lock yet".to_owned())) };
        let (python, platform) = (&self.interpreter.minor, &self.interpreter.platform);
        if lock.python != *python || lock.platform != *platform {
            let was = format!("Python {} on {}", lock.python, lock.platform);
            return Ok(Some(format!("pinfold.lock is for {was}, not for Python {python} on {platform}")));
        }
        // An index may be added, or be at another address: the wheels are the same. One that is gone has no wheels.
        let gone = |wheel: &&Wheel| wheel.index.as_ref().is_some_and(|name| !self.settings.has_index(name));
        if let Some(wheel) = lock.wheels.iter().find(gone) {
            let index = wheel.index.as_deref().unwrap_or_default();
            return Ok(Some(format!(
                "pinfold.lock takes {} from the index `{index}`, which is not configured any more",
                wheel.name
            )));
        }
        // One that an older Pinfold wrote: whoever has no such wheel yet could not build it.
        if let Some(wheel) =
            lock.wheels.iter().find(|w| w.is_built() && lock.build_set.package(&w.name).is_none())
        {
            return Ok(Some(format!("pinfold.lock does not say what {} is built with", wheel.name)));
        }
        let digest = self.wanted.digest(&self.manifest, &self.project)?;
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let changed =
            || format!("{file}, or a local package it names, changed since pinfold.lock was written");
        Ok((digest != lock.manifest).then(changed))
    }

    /// Resolves everything.
    ///
    /// # Errors
    /// See [`LockingError`].
    pub fn resolve(&self, upgrade: &Upgrade) -> Result<Lock, Error> {
        let engine = self.engine(self.options(), false)?;
        Ok(self.resolve_with(&engine, upgrade)?)
    }

    /// Resolves everything, with an engine that may have built some of it already.
    ///
    /// # Errors
    /// See [`LockingError`].
    pub fn resolve_with(&self, engine: &Engine<'_>, upgrade: &Upgrade) -> Result<Lock, LockingError> {
        let tags = Tags::of_interpreter(&self.interpreter);
        let locals = self.wanted.locals(&engine.builder(), &tags)?;
        let resolver = Resolver {
            manifest: &self.manifest,
            wanted: &self.wanted,
            locals: &locals,
            builder: engine.builder(),
            tags: &tags,
            markers: &engine.markers,
            store: &self.store,
            environment: &engine.environment,
            preferences: Preferences { previous: self.kept(), upgrade, manifest: &self.manifest },
        };
        let closures = resolver.all()?;
        let digest = self.wanted.digest(&self.manifest, &self.project)?;
        let mut lock = assemble::lock(&self.manifest, digest, &self.interpreter, &closures);
        // Which tracks stay behind is decided by `pinfold update` alone; one that is gone stays nowhere.
        let there = |hold: &Hold| hold.track == MAIN || self.manifest.tracks.contains_key(&hold.track);
        // Nor does one that was about what has moved: somebody moved it without its gate, which [`Self::write`] says.
        let left = |hold: &Hold| !is_over(hold, &lock);
        let earlier = self.kept().into_iter().flat_map(|lock| &lock.holds);
        let holds = earlier.flat_map(|hold| heirs(hold, &lock)).filter(|hold| there(hold) && left(hold));
        lock.holds = joined(holds);
        lock.build_set = engine.tools.build_set();
        lock.check_set = engine.tools.check_set(&lock);
        Ok(lock)
    }

    /// Writes the lock; whoever reads it meanwhile sees the old one or the new one. Says where it goes past a hold.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, lock: &Lock) -> Result<(), Error> {
        let text = lock.to_toml().map_err(anyhow::Error::from)?;
        manifests::replace(&self.lock_path, &text)?;
        for passed in self.previous.iter().flat_map(|before| past(before, lock)) {
            terminal::warn(&passed);
        }
        Ok(())
    }
}

/// Holds that `lock` goes past, in sentences: what they are about moves without the gate that failed.
fn past(before: &Lock, lock: &Lock) -> Vec<String> {
    // What is required no more has not moved.
    let is_there =
        |line: &str| line.ends_with("(gone)") || lock.wheels.iter().any(|wheel| wheel.name == name_of(line));
    let sentence = |hold: &Hold, heir: Hold| {
        let by_now: Vec<&str> = moved(&heir, lock).into_iter().filter(|line| is_there(line)).collect();
        let by_then = moved(hold, before);
        if by_now.iter().all(|line| by_then.contains(line)) {
            return None;
        }
        let over = match is_over(&heir, lock) {
            true => "it is held no longer",
            false => "the rest of it stays held",
        };
        let since: String = hold.since.chars().take(10).collect();
        Some(format!(
            "track `{}` moves past its hold of {since} without its gate: {} was held because {}; {over}\n\
             hint: `pinfold update {}` tries a track before it moves; lock and sync do not",
            hold.track,
            by_now.join(", "),
            hold.reason,
            heir.track
        ))
    };
    let of_hold = |hold| heirs(hold, lock).into_iter().filter_map(move |heir| sentence(hold, heir));
    before.holds.iter().flat_map(of_hold).collect()
}
