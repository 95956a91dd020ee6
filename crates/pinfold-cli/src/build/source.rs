//! The source of a package: what of a folder belongs to it, its hash, and a copy of it.
//!
//! Deliberately not here: building, and how a source distribution is had ([`super::sdist`]).

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

use super::error::{BuildError, io_error};
use crate::digest::hex;

/// Whether a build could start from the folder.
pub fn is_buildable(folder: &Path) -> bool {
    ["pyproject.toml", "setup.py"].iter().any(|file| folder.join(file).is_file())
}

/// Digests of what a build could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// Names, contents and whether they are executable; of tests, all but the contents.
    pub source: String,
    /// Contents of the tests, if there are any.
    pub tests: Option<String>,
}

/// A digest of all that a build of `source` could read: names, contents and whether they are executable.
///
/// # Errors
/// When a file cannot be read, or links go in a circle.
pub fn content_hash(source: &Path) -> Result<String, BuildError> {
    Ok(hashes(source, &[])?.source)
}

/// The same, with the contents of tests apart; they are those that `tests` names, files and folders of the source.
///
/// # Errors
/// As [`content_hash`].
pub fn hashes(source: &Path, tests: &[PathBuf]) -> Result<Hashes, BuildError> {
    let (mut hasher, mut apart) = (Sha256::new(), None::<Sha256>);
    for entry in sources(source) {
        if let Some((link, to)) = leads_nowhere(&entry) {
            let inner = link.strip_prefix(source).unwrap_or(&link);
            hasher.update(format!("{}\0link\0{}\0", inner.display(), to.display()));
            continue;
        }
        let entry = entry.map_err(|e| walk_error(source, e))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let path = entry.path();
        let content = std::fs::read(path).map_err(io_error("read", path))?;
        let inner = path.strip_prefix(source).unwrap_or(path);
        let executable = is_executable(path).map_err(io_error("read", path))?;
        if is_test(inner, tests) {
            hasher.update(format!("{}\0{executable}\0test\0", inner.display()));
            let apart = apart.get_or_insert_default();
            apart.update(format!("{}\0{}\0", inner.display(), content.len()));
            apart.update(&content);
        } else {
            hasher.update(format!("{}\0{executable}\0{}\0", inner.display(), content.len()));
            hasher.update(&content);
        }
    }
    Ok(Hashes { source: hex(&hasher.finalize()), tests: apart.map(|apart| hex(&apart.finalize())) })
}

/// The files of `source` that [`hashes`] takes for tests.
///
/// # Errors
/// When a folder cannot be read, or links go in a circle.
pub fn tests(source: &Path, tests: &[PathBuf]) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    for entry in sources(source).filter(|entry| leads_nowhere(entry).is_none()) {
        let entry = entry.map_err(|e| walk_error(source, e))?;
        let inner = entry.path().strip_prefix(source).unwrap_or(entry.path());
        if !entry.file_type().is_dir() && is_test(inner, tests) {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Whether it is a test; what we read ourselves for a build never is.
fn is_test(inner: &Path, tests: &[PathBuf]) -> bool {
    inner != Path::new("pyproject.toml") && tests.iter().any(|test| inner.starts_with(test))
}

fn is_executable(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(path.metadata()?.permissions().mode() & 0o100 != 0)
}

/// A link that cannot be followed, and what it says: its target is not there, or is a folder that it lies in. It is a part
/// of the source as it is, for git, pip and Nix too; whoever needs what it means will say so.
fn leads_nowhere(entry: &walkdir::Result<DirEntry>) -> Option<(PathBuf, PathBuf)> {
    let error = entry.as_ref().err()?;
    let missing = error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound);
    let path = error.path().filter(|_| missing || error.loop_ancestor().is_some())?;
    Some((path.to_owned(), std::fs::read_link(path).ok()?))
}

fn walk_error(source: &Path, error: walkdir::Error) -> BuildError {
    let path = error.path().unwrap_or(source).to_owned();
    io_error("read", &path)(error.into())
}

fn sources(source: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let walk = WalkDir::new(source).follow_links(true).sort_by_file_name();
    walk.into_iter().filter_entry(is_source).filter(|entry| !is_editors(entry))
}

/// Whether an entry belongs to the source: not what version control, environments, caches and builds leave behind.
fn is_source(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    if entry.depth() == 0 {
        return true;
    }
    if entry.file_type().is_dir() {
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
        let staged = entry.depth() == 2
            && parent
            && (name == "lib" || ["lib.", "bdist.", "temp."].iter().any(|p| name.starts_with(p)));
        let path = entry.path();
        return !is_environment(path)
            && !is_cache(path)
            && !staged
            && !left.contains(&name.as_ref())
            && !is_left_metadata(entry, &name);
    }
    // A socket or a pipe that a program left there has no content; to read it would be to wait for ever.
    entry.file_type().is_file() && name != ".git" && !is_own_lock(entry)
}

/// An environment, not a package's template of one: it has an interpreter.
fn is_environment(folder: &Path) -> bool {
    let has = |inner: &str| folder.join(inner).symlink_metadata().is_ok();
    has("pyvenv.cfg") && ["bin/python", "bin/python3", "Scripts/python.exe"].iter().any(|python| has(python))
}

/// A cache, by the signature of its tag, as the Cache Directory Tagging Specification has it.
fn is_cache(folder: &Path) -> bool {
    const SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";
    let mut begin = [0; SIGNATURE.len()];
    let read =
        std::fs::File::open(folder.join("CACHEDIR.TAG")).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == SIGNATURE
}

/// What setuptools writes beside the packages: at the top, or in the folder of sources. Inside of a package it is data.
fn is_left_metadata(entry: &DirEntry, name: &str) -> bool {
    let path = entry.path();
    let in_package = path.parent().is_some_and(|above| above.join("__init__.py").is_file());
    name.ends_with(".egg-info") && entry.depth() <= 2 && !in_package && path.join("PKG-INFO").is_file()
}

/// The project's lock, where the source is the project: it says what came of the source.
fn is_own_lock(entry: &DirEntry) -> bool {
    let beside = |file: &str| entry.path().with_file_name(file).is_file();
    entry.depth() == 1
        && entry.file_name() == pinfold_core::lock::FILE
        && (beside(pinfold_core::manifest::FILE) || beside("pyproject.toml"))
}

/// Whether an entry that cannot be followed is an editor's: Emacs locks a file by a link that leads nowhere.
fn is_editors(entry: &walkdir::Result<DirEntry>) -> bool {
    let Err(error) = entry else { return false };
    let missing = error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound);
    let name = error.path().and_then(Path::file_name);
    missing && name.is_some_and(|name| name.as_encoded_bytes().starts_with(b".#"))
}

