//! Virtual environments below `target/` with this checkout installed, by the documented `pip install ./python`.
//!
//! Deliberately not here: another way to install. What a user types is what is tried.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::places;
use crate::pythons::Python;
use crate::step::Step;

/// A virtual environment.
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// Makes a fresh one in `folder` (below `target/`); one that is there is replaced.
    pub(crate) fn make(python: &Python, folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove {}", folder.display()))?;
        }
        Step::new(&python.executable)
            .args(["-m", "venv"])
            .arg(&folder)
            .run()
            .context("could not make a virtual environment\nhint: on Debian: apt-get install python3-venv")?;
        Ok(Venv(folder))
    }

    /// One that is there.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Venv(folder)
    }

    /// Installs with pip; `what` are its arguments.
    pub(crate) fn pip<S: AsRef<std::ffi::OsStr>>(&self, what: impl IntoIterator<Item = S>) -> Result<()> {
        Step::new(self.program("python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(what)
            .run()
    }

    /// Installs this checkout.
    pub(crate) fn install_pinfold(&self) -> Result<()> {
        self.pip([places::root().join("python")])
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    /// A program of its `bin/`.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }
}

/// Builds the programs that `pip install ./python` will pack, so that cargo's progress is seen; pip shows none.
///
/// The hook is left to pip: maturin builds it with settings of its own, and cargo would build it twice.
pub(crate) fn build() -> Result<()> {
    let packages = ["pinfold-cli", "abicheck", "wheelsplit"].map(|package| ["--package", package]);
    cargo().args(["build", "--release", "--locked"]).args(packages.concat()).run()
}

/// The cargo that runs this command.
pub(crate) fn cargo() -> Step {
    Step::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Copies `from`, a folder of the checkout, to `to`, which is replaced.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to).with_context(|| format!("could not remove {}", to.display()))?;
    }
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.context("could not read the folder to copy")?;
        let place = to.join(entry.path().strip_prefix(from)?);
        let done = match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(&place),
            false => std::fs::copy(entry.path(), &place).map(|_| ()),
        };
        done.with_context(|| format!("could not copy {} to {}", entry.path().display(), place.display()))?;
    }
    Ok(())
}
