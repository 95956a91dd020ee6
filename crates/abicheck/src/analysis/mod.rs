//! What importing the packages of an environment does, alone and in every order that could matter.
//!
//! `machine` is the simulated process with the interpreter, `files` what all native files say, `plan` what each
//! package's import opens, `run` one process in one order, `interact` which pairs could influence each other,
//! `changes` what is different in a pair from a package alone. Rules read the result.
//! Deliberately not here: whether something is bad.

mod bare;
mod brought;
mod cause;
mod changes;
mod files;
mod foreign;
mod graph;
mod interact;
mod machine;
mod plan;
mod run;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use elf_facts::{Cache, Name};
use elf_loader::{Identity, Object, ObjectId, straight};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::environment::{Distribution, DistributionId, Environment};
use crate::failure::did_you_mean;
use crate::importing::{Imports, Sources};

use brought::Brought;

pub use cause::Cause;
pub(crate) use cause::is_imported_by_name;
pub use changes::{Change, Changed, Opened, Rebound, Reference, Substitution};
pub use files::{File, Files, Known};
pub use foreign::Foreign;
pub(crate) use foreign::reached;
pub use machine::{Machine, MachineError};
pub(crate) use plan::initialisation;
pub use plan::{Plan, PlannedStep};
pub use run::{Assumed, Opening, Run};

/// Which package: its place in [`Analysis::packages`].
pub type PackageId = usize;

/// What the user wants beside the inputs.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// `--order`: these distributions, in this order, and no pairs.
    pub order: Option<Vec<String>>,
    /// `--script`: what this file imports, in its order, and no pairs.
    pub script: Option<PathBuf>,
}

/// Why there is no analysis.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The machine cannot be simulated.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// `--order` names what is not there.
    #[error("`--order` names {name}, which has no extension modules here{}\nhint: the packages that have are {}", near(name, known), known.join(", "))]
    NoPackage {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// `--script` could not be read.
    #[error("could not read the script {}: {why}\nhint: `--script` takes a Python file", path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// A further hint, where one of `known` looks like `name`.
fn near(name: &str, known: &[String]) -> String {
    let near = did_you_mean(name, known.iter().map(String::as_str));
    near.map(|hint| format!("\nhint: {hint}")).unwrap_or_default()
}

/// An order in which packages were imported together, and what it changed for the last of them.
pub struct Together {
    /// The packages, in order.
    pub order: Vec<PackageId>,
    /// What is different from each package alone.
    pub changes: Vec<Change>,
    /// What importing the last package loads beside what was there.
    pub loaded: Vec<Arc<Object>>,
}

/// Everything that rules ask.
pub struct Analysis<'a> {
    /// What was read.
    pub environment: &'a Environment,
    /// The interpreter's process before any import.
    pub machine: Machine,
    /// The native files of all distributions.
    pub files: Files,
    /// The distributions that load something when they are imported.
    pub packages: Vec<Plan>,
    /// Each package imported alone, in the order of [`Analysis::packages`].
    pub alone: Vec<Run>,
    /// The orders that could matter.
    pub together: Vec<Together>,
    /// Names of distributions as findings show them.
    names: Vec<String>,
    owners: FxHashMap<Identity, DistributionId>,
    /// Several rules ask for it.
    foreign: OnceLock<Vec<Foreign>>,
    /// Symbols that were bound in orders of several.
    bindings_together: usize,
    /// Pairs that could influence each other.
    interacting: usize,
    /// The distributions of a given order, by when a file of each is opened first; `None` where all orders are asked.
    scope: Option<Vec<DistributionId>>,
}

