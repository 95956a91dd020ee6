//! What an input stands for that is not an environment itself but leads to one: a project, a program or a folder of a
//! virtual environment, a folder of wheels, a Nix store path with what it propagates.
//!
//! Deliberately not here: reading what is meant, and inputs that are nothing (`site.rs` says what to give).

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::InputError;
use super::interpreter::{Interpreter, version_in};
use super::pinned::closure_of;
use super::reading::{read, shown};
use super::virtualenv;

/// What is looked at, and what to say about it.
pub(super) struct Meant {
    pub(super) inputs: Vec<PathBuf>,
    pub(super) notes: Vec<String>,
}

/// Store paths that are followed at most; the closure of a large environment has some hundreds.
const MOST: usize = 10_000;
/// Bytes of a list of store paths.
const LONGEST: u64 = 1 << 20;

/// What `given` mean.
pub(super) fn meant(given: &[PathBuf]) -> Result<Meant, InputError> {
    let mut meant = Meant { inputs: Vec::new(), notes: Vec::new() };
    let mut known = HashSet::new();
    for input in given {
        for one in meant.one(input)? {
            meant.add(one, &mut known);
        }
    }
    Ok(meant)
}

impl Meant {
    fn one(&mut self, input: &Path) -> Result<Vec<PathBuf>, InputError> {
        if closure_of(input).is_some() || virtualenv::is_one(input) {
            return Ok(vec![input.to_owned()]);
        }
        if let Some(environment) = above(input) {
            return Ok(vec![environment]);
        }
        if input.is_file() {
            return if is_python(input) { Err(python(input)) } else { Ok(vec![input.to_owned()]) };
        }
        let names = names(input);
        let ends =
            |end: &'static str| names.iter().filter(move |name| name.extension().is_some_and(|is| is == end));
        if ends("dist-info").next().is_none() {
            let inside = input.join(".venv");
            if virtualenv::is_one(&inside) {
                let [project, found] = [input, &*inside].map(|path| shown(&path.to_string_lossy()));
                self.notes.push(format!("{project} is a project; its environment {found} is looked at"));
                return Ok(vec![inside]);
            }
            let wheels: Vec<PathBuf> = ends("whl").map(|name| input.join(name)).collect();
            if !wheels.is_empty() {
                return Ok(wheels);
            }
        }
        Ok(vec![input.to_owned()])
    }

    /// Adds `input`, and the store paths that it propagates to whoever uses it (Nixpkgs, `propagatedBuildInputs`):
    /// what a Python package requires, and the interpreter that it is for.
    fn add(&mut self, input: PathBuf, known: &mut HashSet<PathBuf>) {
        let mut left = vec![input];
        while let Some(input) = left.pop() {
            if known.len() == MOST || !known.insert(input.clone()) {
                continue;
            }
            let list = input.join("nix-support/propagated-build-inputs");
            let list = read(&list, LONGEST).unwrap_or_default();
            let list = String::from_utf8_lossy(&list);
            let further: Vec<PathBuf> = list.split_whitespace().map(PathBuf::from).collect();
            // The first of a list is looked at first.
            left.extend(further.into_iter().rev().filter(|path| has_packages(path)));
            self.inputs.push(input);
        }
    }
}

/// The virtual environment whose program, or whose `bin`, `lib` or `lib/python3.*`, `input` is.
fn above(input: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(input).ok()?;
    let name = absolute.file_name()?.to_str()?;
    let parent = absolute.parent()?;
    let environment = match name {
        "bin" | "lib" | "lib64" => parent,
        _ if is_python(&absolute) || version_in(name).is_some() => parent.parent()?,
        _ => return None,
    };
    virtualenv::is_one(environment).then(|| environment.to_owned())
}

fn is_python(input: &Path) -> bool {
    let name = input.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("python"))
        && input.is_file()
        && input
            .extension()
            .is_none_or(|rest| rest.to_string_lossy().starts_with(|c: char| c.is_ascii_digit()))
}

/// An interpreter is given that is of no virtual environment.
fn python(input: &Path) -> InputError {
    let interpreter = Interpreter::at(input).ok();
    let site = interpreter.map(|found| found.stdlib.join("site-packages")).filter(|site| site.is_dir());
    let folder = site.map_or_else(|| "PATH".to_owned(), |site| site.display().to_string());
    InputError::NoEnvironment {
        path: input.to_owned(),
        what: "an interpreter and no environment".to_owned(),
        hint: format!(
            "give the folder that its packages are in: `abicheck {folder}`; to import with it, `--python`"
        ),
    }
}

fn has_packages(path: &Path) -> bool {
    let inside = std::fs::read_dir(path.join("lib")).into_iter().flatten().flatten();
    inside.into_iter().any(|entry| entry.path().join("site-packages").is_dir())
}

/// The names in a folder, sorted; none where it cannot be listed, which whoever reads it says.
fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.file_name().into()).collect();
    names.sort();
    names
}

/// Virtual environments right below a folder, to be named in a hint.
pub(super) fn environments_in(folder: &Path) -> Vec<PathBuf> {
    let inside = names(folder).into_iter().map(|name| folder.join(name));
    inside.filter(|path| virtualenv::is_one(path)).collect()
}
