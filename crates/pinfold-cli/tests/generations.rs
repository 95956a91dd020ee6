//! `pinfold generations`, `diff` and `rollback`: what an environment was, and being that again.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Project, fitting, picture, said, stderr, stdout};

/// Syncs a generation with `six` at each version, and with `extra` from the second on.
fn generations(project: &mut Project, versions: &[&str]) {
    for (at, version) in versions.iter().enumerate() {
        for old in project.units() {
            project.forget(&old);
        }
        project.simple("six", version, &[]);
        if at > 0 {
            project.simple("extra", "1", &[]);
        }
        project.lock();
        project.sync();
    }
}

fn lock(project: &Project) -> String {
    fs::read_to_string(project.app().join("pinfold.lock")).unwrap()
}

/// What the environment's link leads to and what the lock says are one thing.
fn agree(project: &Project) {
    let generation = fs::read_to_string(project.venv().join("pinfold.lock")).unwrap();
    assert_eq!(lock(project), generation);
}

fn six(project: &Project) -> String {
    project.python("import six; print(six.version)")
}

/// Runs `pinfold ARGS` and expects it to refuse, in words that include `expected`, changing nothing.
fn refused(project: &Project, args: &[&str], expected: &str) {
    let before = picture(&project.app());
    let output = project.command(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains(expected), "{}", said(&output));
    assert!(stderr(&output).contains("\nhint: "), "{}", said(&output));
    assert_eq!(picture(&project.app()), before, "{args:?} changed something");
}

/// The JSON of a command, checked against its schema.
fn json(project: &Project, args: &[&str], schema: &str) -> Value {
    let output = project.ok(&[args, &["--output-format", "json"]].concat());
    fitting(&output.stdout, schema)
}

#[test]
fn a_rollback_brings_back_packages_and_lock_and_goes_on_from_there() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10", "1.8"]);
    let third = lock(&project);
    let output = project.ok(&["rollback"]);
    assert!(stderr(&output).contains("Rolled back to generation 2, from 3"), "{}", said(&output));
    assert_eq!((six(&project).as_str(), project.generation()), ("1.10", 2));
    agree(&project);
    assert!(stderr(&project.sync()).contains("Nothing to do"), "the lock is the generation's");
    project.ok(&["rollback"]);
    assert_eq!((six(&project).as_str(), project.generation()), ("1.9", 1));
    agree(&project);
    let schema = include_str!("../src/commands/rollback.schema.json");
    let document = json(&project, &["rollback", "3"], schema);
    assert_eq!(
        (&document["from"], &document["to"], &document["lock"]),
        (&1.into(), &3.into(), &"restored".into())
    );
    assert_eq!((six(&project), lock(&project)), ("1.8".to_owned(), third));
    assert_eq!(project.leftovers(), Vec::<String>::new());
    let again = project.ok(&["rollback", "3"]);
    assert!(stderr(&again).contains("Nothing to do: generation 3 is the current one"), "{}", said(&again));
    assert_eq!(json(&project, &["rollback", "3"], schema)["lock"], "unchanged");
}

#[test]
fn generations_and_their_differences_are_shown() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10", "1.8"]);
    project.ok(&["rollback", "2"]);
    let text = stdout(&project.ok(&["generations"]));
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("    1  ") && lines[0].ends_with("  1 unit"), "{text}");
    assert!(lines[1].starts_with("*   2  ") && lines[1].ends_with("  2 units  1 up, 1 added"), "{text}");
    assert!(lines[2].ends_with("  2 units  1 down"), "{text}");
    let document = json(&project, &["generations"], include_str!("../src/commands/generations.schema.json"));
    let current = |at: usize| document["generations"][at]["current"].as_bool().unwrap();
    assert_eq!([current(0), current(1), current(2)], [false, true, false]);
    assert_eq!(stdout(&project.ok(&["diff"])), "root\n  added   extra 1\n  up      six 1.9 -> 1.10\n");
    assert_eq!(
        stdout(&project.ok(&["diff", "3", "1"])),
        "root\n  removed extra 1\n  up      six 1.8 -> 1.9\n"
    );
    let same = project.ok(&["diff", "2"]);
    assert_eq!((stdout(&same).as_str(), stderr(&same).contains("have the same packages")), ("", true));
    let document = json(&project, &["diff", "1", "3"], include_str!("../src/commands/diff.schema.json"));
    let change = &document["closures"][0]["changes"][1];
    assert_eq!((&change["package"], &change["kind"]), (&"six".into(), &"down".into()), "{document}");
}