/// Copies what belongs to the source.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy(source: &Path, to: &Path) -> Result<(), BuildError> {
    copy_each(source, to, sources(source))?;
    // Backends that read the version from git need the repository; a pointer to it is enough.
    let repository = source.join(".git");
    if repository.is_dir() {
        let pointer = to.join(".git");
        let text = format!("gitdir: {}\n", repository.display());
        std::fs::write(&pointer, text).map_err(io_error("write", &pointer))?;
    }
    Ok(())
}

/// Copies everything: what was packed to be built from has nothing left behind in it.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy_all(source: &Path, to: &Path) -> Result<(), BuildError> {
    copy_each(source, to, WalkDir::new(source).follow_links(true).sort_by_file_name().into_iter())
}

fn copy_each(
    source: &Path,
    to: &Path,
    entries: impl Iterator<Item = walkdir::Result<DirEntry>>,
) -> Result<(), BuildError> {
    let place = |path: &Path| to.join(path.strip_prefix(source).unwrap_or(Path::new("")));
    for entry in entries {
        if let Some((link, to)) = leads_nowhere(&entry) {
            std::os::unix::fs::symlink(to, place(&link)).map_err(io_error("copy", &link))?;
            continue;
        }
        let entry = entry.map_err(|e| walk_error(source, e))?;
        let target = place(entry.path());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).map_err(io_error("make", &target))?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(io_error("copy", entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_hash_is_of_what_a_build_could_read_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("pyproject.toml", "");
        write("pkg/__init__.py", "x = 1\n");
        let hash = || content_hash(folder.path()).unwrap();
        let first = hash();
        for left in [
            ".git/HEAD",
            "pkg/__pycache__/x.pyc",
            "env/pyvenv.cfg",
            "env/bin/python",
            "build/lib/x.py",
            "build/temp.linux-x86_64-cpython-311/x.o",
            "pkg.egg-info/PKG-INFO",
            "src/other.egg-info/PKG-INFO",
            "pinfold.lock",
        ] {
            write(left, "x");
        }
        write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# of some tool\n");
        std::os::unix::fs::symlink("me@here.123:456", folder.path().join("pkg/.#module.py")).unwrap();
        assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
        assert_eq!(hash(), first);
        let elsewhere = tempfile::tempdir().unwrap();
        let copied = elsewhere.path().join("copy");
        copy(folder.path(), &copied).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&copied).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".git", "build", "pkg", "pyproject.toml", "src"]);
        fs::set_permissions(
            folder.path().join("pkg/__init__.py"),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        assert_ne!(hash(), first);
    }

    #[test]
    fn what_a_package_ships_is_not_taken_for_what_tools_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let data = [
            "pkg/template/pyvenv.cfg",
            "pkg/tagged/CACHEDIR.TAG",
            "pkg/example/pinfold.lock",
            "pkg/compiled.pyc",
            "pkg/data/other.egg-info/PKG-INFO",
            "build/libz/zlib.c",
        ];
        for path in data.iter().chain(&["pyproject.toml", "pkg/__init__.py"]) {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let elsewhere = tempfile::tempdir().unwrap();
        copy(folder.path(), elsewhere.path()).unwrap();
        let lost: Vec<_> = data.iter().filter(|path| !elsewhere.path().join(path).is_file()).collect();
        assert_eq!(lost, Vec::<&&str>::new());
        for path in data {
            let before = content_hash(folder.path()).unwrap();
            fs::write(folder.path().join(path), "y").unwrap();
            assert_ne!(content_hash(folder.path()).unwrap(), before, "{path}");
        }
    }
}
