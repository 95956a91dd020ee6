//! What of the packages before makes a load fail: importing them, one module of theirs, or code that may not run.
//!
//! A plan opens all that a package has, as a program would that uses all of it; most programs do not. So every load
//! that fails in an order is tried again after less of what comes before.
//! Deliberately not here: how bad it is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::plan::PlannedStep;
use super::{Analysis, Opening, PackageId, Run};
use crate::environment::Distribution;
use crate::importing::{Imports, Session};

/// What of the packages before makes a load fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Importing them.
    Imported,
    /// One module of the first, which programs import by its name.
    Module(String),
    /// Several modules together.
    Several,
    /// One module of the first that no import comes to, as far as reading tells.
    Inside(String),
    /// What stands under a condition that reading does not decide; its module, where it is one.
    Maybe(Option<String>),
}

impl Cause {
    /// The one module that must be imported.
    pub fn module(&self) -> Option<&String> {
        match self {
            Self::Module(module) | Self::Inside(module) => Some(module),
            Self::Maybe(module) => module.as_ref(),
            Self::Imported | Self::Several => None,
        }
    }

    /// Programs that import the packages meet it.
    pub fn is_sure(&self) -> bool {
        matches!(self, Self::Imported | Self::Module(_) | Self::Several)
    }
}

/// By the file whose load fails.
pub(super) type Causes = HashMap<PathBuf, Cause>;

/// The modules that programs import by name and that come to a file, by package; read when they are asked for.
#[derive(Default)]
pub(super) struct Ways(HashMap<PackageId, HashMap<PathBuf, String>>);

/// Of so many modules of one package it is read what they come to.
const MOST_MODULES: usize = 2000;
/// So many modules are tried for one failure.
const MOST_TRIED: usize = 64;

/// Whether importing the modules at the top opens it in any case.
fn is_certain(step: &PlannedStep) -> bool {
    step.eager && !step.step.when().is_some_and(|when| when.conditional)
}

impl Analysis<'_> {
    /// What of `first` makes the loads in `run`, which is that of `then` after it, fail.
    pub(super) fn causes(
        &self,
        imports: &mut Imports<'_>,
        ways: &mut Ways,
        (first, then): (PackageId, PackageId),
        run: &Run,
    ) -> Causes {
        let failing = self.failing(then, run);
        if failing.is_empty() {
            return Causes::new();
        }
        let after = |keep: &dyn Fn(&PlannedStep) -> bool| {
            self.part(first, |step| is_certain(step) || keep(step)).then(&self.machine, &self.packages[then])
        };
        let certain = after(&|_| false);
        // What is the cause of one failure is mostly that of others: each part is asked and tried once.
        let (mut meanings, mut failures) = (HashMap::new(), HashMap::new());
        let mut cause = |opening: &Opening| {
            if fails(&certain, &opening.path) {
                return Cause::Imported;
            }
            let mut parts: Vec<(Cause, &Opening)> = self
                .parts(first, then, opening, run)
                .into_iter()
                .map(|part| {
                    let meaning = meanings.entry((&part.path, &part.module));
                    (meaning.or_insert_with(|| self.cause_of(imports, ways, first, part)).clone(), part)
                })
                .collect();
            parts.sort_by_key(|(cause, _)| !cause.is_sure());
            for &(ref cause, part) in parts.iter().take(MOST_TRIED) {
                let failed: &HashSet<&PathBuf> = failures.entry(&part.path).or_insert_with(|| {
                    let with = after(&|step| step.step.path() == Some(&part.path));
                    failing.iter().map(|one| &one.path).filter(|one| fails(&with, one)).collect()
                });
                if failed.contains(&opening.path) {
                    return cause.clone();
                }
            }
            let sure: HashSet<&PathBuf> =
                parts.iter().filter(|(cause, _)| cause.is_sure()).map(|(_, part)| &part.path).collect();
            let with = after(&|step| step.step.path().is_some_and(|path| sure.contains(path)));
            if fails(&with, &opening.path) { Cause::Several } else { Cause::Maybe(None) }
        };
        failing.iter().map(|opening| (opening.path.clone(), cause(opening))).collect()
    }

    /// As [`Self::causes`], where `certain` is the run without what is under conditions.
    pub(super) fn causes_beside(&self, then: PackageId, run: &Run, certain: &Run) -> Causes {
        let cause = |opening: &Opening| match fails(certain, &opening.path) {
            true => Cause::Several,
            false => Cause::Maybe(None),
        };
        self.failing(then, run).into_iter().map(|opening| (opening.path.clone(), cause(opening))).collect()
    }

    /// The loads of `run` that fail, and do not where their own package is imported alone.
    fn failing<'r>(&self, then: PackageId, run: &'r Run) -> Vec<&'r Opening> {
        let failed = run.openings.iter().filter(|opening| opening.load.result.is_err());
        failed.filter(|opening| !fails(&self.alone[self.opener(opening, then)], &opening.path)).collect()
    }

    /// The package that an opening belongs to: what no distribution has is opened for `then`.
    fn opener(&self, opening: &Opening, then: PackageId) -> PackageId {
        let owner = self.files.owner_at(&opening.path).and_then(|owner| self.package_of(owner));
        owner.unwrap_or(then)
    }

    /// A process that has opened a part of what a package opens.
    pub(super) fn part(&self, package: PackageId, keep: impl Fn(&PlannedStep) -> bool) -> Run {
        let mut run = Run::new(&self.machine);
        for step in self.packages[package].steps.iter().filter(|step| keep(step)) {
            run.open(&self.machine, step);
        }
        run
    }

    /// A package alone, without what the others that it imports open.
    pub fn by_itself(&self, package: PackageId) -> Run {
        let own = self.packages[package].distribution;
        let is_others = |path: &Path| self.files.owner_at(path).is_some_and(|owner| owner != own);
        self.part(package, |step| !step.step.path().is_some_and(|path| is_others(path)))
    }

    /// What `first` opens and need not: what has a file that `failed` came to and does not alone, or all of it. The smallest
    /// comes first, then that of the shortest name: the one that people know.
    fn parts(&self, first: PackageId, then: PackageId, failed: &Opening, run: &Run) -> Vec<&Opening> {
        let own: HashSet<usize> =
            self.alone[self.opener(failed, then)].process.objects().map(|(_, object)| object.key()).collect();
        let edges = failed.load.edges.iter();
        let met: HashSet<usize> = edges
            .map(|edge| failed.load.object(&run.process, edge.to).key())
            .filter(|key| !own.contains(key))
            .collect();
        let alone = &self.alone[first];
        let may = alone.openings.iter().filter(|opening| !opening.eager || opening.conditional);
        let mut parts: Vec<(Vec<usize>, &Opening)> = may
            .filter(|opening| opening.load.result.is_ok())
            .map(|opening| (alone.files(opening), opening))
            .collect();
        let name = |opening: &Opening| opening.module.as_ref().map_or(0, String::len);
        parts.sort_by_key(|(files, opening)| (files.len(), name(opening)));
        let meets = |(files, _): &(Vec<usize>, &Opening)| files.iter().any(|file| met.contains(file));
        if parts.iter().any(meets) {
            parts.retain(meets);
        }
        parts.into_iter().map(|(_, opening)| opening).collect()
    }

    /// What it means that one opening of `first` is the cause.
    pub(super) fn cause_of(
        &self,
        imports: &mut Imports<'_>,
        ways: &mut Ways,
        first: PackageId,
        opening: &Opening,
    ) -> Cause {
        let Some(module) = opening.module.clone().filter(|_| !opening.eager) else {
            return Cause::Maybe(opening.module.clone());
        };
        let distribution = &self.environment.distributions[self.packages[first].distribution];
        if is_imported_by_name(&distribution.folder, &module) {
            return Cause::Module(module);
        }
        let ways = ways.0.entry(first).or_insert_with(|| self.ways(imports, first));
        ways.get(&opening.path).cloned().map_or(Cause::Inside(module), Cause::Module)
    }

    /// For each file, the module of a package that comes to it, of those that programs import by name.
    fn ways(&self, imports: &mut Imports<'_>, package: PackageId) -> HashMap<PathBuf, String> {
        let id = self.packages[package].distribution;
        let names = public_modules(&self.environment.distributions[id]);
        imports.read(names.iter().map(|name| (Some(id), name.as_str())));
        let mut ways = HashMap::new();
        for name in names {
            let mut steps = Vec::new();
            imports.import_read(&mut Session::default(), Some(id), &name, &mut steps);
            let sure = steps.iter().filter(|step| !step.when().is_some_and(|when| when.conditional));
            for path in sure.filter_map(|step| step.path()) {
                ways.entry(path.clone()).or_insert_with(|| name.clone());
            }
        }
        ways
    }
}

