//! Where copies may go: never into what they are made of.
//!
//! Deliberately not here: a folder that is there already, of which the writing itself says whether it was made by this.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The folders of a store in which a folder is never written to again; their names are hashes.
const IMMUTABLE: [&str; 3] = ["wheels", "instances", "isolated"];

/// `out` as it is, also where it or what is above it is a link.
///
/// # Errors
/// When it is a link that leads nowhere.
pub(super) fn of(out: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::new(format!("could not find {}: {error}", out.display()));
    let out = std::path::absolute(out).map_err(failed)?;
    if fs::symlink_metadata(&out).is_ok_and(|metadata| metadata.is_symlink()) {
        return fs::canonicalize(&out).map_err(|error| {
            let what = format!("{} is a link that leads nowhere: {error}", out.display());
            Failure::new(what).hint("name a folder, there or not, or a link to one that is there")
        });
    }
    Ok(settled(&out))
}

/// Refuses a place in one of `inputs`, around one, or in a store of Pinfold's.
///
/// # Errors
/// When it is one.
pub(super) fn refuse(out: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let refused = |what: String| {
        Err(Failure::new(format!("copies cannot go to {}: {what}", out.display()))
            .hint("name a folder that is no part of what copies are made of; originals are never written to"))
    };
    for input in inputs.iter().map(|input| settled(input)) {
        if out.starts_with(&input) {
            return refused(format!("it is in {}, of which they are made", input.display()));
        }
        if input.starts_with(out) {
            return refused(format!("{} is in it, of which they are made", input.display()));
        }
    }
    let is_hash = |name: &str| name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let last =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stored = out.ancestors().find(|path| {
        is_hash(&last(path)) && path.parent().is_some_and(|above| IMMUTABLE.contains(&last(above).as_str()))
    });
    match stored {
        Some(stored) => {
            refused(format!("it is in {}, which a store of Pinfold keeps as it is", stored.display()))
        }
        None => Ok(()),
    }
}

/// The folder of packages that a file is in; `None` where it is in none.
pub(super) fn site_of(file: &Path) -> Option<PathBuf> {
    let holds_packages = |folder: &&Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .into_iter()
            .any(|entry| Path::new(&entry.file_name()).extension().is_some_and(|end| end == "dist-info"))
    };
    settled(file).ancestors().skip(1).find(holds_packages).map(Path::to_owned)
}

/// The environment that `input` is, as a whole: nothing in it is anybody else's.
pub(super) fn environment_of(input: &Path) -> Option<PathBuf> {
    let folders = [input.to_owned(), input.join(".venv")];
    folders.into_iter().find(|folder| folder.join("pyvenv.cfg").is_file()).map(|folder| settled(&folder))
}

/// `path` without links, as far as it is there.
fn settled(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for above in path.ancestors() {
        if let (Ok(there), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            // Nothing is joined to the path itself: a slash would make it a folder.
            return if rest.as_os_str().is_empty() { there } else { there.join(rest) };
        }
    }
    path
}
