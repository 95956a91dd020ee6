//! A tree with copies in it: what is not copied are links to the originals, of the caller's kind.
//!
//! Folders that Python or the loader leaves by `..` must be real ones, since the system follows a link before it. So what
//! stands at the top of a tree and has a copy below, or what comes to one by its needs, is rebuilt, folder by folder, and all else is one link; where links are hard ones, which folders cannot have, all is rebuilt.
//! Deliberately not here: the copies themselves.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use crate::error::IsolateError;

/// How what is not copied gets its place.
pub enum Link<'a> {
    /// By a symbolic link, also of a whole folder.
    Symbolic,
    /// Each file by this: `from`, and `to`, which is not there.
    Each(&'a (dyn Fn(&Path, &Path) -> io::Result<()> + Sync)),
}

/// How a tree is rebuilt.
pub(crate) struct Ways<'a> {
    /// The files that are copied, which get there by themselves.
    pub(crate) edited: &'a BTreeSet<&'a Path>,
    /// The files that come to one of them, and all of them.
    pub(crate) comes: &'a BTreeSet<&'a Path>,
    /// How the others get there.
    pub(crate) link: &'a Link<'a>,
    /// Where a link that stands here is to lead, if not where it does.
    pub(crate) leads: &'a dyn Fn(&Path) -> Option<PathBuf>,
}

/// Rebuilds `tree` in `out`, which is there, without the files that are copied.
pub(crate) fn rebuild(tree: &Path, out: &Path, ways: &Ways<'_>) -> Result<(), IsolateError> {
    let Ways { edited, link, comes, .. } = ways;
    let tops: BTreeSet<_> =
        comes.iter().filter_map(|path| path.strip_prefix(tree).ok()?.iter().next()).collect();
    for name in entries(tree)? {
        let (from, to) = (tree.join(&name), out.join(&name));
        if edited.contains(&*from) {
            continue;
        }
        if tops.contains(name.as_os_str()) || (link.is_each() && is_folder(&from)) {
            folder(&from, &to, ways)?;
        } else {
            ways.make(&from, &to)?;
        }
    }
    Ok(())
}

/// Rebuilds a folder with all below it.
fn folder(from: &Path, to: &Path, ways: &Ways<'_>) -> Result<(), IsolateError> {
    let edited = ways.edited;
    fs::create_dir(to).map_err(IsolateError::io("make", to))?;
    for name in entries(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if edited.contains(&*from) {
            continue;
        }
        let has_copies = edited.iter().any(|path| path.starts_with(&from));
        if is_folder(&from) || has_copies {
            folder(&from, &to, ways)?;
        } else {
            ways.make(&from, &to)?;
        }
    }
    Ok(())
}

impl Link<'_> {
    fn is_each(&self) -> bool {
        matches!(self, Self::Each(_))
    }
}

impl Ways<'_> {
    fn make(&self, from: &Path, to: &Path) -> Result<(), IsolateError> {
        let target = (self.leads)(from);
        if let Some(target) = target {
            return symlink(target, to).map_err(IsolateError::io("link", to));
        }
        let target = fs::read_link(from).ok();
        let made = match (self.link, target) {
            (_, Some(target)) if is_beside(&target) => symlink(target, to),
            // A link to another place leads there from here, too.
            (Link::Each(_), Some(target)) => symlink(from.parent().unwrap_or(from).join(target), to),
            (Link::Each(put), None) => put(from, to),
            (Link::Symbolic, _) => symlink(from, to),
        };
        made.map_err(IsolateError::io("link", to))
    }
}

/// Whether it is a folder itself, not a link to one.
fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
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
