//! What the code of wheels imports, read by the environment's own interpreter, which knows its grammar.
//!
//! Facts about a wheel never change; they are kept in the store under the wheel's hash, for each Python and each
//! version of the question. Deliberately not here: the reading itself (`read.py`) and what follows from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};
use pinfold_core::closure::{Environment, Provided, Unit};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wheelsplit::Store;

use crate::interpreter::Interpreter;
use crate::terminal;

const READER: &str = include_str!("read.py");

/// What the code of a wheel says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Code {
    /// Imports of what the wheel does not have itself, the standard library's apart.
    pub(super) imports: Vec<Import>,
    /// By package: where a public function or class shows its types first.
    pub(super) exposed: BTreeMap<String, Exposed>,
    /// Files that are no source for this Python.
    pub(super) unreadable: Vec<Unreadable>,
    /// How many files were read.
    pub(super) files: usize,
    /// Names of modules and folders below its packages: copies of other packages are among them.
    pub(super) vendored: BTreeSet<String>,
}

/// An import.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Import {
    /// The module, absolute.
    pub(super) name: String,
    /// What is taken from it: modules or attributes.
    pub(super) members: Vec<String>,
    /// How.
    pub(super) kind: Kind,
    /// The file, relative to the folder of modules.
    pub(super) file: String,
    /// Counted from 1.
    pub(super) line: usize,
    /// Whether it runs as soon as a package of the wheel is imported.
    pub(super) reached: bool,
}

/// How an import is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// In a wheel's tests.
    Test,
    /// For type checkers alone.
    Typing,
    /// Its failure is caught.
    Optional,
    /// In a function, or under a condition.
    Late,
    /// When its module is imported.
    Import,
}

/// Where a type is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Exposed {
    /// The file, relative to the folder of modules.
    pub(super) file: String,
    /// Counted from 1.
    pub(super) line: usize,
    /// How, in words.
    pub(super) how: String,
}

/// A file that is no source for this Python.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Unreadable {
    /// The file, relative to the folder of modules.
    pub(super) file: String,
    /// What Python says.
    pub(super) why: String,
}

#[derive(Serialize)]
struct Question<'a> {
    site: &'a Path,
    roots: Vec<&'a str>,
}

/// The code of every unit, in the order of the environment.
///
/// # Errors
/// When the interpreter cannot be run, or does not answer.
pub(super) fn read(env: &Environment, interpreter: &Interpreter, store: &Store) -> Result<Vec<Code>> {
    let kept = |unit: &Unit| -> Option<Code> {
        serde_json::from_slice(&fs::read(place(store, interpreter, unit)?).ok()?).ok()
    };
    let mut codes: Vec<Option<Code>> = env.units.iter().map(kept).collect();
    let missing: Vec<usize> = (0..codes.len()).filter(|&unit| codes[unit].is_none()).collect();
    if missing.is_empty() {
        return Ok(codes.into_iter().flatten().collect());
    }
    let _spinner =
        terminal::spinner(format!("Reading the code of {}", terminal::count(missing.len(), "unit")));
    let processes = std::thread::available_parallelism().map_or(1, usize::from).min(missing.len());
    let answers: Vec<Result<Vec<(usize, Code)>>> = std::thread::scope(|scope| {
        let shares = (0..processes).map(|share| {
            let units: Vec<usize> = missing.iter().skip(share).step_by(processes).copied().collect();
            scope.spawn(move || ask(env, interpreter, &units))
        });
        let running: Vec<_> = shares.collect();
        let died = || Err(anyhow!("a thread that reads code died"));
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| died())).collect()
    });
    for answer in answers {
        for (unit, code) in answer? {
            keep(store, interpreter, &env.units[unit], &code);
            codes[unit] = Some(code);
        }
    }
    Ok(codes.into_iter().map(Option::unwrap_or_default).collect())
}

fn ask(env: &Environment, interpreter: &Interpreter, units: &[usize]) -> Result<Vec<(usize, Code)>> {
    let mut questions = tempfile::tempfile().context("could not make a temporary file")?;
    for &unit in units {
        let unit = &env.units[unit];
        let roots = unit.provides.iter().filter(|(_, what)| **what != Provided::Namespace);
        let question = Question { site: &unit.path, roots: roots.map(|(name, _)| name.as_str()).collect() };
        writeln!(questions, "{}", serde_json::to_string(&question)?)?;
    }
    questions.rewind()?;
    let program = interpreter.executable.display();
    let output = Command::new(&interpreter.executable)
        .args(["-I", "-S", "-B", "-c", READER])
        .env("PINFOLD_DISABLE", "1")
        .stdin(Stdio::from(questions))
        .output()
        .with_context(|| format!("could not run {program} to read the code of wheels"))?;
    let answers: Result<Vec<Code>, _> =
        String::from_utf8_lossy(&output.stdout).lines().map(serde_json::from_str).collect();
    match answers {
        Ok(answers) if output.status.success() && answers.len() == units.len() => {
            Ok(units.iter().copied().zip(answers).collect())
        }
        _ => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let last = said.lines().last().unwrap_or("it said nothing").to_owned();
            Err(anyhow!(last)
                .context(format!("{program} did not read the code of wheels ({})", output.status)))
        }
    }
}

/// Where facts about a unit's wheel are kept; nowhere for a unit without one.
fn place(store: &Store, interpreter: &Interpreter, unit: &Unit) -> Option<PathBuf> {
    let digest: String = Sha256::digest(READER).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("{}-{digest}", interpreter.minor);
    Some(store.root().join("reading").join(tag).join(unit.wheel.as_ref()?).join("imports.json"))
}

/// Keeps an answer; that it cannot be kept (a store that is read-only, a full disk) costs only time.
fn keep(store: &Store, interpreter: &Interpreter, unit: &Unit, code: &Code) {
    let Some(file) = place(store, interpreter, unit) else { return };
    let Some(folder) = file.parent() else { return };
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer(&mut temporary, code)?;
        temporary.persist(&file)?;
        Ok(())
    };
    let _ = write();
}
