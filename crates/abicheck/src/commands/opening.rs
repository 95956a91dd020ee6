//! Files opened in a process of their own, for `ldd` and `bindings`: extension modules and libraries as the
//! interpreter opens them, a program as the system starts it.
//!
//! Deliberately not here: what is shown of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_facts::{Kind, Name};
use elf_loader::{Load, LoadError, Mode, Process, Unmet};

use super::caches::facts;
use crate::analysis::Machine;
use crate::environment::Interpreter;
use crate::failure::Failure;

/// A process and what it opened.
pub(super) struct Opened {
    /// The process, with all that it has loaded.
    pub(super) process: Process,
    /// What each file's opening did.
    pub(super) loads: Vec<(PathBuf, Load)>,
}

/// How the process is made.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Wishes {
    /// The interpreter that opens the files [default: of the environment that they lie in, else python3]
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// Read every file, and keep nothing for the next run
    #[arg(long)]
    no_cache: bool,
}

/// What a file needs, whether it can be loaded or not.
pub(super) struct Traced {
    /// The process, with what was there before.
    pub(super) process: Process,
    /// What was found.
    pub(super) load: Load,
    /// What was not.
    pub(super) unmet: Vec<Unmet>,
    /// Why it cannot be loaded; the loader tells the first of several reasons.
    pub(super) error: Option<LoadError>,
}

/// Opens `global`, for all to see, and then `files`, in order, in one process.
pub(super) fn open(global: &[PathBuf], files: &[PathBuf], wishes: &Wishes) -> Result<Opened, Failure> {
    let all = [global, files].concat();
    let Given { machine, paths, program, cache } = given(&all, wishes)?;
    let opened = match (program, &paths[..]) {
        (Some(program), [_]) => {
            let (process, load, _) = Process::start(machine.system().clone(), &real(&program))
                .map_err(|error| Failure::new(format!("{} would not start: {error}", program.display())))?;
            Opened { process, loads: vec![(program, load)] }
        }
        (Some(program), _) => {
            let hint = "a program is started alone; give it alone";
            return Err(Failure::new(format!("{} is a program", program.display())).hint(hint));
        }
        (None, _) => {
            let mut process = machine.start.clone();
            let mut loads = Vec::new();
            for (at, path) in paths.into_iter().enumerate() {
                let name = path.as_os_str().as_encoded_bytes();
                let mode = Mode { global: at < global.len(), ..Mode::default() };
                let load = process.dlopen(name, mode, machine.caller);
                loads.push((path, load));
            }
            Opened { process, loads }
        }
    };
    // A cache that cannot be written costs time on the next run, and nothing now.
    let _ = cache.finish();
    Ok(opened)
}

/// What `file` needs, found or not.
pub(super) fn trace(file: &Path, wishes: &Wishes) -> Result<(PathBuf, Traced), Failure> {
    let file = file.to_owned();
    let Given { machine, mut paths, program, cache } = given(std::slice::from_ref(&file), wishes)?;
    let path = paths.pop().unwrap_or(file);
    let traced = match program {
        Some(program) => {
            let name = real(&program);
            let error = Process::start(machine.system().clone(), &name).err();
            let (process, load, unmet) = Process::trace_program(machine.system().clone(), &name)
                .map_err(|error| Failure::new(format!("{} would not start: {error}", program.display())))?;
            Traced { process, load, unmet, error }
        }
        None => {
            let name = path.as_os_str().as_encoded_bytes();
            let error = machine.start.clone().dlopen(name, Mode::default(), machine.caller).result.err();
            let mut process = machine.start.clone();
            let (load, unmet) = process.trace(name, machine.caller);
            Traced { process, load, unmet, error }
        }
    };
    let _ = cache.finish();
    Ok((path, traced))
}

/// What is needed to open files.
struct Given {
    machine: Machine,
    /// The files, absolute.
    paths: Vec<PathBuf>,
    /// One that is a program.
    program: Option<PathBuf>,
    cache: Arc<elf_facts::Cache>,
}

fn given(files: &[PathBuf], wishes: &Wishes) -> Result<Given, Failure> {
    let cache = Arc::new(facts(wishes.no_cache));
    let mut paths = Vec::new();
    let mut program = None;
    for file in files {
        let path = std::path::absolute(file)
            .map_err(|error| Failure::new(format!("could not find {}: {error}", file.display())))?;
        let facts = cache.get(&path).map_err(|error| {
            Failure::new(error).hint("give an ELF file: an extension module, a library or a program")
        })?;
        if facts.head.kind != Kind::Shared {
            program = Some(path.clone());
        }
        paths.push(path);
    }
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let interpreter = match &wishes.python {
        Some(python) => Interpreter::named(python),
        None => Interpreter::near(first),
    };
    let machine = Machine::of(&interpreter.map_err(Failure::new)?, Arc::default(), cache.clone());
    Ok(Given { machine: machine.map_err(Failure::new)?, paths, program, cache })
}

/// A program as the system starts it.
fn real(path: &Path) -> Name {
    Name::from(&*path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}
