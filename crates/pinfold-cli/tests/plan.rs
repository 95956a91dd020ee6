//! `pinfold plan`: locks and descriptions compared, in text and JSON, and what is refused.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::path::Path;

use pinfold_core::lock::{FrozenPackage, FrozenSet, Lock, Wheel};
use serde_json::{Value, json};
use support::{Project, fitting, said, stderr, stdout};

const SCHEMA: &str = include_str!("../src/plan/plan.schema.json");

/// The document, which fits its schema.
fn plan(project: &Project, args: &[&str]) -> Value {
    let output = project.command(&[&["plan", "--output-format", "json"], args].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    fitting(&output.stdout, SCHEMA)
}

fn counts(document: &Value) -> [u64; 4] {
    ["wheels", "installs", "checks", "merged_rebuilds"].map(|key| document[key].as_u64().unwrap())
}

/// What a refused command says, its exit code first.
fn refused(project: &Project, args: &[&str]) -> String {
    let output = project.command(&[&["plan"], args].concat()).output().unwrap();
    format!("{}\n{}", output.status.code().unwrap(), stderr(&output))
}

/// `stem` depends on `leaf` of this version; `bough` depends on nothing.
fn locked(version: &str) -> Project {
    locked_with(version, "")
}

/// The same, with a `leaf` of these contents.
fn locked_with(version: &str, contents: &str) -> Project {
    let mut project = Project::new();
    let leaf = project.wheel("leaf", version, &[("leaf.py", contents)]);
    let stem = project.wheel_requiring("stem", "1", &["leaf"], &[("stem.py", "")]);
    let bough = project.wheel("bough", "1", &[("bough.py", "")]);
    let leaf = project.unit("leaf", &leaf, &[], &["root"]);
    let stem = project.unit("stem", &stem, &[&leaf], &["root"]);
    let bough = project.unit("bough", &bough, &[], &["root"]);
    project.require(&stem, "stem");
    project.require(&bough, "bough");
    project.lock();
    project
}

#[test]
fn two_locks_differ_by_one_wheel_and_what_depends_on_it() {
    let (before, after) = (locked("1"), locked("2"));
    let old = before.app().join("pinfold.lock");
    let new = after.app().join("pinfold.lock");
    let files = [old.to_str().unwrap(), new.to_str().unwrap()];
    let document = plan(&after, &files);
    assert_eq!(counts(&document), [1, 1, 0, 2]);
    let merged = json!({"package": "stem", "step": "merged", "path": ["leaf", "stem"]});
    assert!(document["paths"].as_array().unwrap().contains(&merged), "{document:#}");
    assert_eq!(counts(&plan(&after, &[files[1], files[1]])), [0; 4]);
    assert_eq!(counts(&plan(&before, &["--bump", "Leaf"])), [1, 1, 0, 2]);
    assert_eq!(counts(&plan(&before, &["--bump-each"])), [3, 3, 0, 4]);
}

#[test]
fn a_frozen_tool_costs_what_is_built_or_checked_with_it() {
    let project = locked("1");
    let path = project.app().join("pinfold.lock");
    let mut lock = Lock::parse(&fs::read_to_string(&path).unwrap()).unwrap();
    let tool = |version: &str, digit: &str| Wheel {
        version: version.to_owned(),
        file: format!("bough-{version}-py3-none-any.whl"),
        sha256: digit.repeat(64),
        path: None,
        name: "bough".to_owned(),
        ..lock.wheels[0].clone()
    };
    let set = |tool: Wheel| FrozenSet {
        packages: vec![FrozenPackage {
            name: "leaf".to_owned(),
            wheels: vec![tool.sha256.clone()],
            ..FrozenPackage::default()
        }],
        wheels: vec![tool],
        requires: Vec::new(),
    };
    let (first, second, checks) = (set(tool("1", "1")), set(tool("2", "2")), set(tool("1", "3")));
    lock.wheels
        .iter_mut()
        .filter(|wheel| wheel.name == "leaf")
        .for_each(|wheel| wheel.path = Some("leaf".into()));
    (lock.build_set, lock.check_set) = (first, checks);
    fs::write(&path, lock.to_toml().unwrap()).unwrap();
    // The one that runs in the environment is another matter than the one that builds and tests.
    assert_eq!(counts(&plan(&project, &["--bump", "bough"])), [1, 1, 0, 3]);
    assert_eq!(counts(&plan(&project, &["--bump-build-set", "bough"])), [1, 1, 1, 2]);
    lock.build_set = second;
    fs::write(project.app().join("new.lock"), lock.to_toml().unwrap()).unwrap();
    assert_eq!(counts(&plan(&project, &["pinfold.lock", "new.lock"])), [1, 0, 0, 2], "the wheel is the same");
}

/// Writes a lock in which `leaf` of these contents is built from a folder with the versions `tools` of `tool`.
fn built_with(folder: &Path, file: &str, contents: &str, tools: &[&str]) {
    let project = locked_with("1", contents);
    let mut lock = Lock::parse(&fs::read_to_string(project.app().join("pinfold.lock")).unwrap()).unwrap();
    let tool = |version: &&str| Wheel {
        name: "tool".to_owned(),
        version: (*version).to_owned(),
        file: format!("tool-{version}-py3-none-any.whl"),
        sha256: version.repeat(64),
        ..lock.wheels[0].clone()
    };
    let package = |name: &str, tools: &[&str]| FrozenPackage {
        name: name.to_owned(),
        wheels: tools.iter().map(|version| version.repeat(64)).collect(),
        ..FrozenPackage::default()
    };
    // Somebody else is built with the first one.
    let packages = vec![package("leaf", tools), package("other", &["1"])];
    lock.build_set =
        FrozenSet { packages, wheels: tools.iter().chain(&["1"]).map(tool).collect(), requires: Vec::new() };
    lock.build_set.tidy();
    let leaf = lock.wheels.iter_mut().filter(|wheel| wheel.name == "leaf");
    leaf.for_each(|wheel| wheel.path = Some("leaf".into()));
    fs::write(folder.join(file), lock.to_toml().unwrap()).unwrap();
}

#[test]
fn what_another_tool_makes_is_told_by_the_tool() {
    let project = locked("1");
    let write =
        |file: &str, contents: &str, tools: &[&str]| built_with(&project.app(), file, contents, tools);
    let paths = |files: [&str; 2]| {
        let document = plan(&project, &files);
        let line =
            |path: &Value| format!("{} {} {}", path["step"], path["package"], path["path"]).replace('"', "");
        let lines: Vec<String> = document["paths"].as_array().unwrap().iter().map(line).collect();
        (counts(&document), lines)
    };
    write("old.lock", "x = 1\n", &["2"]);
    // Another tool, another wheel: all of it follows from the tool.
    write("other.lock", "x = 2\n", &["3"]);
    let (counts, lines) = paths(["old.lock", "other.lock"]);
    assert_eq!(counts, [1, 1, 1, 2]);
    assert!(lines.contains(&"wheel leaf [tool (build set),leaf]".to_owned()), "{lines:#?}");
    // Another tool, the same wheel: it is built, and that is all.
    write("same.lock", "x = 1\n", &["3"]);
    let (counts, lines) = paths(["old.lock", "same.lock"]);
    assert_eq!(counts, [1, 0, 0, 2]);
    assert!(
        lines.iter().all(|line| !line.starts_with("install") && !line.starts_with("check")),
        "{lines:#?}"
    );
    // A tool that was there for others; another source, with the tools that were there.
    write("shared.lock", "x = 2\n", &["1"]);
    assert_eq!(paths(["old.lock", "shared.lock"]).0, [1, 1, 1, 2]);
    write("source.lock", "x = 2\n", &["2"]);
    assert_eq!(paths(["old.lock", "source.lock"]).0, [1, 1, 1, 2]);
}

#[test]
fn a_described_set_is_told_by_its_paths() {
    let project = locked("1");
    let set = project.path("app/set.json");
    let packages = json!({
        "certifi": {"version": "1"},
        "requests": {"version": "1", "dependencies": ["certifi"]},
        "cmake": {"version": "1", "dependencies": ["requests"]},
        "aiohttp": {"version": "1", "build-system": ["cmake"]},
    });
    fs::write(&set, json!({"version": 1, "packages": packages}).to_string()).unwrap();
    let file = set.to_str().unwrap();
    let output = project.command(&["plan", file, "--bump", "certifi"]).output().unwrap();
    assert_eq!(
        stdout(&output),
        "another certifi: 2 wheels, 2 installs, 4 checks here; 4 whole rebuilds in the merged model\n  \
         wheel   aiohttp                  certifi → requests → cmake → aiohttp\n  \
         wheel   certifi                  it changed itself\n  \
         check   aiohttp                  certifi → requests → cmake → aiohttp\n  \
         check   certifi                  it changed itself\n  \
         check   cmake                    certifi → requests → cmake\n  \
         check   requests                 certifi → requests\n  \
         merged  aiohttp                  certifi → requests → cmake → aiohttp\n  \
         merged  certifi                  it changed itself\n  \
         merged  cmake                    certifi → requests → cmake\n  \
         merged  requests                 certifi → requests\n"
    );
    fs::write(&set, json!({"version": 1, "packages": packages, "build-set": {"cmake": "1"}}).to_string())
        .unwrap();
    assert_eq!(counts(&plan(&project, &[file, "--bump", "certifi"])), [1, 1, 3, 4]);
    assert_eq!(counts(&plan(&project, &[file, "--bump-build-set", "cmake"])), [1, 1, 1, 1]);
}

#[test]
fn what_cannot_be_planned_is_said() {
    let project = locked("1");
    let set = project.path("app/set.json");
    fs::write(&set, r#"{"version": 1, "packages": {"a": {"version": "1", "dependencies": ["b"]}}}"#).unwrap();
    for (args, expected) in [
        (&[][..], "2\nerror: there is nothing to compare\nhint: name two locks"),
        (&["--bump", "laef"], "2\nerror: there is no package `laef` in "),
        (&["--bump", "laef"], "hint: did you mean `leaf`?"),
        (&["nowhere.lock", "pinfold.lock"], "2\nerror: there is no nowhere.lock to plan with\nhint: "),
        (&["set.json", "--bump", "a"], "`a` names `b`, which is not among its packages\nhint: "),
        (&["pinfold.toml", "--bump", "a"], "2\nerror: pinfold.toml is not a lock"),
    ] {
        let said = refused(&project, args);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let packages = json!({"a": {"version": "1", "dependencies": []}});
    fs::write(&set, json!({"version": 1, "packages": packages, "build-set": {"cmake": "1"}}).to_string())
        .unwrap();
    let tool = refused(&project, &["set.json", "--bump", "cmake"]);
    assert!(tool.contains("hint: it is a build tool: `--bump-build-set cmake`"), "{tool}");
    let package = refused(&project, &["set.json", "--bump-build-set", "a"]);
    assert!(package.contains("hint: it is a package: `--bump a`"), "{package}");
    fs::write(&set, r#"{"version": 1, "packages": {}}"#).unwrap();
    let mixed = refused(&project, &["pinfold.lock", "set.json"]);
    assert!(mixed.contains("cannot be compared: one is a lock"), "{mixed}");
}
