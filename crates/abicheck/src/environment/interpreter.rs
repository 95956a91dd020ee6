//! A CPython, read from where it lies: nothing is run.
//!
//! Deliberately not here: free-threaded and debug builds have suffixes of their own, which are read like all others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::InputError;

/// The interpreter that imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    /// Its real file, without links.
    pub executable: PathBuf,
    /// `sys.version_info[:2]`.
    pub version: (u32, u32),
    /// The suffixes of extension modules that it takes, in its order (`importlib.machinery.EXTENSION_SUFFIXES`).
    pub suffixes: Vec<String>,
    /// The folder of the standard library.
    pub stdlib: PathBuf,
}

impl Interpreter {
    /// The interpreter whose program is at `program`, a link or not.
    ///
    /// # Errors
    /// When there is no such file, or no standard library beside it.
    pub fn at(program: &Path) -> Result<Self, InputError> {
        let executable = program.canonicalize().map_err(InputError::io(program))?;
        let unknown = |why: String| InputError::NoInterpreter { path: program.to_owned(), why };
        let prefix = executable.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let name = executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut libraries = libraries(prefix);
        // `python3.11` says which of several it is.
        if let Some(version) = version_in(&name) {
            libraries.retain(|found, _| *found == version);
        }
        let Some((version, stdlib)) = libraries.pop_last() else {
            return Err(unknown(format!("{} has no lib/python3.*/os.py", prefix.display())));
        };
        let suffixes = suffixes(&stdlib, version);
        Ok(Self { executable, version, suffixes, stdlib })
    }

    /// The interpreter that the file at `path` belongs to: of the prefix that it lies in, or of a version that a folder
    /// above it names, else `python3` on PATH.
    ///
    /// # Errors
    /// When there is none.
    pub fn near(path: &Path) -> Result<Self, InputError> {
        let folders = path.ancestors().skip(1).filter_map(|folder| folder.file_name()?.to_str());
        let version = folders.into_iter().find_map(version_in);
        super::site::near(path, version).or_else(|_| super::site::near(path, None))
    }

    /// The folder of the standard library's extension modules.
    pub fn dynload(&self) -> PathBuf {
        self.stdlib.join("lib-dynload")
    }

    /// `3.11`.
    pub fn minor(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }
}

/// The standard libraries under a prefix, by version.
fn libraries(prefix: &Path) -> BTreeMap<(u32, u32), PathBuf> {
    let mut found = BTreeMap::new();
    for folder in ["lib", "lib64"] {
        for entry in std::fs::read_dir(prefix.join(folder)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(version) = version_in(&name.to_string_lossy())
                && entry.path().join("os.py").is_file()
            {
                found.entry(version).or_insert(entry.path());
            }
        }
    }
    found
}

/// 3 and 11 of `python3.11`.
pub(super) fn version_in(name: &str) -> Option<(u32, u32)> {
    let (major, minor) = name.strip_prefix("python")?.split_once('.')?;
    let digits = minor.find(|c: char| !c.is_ascii_digit()).unwrap_or(minor.len());
    Some((major.parse().ok()?, minor[..digits].parse().ok()?))
}

/// The suffix that this interpreter's own modules have, then those that every CPython takes (`dynload_shlib.c`).
fn suffixes(stdlib: &Path, version: (u32, u32)) -> Vec<String> {
    let mut own: BTreeMap<String, usize> = BTreeMap::new();
    for entry in std::fs::read_dir(stdlib.join("lib-dynload")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(at) = name.find(".cpython-").filter(|_| name.ends_with(".so")) {
            *own.entry(name[at..].to_owned()).or_default() += 1;
        }
    }
    let most = own.into_iter().max_by_key(|(_, count)| *count).map(|(suffix, _)| suffix);
    let machine = std::env::consts::ARCH;
    let stated = || format!(".cpython-{}{}-{machine}-linux-gnu.so", version.0, version.1);
    let own = most.unwrap_or_else(stated);
    // Without the global lock there is no `abi3` before Python 3.15 (PEP 703).
    let free_threaded =
        own.trim_start_matches(".cpython-").split('-').next().is_some_and(|abi| abi.ends_with('t'));
    let stable = (!free_threaded).then(|| ".abi3.so".to_owned());
    [Some(own), stable, Some(".so".to_owned())].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn versions_stand_in_names() {
        assert_eq!(version_in("python3.11"), Some((3, 11)));
        assert_eq!(version_in("python3.13t"), Some((3, 13)));
        assert_eq!(version_in("python3"), None);
        assert_eq!(version_in("pypy3.10"), None);
    }
}
