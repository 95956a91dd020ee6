//! One file of an instance: a second, real copy of what `dlopen` loads, a link to everything else.
//!
//! glibc knows a loaded file by device and inode, so that two units of one wheel can share what Python reads and
//! must not share what the loader maps. Deliberately not here: which units need an instance, and where it stands.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

use walkdir::WalkDir;

/// Puts `from` under the path `to`: copied (cloned where the file system can) if the loader would take it, else
/// hard-linked, or symlinked where that is not possible.
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn put(from: &Path, to: &Path) -> io::Result<()> {
    if is_elf(from)? {
        // On Linux this is copy_file_range(2), which clones where it can.
        return fs::copy(from, to).map(drop);
    }
    link(from, to)
}

/// Puts the file `from` under the path `to` as well: hard-linked, or symlinked where that is not possible.
///
/// # Errors
/// When it cannot be linked in either way.
pub fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        // Another file system, too many links (ext4 ends at 65,000), somebody else's file
        // (fs.protected_hardlinks), or a file system without hard links.
        Err(e)
            if matches!(
                e.kind(),
                ErrorKind::CrossesDevices
                    | ErrorKind::TooManyLinks
                    | ErrorKind::PermissionDenied
                    | ErrorKind::Unsupported
            ) =>
        {
            std::os::unix::fs::symlink(from, to)
        }
        other => other,
    }
}

/// As [`put`], with symlinks only, and with `mark` behind the end of what is copied: for a place that is copied away
/// from here, where a hard link would be a second file, and where equal files may be made one again. (A Nix store that
/// is optimised makes them one; what stands behind the last segment and section of an ELF file nobody maps.)
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn put_apart(from: &Path, to: &Path, mark: &str) -> io::Result<()> {
    if !is_elf(from)? {
        return std::os::unix::fs::symlink(from, to);
    }
    let mut copy = File::options().write(true).create_new(true).open(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.write_all(mark.as_bytes())?;
    copy.set_permissions(fs::metadata(from)?.permissions())
}

/// Makes `to` an instance of the folder `from`, complete or not at all.
///
/// # Errors
/// When one cannot be read or the other not be written.
pub fn put_folder(from: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    let partial = parent.join(format!("tmp-{}", std::process::id()));
    // What a process of this number left when it was killed.
    match fs::remove_dir_all(&partial) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    for item in WalkDir::new(from) {
        let item = item?;
        let target = partial.join(item.path().strip_prefix(from).unwrap_or(item.path()));
        if item.file_type().is_dir() {
            fs::create_dir(&target)?;
        } else if item.path_is_symlink() && item.path().is_dir() {
            // A folder of another unit's, which stays that.
            std::os::unix::fs::symlink(fs::read_link(item.path())?, &target)?;
        } else {
            put(item.path(), &target)?;
        }
    }
    match fs::rename(&partial, to) {
        // Another process was first: equal hashes are equal instances.
        Err(_) if to.is_dir() => fs::remove_dir_all(&partial),
        done => done,
    }
}

/// Whether the loader would take it: by its first bytes, since names say nothing (`libx.so.1`, `x.abi3.so`).
///
/// # Errors
/// When it cannot be read.
pub fn is_elf(path: &Path) -> io::Result<bool> {
    let mut magic = [0u8; 4];
    match File::open(path)?.read_exact(&mut magic) {
        Ok(()) => Ok(magic == *b"\x7fELF"),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}
