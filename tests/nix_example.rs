//! The example of the main job, synced and then built by Nix from the same lock: two numpys, the same pins, one schema.
//!
//! Deliberately not here: what the example computes; it checks that itself, and ends with exit code 1 when it is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use pinfold_tests::checkout;
use pinfold_tests::nix::{Nix, PYTHON, said};
use serde_json::Value;
use toml::Table;

const EXAMPLE: &str = "tests/examples/two-numpys";

const COMPILED: &str = "nix/tests/packages/native";

#[test]
fn nix_builds_what_sync_makes_from_the_same_lock() {
    let Some(nix) = Nix::shared(env!("CARGO_TARGET_TMPDIR")) else { return };
    let project = nix.scratch("two-numpys");
    let cache = nix.scratch("pinfold-cache");
    said(Command::new("cp").arg("-r").arg(checkout::root().join(EXAMPLE).join(".")).arg(&project));
    // And something that is compiled, which is where the folder that it was compiled in would show.
    said(Command::new("cp").arg("-r").arg(checkout::root().join(COMPILED)).arg(project.join("compiled")));
    // And something whose backend asks git for the version, which a build by Nix has not.
    versioned(&project.join("versioned"));
    let manifest = fs::read_to_string(project.join("pinfold.toml")).expect("a manifest");
    let manifest = manifest.replace(
        "requires = [\n    \"report-old",
        "requires = [\n    \"native @ ./compiled\",\n    \"of-git @ ./versioned\",\n    \"report-old",
    );
    fs::write(project.join("pinfold.toml"), manifest).expect("a manifest");
    let sync = nix.installed().join("bin/pinfold");
    said(
        Command::new(sync)
            .args(["sync", "--python", PYTHON])
            .current_dir(&project)
            .env("PINFOLD_CACHE", &cache),
    );
    let lock = project.join("pinfold.lock");
    let wheels = nix.scratch("wheels");
    gather(&nix.installed().join("bin/python"), &lock, &wheels);

    let (lock_text, wheels_text) = (lock.display().to_string(), wheels.display().to_string());
    let arguments = ["--arg", "lock", &lock_text, "--arg", "wheelDir", &wheels_text];
    let environment = nix.build("nix/tests/example.nix", "environment", &arguments).expect("an environment");
    let app = said(Command::new(environment.join("bin/python")).arg("app.py").current_dir(&project));
    let last = app.lines().last().unwrap_or_default();
    assert!(last.starts_with("numpy 1.26.4 and 2.3.") && last.contains("computations agree"), "{app}");

    let (ours, theirs) = (closure(&environment), closure(&project.join(".venv")));
    assert_eq!(closures(&ours), closures(&theirs), "the pinned sets");
    // Hashes of wheels that Nix and `pinfold sync` built from source, each for itself, included.
    assert_eq!(without_paths(&ours), without_paths(&theirs));
    assert!(closures(&ours)["root"].iter().any(|unit| unit.starts_with("of-git@")));
    let version = "from importlib.metadata import version; print(version('of-git'))";
    assert_eq!(said(Command::new(environment.join("bin/python")).args(["-c", version])), "1.7\n");
    assert_eq!(fs::read(environment.join("pinfold.lock")).ok(), fs::read(&lock).ok());

    let part = nix.build("nix/tests/example.nix", "part", &arguments).expect("an environment");
    let code = "import report_old, sys; print(report_old.matrix().__class__.__module__, 'report_new' in sys.modules)";
    said(Command::new(part.join("bin/python")).args(["-c", code]));
    let pins = |document: &Value| closures(document).get("report-old").cloned();
    assert_eq!(pins(&closure(&part)), pins(&theirs), "a part of a lock has the lock's pins");
}

/// A package with setuptools-scm, in a repository with a tag.
fn versioned(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let text = "[build-system]\nrequires = [\"setuptools\", \"setuptools-scm\"]\nbuild-backend = \"setuptools.build_meta\"\n\
                [project]\nname = \"of-git\"\ndynamic = [\"version\"]\n[tool.setuptools]\npy-modules = [\"of_git\"]\n\
                [tool.setuptools_scm]\n";
    fs::write(folder.join("pyproject.toml"), text).expect("a file");
    fs::write(folder.join("of_git.py"), "x = 1\n").expect("a file");
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "x"], &["tag", "v1.7"]] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@y"]).args(arguments).current_dir(folder);
        said(&mut git);
    }
}

/// Puts every wheel that the lock has from an index into a folder. Those that it has from source, Nix builds.
fn gather(python: &Path, lock: &Path, folder: &Path) {
    let lock: Table = fs::read_to_string(lock).expect("a lock").parse().expect("TOML");
    // pip takes one version of a name at a time.
    let mut rounds: Vec<Vec<(String, String)>> = Vec::new();
    let build_set =
        lock.get("build-set").and_then(|set| set.get("wheel")).and_then(|wheels| wheels.as_array());
    for wheel in lock["wheel"].as_array().expect("wheels").iter().chain(build_set.into_iter().flatten()) {
        let text = |key: &str| wheel.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        if wheel.get("path").is_some() {
            continue;
        }
        let line = format!("{}=={} --hash=sha256:{}\n", text("name"), text("version"), text("sha256"));
        match rounds.iter_mut().find(|round| round.iter().all(|(name, _)| *name != text("name"))) {
            Some(round) => round.push((text("name"), line)),
            None => rounds.push(vec![(text("name"), line)]),
        }
    }
    for round in rounds {
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, round.into_iter().map(|(_, line)| line).collect::<String>())
            .expect("a file");
        let download =
            ["-m", "pip", "--python", PYTHON, "download", "--quiet", "--disable-pip-version-check"];
        let only = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"];
        said(Command::new(python).args(download).args(only).arg(&requirements).arg("--dest").arg(folder));
    }
}

/// The `closure.json` of an environment, after the schema was asked.
fn closure(environment: &Path) -> Value {
    let schema = include_str!("../crates/pinfold-core/src/closure.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("a schema");
    let text = fs::read_to_string(environment.join("closure.json")).expect("a closure.json");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let faults: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{}: {faults:?}", environment.display());
    document
}

/// Closures by name: which unit of which version each has.
fn closures(document: &Value) -> BTreeMap<String, Vec<String>> {
    let list = document["closures"].as_array().expect("closures");
    let units = |closure: &Value| -> Vec<String> {
        let ids = closure["units"].as_array().expect("units").iter();
        ids.map(|id| id.as_str().unwrap_or_default().to_owned()).collect()
    };
    list.iter()
        .map(|closure| (closure["name"].as_str().unwrap_or_default().to_owned(), units(closure)))
        .collect()
}

/// All of it but where the files lie.
fn without_paths(document: &Value) -> Value {
    let mut document = document.clone();
    for unit in document["units"].as_array_mut().into_iter().flatten() {
        let unit = unit.as_object_mut().expect("a unit");
        unit.remove("path");
        unit.remove("modules");
    }
    document
}
