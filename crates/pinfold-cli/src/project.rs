//! Which project a command is about: the nearest folder, here or above, that has a manifest.
//!
//! Deliberately not here: what a manifest says, and whether it is right; a damaged one is found all the same, so
//! that the command that reads it can say what is wrong.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::failure::{WithHint, hinted};

/// The manifest of its own.
pub const PINFOLD_TOML: &str = "pinfold.toml";

/// The manifest inside the file of the packaging standards.
pub const PYPROJECT_TOML: &str = "pyproject.toml";

/// A project: its folder and its manifest, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The folder, absolute.
    pub folder: PathBuf,
    /// The manifest in it.
    pub manifest: PathBuf,
}

/// Finds the project: the one named (`--project`), or the nearest one at or above the current folder.
///
/// Where there is none, it is the current folder with a `pinfold.toml` to be made.
///
/// # Errors
/// When the named folder or file is not there, or the current folder is gone.
pub fn find(named: Option<&Path>) -> Result<Project> {
    if let Some(named) = named {
        return at(named);
    }
    let here = std::env::current_dir().context("could not tell the current folder")?;
    let found = here.ancestors().find_map(|folder| {
        manifest_in(folder).map(|manifest| Project { folder: folder.to_owned(), manifest })
    });
    Ok(found.unwrap_or_else(|| Project { manifest: here.join(PINFOLD_TOML), folder: here }))
}

fn at(named: &Path) -> Result<Project> {
    let path = named
        .canonicalize()
        .with_context(|| format!("could not find `{}`, which `--project` names", named.display()))
        .hint("name the folder of the project, or its manifest")?;
    if path.is_dir() {
        let manifest = manifest_in(&path).unwrap_or_else(|| path.join(PINFOLD_TOML));
        return Ok(Project { folder: path, manifest });
    }
    let name = path.file_name().unwrap_or_default();
    match path.parent() {
        Some(folder) if name == PINFOLD_TOML || name == PYPROJECT_TOML => {
            Ok(Project { folder: folder.to_owned(), manifest: path })
        }
        _ => Err(hinted(
            anyhow!("`{}` is not a manifest", named.display()),
            format!("a manifest is called {PINFOLD_TOML}, or {PYPROJECT_TOML} with a table [tool.pinfold]"),
        )),
    }
}

fn manifest_in(folder: &Path) -> Option<PathBuf> {
    let own = folder.join(PINFOLD_TOML);
    if own.is_file() {
        return Some(own);
    }
    let shared = folder.join(PYPROJECT_TOML);
    let text = std::fs::read_to_string(&shared).ok()?;
    // Read as text, not as TOML: one with a typo must not be passed over in silence.
    let ours = text.lines().map(str::trim_start).any(|line| {
        line.starts_with("[tool.pinfold]")
            || line.starts_with("[tool.pinfold.")
            || line.starts_with("[[tool.pinfold.")
    });
    ours.then_some(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pyproject_counts_only_with_our_table() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PYPROJECT_TOML);
        std::fs::write(&file, "[project]\nname = 'x'\n").unwrap();
        assert_eq!(manifest_in(folder.path()), None);
        std::fs::write(&file, "[project]\nname = 'x'\n[tool.pinfold.pins.a]\n").unwrap();
        assert_eq!(manifest_in(folder.path()), Some(file));
        let own = folder.path().join(PINFOLD_TOML);
        std::fs::write(&own, "").unwrap();
        assert_eq!(manifest_in(folder.path()), Some(own));
    }
}
