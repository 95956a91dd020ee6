//! What importing a package opens, in order: first what its modules at the top import, then every other extension
//! module of it, as a program would that uses all of it.
//!
//! Deliberately not here: which files the loader comes to.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use elf_facts::gnu_hash;
use rayon::prelude::*;

use super::files::Files;
use crate::environment::{Distribution, DistributionId, Environment};
use crate::importing::{Imports, Missing, Session, Step};

/// A distribution that loads something when it is imported.
pub struct Plan {
    /// The distribution.
    pub distribution: DistributionId,
    /// Its modules at the top.
    pub modules: Vec<String>,
    /// What is opened, in order.
    pub steps: Vec<PlannedStep>,
    /// Imports that fail because the module is there for another interpreter only, each with whether importing the
    /// modules at the top does it.
    pub missing: Vec<(Missing, bool)>,
}

/// One thing that is opened.
pub struct PlannedStep {
    /// What.
    pub step: Step,
    /// Importing the modules at the top does it; not only importing one module below.
    pub eager: bool,
}

impl Plan {
    /// The plans of all distributions that have native files and load some.
    pub(super) fn all(environment: &Environment, files: &Files, imports: &mut Imports<'_>) -> Vec<Self> {
        let distributions = environment.distributions.iter().enumerate();
        // Modules for another system count: an import that asks for one fails.
        let native = distributions.filter(|(_, distribution)| {
            !(distribution.native.is_empty() && distribution.absent.is_empty())
                || distribution.recorded.iter().any(|file| file.ends_with(".pyd"))
        });
        let native: Vec<_> = native.collect();
        // What it imports, and from which one on no module at the top does it.
        let wanted: Vec<(DistributionId, Vec<String>, usize)> = native
            .into_par_iter()
            .map(|(id, distribution)| {
                let (mut names, others) = tops(distribution);
                let tops = names.len();
                names.extend(others);
                names.extend(extensions(environment, files, id).into_iter().map(|(_, module)| module));
                (id, names, tops)
            })
            .collect();
        let names = wanted.iter().flat_map(|(id, names, _)| names.iter().map(|name| (Some(*id), &**name)));
        imports.read(names);
        let imports = &*imports;
        let plans = wanted.into_par_iter().map(|(id, mut names, tops)| {
            let (mut session, mut steps, mut eager) = (Session::default(), Vec::new(), (0, 0));
            for (at, name) in names.iter().enumerate() {
                imports.import_read(&mut session, Some(id), name, &mut steps);
                if at < tops {
                    eager = (steps.len(), session.missing.len());
                }
            }
            let steps = steps.into_iter().enumerate();
            let steps = steps.map(|(at, step)| PlannedStep { step, eager: at < eager.0 }).collect();
            let missing = session.missing.into_iter().enumerate();
            let missing = missing.map(|(at, one)| (one, at < eager.1)).collect();
            names.truncate(tops);
            Self { distribution: id, modules: names, steps, missing }
        });
        // What functions open when they are called is nothing where nothing is loaded.
        let is_now = |planned: &PlannedStep| !matches!(planned.step, Step::Later { .. });
        plans.filter(|plan| plan.steps.iter().any(is_now) || !plan.missing.is_empty()).collect()
    }

    /// What `script` imports, in its order.
    pub(super) fn of_script(imports: &mut Imports<'_>, script: &Path) -> Result<Vec<PlannedStep>, String> {
        let mut steps = Vec::new();
        imports.program(&mut Session::default(), script, &mut steps)?;
        Ok(steps.into_iter().map(|step| PlannedStep { step, eager: true }).collect())
    }
}

