//! A tree with copies in it: what is not copied are links to the originals.
//!
//! Folders that Python or the loader leaves by `..` must be real ones, since the system follows a link before it. So what
//! stands at the top of a tree and has a copy below is rebuilt, folder by folder, and all else is one link.
//! Deliberately not here: the copies themselves.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use crate::error::IsolateError;

/// Rebuilds `tree` in `out`, which is there, without the files `edited`, whose paths are below `tree`.
pub(crate) fn rebuild(tree: &Path, out: &Path, edited: &BTreeSet<&Path>) -> Result<(), IsolateError> {
    let tops: BTreeSet<_> =
        edited.iter().filter_map(|path| path.strip_prefix(tree).ok()?.iter().next()).collect();
    for name in entries(tree)? {
        let (from, to) = (tree.join(&name), out.join(&name));
        if edited.contains(&*from) {
            continue;
        }
        if tops.contains(name.as_os_str()) {
            folder(&from, &to, edited)?;
        } else {
            symlink(&from, &to).map_err(IsolateError::io("link", &to))?;
        }
    }
    Ok(())
}

/// Rebuilds a folder with all below it.
fn folder(from: &Path, to: &Path, edited: &BTreeSet<&Path>) -> Result<(), IsolateError> {
    fs::create_dir(to).map_err(IsolateError::io("make", to))?;
    for name in entries(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        let kind = fs::symlink_metadata(&from).map_err(IsolateError::io("look at", &from))?.file_type();
        if edited.contains(&*from) {
            continue;
        }
        let has_copies = edited.iter().any(|path| path.starts_with(&from));
        if kind.is_dir() || has_copies {
            folder(&from, &to, edited)?;
            continue;
        }
        let target = fs::read_link(&from).ok().filter(|target| is_beside(target));
        symlink(target.as_deref().unwrap_or(&from), &to).map_err(IsolateError::io("link", &to))?;
    }
    Ok(())
}

/// A link from name to name in one folder (`libx.so` to `libx.so.1`) is to lead to the copy.
fn is_beside(target: &Path) -> bool {
    let mut parts = target.components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, IsolateError> {
    let names = |entry: io::Result<fs::DirEntry>| entry.map(|entry| PathBuf::from(entry.file_name()));
    let list = fs::read_dir(folder).and_then(|entries| entries.map(names).collect());
    list.map_err(IsolateError::io("list", folder))
}
