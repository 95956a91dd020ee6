//! Who loaded what, and by which rule: kept for `pinfold.explain`, and said on stderr with `PINFOLD_TRACE=imports`.
//!
//! A line is one write to the file descriptor, so that lines of threads and processes stay whole, and the first
//! is said as early as the first import. Deliberately not here: decisions; this module asks for them again, which
//! costs only those who look.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use pinfold_core::closure::Provided;
use pinfold_core::resolve::{Importer, Resolution, Rule, UnitIndex};
use pyo3::prelude::*;

use crate::frames;
use crate::marking;
use crate::owner;
use crate::state::{Object, State};

/// The value of `PINFOLD_TRACE` that is known.
const IMPORTS: &str = "imports";

static ON: AtomicBool = AtomicBool::new(false);

/// By whom a module was loaded first, and by which step.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// A unit's identifier, or `root`.
    pub(crate) importer: String,
    /// The step's number.
    pub(crate) rule: u8,
    /// The step in words.
    pub(crate) reason: String,
}

/// By qualified name. Of units that root does not resolve for, in whose case the answer is not obvious.
static LOADED: Mutex<Option<HashMap<String, Decision>>> = Mutex::new(None);

/// Who asked, which unit answered, by which step.
type Decision = (Importer, UnitIndex, Rule);

thread_local! {
    /// Per importer and name, what was said last of a module that was loaded already.
    static SAID: RefCell<HashMap<(Importer, String), String>> = RefCell::new(HashMap::new());
}

/// Reads the value of `PINFOLD_TRACE`.
///
/// # Errors
/// A sentence that names the known values.
pub(crate) fn prepare(value: Option<&str>) -> Result<(), String> {
    match value {
        None | Some("") => Ok(()),
        Some(IMPORTS) => {
            ON.store(true, Ordering::Relaxed);
            Ok(())
        }
        Some(other) => Err(format!("PINFOLD_TRACE={other} is not known; the one known value is `{IMPORTS}`")),
    }
}

/// Whether decisions are said.
#[inline]
pub(crate) fn on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Notes that `importer` is given `module` of `unit`, which it loads now unless it is loaded.
pub(crate) fn note(
    state: &State,
    importer: Importer,
    unit: UnitIndex,
    key: Object,
    module: &str,
    rule: Rule,
) {
    if !state.plural || !owner::exact(state, unit, key).is_null() {
        return;
    }
    // A thread that panicked while it held the lock has damaged nothing: an insert is the last thing it did.
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let name = owner::qualify(state, unit, module);
    loaded.get_or_insert_default().insert(name, (importer, unit, rule));
}

/// Who loaded the module of this qualified name.
pub(crate) fn loaded(state: &State, qualified: &str) -> Option<Loaded> {
    let loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (importer, unit, rule) = *loaded.as_ref()?.get(qualified)?;
    drop(loaded);
    Some(Loaded {
        importer: identifier(state, importer),
        rule: rule.number(),
        reason: state.resolver.reason(importer, unit, rule),
    })
}

/// A unit's identifier, or `root`.
pub(crate) fn identifier(state: &State, importer: Importer) -> String {
    match importer {
        Importer::Root => pinfold_core::names::ROOT.to_owned(),
        Importer::Unit(unit) => state.resolver.env().units[unit].id.as_str().to_owned(),
    }
}

/// Says how a search for the spec of a module that is not loaded ended.
pub(crate) fn searched(py: Python<'_>, state: &State, name: &str, found: &PyResult<Bound<'_, PyAny>>) {
    if pinfold_core::names::top(name) == "pinfold" {
        // Our own, which nobody decides about.
        return;
    }
    let importer = frames::asking(state, name);
    let answer = match found {
        Err(error) => format!("not found: {}", error.value(py)),
        Ok(spec) if spec.is_none() => {
            "not found: no unit that it may use, and none of the other finders, has it".to_owned()
        }
        Ok(spec) => {
            let origin = |attribute: &str| -> Option<String> {
                spec.getattr(attribute)
                    .ok()
                    .filter(|value| !value.is_none())?
                    .str()
                    .ok()
                    .map(|s| s.to_string())
            };
            let file = origin("origin");
            let unit = file.as_deref().and_then(|file| state.unit_of_origin(file));
            let place = match file {
                Some(file) => file,
                None => origin("submodule_search_locations").unwrap_or_default(),
            };
            format!("{} {place}", decision(state, importer, name, unit, &place))
        }
    };
    SAID.with_borrow_mut(|said| said.remove(&(importer, name.to_owned())));
    say(state, importer, name, &answer);
}

/// Says who answered for a module that is loaded already, where the answer depends on more than who asks.
#[cold]
pub(crate) fn again(state: &State, importer: Importer, name: &str) {
    let Importer::Unit(unit) = importer else { return };
    if state.is_stdlib(name)
        || state.resolver.is_rootlike(unit)
        || name.contains(pinfold_core::names::QUALIFIER)
    {
        return;
    }
    let answer = match state.resolver.resolve(importer, name, || frames::stack(state)) {
        Resolution::Found { rule: Rule::Declared, .. } | Resolution::Unknown | Resolution::Denied(_) => {
            return;
        }
        Resolution::Found { entry, .. } => {
            decision(state, importer, name, entry.units.first().copied(), "") + " (loaded already)"
        }
    };
    let key = (importer, name.to_owned());
    let new = SAID.with_borrow_mut(|said| said.insert(key, answer.clone()).as_ref() != Some(&answer));
    if new {
        say(state, importer, name, &answer);
    }
}

/// The rule and the unit, as a line has them.
fn decision(state: &State, importer: Importer, name: &str, unit: Option<UnitIndex>, file: &str) -> String {
    let env = state.resolver.env();
    let from =
        |unit: UnitIndex| format!("-> {} <{}>", env.describe(Importer::Unit(unit)), env.units[unit].id);
    if state.is_stdlib(name) && unit.is_none() {
        return match marking::is_from_stdlib(state, name, Some(file)) {
            true => "rule 1 (the standard library) ->",
            false => "rule 1 (a file in the place of the standard library's) ->",
        }
        .to_owned();
    }
    match (state.resolver.resolve(importer, name, || frames::stack(state)), unit) {
        (Resolution::Found { entry, rule, .. }, _)
            if entry.provided == Provided::Namespace && unit.is_none() =>
        {
            format!("rule {} (a namespace package of its view) ->", rule.number())
        }
        (Resolution::Found { entry, rule, .. }, Some(unit)) if entry.units.contains(&unit) => {
            format!("rule {} ({}) {}", rule.number(), state.resolver.reason(importer, unit, rule), from(unit))
        }
        (_, Some(unit)) => format!("a folder on its path {}", from(unit)),
        (_, None) => "rule 1 or 5 (no unit: a local file, or another finder) ->".to_owned(),
    }
}

fn say(state: &State, importer: Importer, name: &str, answer: &str) {
    let who = match importer {
        Importer::Root => "root".to_owned(),
        Importer::Unit(unit) if state.resolver.world_of_importer(unit).is_some() => {
            state.resolver.env().describe(importer)
        }
        Importer::Unit(_) => {
            format!("{} <{}>", state.resolver.env().describe(importer), identifier(state, importer))
        }
    };
    let answer = answer.replace(['\n', '\r'], " ");
    let line = format!("pinfold[{}]: {name} for {who}: {answer}\n", std::process::id());
    // One write: Rust's stderr has no buffer. Where it is closed there is nobody to be told.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
