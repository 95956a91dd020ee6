//! Failed loads as rules see them: every `dlopen` that fails, alone or after others, once.
//!
//! Deliberately not here: what is to be said of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use elf_loader::LoadError;

use crate::analysis::{Analysis, Cause, Changed, Opening, PackageId, is_imported_by_name};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Probe, Severity};

/// A `dlopen` that fails.
pub(super) struct Failed<'a> {
    /// The distribution whose import fails.
    pub(super) victim: DistributionId,
    /// The file that is opened.
    pub(super) path: &'a PathBuf,
    /// Its module; `None` for a library that `ctypes` opens.
    pub(super) module: Option<&'a str>,
    /// Importing the modules at the top of the package opens it.
    pub(super) eager: bool,
    /// Below a `try`.
    pub(super) guarded: bool,
    /// Under a condition that reading does not decide.
    pub(super) conditional: bool,
    /// No extension module of the distribution can be loaded, and programs import them by their names.
    pub(super) hopeless: bool,
    /// The packages that were imported before, where it succeeds without them.
    pub(super) after: Vec<PackageId>,
    /// What of these does it.
    pub(super) cause: &'a Cause,
    /// Why.
    pub(super) error: &'a LoadError,
}

impl Failed<'_> {
    /// An error where importing the package fails, an order of what programs import makes a module fail, or none of its
    /// modules can be imported; a warning where only some modules below fail, the package may do without, or may not
    /// come to it.
    pub(super) fn severity(&self) -> Severity {
        let breaks = self.eager || self.hopeless || !self.after.is_empty();
        let sure = !self.guarded && !self.conditional && self.cause.is_sure();
        if breaks && sure { Severity::Error } else { Severity::Warning }
    }

    /// What fails, as a title says it where no order does it.
    pub(super) fn fails(&self, analysis: &Analysis<'_>) -> String {
        let package = analysis.name(self.victim);
        match (self.severity(), self.eager) {
            (Severity::Error, true) => format!("importing {package} fails"),
            (Severity::Error, false) => format!("no extension module of {package} can be imported"),
            (_, true) if self.conditional && !self.guarded => format!("importing {package} may fail"),
            _ => format!("{} of {package} cannot be imported", self.module.unwrap_or("a library")),
        }
    }

    /// What is imported last, as a title says it: the package where that is enough, else the module.
    pub(super) fn last<'b>(&'b self, analysis: &'b Analysis<'_>) -> &'b str {
        self.module.filter(|_| !self.eager).unwrap_or(analysis.name(self.victim))
    }

    /// By what a group of loads is named after the first one: importing the package, then the module that needs the
    /// least, then that of the shortest name.
    pub(super) fn rank(&self, analysis: &Analysis<'_>) -> (bool, usize, usize) {
        let alone = analysis.package_of(self.victim).map(|package| &analysis.alone[package]);
        let files =
            alone.and_then(|run| Some(run.files(run.opening(self.path)?).len())).unwrap_or(usize::MAX);
        (!self.eager, files, self.module.map_or(usize::MAX, str::len))
    }

    /// The order that does it, as a title says it: `import a.sub, then b`.
    pub(super) fn in_order(&self, finding: &Finding, last: &str) -> String {
        let (_, before) = finding.packages.split_last().unwrap_or((&finding.packages[0], &[]));
        let mut before: Vec<&str> = before.iter().map(String::as_str).collect();
        if let Some((module, first)) = self.cause.module().zip(before.first_mut()) {
            *first = module;
        }
        let may = if self.conditional || matches!(self.cause, Cause::Maybe(_)) { " may fail" } else { "" };
        format!("import {}, then {last}{may}", before.join(", then "))
    }

    /// How a library that is there before was loaded, as a line of evidence says it.
    pub(super) fn loaded_first(&self) -> String {
        let by = self.cause.module().map(|module| format!(" by {module}")).unwrap_or_default();
        format!("is loaded first{by}")
    }

    /// What of the victim a process imports to see it.
    fn shown_by(&self, analysis: &Analysis<'_>) -> Vec<String> {
        let Some(module) = self.module else { return Vec::new() };
        let package =
            analysis.package_of(self.victim).filter(|_| self.eager && !self.guarded && !self.conditional);
        let tops = package.map(|package| &analysis.packages[package].modules[..]).unwrap_or_default();
        let holds =
            |top: &&String| module.strip_prefix(top.as_str()).is_some_and(|rest| rest.starts_with('.'));
        match tops.iter().find(holds) {
            Some(top) => vec![top.clone()],
            None if tops.is_empty() => vec![module.to_owned()],
            None => tops.to_vec(),
        }
    }

    /// Whether the other way round something fails as well.
    pub(super) fn fails_reversed(&self, analysis: &Analysis<'_>) -> bool {
        let Some(victim) = analysis.package_of(self.victim) else { return false };
        let order: Vec<PackageId> = std::iter::once(victim).chain(self.after.iter().copied()).collect();
        let fails = |change: &crate::analysis::Change| matches!(change.what, Changed::Fails(_));
        analysis.together.iter().any(|together| together.order == order && together.changes.iter().any(fails))
    }

    /// Fills packages, order and probe.
    pub(super) fn describe(&self, analysis: &Analysis<'_>, finding: &mut Finding) {
        let victim = analysis.name(self.victim).to_owned();
        let mut imports: Vec<(String, Vec<String>)> = Vec::new();
        for package in &self.after {
            let name = analysis.package_name(*package).to_owned();
            if name != victim {
                let mut modules = analysis.packages[*package].modules.clone();
                match self.cause {
                    Cause::Imported => {}
                    cause => match cause.module() {
                        Some(module) => modules.push(module.clone()),
                        None => modules = probe_modules(analysis, *package, self.error),
                    },
                }
                imports.push((name, modules));
            }
        }
        finding.packages = imports.iter().map(|(name, _)| name.clone()).chain([victim.clone()]).collect();
        if !imports.is_empty() {
            finding.order = Some(finding.packages.clone());
        }
        imports.push((victim, self.shown_by(analysis)));
        finding.probe = self.module.is_some().then_some(Probe { imports });
    }
}

