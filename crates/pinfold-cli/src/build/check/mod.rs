//! The check step: a command, by default pytest, against a package as it is installed, never against its source.
//!
//! It runs in an environment of the package's runtime closure and of what the tests require, in a folder with a copy of
//! the tests and nothing else of the source ([`place`]). Its key knows the unit, which is the hash of the wheel and of all
//! that it depends on: a wheel that was rebuilt to the same bytes is not checked again. Deliberately not here: a verdict
//! on the whole; a check that fails is a finding, and others go on.

mod closure;
mod place;

use std::path::{Path, PathBuf};
use std::time::Duration;

use pinfold_core::lock::{Lock, LockedUnit};
use pinfold_core::manifest::Check;
use pinfold_core::names::ROOT;
use sha2::{Digest, Sha256};
use wheelsplit::steps::{Checked, Input, Key, Place, Step};

use self::closure::Runtime;
use self::place::Outcome;
use super::engine::Engine;
use super::error::{BuildError, io_error};
use super::explain::{Known, Report, Verdict};
use super::tools::Asked;
use super::{limits, source};
use crate::digest::hex;
use crate::environment::activation::quote_sh;

/// What the tests need where the manifest does not say it, and what is run then.
const PYTEST: &str = "pytest";

/// Where tests stand where the manifest does not say it: the first of these that there is.
const FOLDERS: [&str; 2] = ["tests", "test"];

/// A package that was built, and may be checked.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name, normalised.
    pub name: String,
    /// The source that has its tests.
    pub source: PathBuf,
    /// Whether it is checked without a word of the manifest about it: our own sources are, other people's are not.
    pub by_default: bool,
}

/// What is run, as the manifest says it or by default.
struct Plan {
    command: Vec<String>,
    tests: Vec<String>,
    requires: Vec<String>,
    variables: Vec<(String, String)>,
    timeout: Duration,
}

/// Checks every unit of the package that the lock has; one report each.
///
/// # Errors
/// When a check cannot be made: a verdict is no error.
pub fn check(engine: &Engine<'_>, lock: &Lock, subject: &Subject) -> Result<Vec<Report>, BuildError> {
    let given = engine.manifest.checks.get(&subject.name);
    if given.is_none() && !subject.by_default {
        return Ok(Vec::new());
    }
    let plan = Plan::new(engine, subject, given).map_err(|e| e.of_check(&subject.name))?;
    let wheels: Vec<&str> = lock
        .wheels
        .iter()
        .filter(|wheel| wheel.name == subject.name)
        .map(|wheel| wheel.sha256.as_str())
        .collect();
    let units: Vec<&LockedUnit> =
        lock.units.iter().filter(|unit| wheels.contains(&unit.wheel.as_str())).collect();
    let mut reports = Vec::new();
    for unit in &units {
        let package = match units.len() {
            1 => subject.name.clone(),
            _ => format!("{} {}", subject.name, home(lock, unit)),
        };
        let words = format!("{package} (installed)");
        let report = one(engine, lock, subject, &plan, unit, package, &words);
        let mut report = report.map_err(|e| e.of_check(&words))?;
        if report.verdict.as_ref().is_some_and(|verdict| !verdict.passed) {
            report.hint = left_behind(given.unwrap_or(&Check::default()), subject);
        }
        reports.push(report);
    }
    Ok(reports)
}

/// Where pytest is configured in files that are not copied beside the tests, because nobody named them: what to do.
fn left_behind(given: &Check, subject: &Subject) -> Option<String> {
    /// Files at the top that pytest reads, and what makes it do so.
    const CONFIGURED: [(&str, &str); 5] = [
        ("pytest.ini", ""),
        ("pyproject.toml", "[tool.pytest"),
        ("tox.ini", "[pytest]"),
        ("setup.cfg", "[tool:pytest]"),
        ("conftest.py", ""),
    ];
    if given.tests.is_some() || given.command.first().is_some_and(|program| program != PYTEST) {
        return None;
    }
    let has = |file: &str, mark: &str| {
        std::fs::read_to_string(subject.source.join(file)).is_ok_and(|text| text.contains(mark))
    };
    let found: Vec<&str> =
        CONFIGURED.into_iter().filter(|(file, mark)| has(file, mark)).map(|(file, _)| file).collect();
    let first = found.first()?;
    let all: Vec<String> = tests(given, &subject.source);
    let all: Vec<&str> = all.iter().map(String::as_str).chain(found.iter().copied()).collect();
    Some(format!(
        "what {first} says about pytest did not count: the tests alone are copied; `tests = {all:?}` in [checks.{}] brings it along",
        subject.name
    ))
}

/// The first closure that the unit is in.
fn home<'l>(lock: &'l Lock, unit: &LockedUnit) -> &'l str {
    let closure = lock.closures.iter().find(|closure| closure.units.contains(&unit.id));
    closure.map_or(ROOT, |closure| &closure.name)
}

/// The tests that a source has: what the manifest names, or by default a folder.
pub(super) fn tests(given: &Check, source: &Path) -> Vec<String> {
    let default = || FOLDERS.iter().find(|folder| source.join(folder).is_dir());
    given.tests.clone().unwrap_or_else(|| default().map(|folder| (*folder).to_owned()).into_iter().collect())
}