impl<'a> Analysis<'a> {
    /// Analyses `environment` with facts from `cache` and Python code from `sources`; `says` is told each phase.
    ///
    /// # Errors
    /// When the interpreter's process cannot be simulated, or a wish names what is not there.
    pub fn of(
        environment: &'a Environment,
        cache: Arc<Cache>,
        sources: &Sources,
        wishes: &Wishes,
        says: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, AnalysisError> {
        says("reading shared objects");
        let known = Arc::new(Known::default());
        let (files, system) = std::thread::scope(|scope| {
            let system =
                scope.spawn(|| Machine::asked(&environment.interpreter, cache.clone(), known.clone()));
            let files = Files::read(environment, &cache, &known);
            (files, system.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let mut machine = Machine::start(&environment.interpreter, system?)?;
        machine.brought = Brought::of(&files, environment);
        machine.answers = environment.answers.clone();
        says("reading Python code");
        let mut imports = Imports::new(environment, sources);
        let packages = Plan::all(environment, &files, &mut imports);
        says("loading each package alone");
        let alone = Self::alone(&machine, &packages);
        let mut owners = files.owners();
        add_others(&mut owners, environment, alone.iter().flat_map(|run| run.objects(&machine)));
        let mut analysis = Self {
            environment,
            machine,
            files,
            packages,
            alone,
            together: Vec::new(),
            names: names(&environment.distributions),
            owners,
            foreign: OnceLock::new(),
            bindings_together: 0,
            interacting: 0,
            scope: None,
        };
        says("loading packages in the orders that could matter");
        let orders = analysis.orders(&mut imports, wishes)?;
        // As the analysis itself: the process ends soon.
        std::mem::forget(imports);
        if wishes.order.is_some() || wishes.script.is_some() {
            analysis.scope = Some(analysis.opened(orders.iter().map(|order| &order.run)));
            // A package that is asked for counts, also where importing it opens nothing.
            let asked = orders.iter().flat_map(|order| &order.packages);
            let asked: Vec<DistributionId> =
                asked.map(|package| analysis.packages[*package].distribution).collect();
            let scope = analysis.scope.get_or_insert_default();
            for one in asked {
                if !scope.contains(&one) {
                    scope.push(one);
                }
            }
        }
        let together: Vec<(Together, usize)> =
            orders.into_par_iter().map(|order| analysis.compare(order)).collect();
        analysis.bindings_together = together.iter().map(|(_, bindings)| bindings).sum();
        analysis.together = together.into_iter().map(|(together, _)| together).collect();
        Ok(analysis)
    }

    /// Each package alone. Those that open little come first: what they open, the others that need it find looked up, and do
    /// not wait for one another.
    fn alone(machine: &Machine, packages: &[Plan]) -> Vec<Run> {
        let mut order: Vec<(PackageId, &Plan)> = packages.iter().enumerate().collect();
        order.sort_by_key(|(_, plan)| plan.steps.len());
        let runs = order.into_iter().par_bridge().map(|(id, plan)| (id, Run::alone(machine, plan)));
        let mut runs: Vec<(PackageId, Run)> = runs.collect();
        runs.sort_by_key(|(id, _)| *id);
        runs.into_iter().map(|(_, run)| run).collect()
    }

    /// The distribution that has the file of `object`.
    pub fn owner(&self, object: &Object) -> Option<DistributionId> {
        object.identity.and_then(|identity| self.owners.get(&identity).copied())
    }

    /// Distributions in the order in which `runs` open their files.
    fn opened<'r>(&self, runs: impl Iterator<Item = &'r Run>) -> Vec<DistributionId> {
        let mut order = Vec::new();
        for opening in runs.flat_map(|run| &run.openings) {
            if let Some(owner) = self.files.owner_at(&opening.path).filter(|owner| !order.contains(owner)) {
                order.push(owner);
            }
        }
        order
    }

    /// The distributions that are imported where one order is asked about, by when a file of each is opened first.
    pub fn order(&self) -> Option<Vec<String>> {
        let scope = self.scope.as_ref()?;
        Some(scope.iter().map(|one| self.name(*one).to_owned()).collect())
    }

    /// Whether a distribution is imported in the orders that are asked about.
    pub fn is_in_scope(&self, distribution: DistributionId) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&distribution))
    }

    /// Whether `names` are imported in the orders that are asked about, and, where their order matters, in this one.
    pub fn is_asked(&self, names: &[String], in_order: bool) -> bool {
        let Some(scope) = &self.scope else { return true };
        let place = |name: &String| scope.iter().position(|one| self.name(*one) == name);
        let Some(places) = names.iter().map(place).collect::<Option<Vec<usize>>>() else { return false };
        !in_order || places.is_sorted()
    }

    /// The name of a distribution; with its version where another one has the same name, and with its closures where
    /// another one has the same version, too.
    pub fn name(&self, distribution: DistributionId) -> &str {
        &self.names[distribution]
    }