/// What of a package must be imported before `error` shows: its modules at the top, and the one that loads what the
/// error is about.
fn probe_modules(analysis: &Analysis<'_>, package: PackageId, error: &LoadError) -> Vec<String> {
    let mut modules = analysis.packages[package].modules.clone();
    let about: Vec<&elf_facts::Name> = match &error.failure {
        elf_loader::Failure::Versions(missing) => missing.iter().map(|one| &one.library).collect(),
        _ => Vec::new(),
    };
    let run = &analysis.alone[package];
    let loads = |path: &elf_facts::Name| {
        let opening = run
            .openings
            .iter()
            .find(|opening| opening.load.new_objects().any(|(_, object)| object.path == *path))?;
        opening.module.clone().filter(|_| !opening.eager)
    };
    modules.extend(about.into_iter().find_map(loads));
    // Without a word on which library it is, all that the package has.
    if about_nothing(error) {
        let deep = run.openings.iter().filter(|opening| !opening.eager && opening.load.result.is_ok());
        modules.extend(deep.filter_map(|opening| opening.module.clone()));
    }
    modules
}

fn about_nothing(error: &LoadError) -> bool {
    !matches!(error.failure, elf_loader::Failure::Versions(_))
}

/// Whose load fails, of which file, after what.
type Key<'a> = (DistributionId, &'a PathBuf, Vec<PackageId>);

/// Adds a load; one package may try what another one needs, and who needs it counts.
fn add_to<'a>(found: &mut BTreeMap<Key<'a>, Failed<'a>>, failed: Failed<'a>) {
    match found.entry((failed.victim, failed.path, failed.after.clone())) {
        Entry::Occupied(mut known) if known.get().severity() < failed.severity() => {
            drop(known.insert(failed))
        }
        Entry::Occupied(_) => {}
        Entry::Vacant(none) => drop(none.insert(failed)),
    }
}

