//! Brings wheels here: what is taken from source is built, the rest comes through uv, which verifies hashes.
//!
//! uv unpacks what it downloads into its cache and installs by links; the links' targets are the unpacked, unmodified
//! wheels. Deliberately not here: building ([`crate::build`]) and installing (wheelsplit).

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pinfold_core::lock::Wheel;
use pinfold_core::names::normalize;
use sha2::{Digest, Sha256};
use wheelsplit::{Expected, Installed};

use super::project::{document, folder as temporary, write};
use super::{UvError, is_refusal, said};
use crate::build::engine::is_archive;
use crate::build::{BuildError, Builder};
use crate::digest::hex;
use crate::error::{Error, Hint};

/// A wheel that is here now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// A wheel file.
    File(PathBuf),
    /// An unpacked, unmodified wheel; uv has verified the hash of the file it was.
    Tree(PathBuf),
}

/// Why a wheel could not be brought here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// uv could not download, or found other bytes; its words.
    #[error("could not fetch {what}\n{said}")]
    Download {
        /// The wheels asked for.
        what: String,
        /// Name and version, if it is one.
        package: Option<(String, String)>,
        /// uv's explanation.
        said: String,
        /// Whether the network was forbidden.
        offline: bool,
        /// Whether it is they that cannot be had, and nothing that was in the way of asking.
        refused: bool,
    },
    /// It came, and no store takes it.
    #[error("could not install {name} {version}")]
    Install {
        /// The distribution.
        name: String,
        /// Its version.
        version: String,
        /// Why.
        source: Box<wheelsplit::Error>,
    },
    /// A local package is not where the lock says.
    #[error("pinfold.lock takes {name} from {}, which is not there", path.display())]
    Gone {
        /// The file or folder.
        path: PathBuf,
        /// The package.
        name: String,
    },
    /// What is built now is not what was locked.
    #[error(
        "the wheel built from {what} is not the one that pinfold.lock names: its sha256 is {found}, the lock has {locked}"
    )]
    BuiltOther {
        /// The folder or the source distribution.
        what: String,
        /// What it is now.
        found: String,
        /// What it should be.
        locked: String,
    },
    /// uv installed something without saying from where.
    #[error("uv fetched {name} {version}, but its files are not links into uv's cache")]
    NoArchive {
        /// The distribution.
        name: String,
        /// Its version.
        version: String,
    },
    /// A file could not be read.
    #[error("could not read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A build failed.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// uv could not be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
}

impl FetchError {
    /// Whether it is the wheel that is at fault: not the disk, the network or uv.
    pub fn is_refusal(&self) -> bool {
        match self {
            FetchError::Download { offline, refused, .. } => *refused && !offline,
            FetchError::Install { source, .. } => source.is_of_the_wheel(),
            FetchError::Build(error) => error.is_refusal(),
            FetchError::BuiltOther { .. } => true,
            FetchError::Gone { .. }
            | FetchError::NoArchive { .. }
            | FetchError::Io { .. }
            | FetchError::Uv(_) => false,
        }
    }
}

impl Hint for FetchError {
    fn hints(&self) -> Vec<String> {
        match self {
            FetchError::Download { offline: true, .. } => {
                vec![
                    "this was tried without the network (`--offline`): uv's cache does not have them, or not with these bytes"
                        .to_owned(),
                ]
            }
            FetchError::Download { .. } => {
                vec![
                    "nothing was changed; the index must be reachable, and have the very files that pinfold.lock names \
                     (`pinfold lock --upgrade-package NAME` asks for others)"
                        .to_owned(),
                ]
            }
            FetchError::Install { source, .. } => source.hint().into_iter().collect(),
            FetchError::Gone { .. } => vec!["if the change is wanted, run `pinfold lock`".to_owned()],
            FetchError::BuiltOther { .. } => vec![
                "the lock was made elsewhere, or by another tool: `pinfold sync` without `--locked` and `--frozen` writes the \
                 new hash into pinfold.lock; `pinfold build --explain` says what it was built from"
                    .to_owned(),
            ],
            FetchError::NoArchive { .. } => {
                vec!["is uv's cache on a file system without symbolic links?".to_owned()]
            }
            FetchError::Io { .. } => Vec::new(),
            FetchError::Build(e) => e.hints(),
            FetchError::Uv(e) => e.hints(),
        }
    }
}

