//! Copies for files that one process is to open together.
//!
//! Deliberately not here: environments (`installed`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_isolate::{Graph, Links, Places, Plan, Record, Wanted, World, isolate};
use elf_loader::{Load, Mode, Process};

use super::{Options, loader_of, nothing, say, target};
use crate::analysis::Machine;
use crate::commands::caches::facts;
use crate::environment::Interpreter;
use crate::failure::{Failure, Outcome};
use crate::isolation;
use crate::output::Output;

pub(super) fn run(options: &Options, out: &Path, output: &mut dyn Output) -> Result<Outcome, Failure> {
    let cache = Arc::new(facts(options.no_cache));
    let mut paths = Vec::new();
    for file in &options.inputs {
        let path = std::path::absolute(file)
            .map_err(|error| Failure::new(format!("could not find {}: {error}", file.display())))?;
        cache.get(&path).map_err(|error| {
            Failure::new(error).hint("give extension modules and libraries, or an environment")
        })?;
        paths.push(path);
    }
    let sites = paths.iter().filter_map(|path| target::site_of(path));
    target::refuse(out, &sites.chain(paths.iter().cloned()).collect::<Vec<_>>())?;
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let interpreter = match &options.python {
        Some(python) => Interpreter::named(python),
        None => Interpreter::near(first),
    };
    let interpreter = interpreter.map_err(Failure::new)?;
    let machine = Machine::of(&interpreter, Arc::default(), cache.clone()).map_err(Failure::new)?;
    let open = |path: &PathBuf| {
        let mut process = machine.start.clone();
        let (load, unmet) = process.trace(path.as_os_str().as_encoded_bytes(), machine.caller);
        (process, load, unmet)
    };
    let alone: Vec<_> = paths.iter().map(open).collect();
    let worlds = alone.iter().zip(&paths).enumerate().map(|(owner, ((process, load, unmet), path))| World {
        owner,
        process,
        start: machine.start.len(),
        loads: vec![(path.as_path(), load)],
        unmet: unmet.iter().collect(),
    });
    let mut graph = Graph::of(worlds.collect(), &Links::default());
    graph.read_strings();
    let folders = paths.iter().filter_map(|path| path.parent());
    let places = Places::new(&folders.map(Path::to_owned).collect::<Vec<_>>());
    // They were named: whoever needs them is not among them, or opens them by their paths.
    let plan = Plan::of(&graph, &places, &Wanted::all().with_unneeded());
    plan.check().map_err(Failure::new)?;
    if plan.is_empty() {
        return nothing(out, output, &plan.kept);
    }
    let loader = loader_of(&interpreter, &cache)?;
    let holds = |staged: &Path| -> Result<(), String> {
        let named = Record::read(staged).map(|record| record.named(staged)).unwrap_or_default();
        let copies: Vec<PathBuf> = paths.iter().map(|path| staged.join(places.of(path))).collect();
        for (original, copy) in paths.iter().zip(&copies) {
            if let Some(why) = isolation::refused_by_the_loader(&loader, original, copy, &named) {
                return Err(why);
            }
        }
        // As they are to be used: together, in either order.
        let could = |path: &&PathBuf| dlopen(&machine, &mut machine.start.clone(), path).result.is_ok();
        let able: Vec<&PathBuf> =
            paths.iter().zip(&copies).filter(|(path, _)| could(path)).map(|(_, copy)| copy).collect();
        for order in [able.clone(), able.into_iter().rev().collect()] {
            let mut process = machine.start.clone();
            for copy in order {
                dlopen(&machine, &mut process, copy).result.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    };
    let isolated = isolate(&graph, &plan, &places, out, &holds).map_err(Failure::new)?;
    // A cache that cannot be written costs time on the next run, and nothing now.
    let _ = cache.finish();
    say(&isolated, out, output)?;
    Ok(Outcome::Fine)
}

fn dlopen(machine: &Machine, process: &mut Process, path: &Path) -> Load {
    process.dlopen(path.as_os_str().as_encoded_bytes(), Mode::default(), machine.caller)
}
