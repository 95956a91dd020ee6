//! `pinfold lock`: resolve the manifest and write pinfold.lock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use pinfold_core::lock::Lock;
use pinfold_core::names::normalize;
use serde::Serialize;
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::error::{Error, Outcome};
use crate::locking::{Upgrade, Workspace};
use crate::output;
use crate::terminal::{self, Style, styled};

/// Resolve the manifest and write pinfold.lock.
///
/// Versions stay where they are unless the manifest, or a flag here, makes them move.
#[derive(Clone, Debug, clap::Args)]
pub struct LockArgs {
    /// Let every version move to the newest that the manifest allows
    #[arg(long, short = 'U')]
    upgrade: bool,
    /// Let this package move; may be given several times
    #[arg(long, short = 'P', value_name = "NAME", conflicts_with = "upgrade")]
    upgrade_package: Vec<String>,
    /// Change nothing; exit with 1 if pinfold.lock does not fit the manifest
    #[arg(long, conflicts_with_all = ["upgrade", "upgrade_package"])]
    check: bool,
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done.
pub fn run(args: &LockArgs, context: &Context) -> Result<Outcome, Error> {
    let start = Instant::now();
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let workspace = Workspace::open(context, &store)?;
    let stale = workspace.stale()?;
    if args.check || context.locked || context.frozen {
        return check(stale.as_deref(), context);
    }
    let upgrade = match args.upgrade_package.as_slice() {
        _ if args.upgrade => Upgrade::Everything,
        [] => Upgrade::Nothing,
        names => Upgrade::Packages(names.iter().map(|name| normalize(name)).collect()),
    };
    warn_unknown(&upgrade, workspace.previous.as_ref());
    let current = workspace.previous.as_ref().filter(|_| stale.is_none() && upgrade == Upgrade::Nothing);
    let resolved = if current.is_none() { Some(workspace.resolve(&upgrade)?) } else { None };
    let lock = resolved.as_ref().or(current);
    let changed = resolved.as_ref().is_some_and(|lock| Some(lock) != workspace.previous.as_ref());
    if let Some(lock) = resolved.as_ref().filter(|_| changed) {
        workspace.write(lock)?;
    }
    if let Some(lock) = lock {
        report(workspace.previous.as_ref(), lock, changed, start, context)?;
    }
    Ok(Outcome::Fine)
}

fn check(stale: Option<&str>, context: &Context) -> Result<Outcome, Error> {
    if context.format == OutputFormat::Json {
        let json = serde_json::json!({ "version": 1, "current": stale.is_none(), "reason": stale });
        output::data(&format!("{json}\n"))?;
    }
    match stale {
        None => {
            terminal::note("pinfold.lock fits the manifest");
            Ok(Outcome::Fine)
        }
        Some(reason) => {
            terminal::note(&format!("pinfold.lock does not fit: {reason}\nhint: run `pinfold lock`"));
            Ok(Outcome::Findings)
        }
    }
}

fn warn_unknown(upgrade: &Upgrade, previous: Option<&Lock>) {
    let (Upgrade::Packages(names), Some(lock)) = (upgrade, previous) else { return };
    for name in names.iter().filter(|name| lock.wheels.iter().all(|wheel| wheel.name != **name)) {
        terminal::warn(&format!("`--upgrade-package {name}`: pinfold.lock has no `{name}`"));
    }
}

/// A version that came, went or moved in a closure.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<String>,
    closures: Vec<String>,
}

/// Says what `lock` is, and what moved since `previous`.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn report(
    previous: Option<&Lock>,
    lock: &Lock,
    changed: bool,
    start: Instant,
    context: &Context,
) -> Result<(), Error> {
    let changes = changes(previous, lock);
    if context.format == OutputFormat::Json {
        let json = serde_json::json!({ "version": 1, "changed": changed, "changes": changes });
        output::data(&format!("{json}\n"))?;
    }
    let closures = terminal::count(lock.closures.len(), "closure");
    let contents =
        format!("{} in {closures}, Python {}", terminal::count(lock.units.len(), "unit"), lock.python);
    let took = terminal::elapsed(start.elapsed());
    if !changed {
        terminal::note(&format!("Nothing to do: pinfold.lock fits the manifest ({contents}; {took})"));
        return Ok(());
    }
    terminal::say("Locked", &format!("{contents}, in {took}"));
    let colour = terminal::colour_on_stderr();
    // A new lock is all news; only what moved is worth a line.
    for change in changes.iter().filter(|_| previous.is_some()) {
        let name = styled(&change.name, Style::Strong, colour);
        let whom = styled(&format!(" (in {})", change.closures.join(", ")), Style::Dim, colour);
        match (&change.from, &change.to) {
            (None, Some(to)) => {
                terminal::note(&format!(" {} {name} {to}{whom}", styled("+", Style::Plus, colour)))
            }
            (Some(from), None) => {
                terminal::note(&format!(" {} {name} {from}{whom}", styled("-", Style::Minus, colour)))
            }
            (Some(from), Some(to)) => terminal::note(&format!(" ~ {name} {from} -> {to}{whom}")),
            (None, None) => {}
        }
    }
    Ok(())
}

pub(crate) fn changes(previous: Option<&Lock>, lock: &Lock) -> Vec<Change> {
    let versions = |lock: &Lock| -> BTreeMap<(String, String), String> {
        let mut versions = BTreeMap::new();
        for closure in &lock.closures {
            for unit in closure.units.iter().filter_map(|id| lock.unit(id)) {
                if let Some(wheel) = lock.wheel(&unit.wheel) {
                    versions.insert((wheel.name.clone(), closure.name.clone()), wheel.version.clone());
                }
            }
        }
        versions
    };
    let (old, new) = (previous.map(versions).unwrap_or_default(), versions(lock));
    let mut changes: Vec<Change> = Vec::new();
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (name, closure) = key.clone();
        let (from, to) = (old.get(key).cloned(), new.get(key).cloned());
        if from == to {
            continue;
        }
        match changes.iter_mut().find(|change| change.name == name && change.from == from && change.to == to)
        {
            Some(change) => change.closures.push(closure),
            None => changes.push(Change { name, from, to, closures: vec![closure] }),
        }
    }
    changes
}
