//! The answer to `pinfold why`, as data; text and JSON are made from it.

use std::path::PathBuf;

use anyhow::Result;
use pinfold_core::closure::Provided;
use pinfold_core::modules::{Kind, ModuleTable};
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::resolve::{Denial, Importer, Resolution, Resolver, Rule, UnitIndex};
use serde::Serialize;

use super::outside::{self, Place};
use crate::interpreter::Interpreter;

/// What an importer gets for a module.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The format's version.
    pub version: u32,
    /// Who asks: `root`, or a unit's name and version.
    pub importer: String,
    /// Its identifier, unless it is root.
    pub importer_unit: Option<UnitId>,
    /// What is asked for.
    pub module: String,
    /// Whether an import would find it.
    pub found: bool,
    /// The rule that answered, 1 to 5.
    pub rule: Option<u8>,
    /// The rule, or why there is no answer, in words.
    pub reason: String,
    /// The unit that answers.
    pub unit: Option<Origin>,
    /// `package`, `module`, `extension`, `namespace` or `built-in`.
    pub kind: Option<&'static str>,
    /// The file; the folders of a namespace.
    pub files: Vec<PathBuf>,
    /// What a caller could change, one sentence each.
    pub change: Vec<String>,
}

/// The unit that an answer comes from.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its identifier.
    pub id: UnitId,
}

/// Answers for the empty call stack.
///
/// # Errors
/// When a unit's module table cannot be read.
pub fn answer(
    resolver: &Resolver,
    importer: Importer,
    module: &str,
    interpreter: &Interpreter,
) -> Result<Answer> {
    let case = Case { resolver, importer, module, interpreter };
    // Inside a pin nothing local is seen; elsewhere it stands ahead of the standard library, built-in modules apart.
    let outside = match outside::stdlib(interpreter, module) {
        Some(Place::BuiltIn) => Some(Place::BuiltIn),
        // The folders of the standard library stand ahead of site-packages as well.
        standard if case.sees_local() => outside::local(interpreter, module)
            .or(standard)
            .or_else(|| outside::unlisted(interpreter, module).map(|file| Place::Stdlib(Some(file)))),
        standard => standard,
    };
    if let Some(place) = outside {
        return Ok(case.outside(place));
    }
    match resolver.resolve(importer, module, Vec::new) {
        Resolution::Found { entry, rule, .. } => case.found(&entry.units, rule),
        Resolution::Unknown => Ok(case.unknown()),
        Resolution::Denied(denial) => Ok(case.denied(&denial)),
    }
}

struct Case<'a> {
    resolver: &'a Resolver,
    importer: Importer,
    module: &'a str,
    interpreter: &'a Interpreter,
}

