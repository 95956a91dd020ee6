//! `pinfold update --build-set`: move what packages are built with.
//!
//! Deliberately not here: versions of the closures.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Instant;

use pinfold_core::lock::{FrozenSet, Lock, Wheel};
use serde_json::json;
use wheelsplit::Store;

use crate::build::Options;
use crate::context::{Context, OutputFormat};
use crate::environment::difference::order;
use crate::error::{Error, Outcome};
use crate::locking::{Upgrade, Workspace};
use crate::output;
use crate::terminal::{self, Style, elapsed, styled};

/// Resolves the build set anew.
///
/// # Errors
/// When the set has no solution, or something cannot be built with the new one; nothing is changed then.
pub(super) fn run(context: &Context) -> Result<Outcome, Error> {
    let start = Instant::now();
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    let workspace = Workspace::open(context, &store)?;
    let options = Options { command: "update --build-set".to_owned(), ..workspace.options() };
    let engine = workspace.engine(options, true)?;
    let lock = workspace.resolve_with(&engine, &Upgrade::Nothing)?;
    let before = workspace.previous.as_ref();
    if Some(&lock) != before {
        workspace.write(&lock)?;
    }
    report(before, &lock, context, start)?;
    Ok(Outcome::Fine)
}

fn report(before: Option<&Lock>, lock: &Lock, context: &Context, start: Instant) -> Result<(), Error> {
    let (old, new) =
        (before.map(|lock| versions(&lock.build_set)).unwrap_or_default(), versions(&lock.build_set));
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    fn of<'t>(table: &'t BTreeMap<String, String>, name: &str) -> &'t str {
        table.get(name).map_or("", String::as_str)
    }
    let moved = names.into_iter().map(|name| (name, of(&old, name), of(&new, name)));
    let moved: Vec<(&String, &str, &str)> = moved.filter(|(_, from, to)| from != to).collect();
    let back = before.map(|before| back(&before.build_set, &lock.build_set)).unwrap_or_default();
    if context.format == OutputFormat::Json {
        let changes: Vec<_> =
            moved.iter().map(|(name, from, to)| json!({"name": name, "from": from, "to": to})).collect();
        let back: Vec<_> = back
            .iter()
            .map(|(tool, (package, from, to))| json!({"name": tool, "package": package, "from": from, "to": to}))
            .collect();
        let changed = Some(lock) != before;
        let document = json!({ "version": 1, "changed": changed, "build_set": changes, "older": back });
        output::data(&format!("{document}\n"))?;
    }
    let took = elapsed(start.elapsed());
    if moved.is_empty() {
        terminal::note(&format!(
            "Nothing to do: the build set is the newest that there is (looked at in {took})"
        ));
        return Ok(());
    }
    terminal::say("Updated", &format!("the build set, in {took}"));
    let colour = terminal::colour_on_stderr();
    for (name, from, to) in moved {
        let tool = name;
        let name = styled(name, Style::Strong, colour);
        terminal::note(&match (from, to) {
            ("", to) => format!(" {} {name} {to}", styled("+", Style::Plus, colour)),
            (from, "") => format!(" {} {name} {from}", styled("-", Style::Minus, colour)),
            (from, to) => format!(" ~ {name} {from} -> {to}"),
        });
        for (package, from, to) in back.iter().filter(|(of, _)| *of == *tool).map(|(_, moved)| moved) {
            terminal::note(&format!(
                "   {package}: {from} -> {to}, an older one than before: it does for several packages"
            ));
        }
    }
    Ok(())
}

/// Packages whose tool is older than it was, by tool: what one source came with for itself gives way to what does for
/// several, when all are resolved together.
fn back(old: &FrozenSet, new: &FrozenSet) -> Vec<(String, (String, String, String))> {
    let mut found = Vec::new();
    for package in &new.packages {
        let Some(before) = old.package(&package.name) else { continue };
        for now in new.wheels_of(package) {
            let older =
                |then: &&Wheel| then.name == now.name && order(&now.version, &then.version) == Ordering::Less;
            if let Some(then) = old.wheels_of(before).find(older) {
                let moved = (package.name.clone(), then.version.clone(), now.version.clone());
                found.push((now.name.clone(), moved));
            }
        }
    }
    found
}

/// The versions of each tool, where there are several in one text.
fn versions(set: &FrozenSet) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for wheel in &set.wheels {
        let text = all.entry(wheel.name.clone()).or_default();
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&wheel.version);
    }
    all
}
