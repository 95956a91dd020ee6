//! The supported Pythons of this machine: on PATH, and pyenv's.
//!
//! A candidate counts when it runs and says what it is: pyenv puts shims on PATH that only print an error.
//! Deliberately not here: downloading one.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The minor versions that the hook supports.
pub(crate) const SUPPORTED: [&str; 3] = ["3.11", "3.12", "3.13"];

/// What a candidate is asked; free-threaded builds and other implementations are not supported.
const QUESTION: &str = "import sys, sysconfig as s, platform as p; print('%d.%d' % sys.version_info[:2], \
    p.python_version(), int(p.python_implementation() == 'CPython' and not s.get_config_var('Py_GIL_DISABLED')), \
    s.get_path('include'), sys._base_executable, sep='\\n')";

/// An interpreter that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    /// `3.12`
    pub(crate) minor: String,
    /// `3.12.1`
    pub(crate) version: String,
    /// Where its C headers belong, whether or not they are there.
    pub(crate) include: PathBuf,
    /// The interpreter itself, not a shim.
    pub(crate) executable: PathBuf,
}

/// One interpreter for each supported minor version that is found, `python3` on PATH first.
pub(crate) fn find() -> Result<Vec<Python>> {
    let mut found: Vec<Python> = Vec::new();
    for candidate in candidates() {
        match ask(&candidate) {
            Some(python) if !found.iter().any(|known| known.minor == python.minor) => found.push(python),
            _ => {}
        }
    }
    if found.is_empty() {
        bail!(
            "found no Python {} on PATH or among pyenv's\nhint: on Debian: apt-get install python3 python3-venv",
            SUPPORTED.join(", ")
        );
    }
    Ok(found)
}

/// The sentence for the last lines of a run: what was used, and what was not there.
pub(crate) fn sentence(found: &[Python]) -> String {
    let mut versions: Vec<&Python> = found.iter().collect();
    versions.sort_by(|a, b| a.minor.cmp(&b.minor));
    let used: Vec<&str> = versions.iter().map(|python| python.version.as_str()).collect();
    let missing = SUPPORTED.iter().filter(|minor| !found.iter().any(|python| python.minor == **minor));
    let missing: Vec<&str> = missing.copied().collect();
    match missing.as_slice() {
        [] => format!("ran on Python {}: every supported version", used.join(", ")),
        missing => {
            format!("ran on Python {}; NOT FOUND, so not tried: {}", used.join(", "), missing.join(", "))
        }
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut all = vec![PathBuf::from("python3")];
    all.extend(SUPPORTED.iter().map(|minor| PathBuf::from(format!("python{minor}"))));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    if let Some(pyenv) = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home) {
        let folders = std::fs::read_dir(pyenv.join("versions")).into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = folders.map(|entry| entry.path().join("bin/python3")).collect();
        versions.sort();
        all.extend(versions);
    }
    all
}

fn ask(candidate: &Path) -> Option<Python> {
    let mut command = Command::new(candidate);
    command.args(["-I", "-c", QUESTION]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let (minor, version, usable) = (lines.next()?, lines.next()?, lines.next()? == "1");
    let (include, executable) = (PathBuf::from(lines.next()?), PathBuf::from(lines.next()?));
    (usable && SUPPORTED.contains(&minor)).then(|| Python {
        minor: minor.to_owned(),
        version: version.to_owned(),
        include,
        executable,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(version: &str) -> Python {
        let minor = version.rsplit_once('.').map(|(minor, _)| minor.to_owned()).unwrap_or_default();
        Python { minor, version: version.to_owned(), include: PathBuf::new(), executable: PathBuf::new() }
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(
            sentence(&[python("3.13.0"), python("3.11.7")]),
            "ran on Python 3.11.7, 3.13.0; NOT FOUND, so not tried: 3.12"
        );
        let all = sentence(&[python("3.11.7"), python("3.12.1"), python("3.13.0")]);
        assert_eq!(all, "ran on Python 3.11.7, 3.12.1, 3.13.0: every supported version");
    }

    #[test]
    fn a_program_that_is_no_python_is_no_candidate() {
        assert!(ask(Path::new("false")).is_none());
        assert!(ask(Path::new("a program that is not there")).is_none());
    }
}
