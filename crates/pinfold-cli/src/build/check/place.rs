//! Where a check runs: an environment like a real one, and a folder with a copy of the tests.
//!
//! Deliberately not here: what is in the environment ([`super::closure`]), and whether the check must run at all.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pinfold_core::lock::Lock;
use wheelsplit::steps::{Checked, Key};

use super::super::confine;
use super::super::engine::Engine;
use super::super::error::{BuildError, io_error};
use super::super::process::Run;
use super::super::source;
use super::super::workplace::Workplace;
use super::closure::Runtime;
use super::{Plan, Subject};
use crate::environment::hook::Package;
use crate::environment::layout::Layout;
use crate::environment::sync::{Request, sync};
use crate::environment::{plain, registry};
use crate::terminal;

/// The hook, which an environment with pins needs.
pub(super) fn hook() -> Result<Package> {
    Package::find()
}

/// What came of it.
pub(super) enum Outcome {
    /// The command ran.
    Ran(Checked),
    /// Another process had run it by the time the folder was free.
    Found(Checked),
}

/// Makes the environment, copies the tests and runs the command, and keeps what came of it under `key`.
pub(super) fn run(
    engine: &Engine<'_>,
    subject: &Subject,
    plan: &Plan,
    lock: &Lock,
    runtime: &Runtime<'_>,
    words: &str,
    key: &Key,
) -> Result<Outcome, BuildError> {
    let _running = engine.schedule.place();
    let line = engine.lines.begin(&subject.name, &format!("Checking {}", subject.name));
    let place = Workplace::take(&format!("{}.check", subject.name), engine.options.keep)?;
    if !engine.forced(&subject.name)
        && let Some(checked) = engine.store.checked(&key.digest).filter(|checked| checked.passed)
    {
        return Ok(Outcome::Found(checked));
    }
    let prepare = |e: anyhow::Error| BuildError::Check { what: words.to_owned(), reason: Box::new(e.into()) };
    let environment = environment(engine, lock, runtime.has_pins(), &place).map_err(prepare)?;
    let folder = place.path().join(&subject.name);
    copy(subject, plan, &folder)?;
    let bin = environment.join("bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).map_err(|e| prepare(e.into()))?;
    let program = plan.command.first().cloned().unwrap_or_default();
    if !program.contains('/') && !std::env::split_paths(&path).any(|folder| folder.join(&program).is_file()) {
        let what =
            anyhow::anyhow!("there is no program `{program}` in the environment of the check, or on PATH");
        let hint = format!(
            "[checks.{}] says what is run, and its `requires` what must be there for that",
            subject.name
        );
        return Err(prepare(crate::failure::hinted(what, hint)));
    }
    // A test may write where it likes: it is the project's own.
    let mut command = confine::command(&[]).map_err(io_error("find", Path::new("this program")))?;
    command.args(&plan.command).current_dir(&folder).env_clear();
    command.env("PATH", &path).env("VIRTUAL_ENV", &environment).env("HOME", place.home());
    command.env("TMPDIR", place.tmp()).env("LANG", "C.UTF-8").env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs(plan.variables.iter().cloned());
    place.write_script(&command)?;
    let ended =
        Run { command, log: place.log(), timeout: Some(plan.timeout), line: &line, input: None }.wait();
    let ended = ended.map_err(io_error("run", Path::new(&program)))?;
    if environment.starts_with(place.path()) && runtime.has_pins() {
        forget(engine, &environment);
    }
    place.keep_log(engine.project, &format!("{}-check.log", subject.name));
    if place.is_kept() {
        terminal::note(&format!(
            "Kept {} (`sh {}` checks it by hand)",
            place.path().display(),
            place.script().display()
        ));
    }
    let wheel = runtime.unit.wheel.clone();
    let checked = Checked { wheel, passed: ended.is_fine(), ended: ended.words(), last: ended.last };
    // Before the folder is free: whoever waits for it looks for this.
    engine.store.keep_checked(&key.digest, &checked)?;
    Ok(Outcome::Ran(checked))
}

/// The environment: with the hook where only that can show each its own version, else of links alone.
fn environment(engine: &Engine<'_>, lock: &Lock, pins: bool, place: &Workplace) -> Result<PathBuf> {
    if pins {
        let link = place.path().join(".venv");
        let layout = Layout::new(&link)?;
        let none = |_: &[pinfold_core::lock::Wheel]| -> Result<()> { Ok(()) };
        let request = Request {
            layout: &layout,
            lock,
            interpreter: engine.interpreter,
            store: engine.store,
            force: true,
            fetch: &none,
        };
        sync(&request)?;
        return Ok(link);
    }
    let folder = place.environment();
    let mut roots = Vec::new();
    for wheel in &lock.wheels {
        let installed = engine.store.wheel(&wheel.sha256)?;
        roots.push(plain::root(
            installed.ok_or_else(|| anyhow::anyhow!("the store has lost {}", wheel.file))?,
        ));
    }
    plain::make(engine.interpreter, &roots, &folder)?;
    Ok(folder)
}

/// The environment is gone with its folder: nobody needs to look after it.
fn forget(engine: &Engine<'_>, link: &Path) {
    if let Ok(layout) = Layout::new(link) {
        let _ = registry::forget(engine.store.root(), &layout.home);
    }
}

/// Copies the tests, and nothing else of the source.
fn copy(subject: &Subject, plan: &Plan, to: &Path) -> Result<(), BuildError> {
    std::fs::create_dir_all(to).map_err(io_error("make", to))?;
    for path in &plan.tests {
        let (from, target) = (subject.source.join(path), to.join(path));
        if from.is_dir() {
            source::copy(&from, &target)?;
        } else {
            let above = target.parent().unwrap_or(to);
            std::fs::create_dir_all(above).map_err(io_error("make", above))?;
            std::fs::copy(&from, &target).map_err(io_error("copy", &from))?;
        }
    }
    Ok(())
}