/// Every load that fails, alone or after others; one that fails alone is not said again for orders.
pub(super) fn failed<'a>(analysis: &'a Analysis<'_>) -> Vec<Failed<'a>> {
    let mut found: BTreeMap<Key<'a>, Failed<'a>> = BTreeMap::new();
    let mut add = |failed| add_to(&mut found, failed);
    let mut no_hope: BTreeMap<DistributionId, bool> = BTreeMap::new();
    let mut others: Vec<Failed<'a>> = Vec::new();
    for (package, run) in analysis.alone.iter().enumerate() {
        for opening in &run.openings {
            let Err(error) = &opening.load.result else { continue };
            let owner = analysis.files.owner_at(&opening.path);
            let importer = analysis.packages[package].distribution;
            let victim = owner.unwrap_or(importer);
            let failed = Failed {
                victim,
                path: &opening.path,
                module: opening.module.as_deref(),
                eager: opening.eager,
                guarded: opening.guarded,
                conditional: opening.conditional,
                hopeless: *no_hope.entry(victim).or_insert_with(|| hopeless(analysis, victim)),
                after: Vec::new(),
                cause: &Cause::Imported,
                error,
            };
            match victim == importer || analysis.package_of(victim).is_none() {
                true => add(failed),
                false if opening.eager && !opening.guarded && !opening.conditional => {
                    others.push(Failed { victim: importer, ..failed })
                }
                false => {}
            }
        }
    }
    // What another package's import opens is its own to tell, unless only this one needs it.
    let told: BTreeSet<&PathBuf> = found
        .values()
        .filter(|failed| failed.severity() == Severity::Error)
        .map(|failed| failed.path)
        .collect();
    others.retain(|failed| !told.contains(failed.path));
    let mut add = |failed| add_to(&mut found, failed);
    others.into_iter().for_each(&mut add);
    for together in &analysis.together {
        let last = together.order.len().saturating_sub(1);
        for change in &together.changes {
            let Changed::Fails(error) = &change.what else { continue };
            add(Failed {
                victim: change.victim,
                path: &change.path,
                module: change.module.as_deref(),
                eager: change.eager,
                guarded: change.guarded,
                conditional: change.conditional,
                hopeless: false,
                after: together.order[..last].to_vec(),
                cause: &change.cause,
                error,
            });
        }
    }
    found.into_values().collect()
}

/// Whether no extension module of a distribution can be loaded when its package is imported alone, and one at least is
/// there for programs to import it by its name, as those of Qt's bindings are.
fn hopeless(analysis: &Analysis<'_>, distribution: DistributionId) -> bool {
    let Some(package) = analysis.package_of(distribution) else { return false };
    let openings = analysis.alone[package].openings.iter();
    let own: Vec<&Opening> = openings
        .filter(|opening| {
            opening.module.is_some() && analysis.files.owner_at(&opening.path) == Some(distribution)
        })
        .collect();
    let folder = &analysis.environment.distributions[distribution].folder;
    own.iter().all(|opening| opening.load.result.is_err())
        && own.iter().any(|opening| {
            let module = opening.module.as_deref().unwrap_or_default();
            is_imported_by_name(folder, module) && !is_tried(analysis, &opening.path)
        })
}

/// Whether some package tries to import the module in a file and can do without.
fn is_tried(analysis: &Analysis<'_>, path: &Path) -> bool {
    let mut openings = analysis.alone.iter().flat_map(|run| &run.openings);
    openings.any(|opening| (opening.guarded || opening.conditional) && opening.path == path)
}

/// Adds lines that are not there yet: modules that fail by one library have one line.
pub(super) fn add_new(evidence: &mut Vec<Evidence>, lines: impl Iterator<Item = Evidence>) {
    for line in lines {
        if !evidence.contains(&line) {
            evidence.push(line);
        }
    }
}