impl Case<'_> {
    fn sees_local(&self) -> bool {
        self.resolver.own_view(self.importer).is_none()
    }

    fn blank(&self, reason: String) -> Answer {
        let (importer, importer_unit) = match self.importer {
            Importer::Root => (ROOT.to_owned(), None),
            Importer::Unit(unit) => (self.show(unit), Some(self.resolver.env().units[unit].id.clone())),
        };
        Answer {
            version: 1,
            importer,
            importer_unit,
            module: self.module.to_owned(),
            found: false,
            rule: None,
            reason,
            unit: None,
            kind: None,
            files: Vec::new(),
            change: Vec::new(),
        }
    }

    fn show(&self, unit: UnitIndex) -> String {
        let unit = &self.resolver.env().units[unit];
        format!("{} {}", unit.name, unit.version)
    }

    fn outside(&self, place: Place) -> Answer {
        let blank = |reason: &str| Answer { found: true, rule: Some(1), ..self.blank(reason.to_owned()) };
        match place {
            Place::BuiltIn => Answer {
                kind: Some("built-in"),
                ..blank("a module inside the interpreter, the same for everyone")
            },
            Place::Main => Answer {
                kind: Some("module"),
                ..blank("the program that runs, whatever it is: the same for everyone")
            },
            Place::Pinfold => Answer {
                kind: Some("package"),
                ..blank(
                    "Pinfold's own package, which the hook treats as part of the standard library: the same for everyone",
                )
            },
            Place::Stdlib(Some(file)) => {
                let kind = file_kind(&file);
                Answer {
                    kind: Some(kind),
                    files: vec![file],
                    ..blank("the standard library, the same for everyone")
                }
            }
            Place::Stdlib(None) => {
                let top = self.module.split('.').next().unwrap_or(self.module);
                let reason = format!(
                    "the standard library has `{top}`, and no module `{}` in it for this interpreter",
                    self.module
                );
                Answer { found: false, rule: Some(1), ..self.blank(reason) }
            }
            Place::Local(file) => {
                let kind = file_kind(&file);
                let change = vec![
                    "it stands on `sys.path` ahead of site-packages only for programs started in this folder, or with this PYTHONPATH; rename it if it hides another module".to_owned(),
                ];
                let reason = "a local file ahead of site-packages, which root and what is not pinned see";
                Answer { kind: Some(kind), files: vec![file], change, ..blank(reason) }
            }
        }
    }

    fn found(&self, units: &[UnitIndex], rule: Rule) -> Result<Answer> {
        let suffixes = outside::suffixes(self.interpreter);
        let mut folders = Vec::new();
        let mut first = None;
        for &index in units {
            let unit = &self.resolver.env().units[index];
            let table = match &unit.modules {
                Some(path) => ModuleTable::read(path)?,
                None => ModuleTable::scan(&unit.path)?,
            };
            let Some(module) = table.find(self.module, &suffixes) else { continue };
            let file = unit.path.join(&module.path);
            if module.kind != Kind::Namespace {
                let kind = match module.kind {
                    Kind::Package | Kind::BytecodePackage => "package",
                    Kind::Source | Kind::Bytecode => "module",
                    Kind::ExtensionPackage | Kind::Extension => "extension",
                    Kind::Namespace => "namespace",
                };
                return Ok(self.positive(index, rule, kind, vec![file]));
            }
            first.get_or_insert(index);
            folders.push(file);
        }
        match first {
            Some(index) if folders.len() > 1 => {
                let parts = units.iter().map(|&unit| self.show(unit)).collect::<Vec<_>>().join(", ");
                let answer = self.positive(index, rule, "namespace", folders);
                let reason = format!("{}; a namespace package, with parts of {parts}", answer.reason);
                Ok(Answer { unit: None, change: Vec::new(), reason, ..answer })
            }
            Some(index) => Ok(self.positive(index, rule, "namespace", folders)),
            None => Ok(self.no_such_module(units, rule)),
        }
    }

    fn positive(&self, index: UnitIndex, rule: Rule, kind: &'static str, files: Vec<PathBuf>) -> Answer {
        let unit = &self.resolver.env().units[index];
        let reason = self.resolver.reason(self.importer, index, rule);
        Answer {
            found: true,
            rule: Some(rule.number()),
            unit: Some(Origin {
                name: unit.name.clone(),
                version: unit.version.clone(),
                id: unit.id.clone(),
            }),
            kind: Some(kind),
            files,
            change: self.change(index, rule),
            ..self.blank(reason)
        }
    }

    fn no_such_module(&self, units: &[UnitIndex], rule: Rule) -> Answer {
        let who: Vec<String> = units.iter().map(|&unit| self.show(unit)).collect();
        let reason = format!("{} answers, and has no file for `{}`", who.join(", "), self.module);
        let change = vec!["it may be an attribute rather than a module, or be made when its package is imported; this command imports nothing".to_owned()];
        Answer { rule: Some(rule.number()), change, ..self.blank(reason) }
    }

    /// What a caller could change about a positive answer.
    fn change(&self, provider: UnitIndex, rule: Rule) -> Vec<String> {
        let units = &self.resolver.env().units;
        let name = &units[provider].name;
        let pin = self.table_of_importer();
        let mut change = Vec::new();
        match (rule, &pin) {
            (_, _) if matches!(self.importer, Importer::Unit(unit) if unit == provider) => {}
            (Rule::Declared | Rule::Closure(_), Some(pin)) => {
                change.push(format!("another version: a requirement on {name} in `requires` of [{pin}]"));
                if !units[provider].closures.iter().any(|closure| closure == ROOT) {
                    change.push(format!(
                        "root's version, so that its types are one: `share = [\"{name}\"]` in [{pin}]"
                    ));
                }
            }
            (Rule::Root, Some(pin)) => {
                change.push(format!("a version of its own: `{name}` in `requires` of [{pin}]"));
                change.push(format!("nothing undeclared at all: `undeclared = \"deny\"` in [{pin}]"));
            }
            (_, Some(_)) => {}
            (_, None) => {
                change.push(format!(
                    "another version for everyone: a requirement on {name} in `requires` of the manifest"
                ));
                if let Importer::Unit(unit) = self.importer {
                    change.push(format!(
                        "another version for this importer alone: `pinfold pin {}`",
                        units[unit].name
                    ));
                }
            }
        }
        change
    }

    /// The table of the manifest for the pin that the importer is, or for the pin or track that it is inside.
    fn table_of_importer(&self) -> Option<String> {
        let Importer::Unit(index) = self.importer else { return None };
        let env = self.resolver.env();
        let unit = &env.units[index];
        let table =
            |name: &String| match env.closures.iter().find(|closure| closure.name == *name)?.track.as_ref() {
                Some(track) => Some(format!("tracks.{track}")),
                None => Some(format!("pins.{}", key(name))),
            };
        match &unit.pin {
            Some(_) => Some(format!("pins.{}", unit.name)),
            None if self.resolver.in_root(index) => None,
            None => unit.closures.iter().find(|closure| *closure != ROOT).and_then(table),
        }
    }

    fn unknown(&self) -> Answer {
        if let Some(file) = outside::unlisted(self.interpreter, self.module) {
            let reason = "a file of the standard library, found on `sys.path` after all units".to_owned();
            let kind = Some(file_kind(&file));
            return Answer { found: true, rule: Some(5), kind, files: vec![file], ..self.blank(reason) };
        }
        if let Some(Place::Local(file)) = outside::local(self.interpreter, self.module) {
            let reason = format!(
                "root has a local file of that name, {}, and local files are seen only by root and by what only root uses",
                file.display()
            );
            let change = vec![
                "hand over what it needs as an argument; or make the file a package of its own and require it".to_owned(),
            ];
            return Answer { change, ..self.blank(reason) };
        }
        let units = &self.resolver.env().units;
        let elsewhere: Vec<String> = units
            .iter()
            .filter(|unit| unit.provides.iter().any(|(name, &what)| self.leads_to(name, what)))
            .map(|unit| format!("{} {} (in {})", unit.name, unit.version, unit.closures.join(", ")))
            .collect();
        let reason = match (elsewhere.is_empty(), self.namespace()) {
            (false, _) => format!("none that this importer sees has it; it is in {}", elsewhere.join(", ")),
            (true, Some((namespace, parts))) => {
                format!(
                    "`{namespace}` is a namespace package with parts of {parts} here, and none of them has it"
                )
            }
            (true, None) => {
                "no unit of this environment has it, and it is not of the standard library".to_owned()
            }
        };
        let change = match self.table_of_importer() {
            Some(pin) => vec![format!("what provides it, in `requires` of [{pin}]")],
            None => vec!["`pinfold add` the distribution that provides it".to_owned()],
        };
        Answer { change, ..self.blank(reason) }
    }

    /// Whether the module is, is in, or is above what a unit provides under `name`.
    fn leads_to(&self, name: &str, what: Provided) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if what == Provided::Namespace { name == self.module } else { within(self.module, name) }
    }

    /// The longest namespace package above the module that the importer sees, and whose parts it has.
    fn namespace(&self) -> Option<(&str, String)> {
        let view = self.resolver.view(self.importer);
        let mut name = self.module;
        while let Some((above, _)) = name.rsplit_once('.') {
            name = above;
            if let Some(entry) = view.get(name).filter(|entry| entry.provided == Provided::Namespace) {
                return Some((
                    name,
                    entry.units.iter().map(|&u| self.show(u)).collect::<Vec<_>>().join(", "),
                ));
            }
        }
        None
    }

    fn denied(&self, denial: &Denial) -> Answer {
        let units = &self.resolver.env().units;
        let pin = self.table_of_importer().unwrap_or_else(|| "pins.NAME".to_owned());
        let change = match denial {
            Denial::Undeclared => vec![
                format!("declare it: what provides `{}`, in `requires` of [{pin}]", self.module),
                format!("let it see its closure and root: `undeclared = \"allow\"` in [{pin}]"),
            ],
            Denial::Mixes { unit, .. } => vec![
                format!(
                    "a version of its own, resolved with its world: `{}` in `requires` of [{pin}]",
                    units[*unit].name
                ),
                format!("mix all the same: `undeclared = \"any\"` in [{pin}]"),
            ],
            Denial::Ambiguous(_) => vec![
                "declare it in the `requires` of each pin, so that the units are no longer shared".to_owned(),
            ],
        };
        Answer { change, ..self.blank(self.resolver.explain(denial)) }
    }
}

/// The key of a closure under `[pins]`: two versions of a pinned package have one.
fn key(closure: &str) -> &str {
    closure.split("==").next().unwrap_or(closure)
}

fn file_kind(file: &std::path::Path) -> &'static str {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".so") {
        "extension"
    } else if name.starts_with("__init__.") {
        "package"
    } else {
        "module"
    }
}
