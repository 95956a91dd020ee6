//! Local folders with a build backend of their own, `backend.py`, and what builds of them left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{Project, fitting, said};

const BUILD_SYSTEM: &str = "build-backend = \"backend\"\nbackend-path = [\".\"]\n";

/// Makes the folder `app/NAME` with a package of that name.
pub fn folder(project: &Project, name: &str, requires: &[&str], module: &str) -> PathBuf {
    let folder = project.path("app").join(name);
    fs::create_dir_all(&folder).unwrap();
    write(&folder, "pyproject.toml", &format!("[build-system]\nrequires = {requires:?}\n{BUILD_SYSTEM}"));
    write(&folder, "backend.py", include_str!("backend.py"));
    write(&folder, "name", name);
    write(&folder, "module.py", module);
    folder
}

/// Offers a source distribution in `links`, whose backend is as bad as `mode` says. One that is not static has to be
/// built to know what it requires, which uv does; another says so itself (PEP 643).
pub fn source(project: &Project, name: &str, version: &str, mode: &str, is_static: bool) {
    let source = folder(project, name, &[], "x = 'from source'\n");
    let metadata = if is_static { "2.2" } else { "2.1" };
    write(&source, "PKG-INFO", &format!("Metadata-Version: {metadata}\nName: {name}\nVersion: {version}\n"));
    write(&source, "version", version);
    write(&source, "mode", mode);
    pack(project, name, version, &project.path("app/links"));
    fs::remove_dir_all(source).unwrap();
}

/// Packs the folder `app/NAME` as `NAME-VERSION.tar.gz` into `folder`.
pub fn pack(project: &Project, name: &str, version: &str, into: &Path) -> PathBuf {
    let top = format!("{name}-{version}");
    let file = into.join(format!("{top}.tar.gz"));
    let renamed = format!("s,^{name},{top},");
    let mut tar = Command::new("tar");
    tar.arg("--transform").arg(renamed).arg("-czf").arg(&file).arg("-C").arg(project.path("app")).arg(name);
    assert!(tar.status().unwrap().success());
    file
}

pub fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What `pinfold build ARGS` did, as `package step` and whether it ran, in order.
pub fn steps(project: &Project, args: &[&str]) -> String {
    let output = project.command(&[&["build", "--output-format", "json"], args].concat()).output().unwrap();
    assert!(!output.stdout.is_empty(), "{}", said(&output));
    let document = fitting(&output.stdout, include_str!("../../src/commands/build.schema.json"));
    let line = |step: &Value| {
        let text = |key: &str| step[key].as_str().unwrap().to_owned();
        let ran = if step["ran"].as_bool().unwrap() { "ran" } else { "not" };
        format!("{} {} {ran}: {}\n", text("package"), text("step"), text("why"))
    };
    document["steps"].as_array().unwrap().iter().map(line).collect()
}

/// Names of what stands in a folder of the store.
pub fn kept(project: &Project, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(project.store().join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
