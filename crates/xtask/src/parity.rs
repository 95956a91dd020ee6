//! `cargo xtask parity`: the simulated loader beside the real one, rule by rule and for real packages.
//!
//! Each set of packages is installed below `target/`, imported in a real Python under `LD_DEBUG`, and the opens that
//! this shows are simulated in their order. Deliberately not here: the comparison, which is `elf_loader::parity`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::install::{Venv, cargo};
use crate::places;
use crate::pythons::{self, Python};
use crate::step::{Step, heading};

/// Options of `parity`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these sets of packages; `rules` stands for the scenarios
    #[arg(value_name = "SET")]
    names: Vec<String>,
}

/// Packages in one environment, and the imports whose loads are compared, each in a process of its own.
struct Set {
    name: &'static str,
    requirements: &'static [&'static str],
    imports: &'static [&'static str],
}

/// Pinned, so that a difference is one of the loader and not of a release. Pairs of which one order breaks are in
/// both: what fails must fail alike.
const SETS: [Set; 5] = [
    Set {
        name: "scientific",
        requirements: &[
            "numpy==2.1.3",
            "scipy==1.14.1",
            "pandas==2.2.3",
            "pyarrow==18.0.0",
            "scikit-learn==1.5.2",
            "opencv-python-headless==4.10.0.84",
            "matplotlib==3.9.2",
        ],
        imports: &[
            "numpy",
            "scipy.stats, scipy.signal, scipy.sparse.linalg, scipy.interpolate",
            "pandas, pyarrow.parquet, pyarrow.flight, pyarrow.dataset",
            "cv2, sklearn.ensemble, sklearn.svm, matplotlib.pyplot, pandas, pyarrow",
            "pyarrow, cv2, scipy.linalg, numpy",
        ],
    },
    Set {
        name: "hdf5",
        requirements: &["h5py==3.11.0", "netCDF4==1.7.1.post1", "numpy==1.26.4"],
        imports: &["h5py, netCDF4", "netCDF4, h5py"],
    },
    Set {
        name: "qt",
        requirements: &["PySide6-Essentials==6.5.0", "shiboken6==6.5.0", "PyQt6==6.7.1", "PyQt6-Qt6==6.7.3"],
        imports: &["PySide6.QtCore, PyQt6.QtCore", "PyQt6.QtCore, PyQt6.QtNetwork, PySide6.QtNetwork"],
    },
    Set {
        name: "grpc",
        requirements: &["grpcio==1.66.2", "pyarrow==17.0.0", "numpy==1.26.4"],
        imports: &["grpc, pyarrow, pyarrow.flight", "pyarrow.flight, grpc"],
    },
    // Each of these brings its own copies of what the others bring.
    Set {
        name: "geospatial",
        requirements: &[
            "rasterio==1.4.4",
            "pyproj==3.7.2",
            "shapely==2.2.0",
            "lxml==6.1.3",
            "psycopg2-binary==2.9.13",
            "onnxruntime==1.31.1",
        ],
        imports: &[
            "lxml.etree, psycopg2, pyproj, shapely, rasterio, onnxruntime",
            "onnxruntime, rasterio, shapely, pyproj, psycopg2, lxml.etree",
        ],
    },
];

/// Compares everything; `false` when anything differs.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let known = SETS.iter().map(|set| set.name).chain(["rules"]).collect::<Vec<_>>();
    if let Some(other) = options.names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("no set of packages is named {other}\nhint: there are {}", known.join(", "));
    }
    let wanted = |name: &str| options.names.is_empty() || options.names.iter().any(|wanted| wanted == name);
    let mut equal = true;
    if wanted("rules") {
        heading("compare the rules of tests/loader");
        let test = cargo().args(["test", "--locked", "--package", "elf-loader", "--test", "scenarios"]);
        equal &= test.args(["--", "--nocapture"]).code()? == Some(0);
    }
    let sets: Vec<&Set> = SETS.iter().filter(|set| wanted(set.name)).collect();
    if sets.is_empty() {
        return Ok(equal);
    }
    let found = pythons::find()?;
    // The pairs that break have wheels for this one.
    let python = found.iter().find(|python| python.minor == "3.11").unwrap_or(&found[0]);
    heading("build the comparison");
    let build = cargo().args(["build", "--release", "--locked", "--package", "elf-loader"]);
    build.args(["--example", "parity"]).run()?;
    for set in sets {
        let venv = installed(python, set)?;
        for imports in set.imports {
            heading(&format!("compare `import {imports}`"));
            equal &= compare(python, &venv, imports)?;
        }
    }
    Ok(equal)
}

/// The environment of a set, made anew when its requirements changed.
fn installed(python: &Python, set: &Set) -> Result<Venv> {
    let folder = places::target().join("parity").join(set.name);
    let (mark, stated) =
        (folder.join("parity-installed"), format!("{} {}", python.version, set.requirements.join(" ")));
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == stated) {
        return Ok(Venv::at(folder));
    }
    heading(&format!("install {}", set.name));
    let venv = Venv::make(python, folder)?;
    venv.pip(["--only-binary", ":all:", "--no-compile"].iter().chain(set.requirements))?;
    std::fs::write(&mark, stated).with_context(|| format!("could not write {}", mark.display()))?;
    Ok(venv)
}

/// Runs one import with the real loader, then the simulation beside what it reported.
fn compare(python: &Python, venv: &Venv, imports: &str) -> Result<bool> {
    let folder = places::target().join("parity/traces");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("could not remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    // An import that fails is compared too: one order of some pairs does.
    Step::new(venv.program("python"))
        .args(["-c", &format!("import {imports}")])
        .env("LD_DEBUG", "files,libs,bindings,versions,scopes,reloc")
        .env("LD_DEBUG_OUTPUT", folder.join("trace"))
        .env("LD_BIND_NOW", "1")
        .code()?;
    let program = std::fs::canonicalize(&python.executable)
        .with_context(|| format!("could not find {}", python.executable.display()))?;
    let compare = places::target().join("release/examples/parity");
    Ok(Step::new(compare).arg(program).arg(largest(&folder)?).code()? == Some(0))
}

/// The trace of Python itself; a child process of an import writes one too.
fn largest(folder: &Path) -> Result<PathBuf> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?;
    let sized = entries.flatten().map(|entry| (entry.metadata().map_or(0, |data| data.len()), entry.path()));
    let largest = sized.max().map(|(_, path)| path);
    largest.context(
        "the dynamic loader wrote no trace\nhint: LD_DEBUG is for programs of glibc, linked dynamically",
    )
}
