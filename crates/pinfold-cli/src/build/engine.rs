//! The engine with all that it needs, and the two questions it answers: the wheel of this folder, and the wheel of
//! this source distribution.
//!
//! Each is built at most once in a process, and by several threads at once where they ask for several. Deliberately not
//! here: the build itself ([`super::one`]).

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use pep508_rs::MarkerEnvironment;
use pinfold_core::lock::{Lock, Wheel, is_sdist};
use pinfold_core::manifest::Manifest;
use wheelsplit::Store;
use wheelsplit::steps::Built;

use super::check::tests;
use super::error::{BuildError, io_error};
use super::explain::{self, Report};
use super::limits::Limits;
use super::one::Subject;
use super::progress::Lines;
use super::schedule::Schedule;
use super::source::Hashes;
use super::system::BuildSystem;
use super::tools::{Asked, Tools};
use super::{sdist, source};
use crate::context::Context;
use crate::error::Error;
use crate::interpreter::Interpreter;
use crate::uv::Uv;
use crate::uv::fetch::sha256;
use crate::uv::settings::Settings;

/// How builds are done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The command that builds, as it is typed.
    pub command: String,
    /// How many at once; 0 for as many as there are processors.
    pub jobs: usize,
    /// Whether output is shown as it comes; otherwise a line each, where a person is watching.
    pub live: bool,
    /// Whether the output of one that runs alone is shown as well.
    pub alone: bool,
    /// Keep the folder of a build.
    pub keep: bool,
    /// Build again what was built before: these names, all if it is empty.
    pub force: Option<BTreeSet<String>>,
    /// End a step that takes longer; what the manifest says, or the default, where it is not given.
    pub timeout: Option<Duration>,
    /// Why nothing may be frozen that is not yet: the flag, in words.
    pub frozen: Option<&'static str>,
    /// Only versions are asked for: nothing of an index is built, and a source stands for its wheel.
    pub versions_only: bool,
}

/// Everything that builds need.
pub struct Engine<'a> {
    /// uv.
    pub uv: &'a Uv,
    /// The interpreter to build for.
    pub interpreter: &'a Interpreter,
    /// Its marker environment.
    pub markers: MarkerEnvironment,
    /// The marker of its platform.
    pub environment: String,
    /// Where packages come from.
    pub settings: &'a Settings,
    /// The project's folder.
    pub project: &'a Path,
    /// What the manifest says about builds and checks.
    pub manifest: &'a Manifest,
    /// Where results are kept.
    pub store: &'a Store,
    /// How builds are done.
    pub options: Options,
    /// What packages are built and checked with.
    pub tools: Tools,
    /// What was done, for reports.
    reports: Mutex<Vec<Report>>,
    /// What a person sees of it.
    pub lines: Lines,
    pub(super) schedule: Schedule,
}

/// The engine, as one of its own builds asks it, or somebody else.
#[derive(Clone, Copy)]
pub struct Builder<'a> {
    engine: &'a Engine<'a>,
    /// The build that asks: it waits for what it asks for.
    asker: Option<&'a str>,
}

impl<'a> Deref for Builder<'a> {
    type Target = Engine<'a>;

    fn deref(&self) -> &Engine<'a> {
        self.engine
    }
}

/// What an engine stands on.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// uv.
    pub uv: &'a Uv,
    /// The interpreter to build for.
    pub interpreter: &'a Interpreter,
    /// Where packages come from.
    pub settings: &'a Settings,
    /// The project's folder.
    pub project: &'a Path,
    /// What the manifest says about builds and checks.
    pub manifest: &'a Manifest,
    /// Where results are kept.
    pub store: &'a Store,
}

impl Options {
    /// What the common flags say.
    pub fn of(context: &Context) -> Self {
        let frozen = match (context.frozen, context.locked) {
            (true, _) => Some("`--frozen` keeps it from being written"),
            (_, true) => Some("`--locked` keeps it from being written"),
            _ => None,
        };
        let (command, live) = (context.command.clone(), context.verbose > 0);
        Options { command, live, timeout: context.timeout, frozen, ..Options::default() }
    }
}

impl<'a> Engine<'a> {
    /// An engine that goes by what the lock that was has frozen; `anew` to resolve the build set again.
    ///
    /// # Errors
    /// When the manifest's requirements cannot be read.
    pub fn new(
        basis: Basis<'a>,
        previous: Option<&Lock>,
        options: Options,
        anew: bool,
    ) -> Result<Self, Error> {
        let Basis { uv, interpreter, settings, project, manifest, store } = basis;
        let schedule = Schedule::new(options.jobs);
        Ok(Engine {
            uv,
            interpreter,
            markers: interpreter.marker_environment()?,
            environment: interpreter.platform_marker(),
            settings,
            project,
            manifest,
            store,
            tools: Tools::new(manifest, previous, anew)?,
            reports: Mutex::default(),
            lines: Lines::new(options.live, schedule.jobs() > 1).alone(options.alone),
            schedule,
            options,
        })
    }

    /// The engine as somebody asks it who builds nothing himself.
    pub fn builder(&'a self) -> Builder<'a> {
        Builder { engine: self, asker: None }
    }

    pub(super) fn for_build(&'a self, asker: &'a str) -> Builder<'a> {
        Builder { engine: self, asker: Some(asker) }
    }

