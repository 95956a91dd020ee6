//! The Python package `pinfold` with the hook's library: found beside our program, copied into the store.
//!
//! An environment links to the copy, so that it keeps working when Pinfold itself is upgraded or its own
//! environment is deleted. The copy holds bytecode for one Python, compiled once, and is read-only: starting
//! Python costs no compilation and nothing writes there. Deliberately not here: what the package does.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;
use wheelsplit::Store;

use crate::digest::hex;
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
            let found = Self::read(&path)
                .with_context(|| format!("could not use `{}`, which PINFOLD_PACKAGE names", path.display()));
            return found.hint("it must name the folder `pinfold` with the hook's library in it");
        }
        let program = env::current_exe().context("could not tell where this program lies")?;
        let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let lib = fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
        let pythons = lib.filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"));
        let mut places: Vec<PathBuf> = pythons
            .flat_map(|entry| {
                ["site-packages", "dist-packages"].map(|site| entry.path().join(site).join("pinfold"))
            })
            .filter(|folder| folder.join(LIBRARY).is_file())
            .collect();
        places.sort();
        match places.pop() {
            Some(place) => Self::read(&place),
            None => Err(hinted(
                anyhow!(
                    "found no Python package `pinfold` with the import hook beside {}",
                    program.display()
                ),
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
            if !entry.file_type().is_file() || name.components().any(|part| part.as_os_str() == "__pycache__")
            {
                continue;
            }
            let bytes = fs::read(entry.path())
                .with_context(|| format!("could not read {}", entry.path().display()))?;
            for part in [name.as_os_str().as_encoded_bytes(), &bytes] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
            files.push(name);
        }
        if !files.iter().any(|file| file == Path::new(LIBRARY)) {
            return Err(anyhow!("{} has no {LIBRARY}", path.display()));
        }
        let digest = hex(&digest.finalize());
        Ok(Package { path, digest, files })
    }

    /// The copy in the store for `interpreter`, made if it is not there: the folder `pinfold`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn in_store(&self, store: &Store, interpreter: &Interpreter) -> Result<PathBuf> {
        let key = hex(&Sha256::digest(format!("{} {}", self.digest, interpreter.soabi)));
        let place = store.hook(&key, |folder| self.copy(&folder.join("pinfold"), interpreter))?;
        Ok(place.join("pinfold"))
    }

    /// Makes a copy in the folder `out`, for `interpreter`: the folder `out/pinfold`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn copy_to(&self, out: &Path, interpreter: &Interpreter) -> Result<()> {
        self.copy(&out.join("pinfold"), interpreter)
            .with_context(|| format!("could not copy the import hook to {}", out.display()))
    }

    fn copy(&self, package: &Path, interpreter: &Interpreter) -> io::Result<()> {
        for file in &self.files {
            let target = package.join(file);
            fs::create_dir_all(target.parent().unwrap_or(package))?;
            fs::copy(self.path.join(file), &target)?;
        }
        compile(package, interpreter);
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
