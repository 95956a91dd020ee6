//! Units that would share a library, and would break by it, get libraries under names of their own.
//!
//! Nearly no environment has such units, which tables of the store tell in a millisecond; what came of looking at one is
//! kept for the next with the same units. Deliberately not here: what breaks, and how copies are made (abicheck).

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use abicheck::failure::Failure;
use abicheck::isolation::units::{self, Isolated, Link, Outcome, Request};
use abicheck::isolation::{self, Stage, Why};
use anyhow::{Context as _, Result, anyhow};
use pinfold_core::closure::{self, Environment, Unit};
use pinfold_core::instance;
use pinfold_core::names::UnitId;
use wheelsplit::{Copied, Installed, Left, Native, Store, Verdict};

use super::assemble::Assembled;
use super::{left, verdict};
use crate::failure::hinted;
use crate::interpreter::Interpreter;
use crate::terminal;

/// What was done, in a sentence each.
#[derive(Debug, Default)]
pub struct Done {
    /// What broke, and does not any more.
    pub mended: Vec<String>,
    /// What is as it was.
    pub left: Vec<String>,
}

/// Gives units that break each other copies of their own in the store; nothing where `native` says that none get such.
/// `anew`: what came of looking before does not count.
///
/// # Errors
/// When the environment cannot be looked at, or the store cannot be written; where neither of two units can be edited.
pub fn isolate(
    assembled: &mut Assembled,
    native: closure::Native,
    store: &Store,
    interpreter: &Interpreter,
    wheels: &BTreeMap<String, Installed>,
    anew: bool,
) -> Result<Done> {
    let environment = &assembled.environment;
    if native == closure::Native::Shared {
        return Ok(Done::default());
    }
    let shared = shared(environment);
    let tables = tables(environment, &shared, &|wheel| store.native(wheel), wheels)?;
    if !may_meet(&tables) {
        return Ok(Done::default());
    }
    let key = verdict::key(environment, &tables, store, interpreter);
    let known = if anew { None } else { store.verdict(&key) };
    let verdict = match known {
        Some(verdict) => verdict,
        None => {
            let verdict = look(environment, &shared, store, interpreter)?;
            store.keep_verdict(&key, &verdict);
            verdict
        }
    };
    left::refuse(environment, &verdict.left)?;
    apply(assembled, &store.isolated(), &verdict)?;
    Ok(Done { mended: verdict.mended, left: left::sentences(&verdict.left) })
}

/// The units that are left as they are: what is pinned with `native = "shared"`, and what only closures of such pins have.
pub fn shared(environment: &Environment) -> BTreeSet<UnitId> {
    let pins = environment.units.iter().filter_map(|unit| unit.pin.as_ref());
    let closures: BTreeSet<&str> =
        pins.filter(|pin| pin.native == closure::Native::Shared).map(|pin| pin.closure.as_str()).collect();
    let is_shared = |unit: &&Unit| match &unit.pin {
        Some(pin) => pin.native == closure::Native::Shared,
        None => unit.closures.iter().all(|name| closures.contains(name.as_str())),
    };
    environment.units.iter().filter(is_shared).map(|unit| unit.id.clone()).collect()
}

/// The tables of the wheels that bring libraries, but for units that are left as they are.
fn tables(
    environment: &Environment,
    shared: &BTreeSet<UnitId>,
    native: &dyn Fn(&Installed) -> Result<Native, wheelsplit::Error>,
    wheels: &BTreeMap<String, Installed>,
) -> Result<Vec<Native>> {
    let units = environment.units.iter().filter(|unit| unit.native && !shared.contains(&unit.id));
    let used: BTreeSet<&str> = units.filter_map(|unit| unit.wheel.as_deref()).collect();
    let tables = used.into_iter().filter_map(|hash| wheels.get(hash)).map(native);
    Ok(tables.collect::<Result<_, _>>()?)
}

/// Whether two wheels have different files of one name, or one unique symbol of two layouts.
fn may_meet(tables: &[Native]) -> bool {
    let tables: Vec<&Native> = tables.iter().collect();
    !Native::met(&tables).is_empty() || !Native::unlike(&tables).is_empty()
}

/// Has abicheck look at it, and puts the copies into the store that it lacks.
fn look(
    environment: &Environment,
    shared: &BTreeSet<UnitId>,
    store: &Store,
    interpreter: &Interpreter,
) -> Result<Verdict> {
    let _looking = terminal::spinner("Looking at libraries that several packages bring");
    let staged = OnceCell::new();
    let stage = || {
        let made = store.isolating().map_err(|error| {
            let failure = Failure::new(&error);
            match &error {
                wheelsplit::Error::ReadOnly { .. } => failure.hint(LACKING),
                _ => failure.maybe(error.hint()),
            }
        })?;
        Ok(staged.get_or_init(|| made).path().to_owned())
    };
    let there = store.isolated();
    let link = Link::Each(&instance::link);
    let places = Places { there: &there, stage: &stage, within: store.root(), link };
    let verdict = copy(environment, shared, interpreter, places)?;
    if let Some(staged) = staged.into_inner() {
        staged.publish()?;
    }
    Ok(verdict)
}

/// What to do about a store that may not be written to.
const LACKING: &str = "the store lacks copies that this environment needs: make its folder writable, or name another \
    one with PINFOLD_CACHE";

/// Where copies are, and get to.
struct Places<'a> {
    there: &'a Path,
    stage: Stage<'a>,
    within: &'a Path,
    link: Link<'a>,
}

