//! A project with all that is needed to lock it: manifest, lock, interpreter, uv and its settings.
//!
//! Deliberately not here: what commands say about it.

use std::path::PathBuf;

use anyhow::anyhow;
use pep508_rs::MarkerEnvironment;
use pinfold_core::lock::{self, Lock, Wheel};
use pinfold_core::manifest::Manifest;
use wheelsplit::Store;

use super::closures::Resolver;
use super::preferences::{Preferences, Upgrade};
use super::wanted::Wanted;
use super::{LockingError, assemble};
use crate::context::Context;
use crate::error::Error;
use crate::interpreter::{self, Interpreter};
use crate::manifests;
use crate::uv::Uv;
use crate::uv::build::Builder;
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
    markers: MarkerEnvironment,
    wanted: Wanted,
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
        let uv = Uv::find(context.offline)?;
        let minor = previous.as_ref().map(|lock| lock.python.as_str());
        let interpreter = interpreter::choose(
            context,
            store.root(),
            manifest.python.as_deref(),
            minor,
            Some(uv.program()),
        )?;
        let markers = serde_json::to_value(&interpreter.markers).and_then(serde_json::from_value);
        let markers: MarkerEnvironment = markers.map_err(|e| {
            anyhow!("could not read the markers of {}: {e}", interpreter.executable.display())
        })?;
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
            markers,
            wanted,
        })
    }

    fn builder(&self) -> Builder<'_> {
        Builder {
            uv: &self.uv,
            interpreter: &self.interpreter,
            settings: &self.settings,
            project: &self.project,
        }
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
    pub fn resolve(&self, upgrade: &Upgrade) -> Result<Lock, LockingError> {
        let tags = Tags::of_interpreter(&self.interpreter);
        let locals = self.wanted.locals(&self.builder(), &tags)?;
        let (python, platform) = (&self.interpreter.minor, &self.interpreter.platform);
        // Versions of another Python are no worse a start than any, but wheels of another platform say nothing.
        let previous =
            self.previous.as_ref().filter(|lock| lock.platform == *platform && lock.python == *python);
        let resolver = Resolver {
            manifest: &self.manifest,
            wanted: &self.wanted,
            locals: &locals,
            builder: self.builder(),
            tags: &tags,
            markers: &self.markers,
            store: &self.store,
            environment: &environment(&self.interpreter),
            preferences: Preferences { previous, upgrade },
        };
        let closures = resolver.all()?;
        let digest = self.wanted.digest(&self.manifest, &self.project)?;
        Ok(assemble::lock(&self.manifest, digest, &self.interpreter, &closures))
    }

    /// Writes the lock; whoever reads it meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, lock: &Lock) -> Result<(), Error> {
        let text = lock.to_toml().map_err(anyhow::Error::from)?;
        manifests::replace(&self.lock_path, &text)?;
        Ok(())
    }
}

/// The marker of the one platform that a lock is for.
fn environment(interpreter: &Interpreter) -> String {
    let keys = [
        "implementation_name",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "sys_platform",
    ];
    let values = keys.iter().filter_map(|key| Some(format!("{key} == '{}'", interpreter.markers.get(*key)?)));
    values.collect::<Vec<_>>().join(" and ")
}
