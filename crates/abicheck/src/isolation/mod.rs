//! Mending what comes of shared names: which files packages load alone, and whether their copies do the same together.
//!
//! A package is to get, beside others, what it gets alone. That is taken from the same simulated processes that
//! findings are made of, and the copies are put through it again before anybody sees them.
//! Deliberately not here: the copies (`elf-isolate`).

mod broken;
mod depends;
mod folders;
mod holds;
mod left;
mod links;
mod recorded;
mod system;
pub mod units;

use std::path::{Path, PathBuf};

use elf_isolate::{Graph, Links, World};
use elf_loader::{Load, Process, Unmet};

use crate::analysis::{Analysis, Opening};
use crate::environment::DistributionId;

pub use folders::Stage;
pub use holds::{breaks, refused_by_the_loader};
pub use left::{Left, Why};
pub use links::links;
pub use system::seen;

/// A process that imported one package, and then opened the rest of its distribution's native files, as far as what they
/// need is there: plugins, which C code opens, are its own, too, and where something is not installed today it may be
/// tomorrow.
struct Opened<'a> {
    owner: usize,
    process: Process,
    imported: Vec<(&'a Path, &'a Load)>,
    after: Vec<(PathBuf, (Load, Vec<Unmet>))>,
}

/// Which file each name leads to for each package of `analysis` alone; `number` is what a package is called in it, and
/// `links` lead from one package's folder into another's. `dependencies` are the packages that one is installed with: a
/// file that lacks something finds it where their imports have loaded it.
pub fn graph(
    analysis: &Analysis<'_>,
    number: &dyn Fn(DistributionId) -> usize,
    links: &Links,
    dependencies: &dyn Fn(DistributionId) -> Vec<DistributionId>,
) -> Graph {
    let (machine, start) = (&analysis.machine, analysis.machine.start.len());
    let mut all: Vec<Opened<'_>> = Vec::new();
    for (id, distribution) in analysis.environment.distributions.iter().enumerate() {
        let run = analysis.package_of(id).map(|package| &analysis.alone[package]);
        let openings = run.map(|run| run.openings.as_slice()).unwrap_or_default();
        let opened = |opening: &&Opening| opening.load.result.is_ok();
        let imported: Vec<(&Path, &Load)> =
            openings.iter().filter(opened).map(|opening| (opening.path.as_path(), &opening.load)).collect();
        let begun = run.map_or_else(|| machine.start.clone(), |run| run.process.clone());
        let failed = openings.iter().filter(|opening| !opened(opening)).map(|opening| &opening.path);
        let rest = distribution.native.iter().filter(|path| !openings.iter().any(|one| one.path == **path));
        let rest = failed.chain(rest);
        let open = |process: &mut Process, path: &Path| {
            process.trace(path.as_os_str().as_encoded_bytes(), machine.caller)
        };
        // Once what it depends on is loaded, if that has native code.
        let beside = std::cell::LazyCell::new(|| {
            let others = dependencies(id).into_iter().filter(|on| *on != id);
            let runs = others.filter_map(|on| analysis.package_of(on));
            let loaded: Vec<&Opening> =
                runs.flat_map(|on| &analysis.alone[on].openings).filter(opened).collect();
            let mut process = begun.clone();
            loaded.iter().for_each(|opening| drop(open(&mut process, &opening.path)));
            Some(process).filter(|_| !loaded.is_empty())
        });
        let mut process = begun.clone();
        let mut after = Vec::new();
        for path in rest {
            // Where nothing is imported, nothing says what comes before them: each by itself.
            let mut own = if run.is_some() { None } else { Some(begun.clone()) };
            let found = open(own.as_mut().unwrap_or(&mut process), path);
            if let Some(mut process) =
                Some(&found).filter(|(_, unmet)| !unmet.is_empty()).and_then(|_| beside.clone())
            {
                let after = vec![(path.clone(), open(&mut process, path))];
                all.push(Opened { owner: id, process, imported: Vec::new(), after });
            } else if let Some(process) = own {
                let after = vec![(path.clone(), found)];
                all.push(Opened { owner: id, process, imported: Vec::new(), after });
            } else {
                after.push((path.clone(), found));
            }
        }
        if run.is_some() {
            all.push(Opened { owner: id, process, imported, after });
        }
    }
    let worlds = all.iter().map(|opened| {
        let after = opened.after.iter().map(|(path, (load, _))| (path.as_path(), load));
        World {
            owner: number(opened.owner),
            process: &opened.process,
            start,
            loads: opened.imported.iter().copied().chain(after).collect(),
            unmet: opened.after.iter().flat_map(|(_, (_, unmet))| unmet).collect(),
        }
    });
    Graph::of(worlds.collect(), links)
}
