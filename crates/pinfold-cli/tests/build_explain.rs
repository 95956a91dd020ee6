//! What `pinfold build` says when something else has built in between, another command or another process, and what it
//! does when only that changed which some builds read and others do not: tests, and the repository; and what it says of
//! a step that fails.
//!
//! Deliberately not here: what one `pinfold build` after the other says (`build.rs`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::process::Command;

use support::folders::{folder, steps, write};
use support::links::{link, project, uv};
use support::{Project, said, stderr, stdout};

const CHECKED: &str =
    "requires = ['local @ ./local']\n[checks.local]\ncommand = ['python', 'tests/run.py']\nrequires = []\n";

/// What `pinfold build --explain` says, without keys, hashes and times.
fn explained(project: &Project) -> String {
    let output = project.command(&["build", "--explain"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let words = stdout(&output);
    let mut text = String::new();
    for line in words.lines().filter(|line| !line.starts_with(' ')) {
        let mut line: Vec<&str> = line.split(' ').collect();
        line.remove(2);
        let line = line.join(" ");
        let line = match line.split_once(" at 2") {
            Some((front, back)) => format!("{front} at [TIME]{}", back.split_once("UTC").unwrap().1),
            None => line,
        };
        text.push_str(&format!("{line}\n"));
    }
    text
}

#[test]
fn what_ran_in_another_command_is_told_by_the_next_explanation() {
    if !uv() {
        return;
    }
    let project = project(CHECKED);
    let local = folder(&project, "local", &["tool"], "x = 1\n");
    write(&local, "tests/run.py", "import local\n");
    link(&project, "tool", "1", &[]);
    project.ok(&["lock"]);
    let mut story = String::new();
    let mut tell = |what: &str| story.push_str(&format!("# {what}\n{}", explained(&project)));
    tell("locked");
    write(&local, "module.py", "x = 2\n");
    project.ok(&["sync"]);
    tell("synced");
    tell("again");
    link(&project, "tool", "2", &[]);
    project.ok(&["update", "--build-set"]);
    tell("another tool");
    write(&local, "module.py", "x = 3\n");
    project.ok(&["build"]);
    tell("built without a word");
    write(&local, "module.py", "x = 4\n");
    project.ok(&["sync"]);
    link(&project, "tool", "3", &[]);
    project.ok(&["update", "--build-set"]);
    tell("two commands");
    link(&project, "tool", "4", &[]);
    project.ok(&["update", "--build-set"]);
    write(&local, "module.py", "x = 5\n");
    tell("something else by now");
    write(&local, "module.py", "x = 4\n");
    tell("as it was once");
    insta::assert_snapshot!(story, @"
    # locked
    local build not run: ran in `pinfold lock` at [TIME]; this is the first report of it
    local install ran: never installed here before
    local check ran: never checked here before
    # synced
    local build not run: changed: source; ran in `pinfold sync` at [TIME]
    local install not run: changed: wheel; ran in `pinfold sync` at [TIME]
    local check ran: changed: unit, wheel
    # again
    local build not run: nothing changed
    local install not run: nothing changed
    local check not run: nothing changed
    # another tool
    local build not run: changed: tool tool; ran in `pinfold update --build-set` at [TIME]
    local install not run: nothing changed
    local check not run: nothing changed
    # built without a word
    local build not run: changed: source; ran in `pinfold build` at [TIME]
    local install not run: changed: wheel; ran in `pinfold build` at [TIME]
    local check not run: changed: unit, wheel; ran in `pinfold build` at [TIME]
    # two commands
    local build not run: changed: source, tool tool; ran in `pinfold update --build-set` at [TIME]
    local install not run: changed: wheel; ran in `pinfold sync` at [TIME]
    local check ran: changed: unit, wheel
    # something else by now
    local build ran: changed: source; it ran before, in `pinfold update --build-set` at [TIME]: changed: tool tool
    local install ran: changed: wheel
    local check ran: changed: unit, wheel
    # as it was once
    local build not run: changed: source; done before with these inputs
    local install not run: changed: wheel; done before with these inputs
    local check not run: changed: unit, wheel; done before with these inputs
    ");
}

#[test]
fn of_two_processes_the_second_says_that_it_did_nothing() {
    if !uv() {
        return;
    }
    let project = project(CHECKED);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "tests/run.py", "import local\n");
    steps(&project, &[]);
    write(&local, "tests/run.py", "import time, local\ntime.sleep(2)\n");
    write(&local, "mode", "slow 2");
    write(&local, "module.py", "x = 2\n");
    let told = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| project.command(&["build"]).output().unwrap()));
        both.map(|one| stderr(&one.join().unwrap()))
    });
    let ran = |what: &str| told.iter().filter(|told| told.contains(what)).count();
    assert_eq!((ran("1 wheel built"), ran("1 checked")), (1, 1), "{}\n{}", told[0], told[1]);
    let after = steps(&project, &[]);
    for line in after.lines() {
        assert!(line.contains(" not: changed: ") && line.contains("; ran in `pinfold build` at "), "{after}");
    }
}

