//! `pinfold build`: build, install and check what the manifest takes from source.
//!
//! Deliberately not here: the steps ([`crate::build`]); this orders them, keeps pinfold.lock in step, and says what
//! happened.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::anyhow;
use pinfold_core::lock::{Lock, Wheel};
use pinfold_core::names::normalize;
use serde_json::{Value, json};
use wheelsplit::Store;
use wheelsplit::steps::Step;

use crate::build::check::{self, Subject};
use crate::build::engine::is_archive;
use crate::build::explain::{self, Report};
use crate::build::workplace::by_hand;
use crate::build::{BuildError, Engine, Options};
use crate::context::{Context, OutputFormat};
use crate::error::{Error, Outcome};
use crate::failure::{self, hinted};
use crate::locking::{Upgrade, Workspace};
use crate::terminal::{self, Style, count, elapsed, styled};
use crate::uv::fetch;
use crate::{output, ready};

/// Build, install and check what the manifest takes from source: local folders, and source distributions
///
/// A step runs when one of its inputs changed; `pinfold lock`, `sync` and `run` build too, but check nothing.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Exit code 1 when a check fails, 2 when something cannot be built; docs/build.md explains the steps."
)]
pub struct BuildArgs {
    /// Only these packages [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Do not run checks
    #[arg(long)]
    no_check: bool,
    /// Say for each step what its key is, why it ran or not, and which input changed
    #[arg(long)]
    explain: bool,
    /// Build and check again, whatever changed
    #[arg(long)]
    force: bool,
    /// Keep the folders that builds and checks run in
    #[arg(long)]
    keep: bool,
    /// So many builds at once [default: as many as there are processors]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// A package that the manifest takes from source.
struct Source {
    name: String,
    kind: Kind,
}

enum Kind {
    /// A folder, or the file of a source distribution.
    Local(PathBuf),
    Distribution {
        version: String,
        sha256: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When something cannot be built, installed or be checked at all; everything else was done then.
pub fn run(args: &BuildArgs, context: &Context) -> Result<Outcome, Error> {
    let start = Instant::now();
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let workspace = Workspace::open(context, &store)?;
    let stale = workspace.stale()?;
    let settled = context.frozen || context.locked;
    if let (Some(reason), true) = (&stale, context.locked) {
        let what = anyhow!("pinfold.lock would have to change, which `--locked` forbids: {reason}");
        return Err(hinted(what, "run `pinfold lock`").into());
    }
    let names: BTreeSet<String> = args.names.iter().map(|name| normalize(name)).collect();
    let mut sources = sources(&workspace);
    if stale.is_none() || settled {
        known(&names, sources.iter().map(|source| source.name.as_str()))?;
    }
    let wanted = |name: &str| names.is_empty() || names.contains(name);
    sources.retain(|source| wanted(&source.name));
    let options = Options {
        jobs: args.jobs.map(usize::from).unwrap_or_default(),
        live: context.verbose > 0,
        alone: !context.quiet,
        keep: args.keep,
        force: args.force.then(|| names.clone()),
        ..workspace.options()
    };
    let engine = workspace.engine(options, false)?;
    let mut failures = build(&engine, &sources);
    let mut known_now = workspace.previous.clone();
    if failures.is_empty() {
        let lock = lock(&workspace, &engine, stale.is_some(), settled).inspect_err(|_| {
            // What resolving takes from source is built there: what came of that is told all the same.
            let _ = tell(&finished(&engine, &wanted), &[], args, context, engine.lines.were_live());
        })?;
        known_now = Some(lock.clone());
        // A new lock may take more from source than the last one.
        let mut all: Vec<Wheel> = lock.wheels.iter().filter(|wheel| wheel.is_built()).cloned().collect();
        known(&names, all.iter().map(|wheel| wheel.name.as_str()))?;
        all.retain(|wheel| wanted(&wheel.name));
        failures.extend(install(&engine, &all));
        if !args.no_check && failures.is_empty() {
            failures.extend(checks(&engine, &lock, &all));
            frozen(&workspace, &engine, &lock, settled)?;
        }
    } else if let Some(lock) = &workspace.previous {
        // The lock cannot be written anew without what failed; what it names as it is now is not kept from its steps.
        let mut there = unchanged(&engine, lock, &failures);
        there.retain(|wheel| sources.iter().any(|source| source.name == wheel.name));
        failures.extend(install(&engine, &there));
        if !args.no_check {
            failures.extend(checks(&engine, lock, &there));
        }
    }
    unknown_tables(&workspace, known_now.as_ref(), &sources);
    let reports = finished(&engine, &wanted);
    tell(&reports, &failures, args, context, engine.lines.were_live())?;
    if args.explain || context.format == OutputFormat::Json {
        explain::told(&engine, &reports);
    }
    if failures.is_empty() || reports.iter().any(|report| report.ran && report.error.is_none()) {
        summary(&reports, start);
    }
    let failed = reports.iter().any(|report| report.verdict.as_ref().is_some_and(|verdict| !verdict.passed));
    match failures.pop() {
        Some(last) => {
            failures.into_iter().for_each(|failure| failure::print(&Error::from(failure.error)));
            Err(last.error.into())
        }
        None if failed => Ok(Outcome::Findings),
        None => Ok(Outcome::Fine),
    }
}

/// What the manifest takes from source, as far as that is known before it is resolved again.
fn sources(workspace: &Workspace) -> Vec<Source> {
    let folders = workspace.wanted().folders().into_iter().filter_map(|(name, path)| {
        let folder = workspace.folder(&path);
        (folder.is_dir() || is_archive(&folder)).then_some(Source { name, kind: Kind::Local(folder) })
    });
    let locked = workspace.previous.iter().flat_map(|lock| &lock.wheels);
    let distributions = locked.filter_map(|wheel| {
        let (version, sha256) = (wheel.version.clone(), wheel.source.as_ref()?.sha256.clone());
        Some(Source { name: wheel.name.clone(), kind: Kind::Distribution { version, sha256 } })
    });
    folders.chain(distributions).collect()
}

/// Refuses names of what is not taken from source.
fn known<'n>(names: &BTreeSet<String>, sources: impl Iterator<Item = &'n str>) -> Result<(), Error> {
    let all: BTreeSet<&str> = sources.collect();
    let Some(name) = names.iter().find(|name| !all.contains(name.as_str())) else { return Ok(()) };
    let hint = match all.is_empty() {
        true => "nothing is: `name @ ./folder` in the manifest's requirements would be".to_owned(),
        false => format!("these are: {}", all.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Err(hinted(anyhow!("`{name}` is nothing that the manifest takes from source"), hint).into())
}

/// Says which tables of the manifest are about nothing: their names may be wrong.
fn unknown_tables(workspace: &Workspace, lock: Option<&Lock>, sources: &[Source]) {
    let manifest = &workspace.manifest;
    let locked = lock.into_iter().flat_map(|lock| lock.wheels.iter().chain(&lock.build_set.wheels));
    let mut known: BTreeSet<&str> = locked.map(|wheel| wheel.name.as_str()).collect();
    known.extend(sources.iter().map(|source| source.name.as_str()));
    let tables = manifest.builds.keys().map(|name| ("builds", name));
    for (table, name) in tables.chain(manifest.checks.keys().map(|name| ("checks", name))) {
        if !known.contains(name.as_str()) {
            terminal::warn(&format!("[{table}.{name}]: the project has no package `{name}`"));
        }
    }
}

/// A step that could not be done.
struct Failure {
    package: String,
    which: Option<String>,
    step: Step,
    error: BuildError,
}

impl Failure {
    fn of(wheel: &Wheel, step: Step, error: BuildError) -> Self {
        let which = (!wheel.is_folder()).then(|| wheel.version.clone());
        Failure { package: wheel.name.clone(), which, step, error }
    }

    /// Whether a report tells of it.
    fn is_told_by(&self, report: &Report) -> bool {
        report.error.is_some()
            && (&report.package, &report.which, report.key.step) == (&self.package, &self.which, self.step)
    }

    /// For programs. It has no key: nothing was kept under one.
    fn json(&self) -> Value {
        let ran = matches!(self.error, BuildError::Backend { .. });
        let error = self.error.to_string();
        let why = error.lines().next().unwrap_or_default();
        let mut value = json!({
            "package": self.package, "step": self.step.name(), "key": null, "ran": ran, "why": why, "changes": [],
            "error": error,
        });
        if let (Some(object), Some(which)) = (value.as_object_mut(), &self.which) {
            object.insert("which".to_owned(), json!(which));
        }
        value
    }
}

/// What the lock names as it is now: not what failed, or came to another wheel.
fn unchanged(engine: &Engine<'_>, lock: &Lock, failures: &[Failure]) -> Vec<Wheel> {
    let failed = |wheel: &Wheel| {
        failures
            .iter()
            .any(|f| f.package == wheel.name && f.which.as_ref().is_none_or(|w| *w == wheel.version))
    };
    let there = lock.wheels.iter().filter(|wheel| wheel.is_built() && !failed(wheel));
    there
        .filter(|wheel| ready::built(engine, wheel).is_ok_and(|found| found == wheel.sha256))
        .cloned()
        .collect()
}

/// Builds several at once; what could not be built is said for each.
fn build(engine: &Engine<'_>, sources: &[Source]) -> Vec<Failure> {
    let folders = sources.iter().filter_map(|source| match &source.kind {
        Kind::Local(path) => Some((source.name.as_str(), path.to_str()?)),
        Kind::Distribution { .. } => None,
    });
    engine.builder().prepare(folders);
    let one = |source: &Source| match &source.kind {
        Kind::Local(path) => engine.builder().local(&source.name, path),
        Kind::Distribution { version, sha256 } => {
            engine.builder().distribution(&source.name, version, sha256)
        }
    };
    let results = at_once(sources, &one).into_iter().zip(sources);
    let failed = results.filter_map(|(result, source)| {
        let which = match &source.kind {
            Kind::Local(_) => None,
            Kind::Distribution { version, .. } => Some(version.clone()),
        };
        Some(Failure { package: source.name.clone(), which, step: Step::Build, error: result.err()? })
    });
    // One that only waited for another that failed comes after it.
    let (late, first): (Vec<_>, Vec<_>) =
        failed.partition(|failure| matches!(failure.error, BuildError::Before { .. }));
    first.into_iter().chain(late).collect()
}

/// Each in a thread of its own: the engine has places for those that do work.
fn at_once<S: Sync, T: Send>(items: &[S], one: &(dyn Fn(&S) -> T + Sync)) -> Vec<T> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.iter().map(|item| scope.spawn(move || one(item))).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, T>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    })
}

/// The lock that fits what was built: the one that is there, if every wheel is the one that it names.
fn lock(workspace: &Workspace, engine: &Engine<'_>, stale: bool, settled: bool) -> Result<Lock, Error> {
    if let Some(lock) = workspace.previous.as_ref().filter(|_| !stale || settled) {
        let mut other = None;
        for wheel in lock.wheels.iter().filter(|wheel| wheel.is_built()) {
            let found = ready::built(engine, wheel)?;
            other = other.or((found != wheel.sha256).then_some((wheel, found)));
        }
        match other {
            None => return Ok(lock.clone()),
            Some((wheel, found)) if settled => {
                let what = anyhow!(
                    "the wheel of {} is {found} now, pinfold.lock names {}, and it must not change",
                    wheel.name,
                    wheel.sha256
                );
                return Err(
                    hinted(what, "`pinfold build` without `--locked` and `--frozen` writes it anew").into()
                );
            }
            Some(_) => {}
        }
    }
    let lock = workspace.resolve_with(engine, &Upgrade::Nothing)?;
    if Some(&lock) != workspace.previous.as_ref() {
        workspace.write(&lock)?;
        terminal::say("Locked", &count(lock.units.len(), "unit"));
    }
    Ok(lock)
}

/// Returns what could not be installed.
fn install(engine: &Engine<'_>, wheels: &[Wheel]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for wheel in wheels {
        let one = std::slice::from_ref(wheel);
        let put = engine.store.wheel(&wheel.sha256).map_err(BuildError::from).and_then(|there| {
            let reason = |reason| BuildError::Install { what: wheel.name.clone(), reason: Box::new(reason) };
            fetch::into_store(&engine.builder(), one, &|| {}).map_err(reason)?;
            Ok(there.is_some())
        });
        let there = match put {
            Ok(there) => there,
            Err(error) => {
                failures.push(Failure::of(wheel, Step::Install, error));
                continue;
            }
        };
        engine.installed(wheel, !there);
    }
    failures
}

