//! `pinfold update`: tracks that move, and days and clocks; below it gates, what is held, how often gates run, what
//! cannot be had, and updates that meet or are killed.
//!
//! Gates read `closure.json` of the environment that they run in: which version is where. Deliberately not here:
//! imports, which need the hook.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod adopted;
mod at_once;
mod gates;
mod holding;
mod refused;
mod runs;
mod same_version;
#[path = "../support/mod.rs"]
mod support;
mod unbuilt;

use std::fs;
use std::process::Output;

use pinfold_core::lock::Lock;
use support::index::Index;
use support::links::{fails, link, project, uv};
use support::{Project, fitting, index, said, stderr, stdout};

fn lock(project: &Project) -> Lock {
    Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap()
}

/// Each closure's versions: `root: a 1, b 2`.
fn versions(project: &Project) -> Vec<String> {
    let lock = lock(project);
    let wheel = |id| lock.wheel(&lock.unit(id).unwrap().wheel).unwrap();
    let closures = lock.closures.iter().map(|closure| {
        let units = closure.units.iter().map(wheel).map(|wheel| format!("{} {}", wheel.name, wheel.version));
        format!("{}: {}", closure.name, units.collect::<Vec<_>>().join(", "))
    });
    closures.collect()
}

/// The current generation was made from the lock.
fn agree(project: &Project) {
    let generation = fs::read_to_string(project.venv().join("pinfold.lock")).unwrap();
    assert_eq!(fs::read_to_string(project.app().join("pinfold.lock")).unwrap(), generation);
}

/// A gate that fails where `name` is at `version`.
fn without(name: &str, version: &str) -> String {
    format!(
        "! python -c \"import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
             exit(not any(u['name'] == '{name}' and u['version'] == '{version}' for u in e['units']))\""
    )
}

fn update(project: &Project, args: &[&str]) -> Output {
    let output = project.ok(&[&["update"], args].concat());
    agree(project);
    assert_eq!(fs::read_dir(project.app().join(".pinfold/candidate")).map(Iterator::count).unwrap_or(0), 0);
    output
}

/// `app` is in track `apps`, `tool` in track `tools`, `lib` is root's; all at 1, and 2 is there to move to.
fn three(manifest: impl Fn(&str) -> String) -> Project {
    let text = "requires = ['app', 'tool', 'lib']\n[tracks.apps]\npackages = ['app']\n#apps\n\
                [tracks.tools]\npackages = ['tool']\n#tools\n[tracks.main]\n#main\n";
    let project = project(&manifest(text));
    for name in ["app", "tool", "lib"] {
        link(&project, name, "1", &[]);
    }
    project.ok(&["sync"]);
    for name in ["app", "tool", "lib"] {
        link(&project, name, "2", &[]);
    }
    project
}

fn gate(command: &str) -> String {
    format!("gate = '''{command}'''\n")
}

#[test]
fn tracks_that_pass_move_together_and_one_that_fails_is_held_until_it_passes() {
    if !uv() {
        return;
    }
    let with = |fails: &str| move_gate(fails);
    let project = three(|text| text.replace("#apps\n", &with("app")));
    let output = update(&project, &[]);
    assert_eq!(
        versions(&project),
        ["root: app 1, lib 2, tool 2", "apps: app 1", "tools: tool 2"],
        "{}",
        said(&output)
    );
    assert!(stdout(&output).contains("main  moved\n  lib 1 -> 2\n"), "{}", said(&output));
    let first = lock(&project);
    let hold = &first.holds[0];
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("apps", &["app 1 -> 2".to_owned()][..]));
    assert_eq!(hold.reason, "the gate of `apps` ended with exit code 1");
    let log = fs::read_to_string(project.app().join(hold.log.as_ref().unwrap())).unwrap();
    assert!(log.contains("gate says no"), "{log}");
    assert!(stderr(&project.ok(&["sync"])).contains("Nothing to do"), "the hold is no reason to lock again");
    // Another update finds the same, and the hold is as old as it is.
    let output = update(&project, &["apps", "--output-format", "json"]);
    let document = fitting(&output.stdout, include_str!("../../src/commands/update/update.schema.json"));
    assert_eq!(document["tracks"][0]["outcome"], "held");
    assert_eq!(lock(&project).holds[0].since, hold.since);
    // The gate is mended: nothing else made the lock stale.
    let text = fs::read_to_string(project.app().join("pinfold.toml")).unwrap();
    fs::write(project.app().join("pinfold.toml"), text.replace(&with("app"), &gate("true"))).unwrap();
    update(&project, &[]);
    assert_eq!(versions(&project), ["root: app 2, lib 2, tool 2", "apps: app 2", "tools: tool 2"]);
    assert_eq!(lock(&project).holds, []);
    let output = update(&project, &[]);
    assert!(stderr(&output).contains("Nothing to do"), "{}", said(&output));
}