#[test]
fn a_closure_that_came_is_shown_by_its_name() {
    let mut project = support::two_numpys();
    let two = lock(&project);
    let all = project.units();
    all.iter().for_each(|id| project.forget(id));
    fs::write(project.app().join("two.lock"), two).unwrap();
    let mut plain = Project::new();
    plain.simple("six", "1.17", &[]);
    plain.lock();
    plain.sync();
    fs::copy(project.app().join("two.lock"), plain.app().join("pinfold.lock")).unwrap();
    fs::remove_dir_all(plain.app().join("wheels")).unwrap();
    fs::rename(project.app().join("wheels"), plain.app().join("wheels")).unwrap();
    plain.sync();
    let text = stdout(&plain.ok(&["diff"]));
    assert!(text.contains("\nreport-old\n  added   numpy 1.26.4\n"), "{text}");
    assert!(text.starts_with("root\n  added   numpy 2.3.4\n"), "{text}");
}

#[test]
fn a_lock_that_no_generation_has_is_kept() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10"]);
    let edited = format!("{}# mine\n", lock(&project));
    fs::write(project.app().join("pinfold.lock"), &edited).unwrap();
    let output = project.ok(&["rollback"]);
    let shown = stderr(&output);
    let name = shown.split_once("it is now ").unwrap().1.lines().next().unwrap();
    assert_eq!(fs::read_to_string(project.app().join(name)).unwrap(), edited, "{shown}");
    agree(&project);
    // The current generation's lock can be brought back as well.
    fs::write(project.app().join("pinfold.lock"), &edited).unwrap();
    let output = project.ok(&["rollback", "1"]);
    assert!(stderr(&output).contains("Restored pinfold.lock"), "{}", said(&output));
    agree(&project);
    fs::remove_file(project.app().join("pinfold.lock")).unwrap();
    project.ok(&["rollback", "2"]);
    agree(&project);
}

#[test]
fn what_cannot_be_gone_back_to_is_refused() {
    let mut project = Project::new();
    refused(&project, &["generations"], "there is no environment");
    refused(&project, &["rollback"], "there is no environment");
    generations(&mut project, &["1.9"]);
    refused(&project, &["rollback"], "has no generation before 1");
    refused(&project, &["diff"], "has no generation before 1");
    generations(&mut project, &["2.0", "2.1"]);
    refused(&project, &["rollback", "7"], "there is no generation 7");
    refused(&project, &["diff", "1", "7"], "there are 1, 2, 3");
    fs::remove_file(project.venv()).unwrap();
    fs::create_dir(project.venv()).unwrap();
    refused(&project, &["rollback", "1"], "Pinfold did not make it");
    refused(&project, &["generations"], "Pinfold did not make it");
}

#[test]
fn a_generation_whose_wheels_are_gone_is_made_again_or_refused() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10"]);
    let forget = |project: &Project| {
        for wheel in fs::read_dir(project.store().join("wheels")).unwrap().flatten() {
            if fs::read_dir(wheel.path().join("site-packages"))
                .unwrap()
                .flatten()
                .any(|entry| entry.file_name() == "six-1.9.dist-info")
            {
                std::process::Command::new("chmod").args(["-R", "u+w"]).arg(wheel.path()).status().unwrap();
                fs::remove_dir_all(wheel.path()).unwrap();
            }
        }
    };
    forget(&project);
    let output = project.ok(&["rollback"]);
    assert!(stderr(&output).contains("made again as 3"), "{}", said(&output));
    assert_eq!((six(&project).as_str(), project.generation()), ("1.9", 3));
    agree(&project);
    project.ok(&["rollback", "2"]);
    forget(&project);
    fs::remove_file(project.app().join("wheels/six-1.9-py3-none-any.whl")).unwrap();
    let before = lock(&project);
    let output = project.command(&["rollback", "1"]).env("PINFOLD_UV", "/nowhere/uv").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(stderr(&output).contains("could not make generation 1 again"), "{}", said(&output));
    assert_eq!((project.generation(), lock(&project)), (2, before));
    assert_eq!(project.leftovers(), Vec::<String>::new());
    assert_eq!(six(&project), "1.10");
}

#[test]
fn a_generation_of_another_pinfold_is_made_again() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10"]);
    let stamp = project.app().join(".pinfold/.venv/1/generation.json");
    let older = fs::read_to_string(&stamp).unwrap().replace("\"version\": ", "\"version\": 9");
    fs::write(&stamp, older).unwrap();
    let text = stdout(&project.ok(&["generations"]));
    assert!(text.starts_with("    1  1 unit\n"), "{text}");
    project.ok(&["rollback"]);
    assert_eq!((six(&project).as_str(), project.generation()), ("1.9", 3));
    agree(&project);
    fs::write(project.app().join(".pinfold/.venv/2/generation.json"), "?").unwrap();
    fs::write(project.app().join(".pinfold/.venv/2/pinfold.lock"), "version = 7\n").unwrap();
    refused(&project, &["rollback", "2"], "could not make generation 2 again");
}

