//! A generation: one complete virtual environment, built beside the current one.
//!
//! ```text
//! pyvenv.cfg  generation.json  closure.json  index.bin  pinfold.lock  lock
//! bin/        python, activation, the scripts of root's closure
//! lib/python3.X/site-packages/    links to the units of root's closure, and the line that starts the hook
//! ```
//! It is built in a temporary folder, made durable, and renamed to its number; a process that is killed on the
//! way leaves a temporary folder that the next one removes. Deliberately not here: when to build one, and the
//! link that users see ([`super::switch`]).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use pinfold_core::closure::Environment;
use pinfold_core::index;
use pinfold_core::lock::{self, Lock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::assemble::Root;
use super::layout::Layout;
use super::links::Tree;
use super::plain::{self, site};
use super::{activation, clash, durable};
use crate::digest::hex;
use crate::interpreter::Interpreter;
use crate::terminal;

/// Raised when generations of this version of Pinfold differ from those of the last one.
const VERSION: u32 = 2;

const STAMP: &str = "generation.json";

/// What a generation was made from; two equal digests make two equal generations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The version of this file's format.
    pub version: u32,
    /// SHA-256 over the lock, the interpreter, the hook, and the environment's path.
    pub digest: String,
    /// The interpreter that it was made for.
    pub interpreter: PathBuf,
    /// Its full version.
    pub python: String,
    /// Seconds since 1970.
    pub created: u64,
    /// How many entries site-packages has, so that one that is gone is noticed.
    pub entries: usize,
    /// Which packages still break each other by what they share, and why, in a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

impl Stamp {
    /// The stamp of a generation yet to be built.
    pub fn new(layout: &Layout, lock: &str, interpreter: &Interpreter, hook: &str, store: &Path) -> Self {
        let mut digest = Sha256::new();
        let parts: [&[u8]; 8] = [
            env!("CARGO_PKG_VERSION").as_bytes(),
            layout.link.as_os_str().as_encoded_bytes(),
            store.as_os_str().as_encoded_bytes(),
            lock.as_bytes(),
            hook.as_bytes(),
            interpreter.executable.as_os_str().as_encoded_bytes(),
            interpreter.version.as_bytes(),
            interpreter.soabi.as_bytes(),
        ];
        digest.update(VERSION.to_le_bytes());
        for part in parts {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        Stamp {
            version: VERSION,
            digest: hex(&digest.finalize()),
            interpreter: interpreter.executable.clone(),
            python: interpreter.version.clone(),
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            entries: 0,
            left: Vec::new(),
        }
    }

    /// The stamp of the generation in `folder`; `None` if it cannot be read, for whatever reason.
    pub fn read(folder: &Path) -> Option<Self> {
        let stamp: Stamp = serde_json::from_slice(&fs::read(folder.join(STAMP)).ok()?).ok()?;
        (stamp.version == VERSION).then_some(stamp)
    }
}

/// What users have of a generation: its lock without its holds, and its interpreter. Two that are equal are one to go
/// back to: only what is said of what stayed behind is not the same. `None` where it cannot be read.
pub fn contents(folder: &Path) -> Option<(Lock, PathBuf, String)> {
    let lock = Lock::read(&folder.join(lock::FILE)).ok()??;
    let Stamp { interpreter, python, .. } = Stamp::read(folder)?;
    Some((Lock { holds: Vec::new(), ..lock }, interpreter, python))
}

/// Everything that a generation is made from.
pub struct Blueprint<'a> {
    /// The environment as users name it: scripts start its interpreter.
    pub link: &'a Path,
    /// Its interpreter.
    pub interpreter: &'a Interpreter,
    /// Units, closures and views.
    pub environment: &'a Environment,
    /// The units of root's closure.
    pub roots: &'a [Root],
    /// The hook's package in the store.
    pub hook: &'a Path,
    /// The text of the lock, where there is one.
    pub lock: Option<&'a str>,
    /// What the shell's prompt shows.
    pub prompt: &'a str,
}

/// Builds a generation and returns its number; the caller holds the environment's lock.
///
/// # Errors
/// When something cannot be written; nothing is left behind then.
pub fn build(layout: &Layout, blueprint: &Blueprint<'_>, stamp: &Stamp) -> Result<u64> {
    sweep(layout);
    let temporary = tempfile::Builder::new()
        .prefix("tmp-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777))
        .tempdir_in(&layout.home)
        .with_context(|| format!("could not make a folder in {}", layout.home.display()))?;
    let folder = temporary.path();
    for warning in fill(blueprint, folder)? {
        terminal::warn(&warning);
    }
    let failed = |what: &str| format!("could not write {what} in {}", folder.display());
    let entries = entries(&folder.join(site(&blueprint.interpreter.minor))).len();
    let stamp = Stamp { entries, ..stamp.clone() };
    fs::write(folder.join(STAMP), serde_json::to_vec_pretty(&stamp)?).with_context(|| failed(STAMP))?;
    durable::tree(folder).with_context(|| format!("could not make {} durable", folder.display()))?;

    let number = layout.generations().last().copied().unwrap_or(0) + 1;
    let place = layout.generation(number);
    fs::rename(folder, &place)
        .with_context(|| format!("could not rename {} to {}", folder.display(), place.display()))?;
    // It has another name now: there is nothing left to remove.
    let _ = temporary.keep();
    Ok(number)
}

/// Writes all of an environment but its stamp into `folder`; returns what two distributions both have, in sentences.
///
/// # Errors
/// When something cannot be written.
pub fn fill(blueprint: &Blueprint<'_>, folder: &Path) -> Result<Vec<String>> {
    let failed =
        |what: &str| format!("could not write {what} of the new environment in {}", folder.display());
    write_base(blueprint, folder).with_context(|| failed("the interpreter's part"))?;
    let mut clashes = write_site(blueprint, folder).with_context(|| failed("site-packages"))?;
    let python = blueprint.link.join("bin/python");
    plain::programs(blueprint.interpreter, blueprint.roots, &python, folder)
        .with_context(|| failed("the programs"))?;
    clashes.extend(clash::programs(blueprint.roots));
    fs::write(folder.join("closure.json"), blueprint.environment.to_json())
        .with_context(|| failed("closure.json"))?;
    index::write(blueprint.environment, &folder.join(index::FILE))?;
    if let Some(lock) = blueprint.lock {
        fs::write(folder.join("pinfold.lock"), lock).with_context(|| failed("the lock"))?;
    }
    File::create(folder.join("lock")).with_context(|| failed("the lock file"))?;
    Ok(clashes)
}

/// Removes what killed processes left; whoever holds the environment's lock is the only one who builds.
fn sweep(layout: &Layout) {
    for path in leftovers(layout) {
        // Next time, if not now: it is only space.
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
}

fn leftovers(layout: &Layout) -> Vec<PathBuf> {
    let entries = fs::read_dir(&layout.home).into_iter().flatten().flatten();
    let temporary = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("tmp-"));
    temporary.map(|entry| entry.path()).collect()
}

/// Removes what a killed process left behind, where there is nothing to build. Whoever has the environment's
/// lock is at work, and what looks left behind is theirs.
pub fn tidy(layout: &Layout) {
    if !leftovers(layout).is_empty()
        && let Some(_guard) = layout.try_guard()
    {
        sweep(layout);
    }
}

fn write_base(blueprint: &Blueprint<'_>, folder: &Path) -> Result<()> {
    plain::base(blueprint.interpreter, blueprint.prompt, folder)?;
    for (name, text) in activation::render(blueprint.link, blueprint.prompt) {
        fs::write(folder.join("bin").join(name), text)?;
    }
    Ok(())
}

fn write_site(blueprint: &Blueprint<'_>, folder: &Path) -> Result<Vec<String>> {
    let site = folder.join(site(&blueprint.interpreter.minor));
    let mut tree = Tree::default();
    tree.add("pinfold".into(), blueprint.hook.to_owned(), true)?;
    let clashes = plain::add(&mut tree, blueprint.roots)?;
    tree.write(&site)?;
    fs::write(site.join(index::PTH_FILE), index::PTH)?;
    Ok(clashes)
}

/// Entries of site-packages; bytecode that Python may have written is none.
fn entries(site: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(site).into_iter().flatten().flatten();
    all.filter(|entry| entry.file_name() != "__pycache__").map(|entry| entry.path()).collect()
}

/// Whether everything that the generation has and links to is there.
pub fn healthy(folder: &Path, stamp: &Stamp) -> bool {
    let Ok(environment) = index::read(&folder.join(index::FILE)) else { return false };
    // The index was made from it; one of another environment is not.
    let stated = Environment::read(&folder.join("closure.json"));
    let site = folder.join(site(&environment.python));
    let pth = fs::read_to_string(site.join(index::PTH_FILE));
    if !stated.is_ok_and(|stated| stated == environment) || !pth.is_ok_and(|line| line == index::PTH) {
        return false;
    }
    let entries = entries(&site);
    ["bin/python", "closure.json", "lock", "pyvenv.cfg"].iter().all(|name| folder.join(name).exists())
        && entries.len() >= stamp.entries
        && entries.iter().all(|entry| entry.exists())
        && environment.units.iter().all(|unit| unit.path.is_dir())
}
