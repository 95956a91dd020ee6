//! Which configuration counts: the nearest, upwards from the input, else upwards from the working folder.
//!
//! A `pyproject.toml` without `[tool.abicheck]` is passed over, and in one folder `abicheck.toml` comes first.
//! Deliberately not here: what stands in it.

use std::io;
use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::read::{Config, mentions, read};
use crate::rules::Rule;

/// The configuration in `path`, which the user named.
pub(super) fn at(path: &Path, rules: &[&'static Rule]) -> Result<Config, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
    read(path, &text, rules)
}

/// The nearest configuration for `inputs`, if there is one.
pub(super) fn near(
    inputs: &[PathBuf],
    working: &Path,
    rules: &[&'static Rule],
) -> Result<Option<Config>, ConfigError> {
    // What is given may be a link; the project is where the link stands.
    let starts = inputs.iter().map(|input| working.join(input)).chain([working.to_owned()]);
    for start in starts {
        for folder in start.ancestors() {
            for name in ["abicheck.toml", "pyproject.toml"] {
                let path = folder.join(name);
                let text = match std::fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(error) if absent(&error) => continue,
                    Err(source) => return Err(ConfigError::Io { path, source }),
                };
                if name == "abicheck.toml" || mentions(&text) {
                    return read(&path, &text, rules).map(Some);
                }
            }
        }
    }
    Ok(None)
}

/// Whether there is no such file; a folder above that may not be looked into has none for us, nor has a link that leads
/// to itself, which whoever reads the input says.
fn absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory | PermissionDenied)
        || error.raw_os_error() == Some(libc::ELOOP)
}