#[test]
fn a_collection_keeps_what_is_current_and_what_is_in_use_after_a_rollback() {
    let mut project = Project::new();
    generations(&mut project, &["1.1", "1.2", "1.3", "1.4", "1.5"]);
    project.ok(&["rollback", "1"]);
    project.ok(&["gc"]);
    assert_eq!(six(&project), "1.1");
    let running = fs::File::open(project.app().join(".pinfold/.venv/2/lock")).unwrap();
    rustix::fs::flock(&running, rustix::fs::FlockOperation::LockShared).unwrap();
    assert!(stdout(&project.ok(&["generations"])).contains("a process runs in it"));
    generations(&mut project, &["2.1", "2.2", "2.3", "2.4", "2.5"]);
    let numbers = |project: &Project| -> Vec<u64> {
        let entries = fs::read_dir(project.app().join(".pinfold/.venv")).unwrap().flatten();
        let mut numbers: Vec<u64> =
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&project), [2, 6, 7, 8, 9, 10], "the current one was 1 until the first of these");
    project.ok(&["rollback", "2"]);
    project.ok(&["gc"]);
    assert_eq!((six(&project).as_str(), numbers(&project)), ("1.2", vec![2, 6, 7, 8, 9, 10]));
    drop(running);
    project.ok(&["rollback", "6"]);
    project.ok(&["gc"]);
    assert_eq!((six(&project).as_str(), numbers(&project)), ("2.1", vec![6, 7, 8, 9, 10]));
}

#[test]
fn kill_9_at_fifty_random_moments_of_rollback_leaves_lock_and_environment_in_agreement() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10"]);
    let start = Instant::now();
    project.ok(&["rollback", "1"]);
    let whole = start.elapsed();
    let mut killed = 0;
    for round in 0..50 {
        let to = if round % 2 == 0 { "2" } else { "1" };
        let mut command = project.command(&["rollback", to]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moment = RandomState::new().build_hasher().finish() % (whole.as_micros() as u64).max(1);
        std::thread::sleep(Duration::from_micros(moment));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        let found = six(&project);
        assert!(["1.9", "1.10"].contains(&found.as_str()), "round {round}: {found}");
        project.ok(&["generations"]);
        agree(&project);
        let names: Vec<_> = fs::read_dir(project.app()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert!(names.iter().all(|name| !Path::new(name).to_string_lossy().contains("new")), "{names:?}");
        project.ok(&["rollback", to]);
    }
    assert!(killed > 10, "only {killed} of 50 rollbacks were still running when they were killed");
}

#[test]
fn a_manifest_that_asks_for_something_else_is_said() {
    if !support::links::uv() {
        return;
    }
    let project = support::links::project("requires = ['six']\n");
    support::links::link(&project, "six", "1", &[]);
    project.ok(&["sync"]);
    support::links::link(&project, "six", "2", &[]);
    project.ok(&["lock", "--upgrade"]);
    project.ok(&["sync"]);
    let output = project.ok(&["rollback"]);
    assert!(!stderr(&output).contains("warning"), "{}", said(&output));
    assert!(stderr(&project.ok(&["sync"])).contains("Nothing to do"), "the rollback stands");
    assert_eq!(six(&project), "1");
    project.ok(&["rollback", "2"]);
    support::links::write(&project, "requires = ['six>=2']\n");
    let output = project.ok(&["rollback"]);
    assert!(stderr(&output).contains("the manifest asks for something else"), "{}", said(&output));
}

#[test]
fn a_sync_that_waits_for_a_rollback_goes_by_the_lock_that_it_brings() {
    let mut project = Project::new();
    generations(&mut project, &["1.9", "1.10"]);
    let second = lock(&project);
    project.ok(&["rollback"]);
    let first = lock(&project);
    // A sync of the second lock waits; meanwhile the first one comes back, as a rollback would bring it.
    let held = fs::File::open(project.app().join(".pinfold/.venv/lock")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    fs::write(project.app().join("pinfold.lock"), second).unwrap();
    let mut command = project.command(&["sync", "--frozen"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    fs::write(project.app().join("pinfold.lock"), first).unwrap();
    drop(held);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((six(&project).as_str(), project.generation()), ("1.9", 1), "{}", said(&output));
    agree(&project);
}
