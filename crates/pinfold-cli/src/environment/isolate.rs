//! Units that would share a library, and would break by it, get libraries under names of their own.
//!
//! Nearly no environment has such units, which tables of the store tell in a millisecond; what came of looking at one is
//! kept for the next with the same units. Deliberately not here: what breaks, and how copies are made (abicheck).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use abicheck::isolation::units::{self, Isolated, Link, Outcome, Request};
use anyhow::{Context as _, Result, anyhow};
use pinfold_core::closure::{Environment, Native, Unit};
use pinfold_core::instance;
use pinfold_core::names::UnitId;
use sha2::{Digest, Sha256};
use wheelsplit::{Copied, Installed, Store, Verdict};

use super::assemble::Assembled;
use crate::failure::hinted;
use crate::interpreter::Interpreter;
use crate::terminal;

/// Raised when equal environments may come to other copies than before.
const VERSION: u32 = 1;

/// Gives units that break each other copies of their own in the store, and says in a sentence each which and why; what
/// cannot be mended is a warning, and stays as it is.
///
/// # Errors
/// When the environment cannot be looked at, or the store cannot be written.
pub fn isolate(
    assembled: &mut Assembled,
    store: &Store,
    interpreter: &Interpreter,
    wheels: &BTreeMap<String, Installed>,
) -> Result<Vec<String>> {
    let environment = &assembled.environment;
    let shared = shared(environment);
    if !may_meet(environment, &shared, store, wheels)? {
        return Ok(Vec::new());
    }
    let key = key(environment, interpreter);
    let verdict = match store.verdict(&key) {
        Some(verdict) => verdict,
        None => {
            let verdict = look(environment, &shared, store, interpreter)?;
            store.keep_verdict(&key, &verdict);
            verdict
        }
    };
    for what in &verdict.left {
        terminal::warn(&format!(
            "not isolated: {what}; `native = \"shared\"` on the pin of one of them says that this is known"
        ));
    }
    apply(assembled, store, &verdict)?;
    Ok(verdict.mended)
}

/// The units that are left as they are: what is pinned with `native = "shared"`, and what only closures of such pins have.
pub fn shared(environment: &Environment) -> BTreeSet<UnitId> {
    let pins = environment.units.iter().filter_map(|unit| unit.pin.as_ref());
    let closures: BTreeSet<&str> =
        pins.filter(|pin| pin.native == Native::Shared).map(|pin| pin.closure.as_str()).collect();
    let is_shared = |unit: &&Unit| match &unit.pin {
        Some(pin) => pin.native == Native::Shared,
        None => unit.closures.iter().all(|name| closures.contains(name.as_str())),
    };
    environment.units.iter().filter(is_shared).map(|unit| unit.id.clone()).collect()
}

/// Whether two wheels have different files of one name, or one unique symbol of two layouts.
fn may_meet(
    environment: &Environment,
    shared: &BTreeSet<UnitId>,
    store: &Store,
    wheels: &BTreeMap<String, Installed>,
) -> Result<bool> {
    let units = environment.units.iter().filter(|unit| unit.native && !shared.contains(&unit.id));
    let used: BTreeSet<&str> = units.filter_map(|unit| unit.wheel.as_deref()).collect();
    let tables = used.into_iter().filter_map(|hash| wheels.get(hash)).map(|wheel| store.native(wheel));
    let tables = tables.collect::<Result<Vec<_>, _>>()?;
    let tables: Vec<&wheelsplit::Native> = tables.iter().collect();
    Ok(!wheelsplit::Native::met(&tables).is_empty() || !wheelsplit::Native::unlike(&tables).is_empty())
}

/// What names an environment, with the interpreter that imports it.
fn key(environment: &Environment, interpreter: &Interpreter) -> String {
    let mut digest = Sha256::new();
    digest.update(VERSION.to_le_bytes());
    digest.update(env!("CARGO_PKG_VERSION"));
    digest.update(interpreter.executable.as_os_str().as_encoded_bytes());
    digest.update([0]);
    digest.update(&interpreter.version);
    digest.update([0]);
    digest.update(environment.to_json());
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Has abicheck look at it, and puts the copies into the store.
fn look(
    environment: &Environment,
    shared: &BTreeSet<UnitId>,
    store: &Store,
    interpreter: &Interpreter,
) -> Result<Verdict> {
    let _looking = terminal::spinner("Looking at libraries that several packages bring");
    let staged = store.isolating()?;
    let there = store.isolated();
    let request = Request {
        closure: environment,
        python: &interpreter.executable,
        shared,
        there: &there,
        staged: staged.path(),
        link: Link::Each(&instance::link),
    };
    let Outcome { units, mended, left } = units::isolate(&request).map_err(|failure| {
        let what = anyhow!("could not give packages libraries of their own: {}", failure.message());
        let hint = failure.hints().join("; ");
        let out = "`native = \"shared\"` on a pin leaves its packages as they are";
        hinted(what, if hint.is_empty() { out.to_owned() } else { format!("{hint}; {out}") })
    })?;
    for unit in environment.units.iter() {
        let Some((isolated, table)) = units.get(&unit.id).zip(unit.modules.as_ref()) else { continue };
        let folder = staged.path().join(&isolated.key);
        if folder.is_dir() {
            let to = folder.join("modules.idx");
            instance::link(table, &to).with_context(|| format!("could not write {}", to.display()))?;
        }
    }
    staged.publish()?;
    let copied = |Isolated { key, libraries }: Isolated| Copied { key, libraries };
    Ok(Verdict {
        wheels: environment.units.iter().filter_map(|unit| unit.wheel.clone()).collect(),
        units: units.into_iter().map(|(id, isolated)| (id.to_string(), copied(isolated))).collect(),
        mended: mended.iter().map(|mended| format!("{} ({})", mended.title, mended.code)).collect(),
        left,
    })
}

/// Has the model, and root's links, lead to the copies.
fn apply(assembled: &mut Assembled, store: &Store, verdict: &Verdict) -> Result<()> {
    let environment = &assembled.environment;
    let made = environment.units.iter().filter_map(|unit| {
        let Copied { key, libraries } = verdict.units.get(unit.id.as_str())?.clone();
        Some((unit.id.clone(), Isolated { key, libraries }))
    });
    let made: BTreeMap<UnitId, Isolated> = made.collect();
    let root = store.isolated();
    let moved = units::moved(environment, &made, &|_| root.clone());
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