#[test]
fn tests_count_for_builds_that_read_them() {
    if !uv() {
        return;
    }
    let project = project(CHECKED);
    let local = folder(&project, "local", &[], "x = 1\n");
    write(&local, "tests/run.py", "import local\n");
    steps(&project, &[]);
    let mut story = String::new();
    let mut tell = |what: &str| story.push_str(&format!("# {what}\n{}", steps(&project, &[])));
    write(&local, "tests/run.py", "import local # other\n");
    tell("another test, which the build does not read");
    write(&local, "tests/more.py", "");
    tell("one more: a build may list them");
    // The file is read by another name, in a process of its own, when the folder has gone.
    write(&local, "mode", "linked-tests");
    tell("a build that reads them");
    write(&local, "tests/run.py", "import local # third\n");
    tell("another test, which it reads");
    write(&local, "tests/run.py", "import local # other\n");
    tell("as it was");
    insta::assert_snapshot!(story, @"
    # another test, which the build does not read
    local build not: nothing changed
    local install not: nothing changed
    local check ran: changed: tests
    # one more: a build may list them
    local build ran: changed: source
    local install not: nothing changed
    local check ran: changed: tests
    # a build that reads them
    local build ran: changed: source, tests
    local install ran: changed: wheel
    local check ran: changed: unit, wheel
    # another test, which it reads
    local build ran: changed: tests
    local install ran: changed: wheel
    local check ran: changed: tests, unit, wheel
    # as it was
    local build not: changed: tests; done before with these inputs
    local install not: changed: wheel; done before with these inputs
    local check not: changed: tests, unit, wheel; done before with these inputs
    ");
    project.ok(&["sync"]);
    assert_eq!(project.python("import local; print(local.tests)"), "b'import local # other\\n'");
}

#[test]
fn a_commit_counts_for_builds_that_ask_git() {
    if !uv() {
        return;
    }
    let project = project("requires = ['local @ ./local']\n");
    let local = folder(&project, "local", &[], "x = 1\n");
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        let output = git.current_dir(&local).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", said(&output));
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    let commit = ["commit", "--quiet", "--allow-empty", "--message", "x"];
    git(&commit);
    git(&["tag", "v1"]);
    steps(&project, &["--no-check"]);
    git(&commit);
    let unasked = steps(&project, &["--no-check"]);
    assert_eq!(unasked, "local build not: nothing changed\nlocal install not: nothing changed\n");
    write(&local, "mode", "git");
    steps(&project, &["--no-check"]);
    assert!(steps(&project, &["--no-check"]).contains("local build not: nothing changed"));
    git(&commit);
    git(&["tag", "v2"]);
    let asked = steps(&project, &["--no-check"]);
    assert!(asked.contains("local build ran: changed: git\n"), "{asked}");
    project.ok(&["sync"]);
    assert_eq!(project.python("import local; print(local.tag.strip())"), "v2");
}

#[test]
fn a_step_that_fails_is_reported_with_what_changed() {
    if !uv() {
        return;
    }
    let project = support::links::project("requires = ['local @ ./local']\n");
    folder(&project, "local", &[], "x = 1\n");
    steps(&project, &[]);
    write(&project.path("app/local"), "mode", "fail");
    let output = project.command(&["build", "--explain"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = said.lines();
    let first = lines.next().unwrap_or_default();
    assert!(first.starts_with("local build ") && first.ends_with(" failed: changed: source"), "{said}");
    assert!(lines.next().is_some_and(|line| line.starts_with("    source: ")), "{said}");
    let output = project.command(&["build", "--output-format", "json"]).output().unwrap();
    let document = support::fitting(&output.stdout, include_str!("../src/commands/build.schema.json"));
    let steps = document["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "{document:#}");
    assert!(steps[0]["error"].as_str().unwrap().contains("this is why"), "{document:#}");
    assert!(steps[0]["key"].is_string() && steps[0]["changes"][0]["name"] == "source", "{document:#}");

    // One of an index is known only when it is resolved: the document is there all the same.
    let project = support::links::project("requires = ['far', 'near @ ./near']\n");
    folder(&project, "near", &[], "x = 1\n");
    support::folders::source(&project, "far", "1", "fail", true);
    let output = project.command(&["build", "--output-format", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", support::said(&output));
    let document = support::fitting(&output.stdout, include_str!("../src/commands/build.schema.json"));
    let told: Vec<_> = document["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["package"].as_str(), s.get("error").is_some()))
        .collect();
    assert_eq!(told, [(Some("far"), true), (Some("near"), false)], "{document:#}");
}