/// Brings each of `wheels`, none of them a local wheel file, here and hands it to `sink`, which must be done with it when it returns.
///
/// # Errors
/// See [`FetchError`]; and the first error of `sink`.
pub fn fetch(
    builder: &Builder<'_>,
    wheels: &[&Wheel],
    sink: &mut dyn FnMut(&Wheel, Fetched) -> Result<(), Error>,
) -> Result<(), Error> {
    let (local, remote): (Vec<&Wheel>, Vec<&Wheel>) =
        wheels.iter().partition(|wheel| wheel.path.is_some() || wheel.source.is_some());
    for wheel in local {
        let path = self::built(builder, wheel)?;
        sink(wheel, Fetched::File(path))?;
    }
    for layer in layers(&remote) {
        download(builder, &layer, sink)?;
    }
    Ok(())
}

/// The wheels in the store, brought there if it lacks them; `step` is called for each that was.
///
/// # Errors
/// When one cannot be had, or is not what it should be.
pub fn into_store(builder: &Builder<'_>, wheels: &[Wheel], step: &dyn Fn()) -> Result<Vec<Installed>, Error> {
    let there = |wheel: &Wheel| builder.store.wheel(&wheel.sha256).map_err(anyhow::Error::from);
    let mut install = |wheel: &Wheel, fetched: Fetched| -> Result<(), Error> {
        let (name, version) = (wheel.name.clone(), wheel.version.clone());
        let expected = Expected { name, version, sha256: Some(wheel.sha256.clone()) };
        match fetched {
            Fetched::File(path) => builder.store.install_file(&path, &expected),
            Fetched::Tree(path) => builder.store.install_tree(&path, &wheel.sha256, &expected),
        }
        .map_err(|source| {
            let (name, version) = (wheel.name.clone(), wheel.version.clone());
            FetchError::Install { name, version, source: Box::new(source) }
        })?;
        step();
        Ok(())
    };
    let mut others = Vec::new();
    for wheel in wheels {
        if there(wheel)?.is_some() {
            continue;
        }
        // Files that are here need nobody's help.
        match wheel.path.as_ref().map(|path| builder.project.join(path)).filter(|path| path.is_file()) {
            Some(path) if !wheel.is_built() => install(wheel, Fetched::File(path))?,
            _ => others.push(wheel),
        }
    }
    if !others.is_empty() {
        fetch(builder, &others, &mut install)?;
    }
    let found = wheels.iter().map(|wheel| {
        let lost = || anyhow::anyhow!("the wheel {} was fetched and is not in the store", wheel.file);
        Ok(there(wheel)?.ok_or_else(lost)?)
    });
    found.collect()
}

/// The wheel of a local folder or a source distribution, built, and checked against the lock.
fn built(builder: &Builder<'_>, wheel: &Wheel) -> Result<PathBuf, FetchError> {
    let (path, what) = match (&wheel.path, &wheel.source) {
        (None, Some(source)) => {
            (builder.distribution(&wheel.name, &wheel.version, &source.sha256)?, source.file.clone())
        }
        (path, _) => {
            let path = builder.project.join(path.as_deref().unwrap_or_default());
            if !path.is_dir() && !is_archive(&path) {
                return Err(FetchError::Gone { path, name: wheel.name.clone() });
            }
            (builder.local(&wheel.name, &path)?, path.display().to_string())
        }
    };
    let found = sha256(&path).map_err(|source| FetchError::Io { path: path.clone(), source })?;
    let locked = wheel.sha256.clone();
    if found == locked { Ok(path) } else { Err(FetchError::BuiltOther { what, found, locked }) }
}

/// SHA-256 of a file.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = std::fs::File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// uv installs one version of a name at a time: so many rounds as the most frequent name has versions.
fn layers<'a>(wheels: &[&'a Wheel]) -> Vec<Vec<&'a Wheel>> {
    let mut layers: Vec<Vec<&Wheel>> = Vec::new();
    for wheel in wheels {
        match layers.iter_mut().find(|layer| layer.iter().all(|other| other.name != wheel.name)) {
            Some(layer) => layer.push(wheel),
            None => layers.push(vec![wheel]),
        }
    }
    layers
}

/// The size of a wheel of which no index says it.
const UNKNOWN: u64 = 4 << 20;

