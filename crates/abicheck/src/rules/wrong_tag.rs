//! # wrong-tag
//!
//! ## What it does
//! Compares what the names of extension modules say (`_core.cpython-310-x86_64-linux-gnu.so`) and what the tags of each
//! wheel say (`cp310-cp310-manylinux_2_17_x86_64`) with the interpreter. A package that brings a variant that fits is
//! fine.
//!
//! ## Why is this bad?
//! The interpreter does not look at files with another tag: `ModuleNotFoundError`, though the file is there. It is an
//! error where importing the package fails by it, a warning where the package tries and may do without or where its
//! wheel is for another interpreter, and a note where no import was seen that asks for the module.
//!
//! ## Example
//! ```text
//! error[AB403]: importing pkg fails: pkg._core is there for CPython 3.10 on x86_64-linux-gnu only
//!   pkg/_core.cpython-310-x86_64-linux-gnu.so   not looked at by CPython 3.11 on x86_64-linux-gnu
//! ```
//!
//! ## Fix
//! Install the package again with the interpreter that imports it; `pip install --target` and copied folders keep the
//! wheels of another one.

use std::collections::HashMap;

use super::{Gathered, Rule};
use crate::analysis::Analysis;
use crate::environment::{Distribution, DistributionId, Foreign, describe};
use crate::finding::{Evidence, Finding, Probe, Severity};

pub(super) const RULE: Rule = Rule {
    code: "AB403",
    name: "wrong-tag",
    severity: Severity::Error,
    summary: "an extension module or wheel is for another interpreter",
    source: include_str!("wrong_tag.rs"),
    check,
};

fn check(gathered: &Gathered<'_>, findings: &mut Vec<Finding>) {
    let analysis = gathered.analysis;
    let reached = reached(analysis);
    for (id, distribution) in analysis.environment.distributions.iter().enumerate() {
        let interpreter = &analysis.environment.interpreter;
        let mut foreign = distribution.foreign_modules(interpreter);
        let tags = &distribution.tags;
        let wheel = !tags.is_empty() && !tags.iter().any(|tag| interpreter.takes(tag));
        let severity = |one: &Foreign| reached.get(one.module.as_str()).copied().unwrap_or(Severity::Note);
        // Data of another system, such as a test's: nobody would import it.
        let is_data = |one: &Foreign| {
            severity(one) == Severity::Note
                && analysis.files.at(&one.path).is_none_or(|file| file.facts.is_err())
        };
        foreign.retain(|one| !is_data(one));
        let worst = foreign.iter().map(severity).max();
        match worst {
            Some(worst) => {
                foreign.retain(|one| severity(one) == worst);
                let worst = if wheel { worst.max(Severity::Warning) } else { worst };
                let fails = worst == Severity::Error;
                let worst = if wheel && hopeless(analysis, id) { Severity::Error } else { worst };
                findings.push(of_files(analysis, id, (worst, fails), &foreign));
            }
            None if wheel => findings.push(of_wheel(analysis, id, distribution)),
            None => {}
        }
    }
}

/// How bad it is that a module is not found, by its name: what imports say.
pub(super) fn reached<'a>(analysis: &'a Analysis<'_>) -> HashMap<&'a str, Severity> {
    let mut reached = HashMap::new();
    for (missing, eager) in analysis.packages.iter().flat_map(|plan| &plan.missing) {
        let severity = if *eager && !missing.guarded { Severity::Error } else { Severity::Warning };
        let known = reached.entry(missing.module.as_str()).or_insert(severity);
        *known = severity.max(*known);
    }
    reached
}