/// Has abicheck look at it, and make copies that are not there.
fn copy(
    environment: &Environment,
    shared: &BTreeSet<UnitId>,
    interpreter: &Interpreter,
    Places { there, stage, within, link }: Places<'_>,
) -> Result<Verdict> {
    let python = &interpreter.executable;
    let request = Request { closure: environment, python, shared, there, stage, within, link };
    let Outcome { units, own_scope, mended, left } = units::isolate(&request).map_err(|failure| {
        let what = anyhow!("could not give packages libraries of their own: {}", failure.message());
        let hints = failure.hints().iter().map(|hint| format!("{hint}; "));
        hinted(
            what,
            hints.collect::<String>() + "`native = \"shared\"` on a pin leaves its packages as they are",
        )
    })?;
    let copied = |Isolated { key, libraries, files }: Isolated| Copied { key, libraries, files };
    Ok(Verdict {
        wheels: environment.units.iter().filter_map(|unit| unit.wheel.clone()).collect(),
        units: units.into_iter().map(|(id, isolated)| (id.to_string(), copied(isolated))).collect(),
        own_scope: own_scope.iter().map(ToString::to_string).collect(),
        mended: mended.iter().map(|one| told(environment, &one.units, &one.titled())).collect(),
        left: left.into_iter().map(|left| kept(environment, left)).collect(),
    })
}

/// As a store remembers it.
fn kept(environment: &Environment, left: isolation::Left) -> Left {
    let title = told(environment, &left.units, &left.title);
    let (uneditable, why) = match left.why {
        Why::Uneditable(why) => (true, why.into_iter().collect()),
        Why::Other(why) => (false, vec![why]),
    };
    let units = [left.units.0, left.units.1].map(|id| id.to_string());
    Left { units, title, why, uneditable }
}

/// Which units break each other, or do not any more, and by what they do.
fn told(environment: &Environment, (one, other): &(UnitId, UnitId), title: &str) -> String {
    let unit = |id: &UnitId| environment.units.iter().find(|unit| unit.id == *id);
    let Some((one, other)) = unit(one).zip(unit(other)) else { return title.to_owned() };
    let other_name = if one.name == other.name { String::new() } else { format!("{} ", other.name) };
    format!("{} {} and {other_name}{}: {title}", one.name, one.version, other.version)
}

/// As [`isolate`], with copies in the folder `out`, which is made if there are any: what Nix builds has no store.
///
/// # Errors
/// When the environment cannot be looked at, or the folder cannot be written.
pub fn isolate_alone(
    assembled: &mut Assembled,
    native: closure::Native,
    out: &Path,
    interpreter: &Interpreter,
    wheels: &BTreeMap<String, Installed>,
) -> Result<()> {
    let environment = &assembled.environment;
    let shared = shared(environment);
    if native == closure::Native::Shared || !may_meet(&tables(environment, &shared, &Native::of, wheels)?) {
        return Ok(());
    }
    std::fs::create_dir_all(out).with_context(|| format!("could not make {}", out.display()))?;
    let nowhere = out.join("none");
    // Folders are real: the loader leaves them by `..`.
    let link = Link::Each(&|from, to| std::os::unix::fs::symlink(from, to));
    let stage = || Ok(out.to_owned());
    let places = Places { there: &nowhere, stage: &stage, within: out, link };
    let verdict = copy(environment, &shared, interpreter, places)?;
    // The look at what came of it decides whether that is an environment.
    left::warn(&left::sentences(&verdict.left));
    for what in &verdict.mended {
        terminal::say("Isolated", what);
    }
    if verdict.units.is_empty() {
        std::fs::remove_dir(out).with_context(|| format!("could not remove {}", out.display()))?;
    }
    apply(assembled, out, &verdict)
}

/// Has the model, and root's links, lead to the copies.
fn apply(assembled: &mut Assembled, copies: &Path, verdict: &Verdict) -> Result<()> {
    let environment = &assembled.environment;
    let made = environment.units.iter().filter_map(|unit| {
        let Copied { key, libraries, files } = verdict.units.get(unit.id.as_str())?.clone();
        Some((unit.id.clone(), Isolated { key, libraries, files }))
    });
    let made: BTreeMap<UnitId, Isolated> = made.collect();
    let units = environment.units.iter().map(|unit| unit.id.clone());
    let own_scope = units.filter(|id| verdict.own_scope.contains(id.as_str())).collect();
    let moved = units::moved(environment, (&made, &own_scope), &|_| copies.to_owned());
    for (before, after) in environment.units.iter().zip(moved.units.iter()) {
        for root in
            assembled.roots.iter_mut().filter(|root| before.path != after.path && root.site == before.path)
        {
            root.site.clone_from(&after.path);
            root.wheel.facts.top = tops(&after.path)?;
        }
    }
    assembled.environment = moved;
    Ok(())
}

/// What stands in a folder of copies: also libraries under their new names.
fn tops(site: &Path) -> Result<Vec<wheelsplit::Top>> {
    let entries = std::fs::read_dir(site).and_then(|entries| {
        entries
            .map(|entry| {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                Ok(wheelsplit::Top { is_dir: entry.path().is_dir(), name })
            })
            .collect::<std::io::Result<Vec<_>>>()
    });
    let mut tops = entries.with_context(|| format!("could not list {}", site.display()))?;
    tops.retain(|top| top.name != "__pycache__");
    tops.sort();
    Ok(tops)
}
