//! `pinfold rollback`: an earlier generation again, and the lock that it was made from.
//!
//! The lock comes back too, because it always says what the current generation is. What stood there is kept if no
//! generation has it. Deliberately not here: the switch itself ([`crate::environment::journal`]).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result as AnyResult, anyhow};
use pinfold_core::lock::{FILE, Lock, Wheel};
use serde::Serialize;
use sha2::{Digest, Sha256};
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::digest::hex;
use crate::environment::generation::{self, Stamp};
use crate::environment::layout::{Guard, Layout};
use crate::environment::sync::{Request, build};
use crate::environment::{durable, gc, history, journal};
use crate::error::{Error, Outcome};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::locking::Workspace;
use crate::terminal::{self, elapsed};
use crate::{manifests, output, ready};

/// Go back to an earlier generation, and to its lock
#[derive(Clone, Debug, clap::Args)]
pub struct RollbackArgs {
    /// The generation [default: the newest before the current one with other packages]
    #[arg(value_name = "N")]
    number: Option<u64>,
}

/// What is printed as JSON; `rollback.schema.json` beside this file.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    from: u64,
    to: u64,
    lock: &'a str,
    kept: Option<&'a Path>,
}

/// Runs the command.
///
/// # Errors
/// When there is no such generation, or it cannot run; everything is as it was then.
pub fn run(args: &RollbackArgs, context: &Context) -> Result<Outcome, Error> {
    let start = Instant::now();
    let layout = Layout::new(&context.environment)?;
    no_gate(&layout, "rollback")?;
    history::current(&layout)?;
    let guard = layout.guard()?;
    // Another process may have switched while we waited.
    let current = history::current(&layout)?;
    let wanted = match args.number {
        Some(number) => number,
        None => history::different(&layout, current).ok_or_else(|| {
            hinted(
                anyhow!("{} has no generation before {current}", layout.link.display()),
                "`pinfold generations` shows those that there are; the last five are kept",
            )
        })?,
    };
    history::must_exist(&layout, wanted)?;
    let lock = context.project.join(FILE);
    let there = fs::read_to_string(&lock).ok();
    if wanted == current && there.as_deref() == journal::text_of(&layout, current).ok().as_deref() {
        terminal::note(&format!(
            "Nothing to do: generation {current} is the current one, and pinfold.lock is its lock"
        ));
        report(context, current, current, "unchanged", None)?;
        return Ok(Outcome::Fine);
    }
    let target = ready_to_run(context, &layout, wanted, &guard)?;
    let kept = there.as_deref().map_or(Ok(None), |text| keep(&layout, text))?;
    let changed = there.as_deref() != Some(journal::text_of(&layout, target)?.as_str());
    journal::commit(&layout, target, &lock, &guard)?;
    if target != wanted {
        gc::prune(&layout);
    }
    let again = if target == wanted { String::new() } else { format!(", made again as {target}") };
    let what = format!("to generation {wanted}{again}, from {current}, in {}", elapsed(start.elapsed()));
    if target != current {
        terminal::say("Rolled back", &what);
    }
    if changed {
        terminal::say("Restored", &format!("pinfold.lock, as generation {wanted} was made from it"));
    }
    if let Some(kept) = &kept {
        let shown = kept.strip_prefix(&context.project).unwrap_or(kept).display();
        terminal::note(&format!("The pinfold.lock that was there is in no generation; it is now {shown}"));
    }
    warn_if_stale(context);
    report(context, current, target, if changed { "restored" } else { "unchanged" }, kept.as_deref())?;
    Ok(Outcome::Fine)
}

/// Refuses what a gate must not do: the candidate is not the project's environment.
///
/// # Errors
/// Where the environment is a candidate's.
pub(super) fn no_gate(layout: &Layout, command: &str) -> Result<(), Error> {
    if !layout.is_candidate() {
        return Ok(());
    }
    let what =
        anyhow!("`pinfold {command}` runs in {}, which an update is just trying", layout.link.display());
    Err(hinted(what, "a gate may look at its candidate and run things in it; leave this out of it").into())
}