/// Whether none of the distribution's extension modules fits, and none of them is one that it may do without.
fn hopeless(analysis: &Analysis<'_>, id: DistributionId) -> bool {
    let missing = analysis.packages.iter().flat_map(|plan| &plan.missing);
    let guarded: Vec<&str> =
        missing.filter(|(missing, _)| missing.guarded).map(|(missing, _)| missing.module.as_str()).collect();
    let distribution = &analysis.environment.distributions[id];
    let foreign = distribution.foreign_modules(&analysis.environment.interpreter);
    let loads = analysis.package_of(id).is_some_and(|package| {
        let openings = analysis.alone[package].openings.iter();
        openings.into_iter().any(|opening| analysis.files.owner_at(&opening.path) == Some(id))
    });
    !loads && !foreign.iter().any(|one| guarded.contains(&one.module.as_str()))
}

/// `fails`: importing the package fails, and not only importing one of its modules.
fn of_files(
    analysis: &Analysis<'_>,
    id: DistributionId,
    (severity, fails): (Severity, bool),
    foreign: &[Foreign],
) -> Finding {
    let package = analysis.name(id);
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let what = match foreign {
        [one] => format!("{} is", one.module),
        [one, more @ ..] => format!("{} and {} more are", one.module, more.len()),
        [] => "modules are".to_owned(),
    };
    let tag = foreign.first().map_or_else(String::new, |one| describe(&one.tag));
    let who = match (severity, fails) {
        (Severity::Error, true) => format!("importing {package} fails"),
        (Severity::Error, false) => format!("no extension module of {package} can be imported"),
        _ => package.to_owned(),
    };
    finding.title = format!("{who}: {what} there for {tag} only");
    let own = describe(analysis.environment.interpreter.soabi());
    finding.message = format!("{}; this is {own}, which does not look at such files.", finding.title);
    finding.packages = vec![package.to_owned()];
    finding.libraries = foreign.iter().map(|one| one.path.clone()).collect();
    let text = format!("not looked at by {own}");
    let shown = foreign.iter().take(Finding::MOST_SYMBOLS);
    finding.evidence = shown.map(|one| Evidence { path: one.path.clone(), text: text.clone() }).collect();
    let tag = foreign.first().map_or("", |one| &one.tag);
    finding.hint = hint(analysis, package, analysis.environment.interpreter.other_system(tag));
    let module = foreign.first().filter(|_| severity > Severity::Note).map(|one| one.module.clone());
    finding.probe = module.map(|module| Probe { imports: vec![(package.to_owned(), vec![module])] });
    finding
}

/// A wheel for another interpreter whose files do not say so.
fn of_wheel(analysis: &Analysis<'_>, id: DistributionId, distribution: &Distribution) -> Finding {
    let package = analysis.name(id);
    // Python code mostly runs elsewhere too.
    let severity = if distribution.native.is_empty() { Severity::Note } else { Severity::Warning };
    let mut finding = Finding { severity, ..Finding::of(&RULE) };
    let tags = distribution.tags.join(", ");
    let own = describe(analysis.environment.interpreter.soabi());
    finding.title = format!("the wheel of {package} is for another interpreter or system: {tags}");
    finding.message =
        format!("{}; this is {own}, for which no installer would have taken it.", finding.title);
    finding.packages = vec![package.to_owned()];
    finding.libraries = distribution.native.iter().take(Finding::MOST_SYMBOLS).cloned().collect();
    let info = distribution.info.clone().unwrap_or_else(|| distribution.folder.clone());
    finding.evidence = vec![Evidence { path: info.join("WHEEL"), text: format!("has the tags {tags}") }];
    // A wheel may be for several systems.
    let interpreter = &analysis.environment.interpreter;
    let others: Option<Vec<String>> =
        distribution.tags.iter().map(|tag| interpreter.other_system(tag)).collect();
    finding.hint = hint(analysis, package, others.and_then(|others| others.into_iter().next()));
    finding
}

fn hint(analysis: &Analysis<'_>, package: &str, other_system: Option<String>) -> String {
    match other_system {
        Some(system) => format!(
            "it is for {system}: take a wheel of {package} for this system ({}), or build it here",
            analysis.environment.interpreter.platform()
        ),
        None => format!("install {package} again with the interpreter that imports it"),
    }
}
