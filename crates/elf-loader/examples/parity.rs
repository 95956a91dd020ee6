//! Compares a run that the real loader reported with its simulation: `parity PROGRAM TRACE [REPEAT]`.
//!
//! PROGRAM is the program's real path; TRACE is what it wrote to LD_DEBUG_OUTPUT with LD_DEBUG as
//! [`elf_loader::parity::LD_DEBUG`] and LD_BIND_NOW=1, in this environment and working folder. Prints the counts, and
//! every difference; exits with 1 if there is one. With REPEAT, simulates the opens that often before, and prints what
//! that cost: with facts in memory and nothing else known, and again. Deliberately not here: running the program.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use elf_facts::{Cache, Facts, Name};
use elf_loader::parity::{self, Event};
use elf_loader::{Disk, Mode, ObjectId, Process, System};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Facts that were read once, for one machine after the other.
type Known = Arc<Mutex<HashMap<PathBuf, Arc<Facts>>>>;

fn machine(program: &Path, known: &Known) -> Result<Arc<System>, Failure> {
    let (cache, known) = (Cache::none(), known.clone());
    let disk = Disk(move |path: &Path| {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(facts) = known.get(path) {
            return Ok(facts.clone());
        }
        let facts = cache.get(path).map(Arc::new).map_err(Arc::new)?;
        known.insert(path.to_owned(), facts.clone());
        Ok(facts)
    });
    let head = elf_facts::read(program)?.head;
    let interpreter = head.interpreter.as_ref().ok_or("the program names no dynamic loader")?;
    let variable = |name: &str| match name {
        "LD_BIND_NOW" => Some(b"1".to_vec()),
        _ => std::env::var_os(name).map(|value| value.into_encoded_bytes()),
    };
    Ok(Arc::new(System::of_loader(interpreter.as_path(), head.machine, variable, disk)?))
}

fn run() -> Result<bool, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (program, trace, repeat) = match &arguments[..] {
        [program, trace] => (program, trace, 0),
        [program, trace, repeat] => (program, trace, repeat.parse()?),
        _ => return Err("usage: parity PROGRAM TRACE [REPEAT]".into()),
    };
    let events = parity::read(&std::fs::read(trace)?);
    let (name, known) = (Name::from(&**program), Known::default());
    let (mut process, start, _) = Process::start(machine(Path::new(program), &known)?, &name)?;
    let report = parity::replay(&mut process, start, events.clone());
    for difference in &report.differences {
        println!("{difference}");
    }
    println!("{report}");
    let mut costs = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let system = machine(Path::new(program), &known)?;
        costs.0.push(cost(&system, &name, &events)?);
        costs.1.push(cost(&system, &name, &events)?);
    }
    if let (Some(new), Some(again)) = (costs.0.iter().min(), costs.1.iter().min()) {
        println!(
            "fastest of {repeat}: {:?} for the first process of a machine, {:?} for the next",
            new, again
        );
    }
    Ok(report.differences.is_empty())
}

/// What the opens of `events` cost.
fn cost(system: &Arc<System>, program: &Name, events: &[Event]) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let (mut process, _, _) = Process::start(system.clone(), program)?;
    for event in events {
        if let Event::Opens { name, .. } = event {
            process.dlopen(name.as_bytes(), Mode::default(), ObjectId::PROGRAM);
        }
    }
    Ok(begun.elapsed())
}
