//! Trying a candidate: an environment of its own beside the current one, and what must pass in it.
//!
//! The environment is a real one, with its own path, so that its scripts start its own interpreter. Errors that
//! `abicheck` finds count where the current environment has fewer of their kind; what `pinfold check` warns of is
//! written to the log, because two versions side by side are what tracks are for. The same packages are tried once: what
//! was found in them counts for every trial of an update. Deliberately not here: which candidates there are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow};
use pinfold_core::lock::{Lock, Wheel};
use pinfold_core::manifest::Track;
use wheelsplit::Store;

use super::logs::{self, Subject};
use crate::build::{Lines, Run};
use crate::commands::run;
use crate::context::Context;
use crate::environment::layout::{CANDIDATES, Layout};
use crate::environment::sync::{Request, sync};
use crate::failure::{WithHint, hinted, render};
use crate::interpreter::Interpreter;
use crate::refusal::{self, Refusal};
use crate::{ready, terminal};

/// What candidates are tried with.
pub struct Trials<'a> {
    /// The project.
    pub context: &'a Context,
    /// The store.
    pub store: &'a Store,
    /// The interpreter.
    pub interpreter: &'a Interpreter,
    /// The moment (RFC 3339).
    pub moment: String,
    /// How many gates were run.
    pub runs: Cell<usize>,
    /// Errors of the current environment, by code.
    before: BTreeMap<String, usize>,
    abicheck: Option<PathBuf>,
    known: RefCell<Vec<Known>>,
}

/// What is known of an environment by now.
struct Known {
    /// What is in it.
    lock: Lock,
    /// What was said of it, relative to the project.
    log: String,
    /// Why it fails whatever the gates say.
    failed: Option<Failed>,
    /// Gates that were run in it, by their tracks.
    gates: BTreeMap<String, Option<Failed>>,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything passed.
    Passed,
    /// Something did not.
    Failed(Failed),
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// In a sentence.
    pub reason: String,
    /// What was said, relative to the project.
    pub log: String,
    /// The track whose gate it was, if it was one.
    pub gate: Option<String>,
    /// The package that cannot even be installed, if it is one.
    pub refusal: Option<Refusal>,
}

impl<'a> Trials<'a> {
    /// Prepares trials, and looks at what the current environment is like.
    ///
    /// # Errors
    /// When `abicheck` cannot look at it: then it could tell nothing of a candidate either.
    pub fn new(
        context: &'a Context,
        store: &'a Store,
        interpreter: &'a Interpreter,
        moment: &str,
    ) -> Result<Self> {
        let abicheck = abicheck();
        if abicheck.is_none() {
            terminal::warn(
                "there is no `abicheck` beside pinfold: native libraries of candidates are not checked",
            );
        }
        let (moment, runs, known) = (moment.to_owned(), Cell::default(), RefCell::default());
        let mut trials =
            Trials { context, store, interpreter, moment, runs, before: BTreeMap::new(), abicheck, known };
        let before = trials.errors(&context.environment, None);
        trials.before = before
            .with_context(|| format!("abicheck could not look at {}", context.environment.display()))
            .hint("abicheck and pinfold must be of one version; `PINFOLD_ABICHECK` names another one")?;
        Ok(trials)
    }

