//! A CPython, read from where it lies: nothing is run.
//!
//! Deliberately not here: free-threaded and debug builds have suffixes of their own, which are read like all others.
//! Whether the program is a Python at all shows when its start is simulated (`analysis::Machine`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::InputError;
use super::virtualenv;

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
    /// When there is no such program, or no standard library beside it.
    pub fn at(program: &Path) -> Result<Self, InputError> {
        let executable = program.canonicalize().map_err(InputError::io(program))?;
        is_program(&executable, program)?;
        let prefix = executable.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let name = executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // `python3.11` says which of several it is.
        let fits = |version| version_in(&name).is_none_or(|said| said == version);
        let find = |prefix: &Path| {
            let found = libraries(prefix).into_iter().rfind(|(version, _)| fits(*version));
            found.ok_or_else(|| prefix.to_owned())
        };
        // A virtual environment may have a copy of the program (`venv --copies`): its library is that of its `home`.
        let found = find(prefix).or_else(|looked| match virtualenv::home(prefix) {
            Some(home) => find(home.parent().unwrap_or(&home)),
            None => Err(looked),
        });
        let (version, stdlib) = found.map_err(|looked| InputError::NotPython {
            path: program.to_owned(),
            why: format!("{} has no lib/python3.*/os.py", looked.display()),
            hint: "name the program of an installed Python: `--python /path/to/bin/python3`".to_owned(),
        })?;
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
        let path = [path.to_owned()];
        super::site::near(&path, version).or_else(|_| super::site::near(&path, None))
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

/// Fails unless `executable`, which the user knows as `program`, is an ELF file.
fn is_program(executable: &Path, program: &Path) -> Result<(), InputError> {
    let wrong = |why: &str, hint: String| {
        Err(InputError::NotPython { path: program.to_owned(), why: why.to_owned(), hint })
    };
    if executable.is_dir() {
        let mut inside = ["bin/python3", "python3"].map(|name| program.join(name)).into_iter();
        let inside = inside.find(|inside| inside.is_file());
        let inside = inside.unwrap_or_else(|| PathBuf::from("/path/to/python3"));
        return wrong("it is a folder", format!("name the program: `--python {}`", inside.display()));
    }
    if start_of(executable).map_err(InputError::io(program))?.starts_with(b"\x7fELF") {
        return Ok(());
    }
    wrong("it is no program of this system", "name the interpreter: `--python /path/to/python3`".to_owned())
}

/// The first four bytes of a file.
pub(super) fn start_of(file: &Path) -> std::io::Result<Vec<u8>> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(file)?;
    let mut start = Vec::new();
    file.take(4).read_to_end(&mut start)?;
    Ok(start)
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