    /// The name of a package's distribution.
    pub fn package_name(&self, package: PackageId) -> &str {
        self.name(self.packages[package].distribution)
    }

    /// The package of a distribution, if it loads something.
    pub fn package_of(&self, distribution: DistributionId) -> Option<PackageId> {
        self.packages.iter().position(|plan| plan.distribution == distribution)
    }

    /// The file that `distribution` brings under the name of the one at `path`, or under its SONAME; not that one.
    pub fn own_copy(&self, distribution: DistributionId, path: &Path) -> Option<PathBuf> {
        let name = path.file_name()?;
        let identity = files::identity(path);
        let own = self.files.all().iter().filter(|file| file.owner == distribution);
        let own = own.filter(|file| file.identity() != identity);
        let is_it = |file: &&File| {
            let soname = file.facts.as_ref().ok().and_then(|facts| facts.head.soname.as_ref());
            file.path.file_name() == Some(name)
                || soname.is_some_and(|soname| soname.as_path().as_os_str() == name)
        };
        let mut own: Vec<&File> = own.filter(is_it).collect();
        // Of several, the one that importing the package loads.
        if own.len() > 1 {
            own.sort_by_key(|file| !self.is_loaded_alone(file));
        }
        own.first().map(|file| file.path.clone())
    }

    /// Whether importing some package alone loads the file.
    fn is_loaded_alone(&self, file: &File) -> bool {
        let objects = self.alone.iter().flat_map(|run| run.process.objects());
        file.identity().is_some() && objects.into_iter().any(|(_, object)| object.identity == file.identity())
    }

    /// Whether `distribution` brings a library of this name, or with this SONAME.
    pub fn brings(&self, distribution: DistributionId, name: &Name) -> bool {
        let own = self.files.all().iter().filter(|file| file.owner == distribution);
        own.into_iter().any(|file| {
            let soname = file.facts.as_ref().ok().and_then(|facts| facts.head.soname.as_ref());
            file.path.file_name().is_some_and(|last| last == name.as_path().as_os_str())
                || soname == Some(name)
        })
    }

    /// `path`, without the folder that its distribution is installed in.
    pub fn shown(&self, path: &Path) -> PathBuf {
        let folders = self.environment.distributions.iter().map(|distribution| &distribution.folder);
        let inside = folders.filter_map(|folder| path.strip_prefix(folder).ok());
        inside.min_by_key(|rest| rest.as_os_str().len()).unwrap_or(path).to_owned()
    }
}

/// Adds who has which of `objects`, as far as their names do not say that they are libraries: `lib/core`.
fn add_others<'o>(
    owners: &mut FxHashMap<Identity, DistributionId>,
    environment: &Environment,
    objects: impl Iterator<Item = (ObjectId, &'o Arc<Object>)>,
) {
    for (_, object) in objects {
        let Some(identity) = object.identity.filter(|identity| !owners.contains_key(identity)) else {
            continue;
        };
        let path = straight(object.path.as_path());
        let has = |one: &Distribution| {
            let inside = path.strip_prefix(&one.folder).ok().and_then(Path::to_str);
            let recorded = |inside: &str| one.recorded.iter().any(|file| file == inside);
            // The folder of a unit is its own.
            inside.is_some_and(|inside| !one.closures.is_empty() || recorded(inside))
        };
        if let Some(owner) = environment.distributions.iter().position(has) {
            owners.insert(identity, owner);
        }
    }
}

fn names(distributions: &[Distribution]) -> Vec<String> {
    let name = |one: &Distribution| one.name.clone();
    let with_version = |one: &Distribution| format!("{}=={}", one.name, one.version);
    let count = |told: &dyn Fn(&Distribution) -> String| {
        let mut count: HashMap<String, usize> = HashMap::new();
        distributions.iter().for_each(|one| *count.entry(told(one)).or_default() += 1);
        count
    };
    let (names, versions) = (count(&name), count(&with_version));
    let told = |one: &Distribution| match (names[&name(one)], versions[&with_version(one)]) {
        (2.., 2..) if !one.closures.is_empty() => {
            format!("{} (in {})", with_version(one), one.closures.join(", "))
        }
        (2.., _) if !one.version.is_empty() => with_version(one),
        _ => name(one),
    };
    distributions.iter().map(told).collect()
}
