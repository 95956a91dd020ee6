//! What a module's code takes from other modules: functions that load libraries, texts, and the places of both.
//!
//! A name that a module only hands on is looked for where it got it from. Deliberately not here: what such a function
//! does (`python-facts`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use python_facts::{Base, Dotted, Effect, Facts, Text, Value};

use super::graph::{Graph, Module, absolute, held};
use crate::environment::Kind;

/// A function or class that loads libraries, where it is defined.
#[derive(Clone)]
pub(super) struct Loader {
    pub(super) module: Arc<Module>,
    /// Its name there.
    pub(super) name: String,
}

/// What is made of a module that has the first name of several, with the rest.
type Take<'t, T> = dyn Fn(&Arc<Module>, &Facts, &str, &str) -> Option<T> + 't;

/// How often a name is handed on.
const HANDED_ON: usize = 5;

impl Graph<'_> {
    /// What `callee` is, as code in `module` names it, if it loads libraries.
    pub(super) fn loader(&self, module: &Module, callee: &Dotted) -> Option<Loader> {
        let (holder, rest) = self.deepest(module, callee)?;
        let key = (holder.id, rest.as_str().into());
        if let Some(known) = held(&self.loaders).get(&key) {
            return known.clone();
        }
        let found = self.handed_on(&holder, &rest, HANDED_ON, &|module, facts, first, rest| {
            let whole = if rest.is_empty() { first.to_owned() } else { format!("{first}.{rest}") };
            let is_it = facts.loaders.iter().any(|loader| loader == first);
            is_it.then(|| Loader { module: module.clone(), name: whole })
        });
        held(&self.loaders).insert(key, found.clone());
        found
    }

    /// The module that `name` starts with, as code in `module` names it, and what is left of it.
    fn deepest(&self, module: &Module, name: &Dotted) -> Option<(Arc<Module>, String)> {
        let name = absolute(module, name.level, &name.name)?;
        let mut parts = name.split('.');
        let mut last = self.top(module.owner, parts.next()?)?;
        let mut rest: Vec<&str> = parts.collect();
        while let Some(below) = rest.first().and_then(|first| self.below(&last, first)) {
            last = below;
            rest.remove(0);
        }
        Some((last, rest.join(".")))
    }

    /// What `take` makes of the module that defines the first name of `rest`, which `module` has.
    fn handed_on<T>(&self, module: &Arc<Module>, rest: &str, left: usize, take: &Take<'_, T>) -> Option<T> {
        if module.found.kind != Kind::Source || rest.is_empty() {
            return None;
        }
        let facts = self.facts(module);
        let (first, behind) = rest.split_once('.').unwrap_or((rest, ""));
        if let Some(found) = take(module, facts, first, behind) {
            return Some(found);
        }
        let left = left.checked_sub(1)?;
        let mut from = Vec::new();
        taken(&facts.effects, first, &mut from);
        from.iter().find_map(|from| {
            let (holder, none) = self.deepest(module, from)?;
            (none.is_empty() && holder.id != module.id).then(|| self.handed_on(&holder, rest, left, take))?
        })
    }

    /// The files at `text`, as code in `module` says.
    pub(super) fn files(&self, module: &Module, text: &Text) -> Vec<PathBuf> {
        let source = &module.found.path;
        match &text.base {
            Some(Base::Unknown) => self.places.anywhere(text, source),
            _ => match self.base(module, text.base.as_ref(), HANDED_ON) {
                Some((base, before)) => {
                    let text = Text { base: None, text: before + &text.text };
                    self.places.find(&text, base.iter().map(PathBuf::as_path), source)
                }
                None => Vec::new(),
            },
        }
    }

    /// `value` as another module can take it: with places instead of what they start with here.
    pub(super) fn here(&self, module: &Module, value: &Value) -> Value {
        match value {
            Value::Text(text) => match &text.base {
                None | Some(Base::Unknown | Base::Prefix | Base::Site) => value.clone(),
                // f"{__package__}._core"
                Some(Base::Constant(own)) if own.level > 0 && own.name.is_empty() => {
                    let package = absolute(module, own.level, "");
                    package.map_or(Value::Unknown, |name| {
                        Value::Text(Text { base: None, text: name + &text.text })
                    })
                }
                base => match self.base(module, base.as_ref(), HANDED_ON) {
                    Some((bases, before)) => {
                        let base = bases.first().and_then(|base| base.to_str()).unwrap_or_default();
                        Value::Text(Text { base: None, text: format!("{base}{before}{}", text.text) })
                    }
                    None => Value::Unknown,
                },
            },
            Value::Items(items) => Value::Items(items.iter().map(|one| self.here(module, one)).collect()),
            Value::OneOf(all) => Value::OneOf(all.iter().map(|one| self.here(module, one)).collect()),
            Value::Table(pairs) => {
                let pair = |(key, value): &(Value, Value)| (self.here(module, key), self.here(module, value));
                Value::Table(pairs.iter().map(pair).collect())
            }
            // Dots in front are this module's.
            Value::Global(global) if global.level > 0 => match absolute(module, global.level, &global.name) {
                Some(name) => Value::Global(Dotted { level: 0, name }),
                None => Value::Unknown,
            },
            value => value.clone(),
        }
    }

    /// The places that a text may start at, and text to put behind.
    fn base(&self, module: &Module, base: Option<&Base>, left: usize) -> Option<(Vec<PathBuf>, String)> {
        let one = |path: PathBuf| Some((vec![path], String::new()));
        let all = |paths: Vec<&Path>| Some((paths.into_iter().map(Path::to_owned).collect(), String::new()));
        match base {
            None => one(PathBuf::new()),
            Some(Base::Own) => one(module.found.path.clone()),
            Some(Base::Prefix) => all(self.places.prefixes().collect()),
            Some(Base::Site) => all(self.places.folders().collect()),
            Some(Base::File(name)) => {
                let (found, rest) = self.deepest(module, name)?;
                if rest.is_empty() { one(found.found.path.clone()) } else { None }
            }
            Some(Base::Folder(name)) => {
                let (found, rest) = self.deepest(module, name)?;
                let package = found.found.package.as_ref().filter(|_| rest.is_empty());
                // A module that is no package has the folder that it stands in.
                let folder = package.map(|package| package.folder.clone());
                one(folder.or_else(|| found.found.path.parent().map(Path::to_owned))?)
            }
            Some(Base::Constant(name)) => {
                let left = left.checked_sub(1)?;
                let (holder, rest) = self.deepest(module, name)?;
                let (holder, text) =
                    self.handed_on(&holder, &rest, HANDED_ON, &|module, facts, first, rest| {
                        let known = facts.constants.iter().find(|(name, _)| name == first && rest.is_empty());
                        known.map(|(_, text)| (module.clone(), text.clone()))
                    })?;
                let (bases, before) = self.base(&holder, text.base.as_ref(), left)?;
                Some((bases, before + &text.text))
            }
            Some(Base::Unknown) => None,
        }
    }
}

/// The modules that `name` is taken from.
fn taken(effects: &[Effect], name: &str, from: &mut Vec<Dotted>) {
    for effect in effects {
        match effect {
            Effect::Import(import) if import.names.iter().any(|taken| taken == name || taken == "*") => {
                from.push(Dotted { level: import.level, name: import.module.clone() });
            }
            Effect::Try(attempt) => {
                taken(&attempt.body, name, from);
                taken(&attempt.otherwise, name, from);
                attempt.handlers.iter().for_each(|handler| taken(&handler.body, name, from));
            }
            Effect::Maybe(body) => taken(body, name, from),
            _ => {}
        }
    }
}