    /// How long a step of the package's build may take.
    pub(super) fn limit(&self, name: &str) -> Duration {
        Limits::new(self.manifest, self.options.timeout).of(Some(name))
    }

    /// Whether the package is to be built although it was built before.
    pub(super) fn forced(&self, name: &str) -> bool {
        self.options.force.as_ref().is_some_and(|names| names.is_empty() || names.contains(name))
    }

    /// Notes that a wheel that was built is in the store, and whether it was put there now.
    pub fn installed(&self, wheel: &Wheel, now: bool) {
        self.note(explain::install(self, wheel, now));
    }

    /// What was noted.
    pub fn noted(&self) -> Vec<Report> {
        self.reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Notes what a step did, for the report; a package is asked for many times, and reported once.
    pub fn note(&self, report: Report) {
        let mut reports = self.reports.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match reports.iter_mut().find(|r| r.is_of(&report)) {
            Some(there) if report.ran || !there.ran => *there = report,
            Some(_) => {}
            None => reports.push(report),
        }
    }
}

/// Whether a source distribution is at the path.
pub fn is_archive(path: &Path) -> bool {
    path.to_str().is_some_and(is_sdist) && path.is_file()
}

impl<'a> Builder<'a> {
    /// Says which folders will be built, so that their tools are chosen together.
    pub fn prepare<'n>(&self, folders: impl Iterator<Item = (&'n str, &'n str)>) {
        let asked = folders.filter_map(|(name, path)| {
            let source = self.project.join(path);
            // What is wrong with one is said when it is built.
            let system = source::is_buildable(&source).then(|| BuildSystem::read(&source).ok())??;
            Some(Asked::of_build(self.engine, name, name, &system.requires))
        });
        self.tools.prepare(self, &asked.collect::<Vec<_>>());
    }

    /// The wheel of the package `name` in the folder `source`, built if it is not there yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn folder(&self, name: &str, source: &Path) -> Result<PathBuf, BuildError> {
        Ok(self.folder_built(name, source)?.wheel)
    }

    /// The wheel of what is at a path of this machine: a folder, or a source distribution.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn local(&self, name: &str, path: &Path) -> Result<PathBuf, BuildError> {
        match is_archive(path) {
            true => {
                let (_, version, sha256) = self.archive(name, path)?;
                self.distribution(name, &version, &sha256)
            }
            false => self.folder(name, path),
        }
    }

    /// The source that is at a path of this machine, as files.
    ///
    /// # Errors
    /// When a source distribution cannot be unpacked.
    pub fn local_source(&self, name: &str, path: &Path) -> Result<PathBuf, BuildError> {
        if is_archive(path) { Ok(self.archive(name, path)?.0) } else { Ok(path.to_owned()) }
    }

    /// The files of a source distribution of this machine, its version and its hash.
    fn archive(&self, name: &str, path: &Path) -> Result<(PathBuf, String, String), BuildError> {
        let words = format!("{name} (from {})", path.display());
        let hash = sha256(path).map_err(|e| io_error("read", path)(e).of_build(&words))?;
        let unpacked = sdist::unpacked_file(self.engine, name, path, &hash);
        let (source, version) = unpacked.map_err(|e| e.of_build(&words))?;
        Ok((source, version, hash))
    }

    /// As [`Self::folder`], with what is known of the wheel.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn folder_built(&self, name: &str, source: &Path) -> Result<Built, BuildError> {
        if !source::is_buildable(source) {
            return Err(BuildError::NotASource(source.to_owned()).of_build(name));
        }
        let task = source.display().to_string();
        let engine = self.engine;
        engine.schedule.once(self.asker, &task, name, || {
            let words = format!("{name} (from {})", source.display());
            let given = engine.manifest.checks.get(name).cloned().unwrap_or_default();
            // `./tests` is what the walk calls `tests`.
            let plain =
                |path: String| Path::new(&path).components().filter(|c| *c != Component::CurDir).collect();
            let tests: Vec<PathBuf> = tests(&given, source).into_iter().map(plain).collect();
            let subject = Subject {
                name: name.to_owned(),
                words: words.clone(),
                source: source.to_owned(),
                hashes: source::hashes(source, &tests).map_err(|e| e.of_build(&words))?,
                tests,
                sdist: None,
            };
            super::one::build(engine, &task, &subject).map_err(|e| e.of_build(&words))
        })
    }

    /// The files of a source distribution on an index.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn unpacked(&self, name: &str, version: &str, sha256: &str) -> Result<PathBuf, BuildError> {
        sdist::unpacked(self.engine, name, version, sha256)
    }

    /// The wheel of a source distribution on an index, built if it is not there yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn distribution(&self, name: &str, version: &str, sha256: &str) -> Result<PathBuf, BuildError> {
        let engine = self.engine;
        let built = engine.schedule.once(self.asker, sha256, name, || {
            let words = format!("{name} {version} (from its source distribution)");
            let subject = Subject {
                name: name.to_owned(),
                words: words.clone(),
                source: sdist::unpacked(engine, name, version, sha256).map_err(|e| e.of_build(&words))?,
                hashes: Hashes { source: sha256.to_owned(), tests: None },
                tests: Vec::new(),
                sdist: Some((version.to_owned(), sha256.to_owned())),
            };
            super::one::build(engine, sha256, &subject).map_err(|e| e.of_build(&words))
        })?;
        Ok(built.wheel)
    }
}
