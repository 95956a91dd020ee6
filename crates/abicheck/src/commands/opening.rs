//! Files opened in a process of their own, for `ldd` and `bindings`: extension modules and libraries as the
//! interpreter opens them, a program as the system starts it.
//!
//! Deliberately not here: what is shown of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_facts::{Kind, Name};
use elf_loader::{Load, Mode, Process};

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

/// Opens `files`, in order, in one process.
pub(super) fn open(files: &[PathBuf], wishes: &Wishes) -> Result<Opened, Failure> {
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
    let opened = match (program, &paths[..]) {
        (Some(program), [_]) => start(&program, wishes, cache.clone())?,
        (Some(program), _) => {
            let hint = "a program is started alone; give it alone";
            return Err(Failure::new(format!("{} is a program", program.display())).hint(hint));
        }
        (None, paths) => dlopen(paths, wishes, cache.clone())?,
    };
    // A cache that cannot be written costs time on the next run, and nothing now.
    let _ = cache.finish();
    Ok(opened)
}

fn machine(path: &Path, wishes: &Wishes, cache: Arc<elf_facts::Cache>) -> Result<Machine, Failure> {
    let interpreter = match &wishes.python {
        Some(python) => Interpreter::at(python),
        None => Interpreter::near(path),
    };
    Machine::of(&interpreter.map_err(Failure::new)?, Arc::default(), cache).map_err(Failure::new)
}

/// A program on the machine of the interpreter.
fn start(path: &Path, wishes: &Wishes, cache: Arc<elf_facts::Cache>) -> Result<Opened, Failure> {
    let machine = machine(path, wishes, cache)?;
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (process, load, _) = Process::start(machine.system().clone(), &Name::from(real.as_path()))
        .map_err(|error| Failure::new(format!("{} would not start: {error}", path.display())))?;
    Ok(Opened { process, loads: vec![(path.to_owned(), load)] })
}

fn dlopen(paths: &[PathBuf], wishes: &Wishes, cache: Arc<elf_facts::Cache>) -> Result<Opened, Failure> {
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let machine = machine(first, wishes, cache)?;
    let mut process = machine.start.clone();
    let mut loads = Vec::new();
    for path in paths {
        let load = process.dlopen(path.as_os_str().as_encoded_bytes(), Mode::default(), machine.caller);
        loads.push((path.clone(), load));
    }
    Ok(Opened { process, loads })
}
