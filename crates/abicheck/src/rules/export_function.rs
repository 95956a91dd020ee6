//! Modules that load and have no function that makes the module: a part of `not-loadable`.
//!
//! CPython asks the file and what it needs for `PyInit_NAME` (`Python/dynload_shlib.c`, PEP 489). Deliberately not here:
//! files with the name of a module that no import opens, such as libraries for `ctypes`.

use std::collections::BTreeMap;
use std::path::Path;

use elf_facts::gnu_hash;
use elf_loader::{ObjectId, Scope};

use super::not_loadable::RULE;
use crate::analysis::{Analysis, Opening, Run, initialisation};
use crate::environment::DistributionId;
use crate::finding::{Evidence, Finding, Probe, Severity};

pub(super) fn check(analysis: &Analysis<'_>, findings: &mut Vec<Finding>) {
    let mut found: BTreeMap<(DistributionId, &Path), (Severity, &str)> = BTreeMap::new();
    for run in &analysis.alone {
        for opening in &run.openings {
            let (Some(module), Ok(id)) = (opening.module.as_deref(), &opening.load.result) else { continue };
            let Some(owner) = analysis.files.owner_at(&opening.path) else { continue };
            if !is_named(analysis, owner, module, &opening.path)
                || is_made(analysis, run, *id, module)
                || is_attribute(module, &opening.path)
            {
                continue;
            }
            let known = found.entry((owner, &opening.path)).or_insert((Severity::Note, module));
            known.0 = known.0.max(severity(opening));
        }
    }
    for ((owner, path), (severity, module)) in found {
        findings.push(finding(analysis.name(owner), severity, module, path));
    }
}

fn severity(opening: &Opening) -> Severity {
    let is_sure = opening.eager && !opening.guarded && !opening.conditional;
    if is_sure { Severity::Error } else { Severity::Warning }
}

/// Whether the module has the name of its file. Code may open a file as a module of any name.
fn is_named(analysis: &Analysis<'_>, owner: DistributionId, module: &str, path: &Path) -> bool {
    let suffixes = &analysis.environment.interpreter.suffixes;
    analysis.environment.distributions[owner].module_at(path, suffixes).as_deref() == Some(module)
}

/// Whether `dlsym` finds the function: in the file, or in what it needs.
fn is_made(analysis: &Analysis<'_>, run: &Run, id: ObjectId, module: &str) -> bool {
    let last = module.rsplit('.').next().unwrap_or(module);
    let mut functions = vec![initialisation(last)];
    // PEP 793.
    if analysis.environment.interpreter.version >= (3, 15) {
        functions.extend(functions[0].strip_prefix(b"PyInit").map(|rest| [b"PyModExport", rest].concat()));
    }
    let scope = run.process.scope(id, Scope::Of(id));
    functions.iter().any(|function| {
        let hash = gnu_hash(function);
        let defines = |id: &ObjectId| {
            let facts = run.process.object(*id).facts();
            facts.definitions.named(&facts.names, function, hash).any(|symbol| !symbol.is_undefined())
        };
        defines(&id) || scope.iter().any(defines)
    })
}

/// Whether the package around it has something else under its name, which `from package import name` takes first: the
/// library that `ctypes` opened, a function.
pub(super) fn is_attribute(module: &str, path: &Path) -> bool {
    let Some((package, last)) = module.rsplit_once('.') else { return false };
    let Some(folder) = path.parent() else { return false };
    let source = std::fs::read(folder.join("__init__.py")).unwrap_or_default();
    binds(&String::from_utf8_lossy(&source), package, last)
}

/// Whether a line of a package's source gives it `name`, other than by importing the module of that name.
fn binds(source: &str, package: &str, name: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    source.lines().filter_map(|line| line.split_once(name)).any(|(before, after)| {
        let (before, is_word) = (before.trim(), !after.starts_with(is_letter));
        let after = after.trim_start();
        let is_value = before.is_empty() && after.starts_with(['=', ':']) && !after.starts_with("==");
        let taken = before.strip_prefix("from ").and_then(|rest| rest.split_once(" import"));
        let is_taken = taken.is_some_and(|(from, _)| from.trim() != "." && from.trim() != package);
        let word = before.rsplit(' ').next().unwrap_or(before);
        is_word && (is_value || is_taken || ["def", "class", "as", "global"].contains(&word))
    })
}

fn finding(package: &str, severity: Severity, module: &str, path: &Path) -> Finding {
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let last = module.rsplit('.').next().unwrap_or(module);
    let function = String::from_utf8_lossy(&initialisation(last)).into_owned();
    let why = format!("{module} has no {function}");
    finding.title = match severity {
        Severity::Error => format!("importing {package} fails: {why}"),
        _ => format!("{module} of {package} cannot be imported: it has no {function}"),
    };
    finding.message = format!(
        "{}; the interpreter says \"dynamic module does not define module export function ({function})\".",
        finding.title
    );
    finding.packages = vec![package.to_owned()];
    finding.libraries = vec![path.to_owned()];
    let text = format!("does not define {function}");
    finding.evidence = vec![Evidence { path: path.to_owned(), text }];
    finding.hint = format!(
        "install {package} again; if the file was renamed, give it back the name that it was built under"
    );
    let imports = vec![(package.to_owned(), vec![module.to_owned()])];
    finding.probe = Some(Probe { imports });
    finding
}

#[cfg(test)]
mod tests {
    use super::binds;

    #[test]
    fn an_attribute_is_told_from_the_module_of_its_name() {
        for bound in [
            "import ctypes\nfast = ctypes.CDLL(path)",
            "fast: ctypes.CDLL = load()",
            "def fast(): ...",
            "from .ways import slow, fast",
            "from .ways import quick as fast",
        ] {
            assert!(binds(bound, "pkg", "fast"), "{bound}");
        }
        for free in [
            "from . import fast",
            "from pkg import fast",
            "from .fast import go",
            "from .fast import fast",
            "import pkg.fast",
            "faster = 1",
            "fast == 1",
            "from . import (\n    fast,\n)",
        ] {
            assert!(!binds(free, "pkg", "fast"), "{free}");
        }
    }
}
