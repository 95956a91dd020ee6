//! `pinfold build --explain` when something else has built in between: another command, or another process.
//!
//! Deliberately not here: what one `pinfold build` after the other says (`build.rs`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

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
