//! `cargo xtask isolation` and `cargo xtask torch`: packages that break each other by libraries of one name, in one
//! process after a plain `pinfold sync`.
//!
//! Each project of `tests/isolation` is synced with `native = "shared"`, where abicheck must find an error, and as it is,
//! where it must find none and the program must run with either package first; then the other way round, what was root's
//! in the pin. Deliberately not here: what isolation does, and smaller cases, which are tests.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::install::{Venv, build, copy_folder};
use crate::step::{Step, heading};
use crate::{places, pythons};

/// Options of both.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Use the pinfold and the abicheck of this virtual environment, and build none
    #[arg(long, value_name = "FOLDER")]
    installed: Option<PathBuf>,
    /// Keep the store with the packages
    #[arg(long)]
    keep: bool,
}

/// Two pyarrows; PyQt6 beside PySide6; two PySide6; two tensorflows.
pub(crate) fn run(options: &Options) -> Result<bool> {
    all(options, &["pyarrow", "qt", "pyside", "tensorflow"])
}

/// Two torches.
pub(crate) fn torch(options: &Options) -> Result<bool> {
    all(options, &["torch"])
}

fn all(options: &Options, names: &[&str]) -> Result<bool> {
    let found = pythons::find()?;
    let folder = places::target().join("isolation");
    let venv = match &options.installed {
        // Its programs are started in other folders.
        Some(folder) => Venv::at(std::path::absolute(folder).context("there is no working folder")?),
        None => {
            heading("build and install the programs");
            build()?;
            let venv = Venv::make(&found[0], folder.join("venv"))?;
            venv.install_pinfold()?;
            venv
        }
    };
    let store = places::store().join("isolation");
    let mut figures = Vec::new();
    for name in names {
        let project = folder.join(name);
        copy_folder(&places::root().join("tests/isolation").join(name), &project)?;
        for manifest in ["pinfold.toml", "reverse.toml"] {
            let case = Case { venv: &venv, project: &project, store: &store };
            figures.push(case.tried(name, manifest)?);
        }
    }
    if !options.keep {
        remove(&store)?;
    }
    heading("isolating, beside copying the same files");
    figures.iter().for_each(|line| println!("{line}"));
    Ok(true)
}

struct Case<'a> {
    venv: &'a Venv,
    project: &'a Path,
    store: &'a Path,
}

impl Case<'_> {
    fn step(&self, program: impl AsRef<std::ffi::OsStr>) -> Step {
        Step::new(program).folder(self.project).env("PINFOLD_CACHE", self.store)
    }

    fn sync(&self) -> Result<Duration> {
        let began = Instant::now();
        self.step(self.venv.program("pinfold")).arg("sync").run()?;
        Ok(began.elapsed())
    }

    fn finds(&self) -> Result<Option<i32>> {
        self.step(self.venv.program("abicheck")).args(["-q", ".venv"]).code()
    }

    /// Tries one manifest; a line of figures.
    fn tried(&self, name: &str, manifest: &str) -> Result<String> {
        let text = fs::read_to_string(self.project.join(manifest)).context("could not read the manifest")?;
        let pin = text.lines().find(|line| line.starts_with("[pins.")).context("the manifest has no pin")?;
        let shared = text.replace(pin, &format!("{pin}\nnative = \"shared\""));
        heading(&format!("{name}, {manifest}: the libraries shared"));
        fs::write(self.project.join("pinfold.toml"), shared).context("could not write the manifest")?;
        self.sync()?;
        ensure!(self.finds()? == Some(1), "abicheck finds no error where {name} shares its libraries");
        heading(&format!("{name}, {manifest}: as it is"));
        fs::write(self.project.join("pinfold.toml"), &text).context("could not write the manifest")?;
        let isolated = self.store.join("isolated");
        let before = folders(&isolated);
        let isolating = self.sync()?;
        let made: Vec<PathBuf> =
            folders(&isolated).into_iter().filter(|folder| !before.contains(folder)).collect();
        ensure!(self.finds()? == Some(0), "abicheck finds an error after `pinfold sync` of {name}");
        for first in ["root", "pin"] {
            self.step(self.project.join(".venv/bin/python")).args(["app.py", first]).run()?;
        }
        let again = self.sync()?;
        let (files, bytes, copying) = copied(&made, self.project)?;
        Ok(format!(
            "{name} {manifest}: {files} files, {} MB, {:.1} s; {:.1} times as long as copying them; a second sync {:.2} s",
            bytes / 1_000_000,
            isolating.as_secs_f64(),
            isolating.as_secs_f64() / copying.as_secs_f64(),
            again.as_secs_f64()
        ))
    }
}

/// What is in a folder; nothing where there is none.
fn folders(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// How many files in `made` are copies, their bytes, and how long it takes to copy those once more.
fn copied(made: &[PathBuf], project: &Path) -> Result<(usize, u64, Duration)> {
    let target = project.join("copied");
    let (mut files, mut bytes, mut copying) = (0, 0, Duration::ZERO);
    for entry in made.iter().flat_map(walkdir::WalkDir::new) {
        let entry = entry.context("could not list the copies")?;
        let metadata = entry.metadata()?;
        // What is not copied has another name elsewhere.
        if metadata.is_file() && metadata.nlink() == 1 && entry.file_name().to_string_lossy().contains(".so")
        {
            let began = Instant::now();
            fs::copy(entry.path(), &target).context("could not copy a file")?;
            copying += began.elapsed();
            files += 1;
            bytes += metadata.len();
        }
    }
    if files > 0 {
        fs::remove_file(&target).context("could not remove a copy")?;
    }
    Ok((files, bytes, copying))
}

/// Removes a store, read-only as it is.
fn remove(store: &Path) -> Result<()> {
    Step::new("chmod").args(["-R", "u+w"]).arg(store).run()?;
    fs::remove_dir_all(store).with_context(|| format!("could not remove {}", store.display()))
}
