//! `pinfold check`: what a person should know about an environment before running it. Nothing is imported.
//!
//! A finding is data: code, severity, one sentence, evidence, and what to do next. Each kind of finding has a file
//! here, and a chapter in docs/check.md. Deliberately not here: printing ([`crate::commands::check`]), and what
//! shared libraries do to each other, which is abicheck's subject.

mod crossing;
mod files;
mod imports;
mod one;
mod reading;

use anyhow::Result;
use pinfold_core::closure::{Environment, Unit};
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::resolve::{Importer, Resolver, UnitIndex};
use serde::Serialize;
use wheelsplit::Store;

use crate::interpreter::Interpreter;
use reading::Code;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A program may well do something else than its author expects.
    Warning,
    /// Good to know.
    Note,
}

/// One thing that a person should know.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `PF101`; the chapter of docs/check.md.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// What it rests on, one line each.
    pub evidence: Vec<String>,
    /// What to do next, one line each.
    pub hints: Vec<String>,
    /// The units that it is about, the first the one to look at.
    pub units: Vec<UnitId>,
}

/// What the rules look at.
pub struct Case<'a> {
    resolver: &'a Resolver,
    interpreter: &'a Interpreter,
    /// Per unit: what its code imports.
    code: Vec<Code>,
    /// Per unit: its metadata's `Requires-Dist`.
    requires: Vec<Vec<String>>,
}

/// Everything that there is to say about an environment, the gravest first.
///
/// # Errors
/// When the interpreter cannot be asked to read code, or a unit's files cannot be listed.
pub fn check(resolver: &Resolver, interpreter: &Interpreter, store: &Store) -> Result<Vec<Finding>> {
    let env = resolver.env();
    let code = reading::read(env, interpreter, store)?;
    let requires = env.units.iter().map(|unit| requires(unit, store)).collect();
    let case = Case { resolver, interpreter, code, requires };
    let mut findings = case.crossings();
    findings.extend(case.undeclared());
    findings.extend(case.unused());
    findings.extend(case.unreadable());
    findings.extend(case.overwritten()?);
    findings.extend(case.pth()?);
    findings.sort_by_key(|finding| (finding.severity, finding.code));
    Ok(findings)
}

/// What a unit's metadata requires, as written; nothing where the store does not know its wheel.
fn requires(unit: &Unit, store: &Store) -> Vec<String> {
    let wheel = unit.wheel.as_deref().and_then(|wheel| store.wheel(wheel).ok().flatten());
    wheel.map(|wheel| wheel.facts.requires_dist).unwrap_or_default()
}

impl Case<'_> {
    fn env(&self) -> &Environment {
        self.resolver.env()
    }

    fn show(&self, unit: UnitIndex) -> String {
        self.env().describe(Importer::Unit(unit))
    }

    fn id(&self, unit: UnitIndex) -> UnitId {
        self.env().units[unit].id.clone()
    }

    /// `root -> a 1 -> b 2`
    fn show_way(&self, way: &[UnitIndex]) -> String {
        let units = way.iter().map(|&unit| self.show(unit));
        std::iter::once(ROOT.to_owned()).chain(units).collect::<Vec<_>>().join(" -> ")
    }

    fn dependencies(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        self.env().units[unit].dependencies.iter().filter_map(|id| self.env().find(id)).collect()
    }
}

/// The key of a closure under `[pins]`: two versions of a pinned package have one.
fn key(closure: &str) -> &str {
    closure.split("==").next().unwrap_or(closure)
}

/// `a`, `b` and 3 more
fn list(names: &[String], most: usize) -> String {
    let shown: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
