//! Collecting: removes from the store what no environment refers to, and what killed processes left.
//!
//! A folder is first renamed out of its place, then removed, so that it is complete or absent here as well.
//! Deliberately not here: finding out what is live; the command line reads the registered environments, and
//! must do so under the same [`Exclusive`] lock.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;
use walkdir::WalkDir;

use crate::error::Error;
use crate::lock::{Exclusive, flock};
use crate::native;
use crate::staging::{self, LOCK, Staging};
use crate::store::{Store, exists};

/// What must stay, by the names of the folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Live {
    /// Hashes of wheels.
    pub wheels: BTreeSet<String>,
    /// Keys of instances.
    pub instances: BTreeSet<String>,
    /// Keys of copies of units.
    pub isolated: BTreeSet<String>,
    /// Hashes of copies of the hook.
    pub hooks: BTreeSet<String>,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Folders of wheels.
    pub wheels: Vec<PathBuf>,
    /// Folders of instances.
    pub instances: Vec<PathBuf>,
    /// Folders of copies of units in which libraries have names of their own.
    pub isolated: Vec<PathBuf>,
    /// Folders of copies of the hook.
    pub hooks: Vec<PathBuf>,
    /// Folders of bytecode that the hook keeps for a wheel, one for each Python.
    pub bytecode: Vec<PathBuf>,
    /// What builds made and unpacked on the way to wheels, one folder each.
    pub builds: Vec<PathBuf>,
    /// What was noted of checks and keys, one file each.
    pub notes: Vec<PathBuf>,
    /// Folders that killed processes left behind.
    pub leftovers: Vec<PathBuf>,
    /// Bytes that are free now.
    pub bytes: u64,
}

impl Collected {
    /// How many folders; notes are a few lines each, and do not count.
    pub fn folders(&self) -> usize {
        self.wheels.len()
            + self.instances.len()
            + self.isolated.len()
            + self.hooks.len()
            + self.bytecode.len()
            + self.builds.len()
            + self.leftovers.len()
    }
}

impl Store {
    /// Removes what is not `live`, or with `dry_run` says what would be removed.
    ///
    /// # Errors
    /// When the store cannot be listed, or a folder not be removed; what was removed until then is gone.
    pub fn collect(&self, _held: &Exclusive, live: &Live, dry_run: bool) -> Result<Collected, Error> {
        let mut found = Collected {
            wheels: dead(&self.wheels(), &live.wheels)?,
            instances: dead(&self.instances(), &live.instances)?,
            isolated: dead(&self.isolated(), &live.isolated)?,
            hooks: dead(&self.hooks(), &live.hooks)?,
            bytecode: self.bytecode(&live.wheels)?,
            builds: self.dead_builds(&live.wheels)?,
            notes: self.notes(&live.wheels)?,
            leftovers: self.leftovers()?,
            bytes: 0,
        };
        let Collected { wheels, instances, isolated, hooks, bytecode, builds, notes, leftovers, bytes } =
            &mut found;
        let folders =
            || [&*isolated, &*instances, &*wheels, &*hooks, &*bytecode, &*builds].into_iter().flatten();
        *bytes = size(folders().chain(&*notes).chain(&*leftovers));
        if !dry_run {
            for dir in folders() {
                self.discard(dir)?;
            }
            for file in notes.iter() {
                std::fs::remove_file(file).map_err(|e| Error::store("remove", file, e))?;
            }
            for dir in leftovers.iter() {
                staging::remove(dir).map_err(|e| Error::store("remove", dir, e))?;
                let lock = with_lock(dir);
                match fs::remove_file(&lock) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::store("remove", &lock, e));
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// Small files about wheels that are not live: of builds, what their libraries are called (`native/VERSION/WHEEL`), and
    /// what came of environments with them.
    fn notes(&self, wheels: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
        let mut notes = self.dead_records(wheels)?;
        notes.extend(self.dead_verdicts(wheels)?);
        for version in list(&self.root().join(native::FOLDER))? {
            notes.extend(dead(&version, wheels)?);
        }
        Ok(notes)
    }

    /// What is derived from wheels that are not live: `bytecode/TAG/WHEEL`, and what `pinfold check` read,
    /// `reading/TAG/WHEEL`.
    fn bytecode(&self, wheels: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        for folder in ["bytecode", "reading"] {
            for tag in list(&self.root().join(folder))? {
                found.extend(dead(&tag, wheels)?);
            }
        }
        Ok(found)
    }

    /// Removes a folder that is in its place: out of it first, so that it is whole or gone.
    pub(crate) fn discard(&self, dir: &Path) -> Result<(), Error> {
        let staging = Staging::new(self, "gc-")?;
        let failed = |e| Error::store("remove", dir, e);
        // A folder that moves to another parent must be writable, because its `..` changes.
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).map_err(failed)?;
        fs::rename(dir, staging.path().join("dead")).map_err(failed)?;
        staging::remove(staging.path()).map_err(failed)
    }

    /// Temporary folders whose owner is gone.
    fn leftovers(&self) -> Result<Vec<PathBuf>, Error> {
        let mut found = BTreeSet::new();
        for path in list(&self.tmp())? {
            let dir = if path.to_string_lossy().ends_with(LOCK) { path.with_extension("") } else { path };
            if abandoned(&with_lock(&dir))? {
                found.insert(dir);
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// `tmp/X.lock` of `tmp/X`.
fn with_lock(dir: &Path) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(LOCK);
    PathBuf::from(name)
}

/// Owners make the lock before the folder and remove it after; so a folder without a lock has no owner.
fn abandoned(lock: &Path) -> Result<bool, Error> {
    match File::open(lock) {
        Ok(file) => Ok(flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(Error::store("open", lock, e)),
    }
}

/// The entries of a folder of the store, sorted; none where it is not there.
pub(crate) fn list(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    if !exists(dir)? {
        return Ok(Vec::new());
    }
    let items = fs::read_dir(dir).and_then(|items| items.map(|item| Ok(item?.path())).collect());
    let mut paths: Vec<PathBuf> = items.map_err(|e| Error::store("list", dir, e))?;
    paths.sort();
    Ok(paths)
}

fn dead(dir: &Path, live: &BTreeSet<String>) -> Result<Vec<PathBuf>, Error> {
    let mut paths = list(dir)?;
    paths.retain(|path| path.file_name().is_some_and(|name| !live.contains(&*name.to_string_lossy())));
    Ok(paths)
}

/// Bytes that go with these folders: a file counts when the last of its links is among them.
fn size<'a>(dirs: impl Iterator<Item = &'a PathBuf>) -> u64 {
    let mut seen: HashMap<(u64, u64), u64> = HashMap::new();
    let mut bytes = 0;
    for dir in dirs {
        for item in WalkDir::new(dir).into_iter().filter_map(Result::ok) {
            let Ok(meta) = item.metadata() else { continue };
            if !meta.is_file() {
                continue;
            }
            let links = seen.entry((meta.dev(), meta.ino())).or_default();
            *links += 1;
            if *links == meta.nlink() {
                bytes += meta.len();
            }
        }
    }
    bytes
}
