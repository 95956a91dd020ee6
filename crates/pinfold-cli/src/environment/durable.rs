//! Making a folder survive a power cut, file by file.
//!
//! `syncfs(2)` would be one call, and would wait for everything else that the file system has not written yet, such
//! as gigabytes that uv has just downloaded. Files are synced by a few threads at once, because a journal takes
//! those that wait together in one go. Links need nothing: they live in their folders. Deliberately not here: when
//! something must be durable.

use std::fs::File;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use walkdir::WalkDir;

/// So many wait at once; they wait for the disk, not for a processor.
const THREADS: usize = 8;

/// Makes everything in `folder` durable, and the folder's own list of entries; not its name in the folder above.
///
/// # Errors
/// When something cannot be read or synced.
pub fn tree(folder: &Path) -> io::Result<()> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        match entry.file_type() {
            kind if kind.is_dir() => folders.push(entry.into_path()),
            kind if kind.is_file() => files.push(entry.into_path()),
            _ => {}
        }
    }
    // What is in a file before the name that leads to it.
    all(&files)?;
    all(&folders)
}

/// Makes one file or folder durable.
///
/// # Errors
/// When it cannot be opened or synced.
pub fn one(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn all(paths: &[PathBuf]) -> io::Result<()> {
    let share = NonZero::new(paths.len().div_ceil(THREADS)).unwrap_or(NonZero::<usize>::MIN);
    thread::scope(|scope| {
        let sync = |paths: &[PathBuf]| paths.iter().try_for_each(|path| one(path));
        let threads: Vec<_> = paths.chunks(share.get()).map(|part| scope.spawn(move || sync(part))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread died"))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_with_links_that_lead_nowhere_is_made_durable() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for number in 0..20 {
            std::fs::write(folder.path().join(format!("a/{number}")), "x").unwrap();
        }
        std::os::unix::fs::symlink("/nowhere", folder.path().join("a/b/link")).unwrap();
        tree(folder.path()).unwrap();
        assert!(tree(&folder.path().join("missing")).is_err());
    }
}
