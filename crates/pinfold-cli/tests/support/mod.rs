//! Projects made in a temporary folder: wheels of a few lines, a lock over them, a store, a stand-in for the hook.
//!
//! No network, no uv: the lock is made here and used with `--frozen`. Deliberately not here: the real hook, which
//! the tests of the folder `tests/` at the top use.

#![allow(clippy::unwrap_used, reason = "what a test unwraps and is not there fails the test")]
#![allow(dead_code, reason = "every test binary uses its own part of this")]
#![allow(unreachable_pub, reason = "a module of a test binary has no outside")]

pub mod folders;
pub mod index;
pub mod links;
mod namespaces;
pub mod native;
mod wheels;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use data_encoding::BASE64URL_NOPAD;
use pinfold_core::closure::{Closure, Pin};
use pinfold_core::lock::{Lock, LockedUnit, Wheel};
use pinfold_core::names::UnitId;
use pinfold_core::units::{Node, hashes};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub use wheels::*;

/// A project with a store of its own.
pub struct Project {
    root: tempfile::TempDir,
    wheels: Vec<Wheel>,
    units: Vec<LockedUnit>,
    closures: Vec<Closure>,
}

/// What `pinfold tree` and others say about the interpreter that tests use.
pub struct Python {
    pub path: PathBuf,
    pub minor: String,
    pub platform: String,
}

/// The interpreter that tests use: the first supported one that there is.
pub fn python() -> &'static Python {
    static PYTHON: OnceLock<Python> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let store = tempfile::tempdir().unwrap();
        let request = pinfold_cli::interpreter::Request::Any;
        let found = pinfold_cli::interpreter::find(&request, store.path(), None)
            .expect("these tests need Python 3.11, 3.12 or 3.13");
        Python { path: found.executable, minor: found.minor, platform: found.platform }
    })
}

pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Project {
    pub fn new() -> Self {
        let root = Closure {
            name: "root".into(),
            owner: None,
            track: None,
            requires: Vec::new(),
            direct: Vec::new(),
            units: Vec::new(),
        };
        let folder = tempfile::tempdir().unwrap();
        let project = Project { root: folder, wheels: Vec::new(), units: Vec::new(), closures: vec![root] };
        fs::create_dir_all(project.path("app/wheels")).unwrap();
        fs::create_dir_all(project.path("tmp")).unwrap();
        fs::create_dir_all(project.path("package/pinfold")).unwrap();
        fs::write(project.path("app/pinfold.toml"), "requires = []\n").unwrap();
        fs::write(project.path("package/pinfold/__init__.py"), "").unwrap();
        fs::write(project.path("package/pinfold/_boot.py"), "").unwrap();
        // The real one is a program of another crate, and looks at libraries that wheels made here do not have.
        let none = "#!/bin/sh\necho '{\"version\": 1, \"findings\": []}'\n";
        fs::write(project.path("abicheck"), none).unwrap();
        fs::set_permissions(project.path("abicheck"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(project.path("package/pinfold/_hook.abi3.so"), "not a library").unwrap();
        project
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.root.path().canonicalize().unwrap().join(inside)
    }

    pub fn app(&self) -> PathBuf {
        self.path("app")
    }

    pub fn venv(&self) -> PathBuf {
        self.path("app/.venv")
    }

    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// Makes a wheel of `files` and adds it to the lock; returns its hash.
    pub fn wheel(&mut self, name: &str, version: &str, files: &[(&str, &str)]) -> String {
        self.wheel_requiring(name, version, &[], files)
    }

    /// As [`Self::wheel`], with requirements in its metadata.
    pub fn wheel_requiring(
        &mut self,
        name: &str,
        version: &str,
        requires: &[&str],
        files: &[(&str, &str)],
    ) -> String {
        self.add_wheel(name, version, &wheel_bytes(name, version, requires, files))
    }

    /// Adds a wheel file to the lock; returns its hash.
    pub fn add_wheel(&mut self, name: &str, version: &str, bytes: &[u8]) -> String {
        let sha256 = hex(bytes);
        let file = format!("{}-{version}-py3-none-any.whl", name.replace('-', "_"));
        fs::write(self.path("app/wheels").join(&file), bytes).unwrap();
        self.wheels.push(Wheel {
            name: name.into(),
            version: version.into(),
            path: Some(format!("wheels/{file}")),
            file,
            sha256: sha256.clone(),
            size: None,
            index: None,
            uploaded: None,
            source: None,
        });
        sha256
    }

    /// Adds a unit of `wheel` with these dependencies to the closures named.
    pub fn unit(&mut self, name: &str, wheel: &str, dependencies: &[&UnitId], closures: &[&str]) -> UnitId {
        let mut dependencies: Vec<UnitId> = dependencies.iter().map(|id| (*id).clone()).collect();
        dependencies.sort();
        let position = |id: &UnitId| self.units.iter().position(|unit| unit.id == *id);
        let mut nodes: Vec<Node> = self
            .units
            .iter()
            .map(|unit| Node {
                name: self.wheels.iter().find(|w| w.sha256 == unit.wheel).unwrap().name.clone(),
                wheel: unit.wheel.clone(),
                dependencies: unit.dependencies.iter().filter_map(position).collect(),
            })
            .collect();
        nodes.push(Node {
            name: name.into(),
            wheel: wheel.into(),
            dependencies: dependencies.iter().filter_map(position).collect(),
        });
        let hash = hashes(&nodes).pop().unwrap();
        let id = UnitId::new(name, &hash);
        for closure in self.closures.iter_mut().filter(|closure| closures.contains(&closure.name.as_str())) {
            closure.units.push(id.clone());
            closure.units.sort();
        }
        self.units.push(LockedUnit {
            id: id.clone(),
            hash,
            wheel: wheel.to_owned(),
            dependencies,
            pin: None,
        });
        self.units.sort_by(|a, b| a.id.cmp(&b.id));
        id
    }

    /// A wheel with one module, as a unit of root's closure that root requires.
    pub fn simple(&mut self, name: &str, version: &str, dependencies: &[&UnitId]) -> UnitId {
        let module = format!("{}.py", name.replace('-', "_"));
        let wheel = self.wheel(name, version, &[(&module, &format!("version = {version:?}\n"))]);
        let id = self.unit(name, &wheel, dependencies, &["root"]);
        self.require(&id, name);
        id
    }

    /// Root requires the unit.
    pub fn require(&mut self, id: &UnitId, requirement: &str) {
        self.closures[0].direct.push(id.clone());
        self.closures[0].direct.sort();
        self.closures[0].requires.push(requirement.into());
    }

    /// Pins a unit: from now on there is a closure of its name, which holds it.
    pub fn pin(&mut self, id: &UnitId, name: &str, direct: &[&UnitId]) {
        let mut direct: Vec<UnitId> = direct.iter().map(|id| (*id).clone()).collect();
        direct.sort();
        let mut units = direct.clone();
        units.push(id.clone());
        units.sort();
        let requires = direct.iter().map(ToString::to_string).collect();
        self.closures.push(Closure {
            name: name.into(),
            owner: Some(id.clone()),
            track: None,
            requires,
            direct,
            units,
        });
        let unit = self.units.iter_mut().find(|unit| unit.id == *id).unwrap();
        unit.pin = Some(Pin {
            closure: name.into(),
            undeclared: Default::default(),
            share: Vec::new(),
            private: Vec::new(),
            native: Default::default(),
        });
    }

    /// Makes a pin's closure that of a track, whose name is the closure's.
    pub fn put_on_track(&mut self, closure: &str) {
        let closure = self.closures.iter_mut().find(|c| c.name == closure).unwrap();
        (closure.owner, closure.track) = (None, Some(closure.name.clone()));
        self.lock();
    }

    /// A pinned unit keeps the types of these names to itself.
    pub fn keep_private(&mut self, id: &UnitId, names: &[&str]) {
        let unit = self.units.iter_mut().find(|unit| unit.id == *id).unwrap();
        unit.pin.as_mut().unwrap().private = names.iter().map(|&name| name.to_owned()).collect();
    }

    /// A closure has the unit too, though its requirements do not name it.
    pub fn join(&mut self, id: &UnitId, closure: &str) {
        let closure = self.closures.iter_mut().find(|c| c.name == closure).unwrap();
        closure.units.push(id.clone());
        closure.units.sort();
    }

    /// The identifiers of all units.
    pub fn units(&self) -> Vec<UnitId> {
        self.units.iter().map(|unit| unit.id.clone()).collect()
    }

    /// Takes a unit out of the lock.
    pub fn forget(&mut self, id: &UnitId) {
        self.units.retain(|unit| unit.id != *id);
        for closure in &mut self.closures {
            closure.units.retain(|unit| unit != id);
            closure.direct.retain(|unit| unit != id);
        }
    }

    /// Writes the lock.
    pub fn lock(&mut self) {
        self.wheels.sort();
        let used: Vec<Wheel> = self
            .wheels
            .iter()
            .filter(|wheel| self.units.iter().any(|unit| unit.wheel == wheel.sha256))
            .cloned()
            .collect();
        let lock = Lock {
            version: 1,
            python: python().minor.clone(),
            platform: python().platform.clone(),
            manifest: "made by a test".into(),
            wheels: used,
            units: self.units.clone(),
            closures: self.closures.clone(),
            holds: Vec::new(),
            native: Default::default(),
            build_set: Default::default(),
            check_set: Default::default(),
        };
        lock.check().unwrap();
        fs::write(self.app().join("pinfold.lock"), lock.to_toml().unwrap()).unwrap();
    }

    /// `pinfold ARGS` in the project, with its own store.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinfold"));
        command
            .current_dir(self.app())
            .args(args)
            .env("PINFOLD_CACHE", self.store())
            .env("PINFOLD_PACKAGE", self.path("package/pinfold"))
            .env("PINFOLD_PYTHON", &python().path)
            .env("PINFOLD_ABICHECK", self.path("abicheck"))
            // Builds of one name wait for each other, and those of other tests have the same names.
            .env("TMPDIR", self.path("tmp"))
            .env_remove("VIRTUAL_ENV")
            .env_remove("PINFOLD_ENV");
        command
    }

    /// Runs `pinfold ARGS` and expects it to succeed.
    pub fn ok(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "pinfold {args:?}: {}", said(&output));
        output
    }

    /// `pinfold sync --frozen`, expected to succeed.
    pub fn sync(&self) -> Output {
        self.ok(&["sync", "--frozen"])
    }

    /// The output of the environment's Python.
    pub fn python(&self, code: &str) -> String {
        let output = Command::new(self.venv().join("bin/python")).args(["-c", code]).output().unwrap();
        assert!(output.status.success(), "{code}: {}", said(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The number of the current generation.
    pub fn generation(&self) -> u64 {
        let target = fs::read_link(self.venv()).unwrap();
        target.file_name().unwrap().to_str().unwrap().parse().unwrap()
    }

    /// What stands in the folder of generations besides generations and the lock.
    pub fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.app().join(".pinfold/.venv")).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        names.filter(|name| name != "lock" && name.parse::<u64>().is_err()).collect()
    }

    /// Every wheel in the store is what its RECORD says: complete, or it would not be there.
    pub fn store_is_right(&self) {
        for wheel in fs::read_dir(self.store().join("wheels")).into_iter().flatten().flatten() {
            let site = wheel.path().join("site-packages");
            let records = fs::read_dir(&site).unwrap().flatten().map(|entry| entry.path().join("RECORD"));
            let record = records.into_iter().find(|path| path.is_file()).expect("a wheel without RECORD");
            for line in fs::read_to_string(record).unwrap().lines() {
                let [path, hash, _] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
                if let Some(hash) = hash.strip_prefix("sha256=") {
                    let bytes = fs::read(site.join(path)).unwrap();
                    assert_eq!(BASE64URL_NOPAD.encode(&Sha256::digest(bytes)), hash, "{path}");
                }
            }
            let facts: Value =
                serde_json::from_slice(&fs::read(wheel.path().join("facts.json")).unwrap()).unwrap();
            assert!(facts["facts"]["name"].is_string());
            assert!(wheel.path().join("modules.idx").is_file());
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // The store is read-only; a test that is not root could not remove it.
        for entry in walkdir::WalkDir::new(self.root.path())
            .into_iter()
            .flatten()
            .filter(|entry| entry.file_type().is_dir())
        {
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755));
        }
    }
}

