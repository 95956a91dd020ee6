//! pyenv's interpreters, and what its shims stand for, without running a shim.
//!
//! A shim costs a shell at every start, and fails for versions that are installed but not selected. Deliberately not
//! here: pyenv's plugins; a shim whose selection cannot be told here is passed over.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::SUPPORTED;

/// pyenv's folder, if there is one.
fn root() -> Option<PathBuf> {
    let named = env::var_os("PYENV_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(env::home_dir()?.join(".pyenv"))).filter(|root| root.is_dir())
}

/// What `path` stands for: itself, or, for a shim, the program of the selected version.
pub(super) fn resolve(path: PathBuf) -> Option<PathBuf> {
    let Some(root) = root().filter(|root| path.parent() == Some(&root.join("shims"))) else {
        return Some(path);
    };
    let name = path.file_name()?.to_owned();
    let selected = selected(&root);
    selected
        .iter()
        .map(|version| root.join("versions").join(version).join("bin").join(&name))
        .find(|file| file.is_file())
}

/// The selected versions: `PYENV_VERSION`, else the nearest `.python-version`, else the global ones.
fn selected(root: &Path) -> Vec<String> {
    if let Some(version) = env::var("PYENV_VERSION").ok().filter(|version| !version.is_empty()) {
        return version.split(':').map(str::to_owned).collect();
    }
    let here = env::current_dir().unwrap_or_default();
    let local = here.ancestors().map(|folder| folder.join(".python-version")).find(|file| file.is_file());
    let text = fs::read_to_string(local.unwrap_or_else(|| root.join("version"))).unwrap_or_default();
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect()
}

/// Interpreters of pyenv that could be supported, newest first.
pub(super) fn installed() -> Vec<PathBuf> {
    let entries = root().and_then(|root| fs::read_dir(root.join("versions")).ok());
    let mut versions: Vec<(Vec<u32>, PathBuf)> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let numbers = name.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().ok()?;
            // Asking each of a dozen costs a process.
            let minor = numbers.get(..2)?.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            let file = entry.path().join("bin").join(format!("python{minor}"));
            (SUPPORTED.contains(&minor.as_str()) && file.is_file()).then_some((numbers, file))
        })
        .collect();
    versions.sort_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, path)| path).collect()
}
