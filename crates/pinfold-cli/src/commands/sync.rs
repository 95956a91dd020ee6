//! `pinfold sync`: make the environment what the lock says.
//!
//! Deliberately not here: the steps themselves ([`crate::environment::sync`]); this orders them, and says what
//! they did. Other commands that end in a synced environment call [`bring`] too.

use std::time::{Duration, Instant};

use anyhow::anyhow;
use pinfold_core::lock::Lock;
use wheelsplit::Store;

use crate::context::{Context, OutputFormat};
use crate::environment::changes::Change;
use crate::environment::generation::Stamp;
use crate::environment::history;
use crate::environment::layout::Layout;
use crate::environment::left;
use crate::environment::sync::{Request, Synced, sync_while};
use crate::error::{Error, Outcome};
use crate::failure::{find, hinted};
use crate::locking::{Upgrade, Workspace};
use crate::output;
use crate::ready::{self, Ready};
use crate::terminal::{self, Style, count, elapsed, styled};
use crate::uv::fetch::FetchError;

/// Make the environment what the lock says
#[derive(Clone, Debug, clap::Args)]
pub struct SyncArgs {
    /// Move aside what stands in the environment's place and is not ours; build anew even if nothing changed
    #[arg(long)]
    force: bool,
}

/// What [`bring`] did.
#[derive(Debug)]
pub struct Done {
    /// The lock that the environment now is.
    pub lock: Lock,
    /// What happened to the environment.
    pub synced: Synced,
    /// How long that took, without resolving.
    pub took: Duration,
    /// The interpreter's version.
    pub python: String,
    /// Which packages of it still break each other, and why, in a sentence each.
    pub left: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// Says what could not be done; the environment that was there is whole then.
pub fn run(args: &SyncArgs, context: &Context) -> Result<Outcome, Error> {
    let done = bring(context, args.force)?;
    if let Synced::Unchanged { generation } = done.synced {
        terminal::note(&format!(
            "Nothing to do: {} is what the lock says (generation {generation}, {}, Python {}; checked in {})",
            name(context),
            contents(&done.lock),
            done.python,
            elapsed(done.took)
        ));
        left::warn(&done.left);
    }
    report_changes(&done, context);
    if context.format == OutputFormat::Json {
        output::data(&format!("{}\n", json(&done, context)))?;
    }
    Ok(Outcome::Fine)
}

fn json(done: &Done, context: &Context) -> serde_json::Value {
    let (changed, generation, fetched, changes, isolated) = match &done.synced {
        Synced::Unchanged { generation } => (false, *generation, 0, &[][..], &[][..]),
        Synced::Switched { generation, fetched, changes, isolated } => {
            (true, *generation, *fetched, changes.as_slice(), isolated.as_slice())
        }
    };
    serde_json::json!({
        "version": 1,
        "environment": context.environment,
        "python": done.python,
        "changed": changed,
        "generation": generation,
        "fetched": fetched,
        "changes": changes,
        "isolated": isolated,
        "left": done.left,
    })
}

/// Makes the lock fit the manifest, and the environment fit the lock.
///
/// # Errors
/// When one of them cannot be done; the old environment is whole then.
pub fn bring(context: &Context, force: bool) -> Result<Done, Error> {
    let layout = Layout::new(&context.environment)?;
    if layout.is_candidate() {
        return as_it_is(&layout);
    }
    let store = Store::from_env().map_err(anyhow::Error::from)?;
    for _ in 0..ATTEMPTS {
        // An update or a rollback that we waited for has brought another lock along with the environment.
        if let Some(done) = attempt(context, &store, force)? {
            return Ok(done);
        }
    }
    let what =
        anyhow!("pinfold.lock was changed {ATTEMPTS} times while the environment was to be made from it");
    Err(hinted(what, "something else writes it all the time; try again when it is done").into())
}

/// The environment of a candidate, in which a gate runs: the project's lock is not the one that it was made from.
fn as_it_is(layout: &Layout) -> Result<Done, Error> {
    let generation = history::current(layout)?;
    let folder = layout.generation(generation);
    let lock = Lock::read(&folder.join(pinfold_core::lock::FILE))?;
    let stamp = Stamp::read(&folder);
    let (Some(lock), Some(stamp)) = (lock, stamp) else {
        let what = anyhow!("{} is a candidate that is not whole", layout.link.display());
        return Err(hinted(what, "`pinfold update` makes it anew").into());
    };
    Ok(Done {
        lock,
        synced: Synced::Unchanged { generation },
        took: Duration::ZERO,
        python: stamp.python,
        left: stamp.left,
    })
}

/// So often a lock may change under our hands.
const ATTEMPTS: usize = 5;

/// As [`bring`]; nothing where the lock was changed while another process had the environment.
fn attempt(context: &Context, store: &Store, force: bool) -> Result<Option<Done>, Error> {
    let Ready { lock, interpreter } = ready::ready(context, store)?;
    let start = Instant::now();
    let layout = Layout::new(&context.environment)?;
    let fetch =
        |wheels: &[pinfold_core::lock::Wheel]| ready::fetch(context, store, &interpreter, &lock, wheels);
    let request =
        Request { layout: &layout, lock: &lock, interpreter: &interpreter, store, force, fetch: &fetch };
    let path = context.project.join(pinfold_core::lock::FILE);
    let still = || Lock::read(&path).is_ok_and(|there| there.as_ref() == Some(&lock));
    match sync_while(&request, still) {
        Ok(synced) => Ok(synced.map(|synced| {
            let left = left_in(&layout, &synced);
            Done { lock, synced, took: start.elapsed(), python: interpreter.version, left }
        })),
        Err(error) => match built_other(error.as_ref()) {
            Some(what) if !context.frozen && !context.locked && take_over(context, store, &what)? => Ok(None),
            _ => Err(error.into()),
        },
    }
}

/// What the generation that is current now says of packages that break each other.
fn left_in(layout: &Layout, synced: &Synced) -> Vec<String> {
    let (Synced::Unchanged { generation } | Synced::Switched { generation, .. }) = synced;
    Stamp::read(&layout.generation(*generation)).map(|stamp| stamp.left).unwrap_or_default()
}

/// What was built here to another wheel than the lock names: the lock was made on another machine, whose compiler or
/// backend makes other bytes of the same source.
fn built_other(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    find(error, &|error| match error.downcast_ref() {
        Some(FetchError::BuiltOther { what, .. }) => Some(what.clone()),
        _ => None,
    })
}

/// Writes the wheels that are built here into the lock; whether that made it another one.
fn take_over(context: &Context, store: &Store, what: &str) -> Result<bool, Error> {
    let workspace = Workspace::open(context, store)?;
    let lock = workspace.resolve(&Upgrade::Nothing)?;
    if workspace.previous.as_ref() == Some(&lock) {
        return Ok(false);
    }
    workspace.write(&lock)?;
    terminal::warn(&format!(
        "what is built from {what} has other bytes here than where pinfold.lock was made: its hash is written into \
         pinfold.lock"
    ));
    Ok(true)
}

/// Says what came and went; nothing if nothing did.
pub fn report_changes(done: &Done, context: &Context) {
    let Synced::Switched { generation, fetched, changes, isolated } = &done.synced else { return };
    if *fetched > 0 {
        terminal::say("Fetched", &count(*fetched, "wheel"));
    }
    for what in isolated {
        terminal::say("Isolated", what);
    }
    left::warn(&done.left);
    terminal::say(
        "Switched",
        &format!(
            "{} to generation {generation}: {}, Python {} in {}",
            name(context),
            contents(&done.lock),
            done.python,
            elapsed(done.took)
        ),
    );
    for change in changes {
        terminal::note(&line(change));
    }
}

/// ` + numpy==1.26.4  for report-old`
fn line(change: &Change) -> String {
    let colour = terminal::colour_on_stderr();
    let (sign, style) = if change.came { ("+", Style::Plus) } else { ("-", Style::Minus) };
    let whom = match change.closures.as_slice() {
        [] => String::new(),
        closures => styled(&format!(" (in {})", closures.join(", ")), Style::Dim, colour),
    };
    let version = styled(&format!("=={}", change.version), Style::Dim, colour);
    format!(" {} {}{version}{whom}", styled(sign, style, colour), styled(&change.name, Style::Strong, colour))
}

fn contents(lock: &Lock) -> String {
    let units = count(lock.units.len(), "unit");
    match lock.closures.len() {
        0 | 1 => units,
        closures => format!("{units} in {closures} closures"),
    }
}

fn name(context: &Context) -> String {
    context.environment.strip_prefix(&context.project).unwrap_or(&context.environment).display().to_string()
}
