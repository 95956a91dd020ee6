//! Wheels built by uv: from a local folder, and from a source distribution where an index has no fitting wheel.
//!
//! What is built is kept in the project's `.pinfold/built/`, under a key made of the content it was built from, so that it
//! is built again only when that changes. The source folder itself is never written to: a copy is built.
//! Deliberately not here: frozen build sets, and compilers.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::project::{document, folder as temporary, write};
use super::settings::{Settings, hex};
use super::{Uv, UvError, pack, said};
use crate::error::Hint;
use crate::interpreter::Interpreter;
use crate::terminal;

/// Where built wheels are kept, below the project.
pub const BUILT: &str = ".pinfold/built";

/// What is needed to build: uv, for which interpreter, with whose settings, and where the result is kept.
#[derive(Clone, Copy, Debug)]
pub struct Builder<'a> {
    /// uv.
    pub uv: &'a Uv,
    /// The interpreter to build for.
    pub interpreter: &'a Interpreter,
    /// Where build requirements come from.
    pub settings: &'a Settings,
    /// The project's folder.
    pub project: &'a Path,
}

/// Why a wheel could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The build itself failed; uv's words.
    #[error("could not build a wheel of {what}\n{said}")]
    Build {
        /// The folder or the source distribution.
        what: String,
        /// What uv and the build backend said.
        said: String,
    },
    /// A file could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// Verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has nothing that a build could start from.
    #[error("{} has neither pyproject.toml nor setup.py, so no wheel can be built from it", .0.display())]
    NotASource(PathBuf),
    /// uv could not be asked.
    #[error(transparent)]
    Uv(#[from] UvError),
}

impl Hint for BuildError {
    fn hints(&self) -> Vec<String> {
        match self {
            BuildError::Build { .. } => {
                vec!["a build needs its build requirements (network) and often a compiler".to_owned()]
            }
            BuildError::NotASource(_) => {
                vec!["name the folder that has the package's pyproject.toml".to_owned()]
            }
            BuildError::Uv(e) => e.hints(),
            BuildError::Io { .. } => Vec::new(),
        }
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { doing, path, source }
}

impl Builder<'_> {
    /// The wheel of the package in `source`, built if it is not there yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn folder(&self, source: &Path) -> Result<PathBuf, BuildError> {
        if !["pyproject.toml", "setup.py"].iter().any(|file| source.join(file).is_file()) {
            return Err(BuildError::NotASource(source.to_owned()));
        }
        let content = content_hash(source)?;
        self.kept(&content, |result| {
            let _spinner = terminal::spinner(format!("Building {}", source.display()));
            let temporary = temporary()?;
            // The folder's own name may matter to a backend; the random one above it must not.
            let copy = temporary.path().join(source.file_name().unwrap_or_else(|| "source".as_ref()));
            copy_sources(source, &copy)?;
            let out = temporary.path().join("out");
            let python = self.interpreter.executable.as_os_str();
            let mut args = vec!["build".as_ref(), "--wheel".as_ref(), "--python".as_ref(), python];
            args.extend(["--out-dir".as_ref(), out.as_os_str()]);
            let config = temporary.path().join("uv.toml");
            let table = self.settings.table_for_building();
            if !table.is_empty() {
                write(&config, &toml::to_string(&table).map_err(|e| UvError::Format(e.to_string()))?)?;
                args.extend(["--config-file".as_ref(), config.as_os_str()]);
            }
            args.push(copy.as_os_str());
            let output = self.uv.run(temporary.path(), args)?;
            let what = source.display().to_string();
            if !output.status.success() {
                return Err(BuildError::Build { what, said: said(&output) });
            }
            let wheel =
                only_wheel(&out).ok_or(BuildError::Build { what, said: "it made no wheel".to_owned() })?;
            pack::normalise(&wheel, result).map_err(io_error("write", result))
        })
    }

    /// The wheel of a source distribution on an index, built if it is not there yet.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn distribution(&self, name: &str, version: &str, sha256: &str) -> Result<PathBuf, BuildError> {
        self.kept(sha256, |result| {
            let _spinner = terminal::spinner(format!("Building {name} {version}"));
            let what = format!("{name} {version} from its source distribution");
            let temporary = temporary()?;
            let uv = toml::Table::from_iter([("uv".to_owned(), self.settings.table_for_fetching().into())]);
            write(&temporary.path().join("pyproject.toml"), &document([("tool", uv)])?)?;
            write(
                &temporary.path().join("requirements.txt"),
                &format!("{name}=={version} --hash=sha256:{sha256}\n"),
            )?;
            let target = temporary.path().join("target");
            let python = self.interpreter.executable.as_os_str();
            let mut args = vec!["pip".as_ref(), "install".as_ref(), "--python".as_ref(), python];
            args.extend(["--target".as_ref(), target.as_os_str()]);
            args.extend(FROM_SOURCE.iter().map(OsStr::new));
            let output = self.uv.run(temporary.path(), args)?;
            if !output.status.success() {
                return Err(BuildError::Build { what, said: said(&output) });
            }
            let tree = super::fetch::archives(&target).map_err(io_error("read", &target))?.into_iter().next();
            let (_, tree) = tree.ok_or(BuildError::Build { what, said: "it made no wheel".to_owned() })?;
            pack::from_tree(&tree, result).map_err(io_error("write", result))
        })
    }

    /// What was built from `content` before, or what `build` puts into the folder it is given.
    fn kept(
        &self,
        content: &str,
        build: impl FnOnce(&Path) -> Result<PathBuf, BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let (minor, platform) = (&self.interpreter.minor, &self.interpreter.platform);
        let key = hex(&Sha256::digest(format!("wheel 1\n{content}\n{minor}\n{platform}\n")));
        let built = self.project.join(BUILT);
        let kept = built.join(key.get(..32).unwrap_or(&key));
        if let Some(wheel) = only_wheel(&kept) {
            return Ok(wheel);
        }
        std::fs::create_dir_all(&built).map_err(io_error("make", &built))?;
        ignore(&self.project.join(".pinfold"));
        let fresh = tempfile::Builder::new()
            .prefix(".tmp-")
            .tempdir_in(&built)
            .map_err(io_error("write in", &built))?;
        build(fresh.path())?;
        // Whoever comes second to the same key keeps the first result: it is the same content.
        match std::fs::rename(fresh.path(), &kept) {
            Ok(()) => drop(fresh.keep()),
            Err(_) if only_wheel(&kept).is_some() => {}
            Err(e) => return Err(io_error("write", &kept)(e)),
        }
        only_wheel(&kept).ok_or_else(|| io_error("read", &kept)(io::ErrorKind::NotFound.into()))
    }
}