fn report(context: &Context, from: u64, to: u64, lock: &str, kept: Option<&Path>) -> Result<(), Error> {
    if context.format == OutputFormat::Json {
        let document = Document { version: 1, from, to, lock, kept };
        let json = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
        output::data(&format!("{json}\n"))?;
    }
    Ok(())
}

/// The generation to switch to: `number` itself if it is whole, else a new one made from its lock.
fn ready_to_run(context: &Context, layout: &Layout, number: u64, guard: &Guard) -> Result<u64, Error> {
    let folder = layout.generation(number);
    if Stamp::read(&folder).is_some_and(|stamp| generation::healthy(&folder, &stamp)) {
        return Ok(number);
    }
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    terminal::warn(&format!(
        "generation {number} cannot run as it is: what it links to in the store is gone, or another Pinfold made \
         it; it is made again from its lock"
    ));
    let made = again(context, layout, number, guard, &store);
    Ok(made
        .with_context(|| format!("could not make generation {number} again"))
        .hint("everything is as it was; `pinfold generations` shows the others")?)
}

fn again(context: &Context, layout: &Layout, number: u64, guard: &Guard, store: &Store) -> AnyResult<u64> {
    let path = layout.generation(number).join(FILE);
    let lock = Lock::read(&path)?.ok_or_else(|| anyhow!("{} is not there", path.display()))?;
    let interpreter = interpreter(context, layout, number, &lock, store)?;
    let fetch = |wheels: &[Wheel]| ready::fetch(context, store, &interpreter, &lock, wheels);
    let request =
        Request { layout, lock: &lock, interpreter: &interpreter, store, force: true, fetch: &fetch };
    Ok(build(&request, guard)?.generation)
}

/// The interpreter that the generation had, or, if that is gone, another one of its minor version.
fn interpreter(
    context: &Context,
    layout: &Layout,
    number: u64,
    lock: &Lock,
    store: &Store,
) -> AnyResult<Interpreter> {
    let stamp = Stamp::read(&layout.generation(number));
    let own = stamp.and_then(|stamp| Interpreter::query(&stamp.interpreter, store.root()).ok());
    if let Some(own) = own.filter(|own| own.minor == lock.python) {
        return Ok(own);
    }
    crate::interpreter::choose(context, store.root(), None, Some(&lock.python), None)
}

/// Keeps a lock that no generation was made from, so that nothing is lost; says where.
fn keep(layout: &Layout, text: &str) -> AnyResult<Option<PathBuf>> {
    let known = |&number: &u64| journal::text_of(layout, number).is_ok_and(|lock| lock == text);
    if layout.generations().iter().any(known) {
        return Ok(None);
    }
    let digest = hex(&Sha256::digest(text.as_bytes()));
    let folder = layout.home.parent().unwrap_or(&layout.home).join("locks");
    let path = folder.join(format!("{}.lock", digest.get(..12).unwrap_or(&digest)));
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(&folder)?;
        fs::write(&path, text)?;
        durable::one(&path)?;
        durable::one(&folder)
    };
    write()
        .with_context(|| format!("could not keep the pinfold.lock that is there as {}", path.display()))?;
    Ok(Some(path))
}

/// A manifest that asks for something else by now would have the next sync resolve again, and undo the rollback.
fn warn_if_stale(context: &Context) {
    let Ok(store) = Store::from_env() else { return };
    let Ok(manifest) = manifests::read(&context.manifest) else { return };
    let Ok(workspace) = Workspace::of(context, &store, manifest) else { return };
    if let Ok(Some(_)) = workspace.stale() {
        terminal::warn(
            "the manifest asks for something else than this lock has: `pinfold sync` and `pinfold run` will \
             resolve again; until it is taken back too, use them with `--frozen`",
        );
    }
}
