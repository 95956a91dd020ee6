//! `pinfold gc`: what stays and what goes.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::Path;

use serde_json::Value;
use support::{Project, said, stderr, stdout};

fn wheels(project: &Project) -> usize {
    fs::read_dir(project.store().join("wheels")).unwrap().count()
}

/// Syncs generations, each with another version of one distribution.
fn generations(project: &mut Project, numbers: RangeInclusive<usize>) {
    for number in numbers {
        for old in project.units() {
            project.forget(&old);
        }
        project.simple("six", &format!("1.{number}"), &[]);
        project.lock();
        project.sync();
    }
}

fn names(folder: &Path) -> Vec<u64> {
    let mut names: Vec<u64> = fs::read_dir(folder)
        .unwrap()
        .flatten()
        .filter_map(|e| e.file_name().to_str()?.parse().ok())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn five_generations_stay_and_what_they_use() {
    let mut project = Project::new();
    let home = project.app().join(".pinfold/.venv");
    generations(&mut project, 1..=3);
    // What runs keeps its generation, which is old when it ends.
    let running = [1, 2, 3].map(|number| in_use(&home, number));
    generations(&mut project, 4..=8);
    drop(running);
    let dry = project.ok(&["gc", "--dry-run"]);
    assert!(stderr(&dry).contains("Would remove 3 old generations, 3 wheels"), "{}", said(&dry));
    assert_eq!((names(&home).len(), wheels(&project)), (8, 8), "a dry run removes nothing");
    let output = project.ok(&["gc", "--output-format", "json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&report["version"], report["wheels"].as_array().unwrap().len()), (&Value::from(1), 3));
    assert!(report["bytes"].as_u64().unwrap() > 0);
    assert_eq!((names(&home), wheels(&project)), (vec![4, 5, 6, 7, 8], 5));
    assert_eq!(project.python("import six; print(six.version)"), "1.8");
    let again = project.ok(&["gc"]);
    assert!(stderr(&again).contains("Nothing to remove"), "{}", said(&again));
    assert!(stderr(&project.sync()).contains("Nothing to do"));
}

/// A process that runs in a generation, as the hook makes it known.
fn in_use(home: &Path, number: u64) -> File {
    let lock = File::open(home.join(format!("{number}/lock"))).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockShared).unwrap();
    lock
}

#[test]
fn a_sync_removes_old_generations_and_leaves_the_store_alone() {
    let mut project = Project::new();
    generations(&mut project, 1..=7);
    assert_eq!(names(&project.app().join(".pinfold/.venv")), [3, 4, 5, 6, 7]);
    assert_eq!((project.leftovers(), wheels(&project)), (Vec::<String>::new(), 7));
}

#[test]
fn a_generation_in_use_stays() {
    let mut project = Project::new();
    let home = project.app().join(".pinfold/.venv");
    generations(&mut project, 1..=1);
    let lock = in_use(&home, 1);
    generations(&mut project, 2..=7);
    let output = project.ok(&["gc"]);
    assert!(stderr(&output).contains("a process runs in it"), "{}", said(&output));
    assert_eq!((names(&home), wheels(&project)), (vec![1, 3, 4, 5, 6, 7], 6));
    drop(lock);
    project.ok(&["gc"]);
    assert_eq!((names(&home), wheels(&project)), (vec![3, 4, 5, 6, 7], 5));
}

#[test]
fn an_environment_that_is_gone_is_forgotten() {
    let mut project = Project::new();
    generations(&mut project, 1..=2);
    fs::remove_dir_all(project.app().join(".pinfold")).unwrap();
    let output = project.ok(&["gc"]);
    assert!(stderr(&output).contains("Forgot 1 environment that is gone"), "{}", said(&output));
    assert_eq!(wheels(&project), 0);
    // The link points nowhere now: it is still ours, and sync makes it right.
    project.sync();
    assert_eq!(project.python("import six; print(six.version)"), "1.2");
}

#[test]
fn instances_and_the_hook_s_copy_stay_while_they_are_used() {
    let project = support::two_numpys();
    project.sync();
    let count = |kind: &str| fs::read_dir(project.store().join(kind)).unwrap().count();
    assert_eq!((count("instances"), count("hooks")), (1, 1));
    project.ok(&["gc"]);
    assert_eq!((count("instances"), count("hooks")), (1, 1));
    fs::remove_dir_all(project.app().join(".pinfold")).unwrap();
    project.ok(&["gc"]);
    assert_eq!((count("instances"), count("hooks"), wheels(&project)), (0, 0, 0));
}

#[test]
fn a_generation_that_was_emptied_does_not_stop_a_collection() {
    let mut project = Project::new();
    generations(&mut project, 1..=1);
    let first = project.app().join(".pinfold/.venv/1");
    fs::remove_dir_all(&first).unwrap();
    fs::create_dir(&first).unwrap();
    generations(&mut project, 2..=2);
    project.ok(&["gc"]);
    assert_eq!(wheels(&project), 1);
    assert_eq!(project.python("import six; print(six.version)"), "1.2");
}
