//! The folder of a build: the copy of the source, the environment, a HOME, room for temporary files.
//!
//! ```text
//! <temporary files>/pinfold-build-<uid>/NAME.lock     held while NAME is built
//! <temporary files>/pinfold-build-<uid>/NAME/{NAME, env, home, tmp, out, log, again}
//! ```
//! Its path is the same for every build of a package, because compilers write it into what they make: with another path,
//! the same source would give other bytes. Deliberately not here: results, which are in the store when it goes.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FlockOperation, flock};
use walkdir::WalkDir;

use super::error::{BuildError, io_error};
use crate::environment::activation::quote_sh;

/// The folder of a build; removed when dropped, unless it is to be kept.
#[derive(Debug)]
pub struct Workplace {
    root: PathBuf,
    name: String,
    keep: AtomicBool,
    /// Kept by whoever else made the folder above: another user, or nobody.
    _private: Option<tempfile::TempDir>,
    _lock: File,
}

impl Workplace {
    /// Takes the folder for `name`, empty, once nobody else has it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn take(name: &str, keep: bool) -> Result<Self, BuildError> {
        let (above, private) = above()?;
        let lock_file = above.join(format!("{name}.lock"));
        let lock = File::options().create(true).append(true).open(&lock_file);
        let lock = lock.map_err(io_error("open", &lock_file))?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|e| io_error("lock", &lock_file)(e.into()))?;
        let root = above.join(name);
        remove(&root);
        let place = Workplace {
            root: root.clone(),
            name: name.to_owned(),
            keep: AtomicBool::new(keep),
            _private: private,
            _lock: lock,
        };
        for folder in [root, place.home(), place.tmp(), place.out()] {
            fs::create_dir(&folder).map_err(io_error("make", &folder))?;
        }
        Ok(place)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The copy of the source. Its name may matter to a backend: it is the package's.
    pub fn source(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    /// The environment.
    pub fn environment(&self) -> PathBuf {
        self.root.join("env")
    }

    /// The backend's HOME.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The backend's TMPDIR.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// Where the wheel is put.
    pub fn out(&self) -> PathBuf {
        self.root.join("out")
    }

    /// What the backend says.
    pub fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    /// A script that does the last step by hand.
    pub fn script(&self) -> PathBuf {
        self.root.join("again")
    }

    /// Writes the script: the very command, with its folder and its variables, and what it may not write to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_script(&self, command: &Command) -> Result<(), BuildError> {
        let quoted = |text: &OsStr| quote_sh(&text.to_string_lossy());
        let folder = command.get_current_dir().unwrap_or(&self.root);
        let mut text = format!("#!/bin/sh\ncd {} && exec env -i", quoted(folder.as_os_str()));
        for (name, value) in command.get_envs() {
            let value = value.unwrap_or_default().to_string_lossy();
            text.push_str(&format!(" \\\n  {}", quote_sh(&format!("{}={value}", name.to_string_lossy()))));
        }
        text.push_str(&format!(" \\\n  {}", quoted(command.get_program())));
        for argument in command.get_args() {
            text.push_str(&format!(" {}", quoted(argument)));
        }
        text.push('\n');
        fs::write(self.script(), text).map_err(io_error("write", &self.script()))
    }

    /// Whether it stays.
    pub fn is_kept(&self) -> bool {
        self.keep.load(Ordering::Relaxed)
    }

    /// Puts the log where it stays, `.pinfold/logs/` of the project; `None` when that cannot be, or there is none.
    pub fn keep_log(&self, project: &Path, name: &str) -> Option<PathBuf> {
        let folder = project.join(".pinfold/logs");
        let place = folder.join(name);
        fs::create_dir_all(&folder).ok()?;
        crate::ignore::whole(&project.join(".pinfold"));
        fs::copy(self.log(), &place).ok()?;
        Some(place)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if !self.is_kept() {
            remove(&self.root);
        }
    }
}

/// The hint to do a step of `name` by hand: it can be given as it stands.
pub fn by_hand(project: &Path, name: &str) -> String {
    let here = std::env::current_dir().is_ok_and(|here| here.starts_with(project));
    let named = match here {
        true => String::new(),
        false => format!(" --project {}", quote_sh(&project.display().to_string())),
    };
    format!("`pinfold build {name}{named} --force --keep` keeps the folder, and the command to do it by hand")
}

/// The folder above, which must be ours alone: what others can write to is not built in.
fn above() -> Result<(PathBuf, Option<tempfile::TempDir>), BuildError> {
    let temporary = std::env::temp_dir();
    let temporary = temporary.canonicalize().map_err(io_error("find", &temporary))?;
    let user = rustix::process::geteuid();
    let folder = temporary.join(format!("pinfold-build-{}", user.as_raw()));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    let ours = fs::symlink_metadata(&folder).is_ok_and(|metadata| {
        metadata.is_dir() && metadata.uid() == user.as_raw() && metadata.permissions().mode() & 0o022 == 0
    });
    if ours {
        return Ok((folder, None));
    }
    if let Err(e) = made
        && e.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(io_error("make", &folder)(e));
    }
    let private = tempfile::Builder::new().prefix("pinfold-build-").tempdir_in(&temporary);
    let private = private.map_err(io_error("make a folder in", &temporary))?;
    Ok((private.path().to_owned(), Some(private)))
}

/// Removes a folder, whatever its permissions are. What cannot be removed fails to be made anew, and is said then.
fn remove(folder: &Path) {
    if fs::remove_dir_all(folder).is_ok() {
        return;
    }
    for entry in WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_dir()) {
        let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755));
    }
    let _ = fs::remove_dir_all(folder);
}
