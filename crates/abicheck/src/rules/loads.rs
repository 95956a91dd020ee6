//! Failed loads as rules see them: every `dlopen` that fails, alone or after others, once.
//!
//! Deliberately not here: what is to be said of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use elf_loader::LoadError;

use crate::analysis::{Analysis, Changed, PackageId};
use crate::environment::DistributionId;
use crate::finding::{Finding, Probe, Severity};

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
    /// No extension module of the distribution can be loaded.
    pub(super) hopeless: bool,
    /// The packages that were imported before, where it succeeds without them.
    pub(super) after: Vec<PackageId>,
    /// The one module of the first of these that is imported, where it is not all of it.
    pub(super) through: Option<&'a String>,
    /// Why.
    pub(super) error: &'a LoadError,
}

impl Failed<'_> {
    /// An error where importing the package fails, an order makes it fail, or nothing of it can be loaded; a warning
    /// where only some modules below fail or the package may do without.
    pub(super) fn severity(&self) -> Severity {
        let needed = self.eager || self.hopeless;
        match (needed && !self.guarded) || !self.after.is_empty() {
            true => Severity::Error,
            false => Severity::Warning,
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
                match self.through {
                    Some(module) => modules.push(module.clone()),
                    None => modules = probe_modules(analysis, *package, self.error),
                }
                imports.push((name, modules));
            }
        }
        finding.packages = imports.iter().map(|(name, _)| name.clone()).chain([victim.clone()]).collect();
        if !imports.is_empty() {
            finding.order = Some(finding.packages.clone());
        }
        imports.push((victim, self.module.map(str::to_owned).into_iter().collect()));
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

/// Every load that fails, alone or after others; one that fails alone is not said again for orders.
pub(super) fn failed<'a>(analysis: &'a Analysis<'_>) -> Vec<Failed<'a>> {
    let mut found: BTreeMap<(DistributionId, &PathBuf, Vec<PackageId>), Failed<'a>> = BTreeMap::new();
    for (package, run) in analysis.alone.iter().enumerate() {
        for opening in &run.openings {
            let Err(error) = &opening.load.result else { continue };
            let owner = analysis.files.owner_at(&opening.path);
            // What another package's import opens is its own to tell.
            let victim = owner.unwrap_or(analysis.packages[package].distribution);
            let own = victim == analysis.packages[package].distribution;
            if !own && analysis.package_of(victim).is_some() {
                continue;
            }
            let failed = Failed {
                victim,
                path: &opening.path,
                module: opening.module.as_deref(),
                eager: opening.eager,
                guarded: opening.guarded,
                hopeless: hopeless(analysis, victim),
                after: Vec::new(),
                through: None,
                error,
            };
            found.entry((victim, &opening.path, Vec::new())).or_insert(failed);
        }
    }
    for together in &analysis.together {
        let last = together.order.len().saturating_sub(1);
        for change in &together.changes {
            let Changed::Fails(error) = &change.what else { continue };
            let failed = Failed {
                victim: change.victim,
                path: &change.path,
                module: change.module.as_deref(),
                eager: change.eager,
                guarded: change.guarded,
                hopeless: false,
                after: together.order[..last].to_vec(),
                through: together.through.as_ref(),
                error,
            };
            found.entry((change.victim, &change.path, failed.after.clone())).or_insert(failed);
        }
    }
    found.into_values().collect()
}

/// Whether no extension module of a distribution can be loaded when its package is imported alone.
fn hopeless(analysis: &Analysis<'_>, distribution: DistributionId) -> bool {
    let Some(package) = analysis.package_of(distribution) else { return false };
    let openings = analysis.alone[package].openings.iter();
    let mut own = openings.filter(|opening| {
        opening.module.is_some() && analysis.files.owner_at(&opening.path) == Some(distribution)
    });
    own.all(|opening| opening.load.result.is_err())
}

/// The packages of a finding but the last, as a title names them.
pub(super) fn before(finding: &Finding) -> String {
    let (_, first) = finding.packages.split_last().unwrap_or((&finding.packages[0], &[]));
    first.join(", then ")
}
