//! The Python package `pinfold` with the hook's library: found beside our program, copied into the store.
//!
//! An environment links to the copy, so that it keeps working when Pinfold itself is upgraded or its own
//! environment is deleted. The copy holds bytecode for one Python, compiled once, and is read-only: starting
//! Python costs no compilation and nothing writes there. Deliberately not here: what the package does.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;

/// The hook's library, inside the package.
const LIBRARY: &str = "_hook.abi3.so";

/// The package, and a digest of all its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder `pinfold`.
    pub path: PathBuf,
    /// SHA-256 over the names and bytes of its files, 64 hexadecimal digits.
    pub digest: String,
    files: Vec<PathBuf>,
}

impl Package {
    /// Finds the package: `PINFOLD_PACKAGE`, else where pip installed it, relative to our program.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn find() -> Result<Self> {
        if let Some(named) = env::var_os("PINFOLD_PACKAGE") {
            let path = PathBuf::from(named);
            let found = Self::read(&path).with_context(|| format!("could not use `{}`, which PINFOLD_PACKAGE names", path.display()));
            return found.hint("it must name the folder `pinfold` with the hook's library in it");
        }
        let program = env::current_exe().context("could not tell where this program lies")?;
        let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let lib = fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
        let pythons = lib.filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"));
        let mut places: Vec<PathBuf> = pythons
            .flat_map(|entry| ["site-packages", "dist-packages"].map(|site| entry.path().join(site).join("pinfold")))
            .filter(|folder| folder.join(LIBRARY).is_file())
            .collect();
        places.sort();
        match places.pop() {
            Some(place) => Self::read(&place),
            None => Err(hinted(
                anyhow!("found no Python package `pinfold` with the import hook beside {}", program.display()),
                "install Pinfold with pip or uv (`pip install ./python`), which puts program and package in one place; PINFOLD_PACKAGE names the package's folder where they lie apart",
            )),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let path = path.canonicalize()?;
        let mut files = Vec::new();
        let mut digest = Sha256::new();
        for entry in WalkDir::new(&path).sort_by_file_name() {
            let entry = entry?;
            let name = entry.path().strip_prefix(&path)?.to_owned();
            if !entry.file_type().is_file() || name.components().any(|part| part.as_os_str() == "__pycache__") {
                continue;
            }
            let bytes = fs::read(entry.path()).with_context(|| format!("could not read {}", entry.path().display()))?;
            for part in [name.as_os_str().as_encoded_bytes(), &bytes] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
            files.push(name);
        }
        if !files.iter().any(|file| file == Path::new(LIBRARY)) {
            return Err(anyhow!("{} has no {LIBRARY}", path.display()));
        }
        let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Package { path, digest, files })
    }

    /// The copy in the store for `interpreter`, made if it is not there: the folder `pinfold`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn in_store(&self, store: &Path, interpreter: &Interpreter) -> Result<PathBuf> {
        let key = Sha256::digest(format!("{} {}", self.digest, interpreter.soabi));
        let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let hooks = store.join("hooks");
        let place = hooks.join(key);
        let package = place.join("pinfold");
        if package.join(LIBRARY).is_file() {
            return Ok(package);
        }
        self.copy(store, &place, interpreter)
            .with_context(|| format!("could not copy the import hook to {}", place.display()))
            .hint("the store must be writable and have room; PINFOLD_CACHE puts it elsewhere")?;
        Ok(package)
    }

    fn copy(&self, store: &Path, place: &Path, interpreter: &Interpreter) -> Result<()> {
        let tmp = store.join("tmp");
        fs::create_dir_all(&tmp)?;
        fs::create_dir_all(store.join("hooks"))?;
        let temporary = tempfile::Builder::new().prefix("hook-").tempdir_in(&tmp)?;
        let package = temporary.path().join("pinfold");
        for file in &self.files {
            let target = package.join(file);
            fs::create_dir_all(target.parent().unwrap_or(&package))?;
            fs::copy(self.path.join(file), &target)?;
        }
        compile(&package, interpreter);
        seal(temporary.path())?;
        let folder = temporary.keep();
        match fs::rename(&folder, place) {
            Ok(()) => {}
            // Another process was faster: its copy has the same bytes.
            Err(_) if place.join("pinfold").join(LIBRARY).is_file() => remove(&folder),
            Err(error) => {
                remove(&folder);
                return Err(error.into());
            }
        }
        fs::File::open(store.join("hooks"))?.sync_all()?;
        Ok(())
    }
}

/// Compiles the package for one Python; without bytecode it works too, only slower.
fn compile(package: &Path, interpreter: &Interpreter) {
    let _ = Command::new(&interpreter.executable)
        .args(["-I", "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "-s"])
        .arg(package.parent().unwrap_or(package))
        .args(["-o", "0", "-o", "1", "-o", "2"])
        .arg(package)
        .env("PINFOLD_DISABLE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Makes a folder read-only and durable, what is inside first.
fn seal(folder: &Path) -> Result<()> {
    for entry in WalkDir::new(folder).contents_first(true).min_depth(1) {
        let entry = entry?;
        let program = entry.file_type().is_dir() || entry.path().extension().is_some_and(|end| end == "so");
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(if program { 0o555 } else { 0o444 }))?;
        fs::File::open(entry.path())?.sync_all()?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Removes a sealed folder; what cannot be removed is left to the collection.
fn remove(folder: &Path) {
    for entry in WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_dir()) {
        let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755));
    }
    let _ = fs::remove_dir_all(folder);
}