fn fails(run: &Run, path: &Path) -> bool {
    run.opening(path).is_some_and(|opening| opening.load.result.is_err())
}

/// The modules of Python code whose names have no underscore in front and are no tests', the shortest names first.
fn public_modules(distribution: &Distribution) -> Vec<String> {
    let code = distribution.recorded.iter().filter_map(|file| file.strip_suffix(".py"));
    let names = code.map(|stem| stem.strip_suffix("/__init__").unwrap_or(stem));
    let is_public = |part: &str| {
        !part.is_empty() && !part.starts_with('_') && !part.contains(['.', '-']) && !is_of_tests(part)
    };
    let names = names.filter(|name| name.split('/').all(is_public));
    let sorted: BTreeMap<(usize, &str), String> =
        names.map(|name| ((name.split('/').count(), name), name.replace('/', "."))).collect();
    sorted.into_values().take(MOST_MODULES).collect()
}

fn is_of_tests(part: &str) -> bool {
    matches!(part, "tests" | "test" | "conftest" | "setup")
}

/// Whether a module has a public name, and the packages around it do not speak of it: one that does imports it when it
/// is needed, or on another system.
pub(crate) fn is_imported_by_name(folder: &Path, module: &str) -> bool {
    let mut parts: Vec<&str> = module.split('.').collect();
    if parts.iter().any(|part| part.starts_with('_')) {
        return false;
    }
    let last = parts.pop().unwrap_or_default();
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let mut around = folder.to_owned();
    parts.iter().all(|part| {
        around.push(part);
        let source = std::fs::read_to_string(around.join("__init__.py")).unwrap_or_default();
        let code = code(&source).map(|line| line.split('#').next().unwrap_or(line));
        !code.flat_map(|line| line.split(|c| !is_letter(c))).any(|word| word == last)
    })
}

/// The lines of a module below its docstring.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let start = source.trim_start();
    let quoted = ["\"\"\"", "'''"].iter().find_map(|quotes| start.strip_prefix(quotes)?.split_once(quotes));
    quoted.map_or(source, |(_, rest)| rest).lines()
}