/// The modules that programs import of a distribution, and its other modules at the top. A module whose name begins
/// with an underscore is its own, unless it has no others; of a namespace, the packages in it are imported. Code comes
/// before extension modules at the top: where it tries one and can do without, nobody else needs it.
fn tops(distribution: &Distribution) -> (Vec<String>, Vec<String>) {
    let mut packages: BTreeSet<&str> = BTreeSet::new();
    let (mut files, mut folders): (HashSet<(&str, bool)>, HashSet<&str>) = Default::default();
    for file in &distribution.recorded {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        match name.split('.').next() {
            Some("__init__") if !name.ends_with(".pyi") => drop(packages.insert(folder)),
            Some(stem) if folder.is_empty() => drop(files.insert((stem, name.ends_with(".py")))),
            _ => {}
        }
        folders.extend(file.split_once('/').map(|(top, _)| top));
    }
    let mut all: Vec<String> = Vec::new();
    for top in &distribution.modules {
        let below = format!("{top}/");
        let is_file = [true, false].iter().any(|is_code| files.contains(&(top.as_str(), *is_code)));
        let is_module = packages.contains(top.as_str()) || is_file;
        let inside = packages.range(below.as_str()..).take_while(|package| package.starts_with(&below));
        // Not what lies in another package; paths are sorted so that the outer one comes first, and names with a dot
        // or a hyphen are no modules.
        let mut outer: Vec<&str> = Vec::new();
        let is_name = |part: &str| !part.is_empty() && !part.contains(['.', '-', ' ']);
        for package in inside.filter(|package| package.split('/').all(is_name)) {
            let within =
                |other: &&str| package.strip_prefix(*other).is_some_and(|rest| rest.starts_with('/'));
            if !outer.iter().any(within) {
                outer.push(package);
            }
        }
        match outer.as_slice() {
            [_, ..] if !is_module => all.extend(outer.iter().map(|package| package.replace('/', "."))),
            _ => all.push(top.clone()),
        }
    }
    let is_code = |top: &String| {
        let first = top.split('.').next().unwrap_or(top);
        files.contains(&(first, true)) || folders.contains(first)
    };
    all.sort_by_key(|top| !is_code(top));
    match all.iter().all(|top| top.starts_with('_')) {
        true => (all, Vec::new()),
        false => all.into_iter().partition(|top| !top.starts_with('_')),
    }
}

/// The extension modules of a distribution that its interpreter could import, with their full names: files with one of
/// its suffixes that define the module's initialisation function (PEP 489).
pub(super) fn extensions(
    environment: &Environment,
    files: &Files,
    id: DistributionId,
) -> Vec<(PathBuf, String)> {
    let distribution = &environment.distributions[id];
    let suffixes = &environment.interpreter.suffixes;
    let mut seen = HashSet::new();
    let own = files.all().iter().filter(|file| file.owner == id);
    let modules = own.filter_map(|file| {
        let module = distribution.module_at(&file.path, suffixes)?;
        let facts = file.facts.as_ref().ok()?;
        let last = module.rsplit('.').next().unwrap_or(&module);
        let function = initialisation(last);
        let defined = facts.definitions.named(&facts.names, &function, gnu_hash(&function)).next().is_some();
        (defined && seen.insert(module.clone())).then(|| (file.path.clone(), module))
    });
    modules.collect()
}

/// The function that the interpreter calls in a module's file (PEP 489): `PyInit_x`, or `PyInitU_` and punycode for a
/// name that is not ASCII.
pub(crate) fn initialisation(last: &str) -> Vec<u8> {
    let encoded = if last.is_ascii() { None } else { idna::punycode::encode_str(last) };
    match encoded {
        Some(encoded) => format!("PyInitU_{}", encoded.replace('-', "_")).into_bytes(),
        None => format!("PyInit_{last}").into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::initialisation;

    #[test]
    fn names_of_initialisation_functions_are_those_of_cpython() {
        // `"PyInitU_" + name.encode("punycode").decode().replace("-", "_")` there.
        for (module, function) in
            [("_core", "PyInit__core"), ("b\u{fc}cher", "PyInitU_bcher_kva"), ("\u{e9}", "PyInitU_9ca")]
        {
            assert_eq!(initialisation(module), function.as_bytes(), "{module}");
        }
    }
}