fn move_gate(name: &str) -> String {
    gate(&format!("echo gate says no; {}", without(name, "2")))
}

#[test]
fn a_track_that_is_named_moves_alone() {
    if !uv() {
        return;
    }
    let project = three(str::to_owned);
    update(&project, &["tools"]);
    assert_eq!(versions(&project), ["root: app 1, lib 1, tool 2", "apps: app 1", "tools: tool 2"]);
    update(&project, &["main"]);
    assert_eq!(versions(&project), ["root: app 1, lib 2, tool 2", "apps: app 1", "tools: tool 2"]);
    let said = fails(&project, &["update", "tool"]);
    assert!(said.contains("there is no track `tool`\nhint: did you mean `tools`?"), "{said}");
    assert!(fails(&project, &["update", "--frozen"]).contains("leave the flag out"));
    assert!(
        fails(&project, &["update", "--exclude-newer", "yesterday"])
            .contains("neither a date nor a timestamp")
    );
}

#[test]
fn a_day_of_the_past_is_played_as_it_was() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let manifest = "requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n";
    index::write(&project.app(), manifest, &packages);
    packages.add("app", "1", &["lib<2"], Some("2024-05-01"));
    packages.add("lib", "1", &[], Some("2024-05-01"));
    packages.add("lib", "2", &[], Some("2024-06-16"));
    packages.add("app", "2", &["lib>=2"], Some("2024-06-20"));
    let cache = project.path("uv-cache");
    let day = |day: &str| {
        // uv keeps pages of an index for a while; the index of that day is another one.
        let _ = fs::remove_dir_all(&cache);
        let mut command = project.command(&["update", "--exclude-newer", day]);
        let output = command.env("UV_CACHE_DIR", &cache).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        agree(&project);
        versions(&project)
    };
    assert_eq!(day("2024-06-15"), ["root: app 1, lib 1", "apps: app 1, lib 1"]);
    assert_eq!(day("2024-06-16"), ["root: app 1, lib 2", "apps: app 1, lib 1"]);
    assert_eq!(day("2024-06-21"), ["root: app 2, lib 2", "apps: app 2, lib 2"]);
    let said = fails(&project, &["update", "--exclude-newer", "2024-06-01"]);
    assert!(said.contains("but pinfold.lock has app 2, uploaded 2024-06-20T12:00:00Z"), "{said}");
}

#[test]
fn what_the_manifest_leaves_out_stays_out_on_a_later_day() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let manifest = "requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n";
    index::write(&project.app(), manifest, &packages);
    let path = project.app().join("pinfold.toml");
    let text = fs::read_to_string(&path).unwrap();
    let limits =
        |limits: &str| fs::write(&path, text.replace("[[uv.", &format!("[uv]\n{limits}\n[[uv."))).unwrap();
    for name in ["app", "lib"] {
        packages.add(name, "1", &[], Some("2024-05-01"));
        packages.add(name, "2", &[], Some("2024-06-16"));
        packages.add(name, "3", &[], Some("2024-06-20"));
    }
    let day = |day: &str| {
        update(&project, &["--exclude-newer", day]);
        versions(&project)[0].clone()
    };
    limits("exclude-newer = '2024-06-01T00:00:00Z'");
    assert_eq!(day("2024-06-30"), "root: app 1, lib 1");
    limits("exclude-newer-package = { app = '2024-06-18T00:00:00Z' }");
    assert_eq!(day("2024-06-15"), "root: app 1, lib 1");
    assert_eq!(day("2024-06-30"), "root: app 2, lib 3");
    // A package's own limit may be the later one of the two.
    limits(
        "exclude-newer = '2024-06-18T00:00:00Z'\nexclude-newer-package = { app = '2024-07-18T00:00:00Z' }",
    );
    assert_eq!(day("2024-06-30"), "root: app 3, lib 2");
}

#[test]
fn a_clock_that_was_turned_back_is_said_and_the_hold_keeps_its_date() {
    if !uv() {
        return;
    }
    let project = three(|text| text.replace("#apps\n", &gate("exit 3")));
    update(&project, &["apps"]);
    let path = project.app().join("pinfold.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = lock(&project).holds[0].since.clone();
    fs::write(&path, text.replace(&since, "2999-01-01T00:00:00Z")).unwrap();
    let output = update(&project, &["apps"]);
    let warning = "warning: track `apps` is held since 2999-01-01T00:00:00Z, and the clock says ";
    assert!(stderr(&output).contains(warning), "{}", said(&output));
    assert_eq!(lock(&project).holds[0].since, "2999-01-01T00:00:00Z");
}