/// Checks what was built; returns what could not be checked at all.
fn checks(engine: &Engine<'_>, lock: &Lock, wheels: &[Wheel]) -> Vec<Failure> {
    let subject = |wheel: &Wheel| -> Result<Subject, BuildError> {
        let by_default = wheel.is_folder();
        let source = match (&wheel.path, &wheel.source) {
            (None, Some(source)) => engine.builder().unpacked(&wheel.name, &wheel.version, &source.sha256)?,
            (path, _) => {
                let path = engine.project.join(path.as_deref().unwrap_or_default());
                engine.builder().local_source(&wheel.name, &path)?
            }
        };
        Ok(Subject { name: wheel.name.clone(), source, by_default })
    };
    let mut seen = BTreeSet::new();
    let wheels: Vec<&Wheel> = wheels.iter().filter(|wheel| seen.insert(wheel.name.clone())).collect();
    let one = |wheel: &&Wheel| -> Result<(), BuildError> {
        for report in check::check(engine, lock, &subject(wheel)?)? {
            engine.note(report);
        }
        Ok(())
    };
    let results = at_once(&wheels, &one).into_iter().zip(&wheels);
    results
        .filter_map(|(result, wheel)| {
            Some(Failure { which: None, ..Failure::of(wheel, Step::Check, result.err()?) })
        })
        .collect()
}