    /// Makes an environment of `lock` and tries it with these gates, by the names of their tracks.
    ///
    /// # Errors
    /// When it could not be tried, for a reason that is not the candidate's.
    pub fn candidate(&self, subject: Subject<'_>, lock: &Lock, gates: &[(&str, &Track)]) -> Result<Verdict> {
        let gates: Vec<&(&str, &Track)> = gates.iter().filter(|(_, track)| !track.gate.is_empty()).collect();
        let mut known = self.known.borrow_mut();
        let same = |Known { lock: other, .. }: &Known| {
            (&other.wheels, &other.units, &other.closures) == (&lock.wheels, &lock.units, &lock.closures)
        };
        let at = known.iter().position(same);
        if let Some(known) = at.and_then(|at| known.get(at)) {
            let ran = |(track, _): &&&(&str, &Track)| known.gates.get(*track);
            let failed = known.failed.clone().or_else(|| gates.iter().find_map(|gate| ran(&gate)?.clone()));
            if let Some(failed) = failed {
                return Ok(Verdict::Failed(failed));
            }
            if gates.iter().all(|gate| ran(&gate).is_some()) {
                return Ok(Verdict::Passed);
            }
        }
        let folder = self.context.project.join(CANDIDATES);
        fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
        let layout = Layout::new(&folder.join(subject.to_string()))?;
        let at = match at {
            Some(at) => {
                self.environment(subject, &layout, lock)?;
                at
            }
            None => {
                let (shown, log) = logs::create(&self.context.project, &self.moment, subject)?;
                let failed = self.looks(subject, &layout, lock, (&shown, &log))?;
                known.push(Known { lock: lock.clone(), log: shown, failed, gates: BTreeMap::new() });
                known.len() - 1
            }
        };
        let Some(known) = known.get_mut(at) else { return Ok(Verdict::Passed) };
        if let Some(failed) = &known.failed {
            return Ok(Verdict::Failed(failed.clone()));
        }
        let path = self.context.project.join(&known.log);
        for (track, gate) in gates {
            if known.gates.contains_key(*track) {
                continue;
            }
            let gate = self.gate(track, gate, &layout, &path)?.map(|reason| {
                let (gate, log) = (Some((*track).to_owned()), known.log.clone());
                Failed { reason, log, gate, refusal: None }
            });
            known.gates.insert((*track).to_owned(), gate.clone());
            if let Some(failed) = gate {
                return Ok(Verdict::Failed(failed));
            }
        }
        Ok(Verdict::Passed)
    }

    /// Makes an environment of `lock`.
    fn environment(&self, subject: Subject<'_>, layout: &Layout, lock: &Lock) -> Result<()> {
        let (store, interpreter) = (self.store, self.interpreter);
        let fetch = |wheels: &[Wheel]| ready::fetch(self.context, store, interpreter, lock, wheels);
        let request = Request { layout, lock, interpreter, store, force: false, fetch: &fetch };
        let made = sync(&request);
        made.map(drop).with_context(|| format!("could not make the environment of candidate `{subject}`"))
    }

    /// Makes an environment of `lock` and looks at it; why it fails before any gate.
    fn looks(
        &self,
        subject: Subject<'_>,
        layout: &Layout,
        lock: &Lock,
        (shown, mut log): (&str, &File),
    ) -> Result<Option<Failed>> {
        let failed = |reason: String, refusal: Option<Refusal>| {
            Ok(Some(Failed { reason, log: shown.to_owned(), gate: None, refusal }))
        };
        if let Err(error) = self.environment(subject, layout, lock) {
            let Some(refusal) = refusal::of(error.as_ref()) else { return Err(error) };
            let said = render(&error.into(), false);
            log.write_all(said.as_bytes()).with_context(|| format!("could not write {shown}"))?;
            return failed(refusal.sentence(), Some(refusal));
        }
        match self.errors(&layout.link, Some(log)) {
            Ok(errors) => {
                let more = errors.iter().find(|(code, count)| self.before.get(*code).unwrap_or(&0) < *count);
                if let Some((code, _)) = more {
                    return failed(format!("abicheck finds an error {code} that is not there now"), None);
                }
            }
            Err(error) => return failed(format!("abicheck could not look at it: {error:#}"), None),
        }
        match self.check(&layout.link, log)? {
            true => Ok(None),
            // What cannot look at what is there now says nothing of what is new.
            false if !self.check(&self.context.environment, log)? => Err(hinted(
                anyhow!("`pinfold check` can look at neither the candidate nor the current environment"),
                format!("`pinfold check` says why; what it said is in {shown}"),
            )),
            false => failed("`pinfold check` could not look at it".to_owned(), None),
        }
    }