const FROM_SOURCE: &[&str] = &[
    "--no-deps",
    "--require-hashes",
    "--no-binary",
    ":all:",
    "--link-mode",
    "symlink",
    "--index-strategy",
    "unsafe-best-match",
    "-r",
    "requirements.txt",
];

/// Keeps `.pinfold` out of a person's commits; if that cannot be written, nothing is lost.
fn ignore(folder: &Path) {
    let file = folder.join(".gitignore");
    if !file.exists() {
        let _ = std::fs::write(file, "*\n");
    }
}

fn only_wheel(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|e| e == "whl"))
}

/// A digest of all that a build of `source` could read: names, contents and whether they are executable.
///
/// # Errors
/// When a file cannot be read, or links go in a circle.
pub fn content_hash(source: &Path) -> Result<String, BuildError> {
    let mut hasher = Sha256::new();
    for entry in sources(source) {
        let entry = entry.map_err(|e| walk_error(source, e))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path();
        let content = std::fs::read(path).map_err(io_error("read", path))?;
        let inner = path.strip_prefix(source).unwrap_or(path);
        let executable = is_executable(path).map_err(io_error("read", path))?;
        hasher.update(format!("{}\0{executable}\0{}\0", inner.display(), content.len()));
        hasher.update(&content);
    }
    Ok(hex(&hasher.finalize()))
}

fn is_executable(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(path.metadata()?.permissions().mode() & 0o100 != 0)
}

fn walk_error(source: &Path, error: walkdir::Error) -> BuildError {
    let path = error.path().unwrap_or(source).to_owned();
    io_error("read", &path)(error.into())
}

fn sources(source: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    WalkDir::new(source).follow_links(true).sort_by_file_name().into_iter().filter_entry(is_source)
}

/// Whether an entry belongs to the source: not what version control, environments, caches and builds leave behind.
fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    if entry.depth() == 0 {
        return true;
    }
    if entry.file_type().is_dir() {
        let marked = ["pyvenv.cfg", "CACHEDIR.TAG"].iter().any(|mark| entry.path().join(mark).is_file());
        let left = [
            ".git",
            ".hg",
            ".svn",
            "__pycache__",
            ".venv",
            ".pinfold",
            ".tox",
            ".nox",
            ".mypy_cache",
            ".pytest_cache",
        ];
        let parent = entry.path().parent().and_then(Path::file_name).is_some_and(|parent| parent == "build");
        let staged =
            entry.depth() == 2 && parent && ["lib", "bdist.", "temp."].iter().any(|p| name.starts_with(p));
        return !marked && !staged && !left.contains(&name.as_ref()) && !name.ends_with(".egg-info");
    }
    name != pinfold_core::lock::FILE && name != ".git" && !name.ends_with(".pyc")
}

fn copy_sources(source: &Path, to: &Path) -> Result<(), BuildError> {
    for entry in sources(source) {
        let entry = entry.map_err(|e| walk_error(source, e))?;
        let target = to.join(entry.path().strip_prefix(source).unwrap_or(Path::new("")));
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).map_err(io_error("make", &target))?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(io_error("copy", entry.path()))?;
        }
    }
    // Backends that read the version from git need the repository; a pointer to it is enough.
    let repository = source.join(".git");
    if repository.is_dir() {
        let pointer = to.join(".git");
        let text = format!("gitdir: {}\n", repository.display());
        std::fs::write(&pointer, text).map_err(io_error("write", &pointer))?;
    }
    Ok(())
}
