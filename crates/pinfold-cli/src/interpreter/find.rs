//! Finds the interpreter that a request means: a path, a name on PATH, or a version.
//!
//! A version is looked for on PATH, in its order, then among pyenv's versions, then among those that uv manages.
//! Deliberately not here: downloading one.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, anyhow};

use super::{Interpreter, SUPPORTED, pyenv};
use crate::failure::hinted;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Any that is supported; `python3` on PATH first.
    Any,
    /// A version: `3.12` or `3.12.1`.
    Version(String),
    /// A file, or a folder that has `bin/python`.
    Path(PathBuf),
    /// A name on PATH.
    Name(String),
}

impl Request {
    /// Reads what stands behind `--python` or `python =`.
    pub fn parse(text: &str) -> Self {
        let bare = ["cpython-", "cpython", "python"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(text)
            .trim_start_matches(['@', '=']);
        let version = bare.starts_with('3')
            && bare.split('.').all(|part| part.chars().all(|c| c.is_ascii_digit()) && !part.is_empty());
        if version && !text.contains('/') {
            Request::Version(bare.to_owned())
        } else if text.contains('/') || Path::new(text).exists() {
            Request::Path(PathBuf::from(text))
        } else {
            Request::Name(text.to_owned())
        }
    }

    /// Whether `interpreter` is what was asked for (a path or name is: there is nothing to compare).
    pub fn accepts(&self, interpreter: &Interpreter) -> bool {
        match self {
            Request::Version(version) => {
                interpreter.version == *version || interpreter.version.starts_with(&format!("{version}."))
            }
            Request::Any => interpreter.supported().is_ok(),
            Request::Path(_) | Request::Name(_) => true,
        }
    }
}

/// Finds the interpreter that `request` means, supported ones only; `store` keeps what interpreters said.
///
/// # Errors
/// When there is none, or the one that was named is not supported.
pub fn find(request: &Request, store: &Path, uv: Option<&Path>) -> Result<Interpreter> {
    match request {
        Request::Path(path) => named(path, store),
        Request::Name(name) if free_threaded(name) => Err(hinted(
            anyhow!(
                "`{name}` is a free-threaded build of Python, which this release of Pinfold does not support"
            ),
            "name one without the `t`",
        )),
        Request::Name(name) => {
            let found = on_path(name).next().ok_or_else(|| {
                hinted(
                    anyhow!("there is no program `{name}` on PATH"),
                    "name an interpreter by version (`3.12`), by path, or by its name on PATH",
                )
            })?;
            named(&found, store)
        }
        Request::Version(version) if !could_be_supported(version) => Err(hinted(
            anyhow!("Python {version} is not supported by this release of Pinfold"),
            format!("it supports {}", SUPPORTED.join(", ")),
        )),
        Request::Version(_) | Request::Any => search(request, store, uv),
    }
}

/// `3`, `3.12` and `3.12.1` could be, `3.9` could not.
fn could_be_supported(version: &str) -> bool {
    SUPPORTED.iter().any(|minor| {
        let longer = version.strip_prefix(minor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        longer || version == "3"
    })
}

/// `3.13t`, as uv and pyenv call such builds.
fn free_threaded(name: &str) -> bool {
    name.strip_suffix('t').is_some_and(|rest| matches!(Request::parse(rest), Request::Version(_)))
}

fn named(path: &Path, store: &Path) -> Result<Interpreter> {
    let folder =
        ["bin/python3", "bin/python"].iter().map(|inner| path.join(inner)).find(|file| file.is_file());
    let file = std::path::absolute(folder.unwrap_or_else(|| path.to_owned()))?;
    let interpreter = Interpreter::query(&file, store)?;
    interpreter.supported()?;
    Ok(interpreter)
}

fn search(request: &Request, store: &Path, uv: Option<&Path>) -> Result<Interpreter> {
    let names: Vec<String> = match request {
        Request::Version(version) => {
            let minor: Vec<&str> = version.splitn(3, '.').take(2).collect();
            vec![format!("python{}", minor.join(".")), "python3".into(), "python".into()]
        }
        _ => ["python3".to_owned(), "python".to_owned()]
            .into_iter()
            .chain(SUPPORTED.iter().rev().map(|minor| format!("python{minor}")))
            .collect(),
    };
    let on_path = names.iter().flat_map(|name| on_path(name)).filter_map(pyenv::resolve);
    let candidates = on_path.chain(pyenv::installed());
    let mut seen: Vec<String> = Vec::new();
    for candidate in candidates {
        let Ok(interpreter) = Interpreter::query(&candidate, store) else { continue };
        if request.accepts(&interpreter) && interpreter.supported().is_ok() {
            return Ok(interpreter);
        }
        let line = format!("{} ({})", interpreter.executable.display(), interpreter.version);
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    if let Some(managed) = uv.and_then(|uv| ask_uv(uv, request)) {
        return named(&managed, store);
    }
    Err(nothing(request, &seen))
}

fn nothing(request: &Request, seen: &[String]) -> anyhow::Error {
    let wanted = match request {
        Request::Version(version) => format!("Python {version}"),
        _ => format!("a supported Python ({})", SUPPORTED.join(", ")),
    };
    let version = if let Request::Version(version) = request { version } else { "3.12" };
    let seen = if seen.is_empty() { "none at all".to_owned() } else { seen.join(", ") };
    hinted(
        anyhow!("found no interpreter for {wanted} on PATH, among pyenv's versions or uv's; found {seen}"),
        format!(
            "install it (`uv python install {version}`, or your system's package), or name one with `--python PATH`"
        ),
    )
}

/// Programs called `name` on PATH, in its order.
fn on_path(name: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let name = name.to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    folders.into_iter().map(move |folder| folder.join(&name)).filter(|file| file.is_file())
}

fn ask_uv(uv: &Path, request: &Request) -> Option<PathBuf> {
    let wanted = match request {
        Request::Version(version) => version.as_str(),
        _ => ">=3.11,<3.14",
    };
    let output = Command::new(uv)
        .args(["python", "find", "--no-python-downloads", "--no-project", "--offline", wanted])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !path.trim().is_empty()).then(|| PathBuf::from(path.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_supported_is_searched_for() {
        for (version, expected) in
            [("3", true), ("3.12", true), ("3.12.1", true), ("3.9", false), ("3.1", false), ("3.120", false)]
        {
            assert_eq!(could_be_supported(version), expected, "{version}");
        }
    }

    #[test]
    fn requests_are_told_apart() {
        assert_eq!(Request::parse("3.12"), Request::Version("3.12".into()));
        assert_eq!(Request::parse("cpython@3.13.0"), Request::Version("3.13.0".into()));
        assert_eq!(Request::parse("python3.11"), Request::Version("3.11".into()));
        assert_eq!(Request::parse("./bin/python"), Request::Path("./bin/python".into()));
        assert_eq!(Request::parse("pypy3"), Request::Name("pypy3".into()));
        assert_eq!(Request::parse("3.13t"), Request::Name("3.13t".into()));
    }
}