/// Removes a folder of a store, which is read-only.
pub fn remove(folder: &Path) {
    for entry in
        walkdir::WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_dir())
    {
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::remove_dir_all(folder).unwrap();
}

/// stdout and stderr, for messages.
/// The JSON document `text`, which fits `schema`, which is one.
pub fn fitting(text: &[u8], schema: &str) -> serde_json::Value {
    let document = serde_json::from_slice(text)
        .unwrap_or_else(|e| panic!("no JSON: {e}: {}", String::from_utf8_lossy(text)));
    let schema = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|e| panic!("the schema itself: {e}"));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let complaints: Vec<String> =
        validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(complaints, Vec::<String>::new(), "{document:#}");
    document
}

pub fn said(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every file below `folder` with its bytes or link, to tell whether anything changed.
pub fn picture(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    entries
        .map(|entry| {
            let content = if entry.file_type().is_symlink() {
                fs::read_link(entry.path()).unwrap().into_os_string().into_encoded_bytes()
            } else if entry.file_type().is_file() {
                fs::read(entry.path()).unwrap()
            } else {
                Vec::new()
            };
            (entry.into_path(), content)
        })
        .collect()
}

/// Two reports: the old one is pinned to an older numpy; six is common to both.
pub fn two_numpys() -> Project {
    let mut project = Project::new();
    let old_numpy =
        project.wheel("numpy", "1.26.4", &[("numpy/__init__.py", "version = 1\n"), ("numpy/fft.py", "")]);
    let new_numpy =
        project.wheel("numpy", "2.3.4", &[("numpy/__init__.py", "version = 2\n"), ("numpy/fft.py", "")]);
    let six = project.wheel("six", "1.17", &[("six.py", "")]);
    let scipy = project.wheel("scipy", "1.16", &[("scipy.py", "")]);
    let report_old = project.wheel("report-old", "1.0", &[("report_old.py", "")]);
    let report_new = project.wheel("report-new", "1.0", &[("report_new.py", "")]);
    let six = project.unit("six", &six, &[], &["root"]);
    let new_numpy = project.unit("numpy", &new_numpy, &[], &["root"]);
    let new_scipy = project.unit("scipy", &scipy, &[&new_numpy], &["root"]);
    let new = project.unit("report-new", &report_new, &[&new_scipy, &new_numpy], &["root"]);
    let old_numpy = project.unit("numpy", &old_numpy, &[], &[]);
    let old_scipy = project.unit("scipy", &scipy, &[&old_numpy], &[]);
    let old = project.unit("report-old", &report_old, &[&old_numpy, &old_scipy, &six], &["root"]);
    project.pin(&old, "report-old", &[&old_numpy, &old_scipy, &six]);
    for (id, requirement) in [(&new, "report-new"), (&old, "report-old"), (&new_numpy, "numpy>=2")] {
        project.require(id, requirement);
    }
    project.lock();
    project
}