    /// Whether a gate passes in the current environment.
    ///
    /// # Errors
    /// When its log cannot be written.
    pub fn passes_now(&self, track: &str, gate: &Track) -> Result<bool> {
        let (shown, _) = logs::create(&self.context.project, &self.moment, Subject::Now(track))?;
        let path = self.context.project.join(shown);
        let layout = Layout::new(&self.context.environment)?;
        Ok(self.gate(track, gate, &layout, &path)?.is_none())
    }

    /// Why the gate did not pass; `None` when it did.
    fn gate(&self, track: &str, gate: &Track, layout: &Layout, log: &Path) -> Result<Option<String>> {
        self.runs.set(self.runs.get() + 1);
        let bin = layout.link.join("bin");
        let mut words = gate.gate.iter();
        let Some(program) = words.next() else { return Ok(None) };
        // The program is looked for on the PATH that the command gets, not on ours.
        let found = bin.join(program);
        let program =
            if !program.contains('/') && found.exists() { found.into_os_string() } else { program.into() };
        let mut command = Command::new(&program);
        command.args(words).current_dir(&self.context.project);
        command.env("PATH", run::path(&bin)?).env("VIRTUAL_ENV", &layout.link).env_remove("PYTHONHOME");
        command.env("PINFOLD_ENV", &layout.link).env_remove("PINFOLD_GENERATION");
        let line = Lines::new(self.context.verbose > 0, false).begin(track, &format!("Gate of {track}"));
        let run =
            Run { command, log: log.to_owned(), timeout: Some(gate.timeout()), line: &line, input: None };
        match run.wait() {
            Ok(ended) if ended.is_fine() => Ok(None),
            Ok(ended) => Ok(Some(format!("the gate of `{track}` {}", ended.words()))),
            Err(error) => {
                let program = Path::new(&program).display();
                Ok(Some(format!("the gate of `{track}` could not be started: `{program}`: {error}")))
            }
        }
    }

    /// How many errors of each code `abicheck` finds.
    fn errors(&self, environment: &Path, log: Option<&File>) -> Result<BTreeMap<String, usize>> {
        let mut errors = BTreeMap::new();
        let Some(program) = self.abicheck.as_ref().filter(|_| environment.exists()) else {
            return Ok(errors);
        };
        let mut command = Command::new(program);
        command.arg(environment).args(["--output-format", "json"]).stdin(Stdio::null());
        let output = command.output().with_context(|| format!("could not run {}", program.display()))?;
        if let Some(mut log) = log {
            log.write_all(&output.stdout).and_then(|()| log.write_all(&output.stderr))?;
        }
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).with_context(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("it said nothing");
            format!("{} gave no report ({}): {said}", program.display(), output.status)
        })?;
        for finding in said["findings"].as_array().into_iter().flatten() {
            if finding["severity"] == "error" {
                *errors.entry(finding["code"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        Ok(errors)
    }

    /// Has `pinfold check` say what it has to say, into the log; whether it could.
    fn check(&self, environment: &Path, log: &File) -> Result<bool> {
        let ours = std::env::current_exe().context("could not tell where this program is")?;
        let mut command = Command::new(&ours);
        command.args(["check", "--frozen", "--env"]).arg(environment).current_dir(&self.context.project);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let status = command.status().with_context(|| format!("could not run {}", ours.display()))?;
        Ok(status.code().is_some_and(|code| code < 2))
    }
}

/// `PINFOLD_ABICHECK`, else the one beside this program, however this one was started.
fn abicheck() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("PINFOLD_ABICHECK").filter(|given| !given.is_empty()) {
        return Some(given.into());
    }
    let exe = std::env::current_exe().ok()?;
    let real = exe.canonicalize().ok();
    [real, Some(exe)]
        .into_iter()
        .flatten()
        .find_map(|exe| Some(exe.parent()?.join("abicheck")).filter(|p| p.is_file()))
}