/// What checks are done with is frozen as well.
fn frozen(workspace: &Workspace, engine: &Engine<'_>, lock: &Lock, settled: bool) -> Result<(), Error> {
    let set = engine.tools.check_set(lock);
    if set != lock.check_set && !settled {
        workspace.write(&Lock { check_set: set, ..lock.clone() })?;
    }
    Ok(())
}

fn finished(engine: &Engine<'_>, wanted: &dyn Fn(&str) -> bool) -> Vec<Report> {
    let mut reports: Vec<Report> = engine.noted();
    reports.retain(|report| wanted(&report.package));
    explain::sort(&mut reports);
    reports
}

/// As JSON, `build.schema.json` beside this file; what failed, for people.
fn tell(
    reports: &[Report],
    failures: &[Failure],
    args: &BuildArgs,
    context: &Context,
    live: bool,
) -> Result<(), Error> {
    if context.format == OutputFormat::Json {
        let begun = |failure: &&Failure| !reports.iter().any(|report| failure.is_told_by(report));
        let failures = failures.iter().filter(begun).map(Failure::json);
        let steps: Vec<_> = reports.iter().map(Report::json).chain(failures).collect();
        let text = serde_json::to_string_pretty(&json!({ "version": 1, "steps": steps }))
            .map_err(anyhow::Error::from)?;
        output::data(&format!("{text}\n"))?;
    } else if args.explain {
        output::data(&reports.iter().map(Report::text).collect::<String>())?;
    }
    for report in reports {
        if let Some(verdict) = report.verdict.as_ref().filter(|verdict| !verdict.passed) {
            let colour = terminal::colour_on_stderr();
            let head = styled("failed", Style::Error, colour);
            let mut text = format!("{head}: the check of {} {}", report.label(), verdict.ended);
            // What ran under somebody's eyes is not said twice.
            let last = verdict.last.iter().filter(|_| !live);
            last.for_each(|line| text.push_str(&format!("\n  {line}")));
            let log = context.project.join(".pinfold/logs").join(format!("{}-check.log", report.package));
            if log.is_file() {
                text.push_str(&format!(
                    "\n{}: all that it said is in {}",
                    styled("hint", Style::Hint, colour),
                    log.display()
                ));
            }
            if let Some(reason) = &report.hint {
                text.push_str(&format!("\n{}: {reason}", styled("hint", Style::Hint, colour)));
            }
            if !args.keep {
                let hint = styled("hint", Style::Hint, colour);
                text.push_str(&format!("\n{hint}: {}", by_hand(&context.project, &report.package)));
            }
            output::talk(&format!("{text}\n"));
        }
    }
    Ok(())
}

fn summary(reports: &[Report], start: Instant) {
    let failed = reports.iter().filter(|report| report.error.is_some()).count();
    let done = |report: &&Report| report.ran && report.error.is_none();
    let ran = |step: Step| reports.iter().filter(done).filter(|report| report.key.step == step).count();
    let (built, installed, checked) = (ran(Step::Build), ran(Step::Install), ran(Step::Check));
    let took = elapsed(start.elapsed());
    if built + installed + checked == 0 {
        let steps = count(reports.len(), "step");
        terminal::note(&format!("Nothing to do: no input of {steps} changed (looked at in {took})"));
        return;
    }
    let still = reports.len() - built - installed - checked - failed;
    let rest =
        if still == 0 { String::new() } else { format!("; {} had nothing to do", count(still, "step")) };
    let text =
        format!("{} built, {installed} installed, {checked} checked, in {took}{rest}", count(built, "wheel"));
    terminal::say("Done", &text);
}
