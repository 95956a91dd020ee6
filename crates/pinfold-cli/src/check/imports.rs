//! PF201: imports that nobody declares. PF202: declared dependencies that nobody imports. PF203: unreadable files.
//!
//! Code can import in ways that reading does not show, and be there without ever running, so that all of it is
//! advice. Deliberately not here: the rule that would answer ([`pinfold_core::resolve`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::closure::Provided;
use pinfold_core::names::top;
use pinfold_core::resolve::{Denial, Importer, Resolution, Rule, UnitIndex};

use super::reading::{Import, Kind};
use super::{Case, Finding, Severity, list};

/// What becomes of an import that its unit does not declare.
enum Answer {
    /// The unit declares what answers.
    Declared,
    /// A unit of a closure that it belongs to answers.
    Closure(UnitIndex),
    /// Root's unit answers a pin's.
    Root(UnitIndex),
    /// There is a unit, but not for this importer, and why.
    Denied(String),
    /// Nobody.
    Nobody,
}

impl Case<'_> {
    /// Undeclared imports: one finding for each unit and package that is imported as soon as the unit is; one for
    /// all others that a unit only comes to later.
    pub(super) fn undeclared(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for unit in 0..self.env().units.len() {
            let mut packages: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
            for import in &self.code[unit].imports {
                if !matches!(import.kind, Kind::Test | Kind::Typing) && !self.has_copy(unit, &import.name) {
                    packages.entry(top(&import.name)).or_default().push(import);
                }
            }
            let mut later: Vec<String> = Vec::new();
            for (package, imports) in packages {
                // What runs first counts first.
                let rank = |import: &&&Import| (!import.reached, import.kind == Kind::Optional, import.line);
                let Some(import) = imports.iter().min_by_key(rank) else { continue };
                let answer = self.answer(unit, import);
                match (answer, import.reached, import.kind) {
                    (Answer::Declared, ..) | (Answer::Closure(_) | Answer::Nobody, false, Kind::Optional) => {
                    }
                    (Answer::Nobody, false, _) => later.push(package.to_owned()),
                    (answer, ..) => findings.push(self.of_import(unit, package, import, &answer)),
                }
            }
            if !later.is_empty() {
                findings.push(Finding {
                    code: "PF201",
                    severity: Severity::Note,
                    message: format!(
                        "{} has code that imports {}, which it does not declare and nobody has",
                        self.show(unit),
                        list(&later, 6)
                    ),
                    evidence: vec![
                        "only in functions, under conditions, or in modules that importing it does not load"
                            .to_owned(),
                    ],
                    hints: Vec::new(),
                    units: vec![self.id(unit)],
                });
            }
        }
        findings
    }

    fn of_import(&self, unit: UnitIndex, package: &str, import: &Import, answer: &Answer) -> Finding {
        let who = self.show(unit);
        let pin = self.pin_of(unit);
        let provider = match answer {
            Answer::Closure(provider) | Answer::Root(provider) => Some(*provider),
            _ => None,
        };
        let outcome = match (answer, provider) {
            (Answer::Closure(_), Some(p)) => {
                format!("{} answers, because a closure of both has it", self.show(p))
            }
            (Answer::Root(_), Some(p)) => {
                format!("root's {} answers, whatever version root has", self.show(p))
            }
            (Answer::Denied(why), _) => format!("it fails: {why}"),
            _ => "it fails: nobody has it".to_owned(),
        };
        let fails = provider.is_none();
        let severity = match answer {
            Answer::Closure(_) => Severity::Note,
            _ if import.reached => Severity::Warning,
            _ => Severity::Note,
        };
        let mut hints = Vec::new();
        match (&pin, severity) {
            (Some(pin), Severity::Warning) => {
                let known = provider.or_else(|| self.provider_of(package));
                hints.push(match known.map(|p| &self.env().units[p].name) {
                    Some(name) => format!("declare it for its maintainers: `pinfold pin {pin} {name}`"),
                    None => format!("declare it for its maintainers: `pinfold pin {pin}` with the distribution that has `{package}`"),
                });
            }
            (None, Severity::Warning) => hints.push(format!("`pinfold add` the distribution that has `{package}`, or report it to the maintainers of {who}")),
            _ => {}
        }
        let when = match (import.reached, import.kind) {
            (true, _) => "as soon as it is imported",
            (_, Kind::Optional) => "if it is there",
            _ => "only in functions, under conditions, or in modules that importing it does not load",
        };
        let verb = if fails { "imports" } else { "uses" };
        let (code, units) =
            ("PF201", [Some(unit), provider].into_iter().flatten().map(|u| self.id(u)).collect());
        Finding {
            code,
            severity,
            message: format!("{who} {verb} `{package}`, which it does not declare"),
            evidence: vec![format!("{}:{}: {when}", import.file, import.line), outcome],
            hints,
            units,
        }
    }

    /// Who would answer an import of a unit's code, with nothing on the call stack.
    fn answer(&self, unit: UnitIndex, import: &Import) -> Answer {
        // What stands in a namespace package is looked for by its full name.
        let members = import.members.iter().map(|member| format!("{}.{member}", import.name));
        let mut last = Answer::Nobody;
        for name in std::iter::once(import.name.clone()).chain(members) {
            last = match self.resolver.resolve(Importer::Unit(unit), &name, Vec::new) {
                Resolution::Found { entry, .. } if entry.provided == Provided::Namespace => continue,
                Resolution::Found { entry, rule, .. } => {
                    let declared = |p: &&UnitIndex| **p == unit || self.dependencies(unit).contains(p);
                    match (entry.units.iter().find(declared), rule) {
                        (Some(_), _) => Answer::Declared,
                        (None, Rule::Root) => Answer::Root(entry.units[0]),
                        (None, _) => Answer::Closure(entry.units[0]),
                    }
                }
                Resolution::Denied(Denial::Undeclared) if self.nobody(&name) => Answer::Nobody,
                Resolution::Denied(denial) => Answer::Denied(self.resolver.explain(&denial)),
                Resolution::Unknown => Answer::Nobody,
            };
            if !matches!(last, Answer::Nobody) {
                break;
            }
        }
        last
    }

    fn nobody(&self, name: &str) -> bool {
        self.provider_of(name).is_none()
    }

    /// Some unit that has a module of that name: its distribution's name is what a person can require.
    fn provider_of(&self, name: &str) -> Option<UnitIndex> {
        self.env().units.iter().position(|unit| unit.provides.contains_key(top(name)))
    }

    /// Whether a package has a copy of another inside it, whose folder it puts on `sys.path` itself.
    fn has_copy(&self, unit: UnitIndex, name: &str) -> bool {
        top(name) == "__main__" || self.code[unit].vendored.contains(top(name))
    }

    /// The key under `[pins]` of a pin that the unit is, or is only in.
    fn pin_of(&self, unit: UnitIndex) -> Option<String> {
        let described = &self.env().units[unit];
        let own = described.pin.as_ref().map(|pin| &pin.closure);
        let inside = described.closures.first().filter(|_| !self.resolver.in_root(unit));
        own.or(inside).map(|closure| super::key(closure).to_owned())
    }

    /// Dependencies that a unit declares and never imports.
    pub(super) fn unused(&self) -> Vec<Finding> {
        let env = self.env();
        let mut findings = Vec::new();
        for (index, unit) in env.units.iter().enumerate() {
            let code = &self.code[index];
            if code.files == 0 {
                continue;
            }
            // What the manifest adds to a pin narrows versions; its author knows.
            let added = |id| {
                unit.pin.is_some()
                    && env
                        .closures
                        .iter()
                        .any(|c| c.owner.as_ref() == Some(&unit.id) && c.direct.contains(id))
            };
            let imported: BTreeSet<String> = code
                .imports
                .iter()
                .flat_map(|i| {
                    std::iter::once(i.name.clone()).chain(i.members.iter().map(|m| format!("{}.{m}", i.name)))
                })
                .collect();
            let used = |dependency: &UnitIndex| {
                let provides = &env.units[*dependency].provides;
                provides.is_empty()
                    || provides.iter().any(|(name, what)| {
                        *what != Provided::Namespace
                            && imported.iter().any(|i| {
                                i == name
                                    || i.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
                            })
                    })
            };
            let unused: Vec<String> = unit
                .dependencies
                .iter()
                .filter(|id| !added(id))
                .filter_map(|id| env.find(id))
                .filter(|dependency| !used(dependency))
                .map(|dependency| env.units[dependency].name.clone())
                .collect();
            if !unused.is_empty() {
                let mut evidence = vec![format!("read: {}", crate::terminal::count(code.files, "file"))];
                if unit.native {
                    evidence.push("its compiled code was not read".to_owned());
                }
                findings.push(Finding {
                    code: "PF202",
                    severity: Severity::Note,
                    message: format!(
                        "{} declares {}, and its code never imports {}",
                        self.show(index),
                        list(&unused, 6),
                        if unused.len() == 1 { "it" } else { "them" }
                    ),
                    evidence,
                    hints: Vec::new(),
                    units: vec![unit.id.clone()],
                });
            }
        }
        findings
    }

    /// Files that are no source for this Python, tests apart.
    pub(super) fn unreadable(&self) -> Vec<Finding> {
        let bad = self.code.iter().enumerate().filter(|(_, code)| !code.unreadable.is_empty());
        bad.map(|(unit, code)| {
            let shown = code.unreadable.iter().take(3).map(|bad| format!("{}: {}", bad.file, bad.why));
            let more = code.unreadable.len().saturating_sub(3);
            let files = crate::terminal::count(code.unreadable.len(), "file");
            Finding {
                code: "PF203",
                severity: Severity::Note,
                message: format!(
                    "{} has {files} that Python {} cannot read",
                    self.show(unit),
                    self.interpreter.minor
                ),
                evidence: shown.chain((more > 0).then(|| format!("and {more} more"))).collect(),
                hints: Vec::new(),
                units: vec![self.id(unit)],
            }
        })
        .collect()
    }
}
