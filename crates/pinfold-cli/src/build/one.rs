//! One build: from a source to a normalised wheel in the store, or to the wheel that is there already.
//!
//! Deliberately not here: the order of several ([`super::schedule`]).

use std::path::{Path, PathBuf};

use pinfold_core::names::normalize;
use walkdir::WalkDir;
use wheelsplit::steps::{Built, Key, Place, Step};
use wheelsplit::{Expected, Installed, WheelName, install_alone};

use super::backend::Backend;
use super::engine::Engine;
use super::error::BuildError;
use super::explain::Known;
use super::inputs::{self, Inputs, Read};
use super::source::Hashes;
use super::system::BuildSystem;
use super::tools::{Asked, Frozen};
use super::watch::Watch;
use super::workplace::Workplace;
use super::{sdist, source};
use crate::environment::plain;
use crate::terminal;
use crate::uv::tags::Tags;

/// What is to be built.
pub(super) struct Subject {
    /// The package's name, normalised.
    pub(super) name: String,
    /// The package and where it comes from, in words.
    pub(super) words: String,
    /// Its files.
    pub(super) source: PathBuf,
    /// Their hashes, or that of the source distribution that they were in.
    pub(super) hashes: Hashes,
    /// Files and folders of a folder that are its tests.
    pub(super) tests: Vec<PathBuf>,
    /// Version and hash, if they were in one.
    pub(super) sdist: Option<(String, String)>,
}

