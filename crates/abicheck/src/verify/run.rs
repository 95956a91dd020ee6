//! One run: a process that imports packages in one order and then exercises them, and what failed in it.
//!
//! `runner.py` does it and writes down each step, so that a crash is known by the step in which it came.
//! Deliberately not here: what a failure says about a finding.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde_json::json;

use super::exercises::Exercises;
use super::isolation::Isolation;
use crate::environment::Start;
use crate::process;

/// What is imported, in order: packages with their modules.
pub(super) type Imports = Vec<(String, Vec<String>)>;

/// What all runs have in common.
pub(super) struct Runner<'a> {
    pub(super) start: &'a Start,
    /// What stands before the names of a package's modules.
    pub(super) prefixes: HashMap<String, String>,
    pub(super) exercises: &'a Exercises,
    pub(super) isolation: Isolation,
    pub(super) limit: Duration,
}

/// Something that failed in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// The step, such as `import two._core`.
    pub(super) step: String,
    /// The package that the step is about; `None` for the process's end.
    pub(super) package: Option<String>,
    /// A signal, an exception's type, or how it ended else.
    pub(super) kind: String,
    /// What was said.
    pub(super) message: String,
    /// It was an exception of Python's.
    pub(super) raised: bool,
}

impl Failed {
    /// `SIGSEGV in import two`, `import two: ImportError: ...`.
    pub(super) fn told(&self) -> String {
        let message = if self.message.is_empty() { String::new() } else { format!(": {}", self.message) };
        match self.raised {
            true => format!("{}{message} ({})", self.kind, self.step),
            false => format!("{} in {}{message}", self.kind, self.step),
        }
    }

    /// Whether `other` is the same, in whatever step of the package it came: addresses and temporary names differ.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| without_addresses(a) == without_addresses(b);
        self.package == other.package && self.kind == other.kind && same(&self.message, &other.message)
    }
}

/// One thing that a run does.
struct Step<'a> {
    package: &'a str,
    name: String,
    code: &'a str,
    shown: String,
}

/// The variables that a run gets from ours: what decides where programs, libraries and words come from.
const KEPT: [&str; 9] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "GLIBC_TUNABLES",
];
/// Bytes of what the runner writes down.
const MOST_TOLD: u64 = 4 << 20;

