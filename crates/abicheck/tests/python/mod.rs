//! The Pythons of this machine: on PATH, and pyenv's.
//!
//! Deliberately not here: installing one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A CPython that runs.
pub(crate) struct Python {
    /// `3.11`
    pub(crate) minor: String,
    /// The interpreter itself, not a shim.
    pub(crate) executable: PathBuf,
}

const QUESTION: &str = "import sys; print('%d.%d' % sys.version_info[:2], \
    getattr(sys, '_base_executable', sys.executable), sep='\\n')";

impl Python {
    /// A Python of one of these versions, the first that is found.
    pub(crate) fn find(minors: &[&str]) -> Option<Self> {
        minors.iter().find_map(|minor| {
            let candidates = candidates(minor);
            candidates.iter().filter_map(|candidate| ask(candidate)).find(|python| python.minor == *minor)
        })
    }
}

fn candidates(minor: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    if let Some(pyenv) = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home) {
        let folders = std::fs::read_dir(pyenv.join("versions")).into_iter().flatten().flatten();
        let own = format!("{minor}.");
        let named = folders.filter(|entry| entry.file_name().to_string_lossy().starts_with(&own));
        all.extend(named.map(|entry| entry.path().join("bin/python3")));
        all.sort();
    }
    all.extend([format!("python{minor}"), "python3".to_owned()].map(PathBuf::from));
    all
}

fn ask(candidate: &Path) -> Option<Python> {
    let mut command = Command::new(candidate);
    command.args(["-I", "-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    let (minor, executable) = (lines.next()?, PathBuf::from(lines.next()?));
    Some(Python { minor, executable: executable.canonicalize().ok()? })
}