impl Plan {
    fn new(engine: &Engine<'_>, subject: &Subject, given: Option<&Check>) -> Result<Self, BuildError> {
        let default = Check::default();
        let given = given.unwrap_or(&default);
        let tests = tests(given, &subject.source);
        for path in &tests {
            let inside = Path::new(path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_) | std::path::Component::CurDir));
            let found = subject.source.join(path);
            if !inside || !found.exists() {
                let reason = std::io::Error::other(format!(
                    "[checks.{}] names `{path}`, which is not in the source",
                    subject.name
                ));
                return Err(io_error("find", &found)(reason));
            }
        }
        let variable =
            |name: &String| Some((name.clone(), std::env::var_os(name)?.to_string_lossy().into_owned()));
        let command = if given.command.is_empty() { vec![PYTEST.to_owned()] } else { given.command.clone() };
        let mut requires = given.requires.clone().unwrap_or_else(|| vec![PYTEST.to_owned()]);
        requires.sort();
        requires.dedup();
        Ok(Plan {
            command,
            tests,
            requires,
            variables: given.env.iter().filter_map(variable).collect(),
            timeout: limits::of_check(engine.manifest, engine.options.timeout, &subject.name),
        })
    }

    /// The hash of all that is copied beside the command.
    fn tests_hash(&self, source: &Path) -> Result<String, BuildError> {
        let mut hasher = Sha256::new();
        for path in &self.tests {
            let whole = source.join(path);
            let hash = if whole.is_dir() {
                source::content_hash(&whole)?
            } else {
                crate::uv::fetch::sha256(&whole).map_err(io_error("read", &whole))?
            };
            hasher.update(format!("{path}\0{hash}\0"));
        }
        Ok(hex(&hasher.finalize()))
    }
}

fn one(
    engine: &Engine<'_>,
    lock: &Lock,
    subject: &Subject,
    plan: &Plan,
    unit: &LockedUnit,
    package: String,
    words: &str,
) -> Result<Report, BuildError> {
    let runtime = Runtime::of(lock, unit);
    let words = words.to_owned();
    let asked = Asked {
        name: subject.name.clone(),
        words: words.clone(),
        requires: plan.requires.clone(),
        dynamic: None,
        unit: Some(unit.id.to_string()),
    };
    let nothing = plan.tests.is_empty()
        && engine.manifest.checks.get(&subject.name).is_none_or(|c| c.command.is_empty());
    let builder = engine.builder();
    let frozen = match nothing {
        true => super::tools::Frozen::default(),
        false => {
            engine.tools.for_check(&builder, &asked, runtime.requirements(&builder)?, runtime.leaves())?
        }
    };
    let hook = match runtime.has_pins() {
        true => Some(
            place::hook()
                .map_err(|e| BuildError::Check { what: words.clone(), reason: Box::new(e.into()) })?,
        ),
        false => None,
    };
    let python = engine.interpreter;
    let mut inputs = vec![
        Input::new("unit", &unit.hash),
        Input::new("tests", plan.tests_hash(&subject.source)?),
        Input::new("command", line(&plan.command)),
        Input::new("python", format!("{} {} {}", python.implementation, python.version, python.soabi)),
        Input::new("platform", format!("{} {} {}", python.platform, python.libc, python.libc_version)),
    ];
    inputs.extend(runtime.inputs());
    inputs.extend(hook.map(|package| Input::new("hook", package.digest)));
    let version = |wheel: &pinfold_core::lock::Wheel| format!("{} {}", wheel.version, wheel.sha256);
    inputs.extend(frozen.wheels.iter().map(|w| Input::new(format!("test tool {}", w.name), version(w))));
    inputs.extend(plan.variables.iter().map(|(name, value)| Input::new(format!("env {name}"), value)));
    let key = Key::new(Step::Check, inputs);
    let forced = engine.forced(&subject.name);
    let known = Known {
        engine,
        place: Place { project: engine.project, package: &package, step: Step::Check },
        key: &key,
        forced,
    };
    if nothing {
        let why = format!("there is no folder tests/ or test/; [checks.{}] says what to run", subject.name);
        return Ok(known.report(false, Some(&why)));
    }
    let before = engine.store.checked(&key.digest);
    if let Some(checked) = &before
        && checked.passed
        && !forced
    {
        return Ok(with_verdict(known.report(false, None), checked));
    }
    let tools = engine.tools.install(&builder, &words, &frozen.wheels)?;
    let sublock = closure::with_tools(lock, &runtime, &frozen.wheels, &tools, &engine.markers);
    engine.tools.install(&builder, &words, &sublock.wheels)?;
    let checked = match place::run(engine, subject, plan, &sublock, &runtime, &words, &key)? {
        Outcome::Ran(checked) => checked,
        Outcome::Found(checked) => return Ok(with_verdict(known.meanwhile(), &checked)),
    };
    let again = (before.is_some() && !forced).then_some("it failed the last time");
    Ok(with_verdict(known.report(true, again), &checked))
}

/// A command as a shell would read it: other words are another line.
fn line(command: &[String]) -> String {
    command.iter().map(|word| quote_sh(word)).collect::<Vec<_>>().join(" ")
}

fn with_verdict(report: Report, checked: &Checked) -> Report {
    let verdict =
        Verdict { passed: checked.passed, ended: checked.ended.clone(), last: checked.last.clone() };
    Report { verdict: Some(verdict), ..report }
}