const BY_HASH: &[&str] = &[
    "--no-deps",
    "--require-hashes",
    "--only-binary",
    ":all:",
    "--link-mode",
    "symlink",
    "--index-strategy",
    "unsafe-best-match",
    "-r",
    "requirements.txt",
];

fn download(
    builder: &Builder<'_>,
    wheels: &[&Wheel],
    sink: &mut dyn FnMut(&Wheel, Fetched) -> Result<(), Error>,
) -> Result<(), Error> {
    let temporary = temporary()?;
    let uv = toml::Table::from_iter([("uv".to_owned(), builder.settings.table_for_fetching().into())]);
    write(&temporary.path().join("pyproject.toml"), &document([("tool", uv)])?)?;
    let lines = wheels.iter().map(|w| format!("{}=={} --hash=sha256:{}\n", w.name, w.version, w.sha256));
    write(&temporary.path().join("requirements.txt"), &lines.collect::<String>())?;
    let target = temporary.path().join("target");
    let python = builder.interpreter.executable.as_os_str();
    let mut args = vec!["pip".as_ref(), "install".as_ref(), "--python".as_ref(), python];
    args.extend(["--target".as_ref(), target.as_os_str()]);
    args.extend(BY_HASH.iter().map(OsStr::new));
    let output = builder.uv.run(temporary.path(), args)?;
    if !output.status.success() {
        // uv says the same where its cache is full.
        let size: u64 = wheels.iter().map(|wheel| wheel.size.unwrap_or(UNKNOWN)).sum();
        let refused = is_refusal(&output) && has_room(&cache(builder, temporary.path())?, 4 * size);
        if refused && wheels.len() > 1 {
            // One of them: whoever asks for them is told which.
            return wheels.iter().try_for_each(|wheel| download(builder, &[wheel], sink));
        }
        let (what, package) = match wheels {
            [one] => (format!("{} {}", one.name, one.version), Some((one.name.clone(), one.version.clone()))),
            many => (format!("{} wheels", many.len()), None),
        };
        let (said, offline) = (said(&output), builder.uv.is_offline());
        return Err(FetchError::Download { what, package, said, offline, refused }.into());
    }
    let archives = archives(&target).map_err(|source| FetchError::Io { path: target.clone(), source })?;
    for wheel in wheels {
        let tree = archives.get(&wheel.name).cloned();
        let (name, version) = (wheel.name.clone(), wheel.version.clone());
        let tree = tree.ok_or(FetchError::NoArchive { name, version })?;
        sink(wheel, Fetched::Tree(tree))?;
    }
    Ok(())
}

/// Where uv keeps what it downloads.
fn cache(builder: &Builder<'_>, folder: &Path) -> Result<PathBuf, Error> {
    let output = builder.uv.run(folder, ["cache", "dir"])?;
    Ok(PathBuf::from(OsStr::from_bytes(output.stdout.trim_ascii_end())))
}

/// Whether so many bytes can be had in a folder. One that does not tell has them.
fn has_room(folder: &Path, bytes: u64) -> bool {
    let taken = tempfile::tempfile_in(folder).and_then(|file| {
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes.max(1))?;
        Ok(())
    });
    !taken.is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::StorageFull
                | io::ErrorKind::QuotaExceeded
                | io::ErrorKind::FileTooLarge
                | io::ErrorKind::ReadOnlyFilesystem
                | io::ErrorKind::PermissionDenied
        )
    })
}

/// The unpacked wheels behind a folder that uv installed into by links, by normalised name.
pub(crate) fn archives(target: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut archives = BTreeMap::new();
    for entry in std::fs::read_dir(target)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(".dist-info")) else { continue };
        let metadata = entry.path().join("METADATA");
        if !metadata.symlink_metadata()?.is_symlink() {
            continue;
        }
        // .../archive/x-1.dist-info/METADATA
        let file = metadata.canonicalize()?;
        if let Some(archive) = file.parent().and_then(Path::parent) {
            let name = stem.split('-').next().unwrap_or(stem);
            archives.insert(normalize(name), archive.to_owned());
        }
    }
    Ok(archives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_room_for_what_its_disk_can_take() {
        let folder = tempfile::tempdir().unwrap();
        assert!(has_room(folder.path(), 1));
        assert!(!has_room(folder.path(), i64::MAX as u64));
        assert!(has_room(&folder.path().join("gone"), 1), "that is no question of room");
    }
}
