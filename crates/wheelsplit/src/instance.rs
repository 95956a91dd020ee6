//! Instances: a second, real copy of a wheel's compiled files, for a unit with other dependencies.
//!
//! glibc knows a loaded file by device and inode, so that two units can share what Python reads and must not
//! share what `dlopen` loads. Compiled files are copied (cloned where the file system can), everything else is
//! hard-linked, or symlinked where that is not possible. Deliberately not here: which units need one.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::error::Error;
use crate::layout::SITE;
use crate::modules;
use crate::staging::Staging;
use crate::store::{Installed, Store, exists, key};

impl Store {
    /// The `site-packages` of the unit's own copy of the wheel, made if it is not there.
    ///
    /// # Errors
    /// When `unit` is not a unit's hash, or the store cannot take it.
    pub fn instance(&self, wheel: &Installed, unit: &str) -> Result<PathBuf, Error> {
        let unit = key(unit)?;
        let dir = self.instances().join(unit);
        if !exists(&dir)? {
            let staging = Staging::new(self, "instance-")?;
            copy(&wheel.site(), &staging.path().join(SITE))?;
            let table = staging.path().join(modules::FILE);
            fs::copy(wheel.modules(), &table).map_err(|e| Error::store("write", &table, e))?;
            staging.publish(&dir)?;
        }
        Ok(dir.join(SITE))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut files = Vec::new();
    for item in WalkDir::new(from) {
        let item = item.map_err(|e| Error::store("list", from, e))?;
        let target = to.join(item.path().strip_prefix(from).unwrap_or(item.path()));
        if item.file_type().is_dir() {
            fs::create_dir(&target).map_err(|e| Error::store("create", &target, e))?;
        } else {
            files.push((item.into_path(), target));
        }
    }
    files.par_iter().try_for_each(|(from, to)| {
        if is_elf(from).map_err(|e| Error::store("read", from, e))? {
            // On Linux this is copy_file_range(2), which clones where it can.
            return fs::copy(from, to).map(drop).map_err(|e| Error::store("write", to, e));
        }
        link(from, to).map_err(|e| Error::store("link", to, e))
    })
}

/// Whether the loader would take it: by its first bytes, since names say nothing (`libx.so.1`, `x.abi3.so`).
fn is_elf(path: &Path) -> std::io::Result<bool> {
    let mut magic = [0u8; 4];
    match File::open(path)?.read_exact(&mut magic) {
        Ok(()) => Ok(magic == *b"\x7fELF"),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

fn link(from: &Path, to: &Path) -> std::io::Result<()> {
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