impl Runner<'_> {
    /// Imports, then the exercises in the same order. Returns what failed, in the order of time.
    pub(super) fn run(&self, imports: &Imports) -> io::Result<Vec<Failed>> {
        let steps = self.steps(imports);
        let folder = tempfile::Builder::new().prefix("abicheck-verify-").tempdir()?;
        let root = folder.path().canonicalize()?;
        let (home, script, job, told) =
            (root.join("home"), root.join("runner.py"), root.join("job"), root.join("told"));
        std::fs::create_dir(&home)?;
        std::fs::write(&script, include_str!("runner.py"))?;
        let written: Vec<_> = steps
            .iter()
            .map(|step| json!({ "package": step.package, "name": step.name, "code": step.code }))
            .collect();
        let folders = match self.start {
            Start::Told { folders, .. } => folders.as_slice(),
            _ => &[],
        };
        let refuse = u8::from(self.isolation == Isolation::Refusal);
        let hex = |path: &Path| HEXLOWER.encode(path.as_os_str().as_encoded_bytes());
        let folders: Vec<String> = folders.iter().map(|folder| hex(folder)).collect();
        let text =
            json!({ "steps": written, "folders": folders, "told": hex(&told), "refuse_network": refuse });
        std::fs::write(&job, text.to_string())?;
        let mut command = self.command()?;
        command.arg(&script).arg(&job).current_dir(&home).env_clear();
        command.envs(KEPT.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        for name in ["HOME", "TMPDIR", "XDG_RUNTIME_DIR"] {
            command.env(name, &home);
        }
        let ended = process::run(&mut command, self.limit)?;
        let mut lines = Vec::new();
        if let Ok(file) = std::fs::File::open(&told) {
            file.take(MOST_TOLD).read_to_end(&mut lines)?;
        }
        let failed = self.failed(&steps, &String::from_utf8_lossy(&lines), &ended);
        let place = root.to_string_lossy().into_owned();
        Ok(failed.into_iter().map(|one| Failed { message: one.message.replace(&place, ""), ..one }).collect())
    }

    fn steps<'b>(&'b self, imports: &'b Imports) -> Vec<Step<'b>> {
        let mut steps = Vec::new();
        for (package, modules) in imports {
            let prefix = self.prefixes.get(package).map_or("", String::as_str);
            steps.extend(modules.iter().map(|module| Step {
                package,
                name: format!("{prefix}{module}"),
                code: "",
                shown: format!("import {module}"),
            }));
        }
        for (package, _) in imports {
            if let Some(code) = self.exercises.of(package) {
                let shown = format!("the exercise of {package}");
                steps.push(Step { package, name: String::new(), code, shown });
            }
        }
        steps
    }

    /// The interpreter: with its own folders only, without what PYTHON* variables say, and writing no bytecode.
    fn command(&self) -> io::Result<Command> {
        let (program, flags) = match self.start {
            Start::Own(program) | Start::Pinned { program, .. } => (program.as_path(), "-IB"),
            Start::Told { program, .. } => (program.as_path(), "-ISB"),
            Start::Nothing => (Path::new(""), "-IB"),
        };
        // Not resolved: a virtual environment is known by the link.
        let program = std::path::absolute(program)?;
        let mut command = match &self.isolation {
            Isolation::Namespace(before) => {
                let mut command = Command::new(&before[0]);
                command.args(&before[1..]).arg(program);
                command
            }
            Isolation::Refusal => Command::new(program),
        };
        command.arg(flags);
        Ok(command)
    }

    /// What failed, by the lines of the runner.
    fn failed(&self, steps: &[Step<'_>], told: &str, ended: &process::Ended) -> Vec<Failed> {
        let last = last_line(&ended.said);
        let (mut failed, mut at, mut over) = (Vec::new(), At::Start, false);
        for line in told.lines() {
            let fields: Vec<&str> = line.splitn(3, '\t').collect();
            match fields[..] {
                ["begin", number] => {
                    at = number.parse().ok().and_then(|number: usize| steps.get(number)).map_or(at, At::Step);
                }
                ["failed", kind, message] => failed.push(at.failed(kind, message, true)),
                ["done"] => at = At::End,
                ["signal", name] => {
                    failed.push(at.failed(name, last, false));
                    over = true;
                }
                ["exit", code] => {
                    match at {
                        At::Start => failed.push(at.failed(DID_NOT_RUN, last, false)),
                        At::Step(_) => failed.push(at.failed(&format!("exit with code {code}"), last, false)),
                        // That is what `sys.exit` at exit says, and no harm.
                        At::End => {}
                    }
                    over = true;
                }
                _ => {}
            }
        }
        if ended.late {
            let kind = format!("no end within {} s", self.limit.as_secs());
            failed.push(at.failed(&kind, "", false));
        } else if !over {
            failed.push(At::Start.failed(DID_NOT_RUN, last, false));
        }
        failed
    }
}

/// The kind of failure of a process that came to no step.
pub(super) const DID_NOT_RUN: &str = "the interpreter did not run";

/// How far a run is.
#[derive(Clone, Copy)]
enum At<'a> {
    Start,
    Step(&'a Step<'a>),
    End,
}

impl At<'_> {
    fn failed(self, kind: &str, message: &str, raised: bool) -> Failed {
        let (step, package) = match self {
            At::Start => ("the start of the process".to_owned(), None),
            At::Step(step) => (step.shown.clone(), Some(step.package.to_owned())),
            At::End => ("the end of the process".to_owned(), None),
        };
        Failed { step, package, kind: kind.to_owned(), message: message.to_owned(), raised }
    }
}

/// The last line that says something: of an abort, its reason.
fn last_line(said: &str) -> &str {
    said.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// `text` with the digits of each `0x...` left out.
fn without_addresses(text: &str) -> String {
    let mut parts = text.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut shown, part| {
        shown.push_str("0x");
        shown.push_str(part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit()));
        shown
    })
}