impl Subject {
    /// What reports call it: an index may have several versions of a name.
    fn label(&self) -> String {
        match &self.sdist {
            Some((version, _)) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }

    fn wrong(&self, how: String) -> BuildError {
        BuildError::Backend { what: self.words.clone(), how, last: Vec::new(), hints: Vec::new(), late: None }
    }
}

/// What a backend that was asked to build did.
enum Made {
    /// A wheel, kept under the key.
    Wheel(Built, Key),
    /// Nothing: another process built it meanwhile.
    Found(Built, Key),
    /// It required something in addition, which is not in its environment, or no more what is there.
    Asked(Vec<String>),
}

/// Builds `subject`, unless that was done before with the same inputs; `task` is what waits meanwhile.
pub(super) fn build(engine: &Engine<'_>, task: &str, subject: &Subject) -> Result<Built, BuildError> {
    /// A backend that asks for something else each time is wrong.
    const ROUNDS: usize = 4;
    let system = BuildSystem::read(&subject.source).map_err(|e| subject.wrong(e.to_string()))?;
    let label = subject.label();
    let builder = engine.for_build(task);
    let mut asked = Asked::of_build(engine, &subject.name, &subject.words, &system.requires);
    let mut rounds: Vec<Vec<String>> = Vec::new();
    for _ in 0..ROUNDS {
        let frozen = engine.tools.for_build(&builder, &asked)?;
        let inputs = Inputs::of(engine, subject, &system, &frozen);
        let place = Place { project: engine.project, package: &label, step: Step::Build };
        let forced = engine.forced(&subject.name);
        let known = |key| Known { engine, place, key, forced };
        if let Some((built, key)) = there(engine, subject, &inputs)? {
            engine.note(known(&key).report(false, None));
            return Ok(built);
        }
        let made = attempt(engine, task, subject, &system, &frozen, &inputs).inspect_err(|error| {
            if matches!(error, BuildError::Backend { .. }) {
                let told = engine.store.last(&place).and_then(|last| last.told);
                let key = inputs.nearest(told.as_ref());
                engine.note(Known { engine, place, key: &key, forced }.failed(error));
            }
        });
        match made? {
            Made::Wheel(built, key) => {
                engine.note(known(&key).report(true, None));
                return Ok(built);
            }
            Made::Found(built, key) => {
                engine.note(known(&key).meanwhile());
                return Ok(built);
            }
            Made::Asked(more) => {
                // Some ask only for what is not there: what they asked for before stays.
                let mut all: Vec<String> = rounds.iter().flatten().chain(&more).cloned().collect();
                all.sort();
                all.dedup();
                asked.dynamic = Some(all);
                rounds.push(more);
            }
        }
    }
    let said: Vec<String> = rounds.iter().map(|round| round.join(", ")).collect();
    let backend = &system.build_backend;
    Err(BuildError::Backend {
        what: subject.words.clone(),
        how: format!(
            "its build backend `{backend}` requires something else each time it is asked: {}",
            said.join("; then ")
        ),
        last: Vec::new(),
        hints: vec![format!(
            "name what it needs in `requires` of [builds.{}], so that it has nothing to ask for",
            subject.name
        )],
        late: None,
    })
}

/// What was built before with the same inputs, unless it is to be built in any case.
fn there(
    engine: &Engine<'_>,
    subject: &Subject,
    inputs: &Inputs<'_>,
) -> Result<Option<(Built, Key)>, BuildError> {
    if engine.forced(&subject.name) {
        return Ok(None);
    }
    for read in Read::ALL {
        let key = inputs.key(read);
        if let Some(built) = engine.store.built(&key.digest)? {
            return Ok(Some((built, key)));
        }
    }
    Ok(None)
}

fn attempt(
    engine: &Engine<'_>,
    task: &str,
    subject: &Subject,
    system: &BuildSystem,
    frozen: &Frozen,
    inputs: &Inputs<'_>,
) -> Result<Made, BuildError> {
    let tools = engine.tools.install(&engine.for_build(task), &subject.words, &frozen.wheels)?;
    let _running = engine.schedule.place();
    let line = engine.lines.begin(&subject.name, &format!("Building {}", subject.label()));
    let place = Workplace::take(&subject.name, engine.options.keep)?;
    // Another process may have built it while this one waited for the folder.
    if let Some((built, key)) = there(engine, subject, inputs)? {
        return Ok(Made::Found(built, key));
    }
    match subject.sdist {
        Some(_) => sdist::copy(&subject.source, &place.source())?,
        None => {
            source::copy(&subject.source, &place.source())?;
            unchanged(subject, "while it was copied; somebody is at work there")?;
        }
    }
    let watch = Watch::on(&place, &subject.tests, inputs.look_at_repository())?;
    let environment = place.environment();
    let roots = tools.iter().map(|wheel| plain::root(wheel.clone())).collect::<Vec<_>>();
    plain::make(engine.interpreter, &roots, &environment)
        .map_err(|e| prepare(subject, crate::error::Error::from(e)))?;
    let before = prints(&tools);
    let backend = Backend {
        engine,
        subject,
        system,
        place: &place,
        line: &line,
        variables: inputs::variables(engine, &subject.name),
        settings: engine.settings.config_settings(&subject.name),
    };
    let requires = backend.requires()?;
    // Some ask only for what is not there, as meson-python does for ninja: it is there now.
    if !requires.iter().all(|one| frozen.dynamic.contains(one)) {
        return Ok(Made::Asked(requires));
    }
    let wheel = backend.wheel()?;
    let read = watch.read();
    if subject.sdist.is_none() {
        unchanged(
            subject,
            "while it was built: its build backend writes into the source, or somebody is at work there",
        )?;
    }
    if let Some(tool) = prints(&tools).iter().zip(&before).zip(&tools).find(|((now, then), _)| now != then) {
        let how = format!("changed {} in the store, {}", tool.1.facts.name, tool.1.dir.display());
        return Err(backend.wrong(how));
    }
    right(engine, subject, &wheel).map_err(|how| backend.wrong(how))?;
    whole(&place, subject, &wheel).map_err(|how| backend.wrong(how))?;
    let sdist = subject.sdist.as_ref().map(|(_, sha256)| sha256.clone());
    let anew = engine.forced(&subject.name);
    if read == Read::Repository && !inputs.is_same_repository() {
        let how = "asked git, and the repository changed while it was built: build it again".to_owned();
        return Err(backend.wrong(how));
    }
    let key = inputs.key(read);
    for other in Read::ALL.into_iter().filter(|_| anew).map(|read| inputs.key(read)) {
        // It may read something else now: the result that it had then must not be found first.
        engine.store.forget_built(&other.digest, &key.digest)?;
    }
    line.done(&format!("Built {}", subject.label()));
    let built = engine.store.keep_built(&key.digest, &wheel, sdist, frozen.dynamic.clone(), anew)?;
    if place.is_kept() {
        terminal::note(&format!(
            "Kept {} (`sh {}` builds it by hand)",
            place.path().display(),
            place.script().display()
        ));
    }
    Ok(Made::Wheel(built, key))
}

fn prepare(subject: &Subject, source: crate::error::Error) -> BuildError {
    BuildError::Prepare { what: subject.words.clone(), reason: Box::new(source) }
}

/// Refuses a source that is not any more what its key says.
fn unchanged(subject: &Subject, when: &str) -> Result<(), BuildError> {
    if source::hashes(&subject.source, &subject.tests)? == subject.hashes {
        return Ok(());
    }
    let how = format!("{} changed {when}", subject.source.display());
    Err(BuildError::Backend {
        what: subject.words.clone(),
        how,
        last: Vec::new(),
        hints: vec![
            "look at the folder (`git status`), and build again when it is as it should be".to_owned(),
        ],
        late: None,
    })
}

/// Refuses a wheel of another package, or for another interpreter; says how it is wrong.
fn right(engine: &Engine<'_>, subject: &Subject, wheel: &Path) -> Result<(), String> {
    let file = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = WheelName::parse(&file).map_err(|e| format!("made {file}, and {e}"))?;
    if normalize(&name.name) != subject.name {
        return Err(format!(
            "made {file}, which is a wheel of {}, not of {}",
            normalize(&name.name),
            subject.name
        ));
    }
    if let Some((version, _)) = &subject.sdist
        && !name.is_of(&subject.name, version)
    {
        return Err(format!("made {file}, which is version {}, not {version}", name.version));
    }
    if Tags::of_interpreter(engine.interpreter).rank(&name).is_none() {
        let python = engine.interpreter;
        return Err(format!("made {file}, which is not for Python {} on {}", python.minor, python.platform));
    }
    Ok(())
}

/// Refuses a wheel that no store would take, before it is kept as the result of the build; says what is wrong with it.
/// It is installed once for that: its metadata, its entries and its RECORD are looked at as they will be.
fn whole(place: &Workplace, subject: &Subject, wheel: &Path) -> Result<(), String> {
    let file = wheel.file_name().unwrap_or_default().to_string_lossy();
    let name = WheelName::parse(&file).map_err(|e| e.to_string())?;
    let expected = Expected { name: subject.name.clone(), version: name.version.clone(), sha256: None };
    install_alone(wheel, &expected, &place.path().join("installed")).map(drop).map_err(|e| match e {
        wheelsplit::Error::Wheel { defect, .. } => format!("made {file}, which is no proper wheel: {defect}"),
        other => format!("made {file}, which cannot be installed: {other}"),
    })
}

/// What would show that somebody wrote into a wheel of the store: sizes, times and places of its files.
fn prints(wheels: &[Installed]) -> Vec<u64> {
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::os::unix::fs::MetadataExt;
    let print = |wheel: &Installed| {
        let mut hasher = DefaultHasher::new();
        for entry in WalkDir::new(&wheel.dir).sort_by_file_name().into_iter().flatten() {
            entry.path().hash(&mut hasher);
            if let Ok(metadata) = entry.metadata() {
                (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()).hash(&mut hasher);
            }
        }
        hasher.finish()
    };
    wheels.iter().map(print).collect()
}
