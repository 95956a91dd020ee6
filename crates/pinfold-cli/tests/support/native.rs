//! Wheels of the packages that a scenario of `tests/abicheck` compiles.
//!
//! Deliberately not here: what the scenarios show; abicheck's own tests say it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_core::closure::Native;
use pinfold_core::names::UnitId;
use tempfile::TempDir;

use super::Project;

/// Files by path in the wheel.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of the packages `one` and `two` of the scenario whose folder begins with `number`.
pub fn compiled(number: &str) -> [Files; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/abicheck");
    let entries = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
    let is_it =
        |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{number}_"));
    let scenario = entries.into_iter().find(is_it).expect("a scenario");
    let script = format!(". {}/prelude.sh\n. {}/build.sh", folder.display(), scenario.display());
    script_files(&script)
}

/// As [`compiled`], of a script in the words of `prelude.sh`.
pub fn script_files(script: &str) -> [Files; 2] {
    let built = built(script);
    ["one", "two"].map(|name| {
        let of_it = |(path, _): &(&String, &Vec<u8>)| {
            let top = path.split('/').next().unwrap_or_default();
            top == name || top.strip_suffix(".libs") == Some(name)
        };
        built.iter().filter(of_it).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
    })
}

/// All that a script in the words of `prelude.sh` makes.
pub fn built(script: &str) -> Files {
    let script = if script.starts_with(". ") {
        script.to_owned()
    } else {
        format!(". {}/../../tests/abicheck/prelude.sh\n{script}", env!("CARGO_MANIFEST_DIR"))
    };
    let out = TempDir::new().unwrap();
    let site = out.path().join("site");
    fs::create_dir(&site).unwrap();
    let mut command = Command::new("sh");
    command.args(["-euc", &script]).current_dir(out.path());
    command.env("SITE", &site).env("SUFFIX", ".so").env("TAG", "py3-none-any");
    assert!(command.status().unwrap().success(), "{script}");
    let files =
        walkdir::WalkDir::new(&site).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let file = |entry: walkdir::DirEntry| {
        let path = entry.path().strip_prefix(&site).unwrap().to_str().unwrap().to_owned();
        (path, fs::read(entry.path()).unwrap())
    };
    files.map(file).collect()
}

impl Project {
    /// Two packages, each with a pin; root requires both.
    pub fn two_pins([one, two]: &[Files; 2]) -> (Self, [UnitId; 2]) {
        let mut project = Project::new();
        let units = [("one", one), ("two", two)].map(|(name, files)| {
            let bytes =
                super::wheel_of_bytes(name, "1.0", files.iter().map(|(path, bytes)| (path.as_str(), bytes)));
            let wheel = project.add_wheel(name, "1.0", &bytes);
            let id = project.unit(name, &wheel, &[], &["root"]);
            project.require(&id, name);
            project.pin(&id, name, &[]);
            id
        });
        project.lock();
        (project, units)
    }

    /// Says what becomes of libraries that a pinned unit would share.
    pub fn native(&mut self, id: &UnitId, native: Native) {
        let unit = self.units.iter_mut().find(|unit| unit.id == *id).unwrap();
        unit.pin.as_mut().unwrap().native = native;
        self.lock();
    }

    /// Writes the lock with what the manifest says of all libraries.
    pub fn lock_with(&mut self, native: Native) {
        self.lock();
        let path = self.app().join("pinfold.lock");
        let lock = pinfold_core::lock::Lock::read(&path).unwrap().unwrap();
        fs::write(path, pinfold_core::lock::Lock { native, ..lock }.to_toml().unwrap()).unwrap();
    }
}
