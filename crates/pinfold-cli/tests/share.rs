//! What `share` refuses, and what is said where the manifest has changed since the environment was made.
//!
//! Closures are resolved by the real uv, without a network. Deliberately not here: what a `share` that can be comes to,
//! which the tests of `pinfold lock` show.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;

use support::links::{fails, link, project, uv, write};
use support::{Project, stderr};

fn text(project: &Project) -> String {
    fs::read_to_string(project.path("app/pinfold.lock")).unwrap()
}

#[test]
fn a_share_that_cannot_be_names_the_requirements_of_both_sides() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'low>=2']\n[pins.app]\n");
    link(&project, "app", "1", &["low==1", "mid"]);
    link(&project, "mid", "3", &["low<2"]);
    link(&project, "low", "1", &[]);
    link(&project, "low", "2", &[]);
    project.ok(&["lock"]);
    // Without the wheel in the store there is uv's word.
    let theirs = "`low==1`, which every version of app requires, does not accept low 2, ";
    let said = fails(&project, &["pin", "app", "--share", "low"]);
    assert!(said.contains(theirs), "{said}");
    project.ok(&["sync"]);
    let theirs = theirs.replace("every version of app", "app 1");
    let said = fails(&project, &["pin", "app", "--share", "low"]);
    assert!(
        said.contains(&format!("\n{theirs}which root has because the manifest requires `low>=2`\n")),
        "{said}"
    );
    // What is not in the way of the package itself is named by those that are below it.
    link(&project, "app", "2", &["mid"]);
    write(&project, "requires = ['app>=2', 'low>=2']\n[pins.app]\nshare = ['low']\n");
    let said = fails(&project, &["lock"]);
    assert!(said.contains("`low<2`, which every version of mid requires, does not accept low 2, "), "{said}");
}

#[test]
fn what_only_looks_at_the_environment_says_that_the_manifest_has_changed() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one']\n[pins.one]\n");
    link(&project, "one", "1", &[]);
    project.ok(&["sync"]);
    for command in [&["check"][..], &["why", "root", "one"]] {
        write(&project, "requires = ['one']\n[pins.one]\n");
        assert_eq!(stderr(&project.ok(command)), "");
        write(&project, "requires = ['one']\n[pins.one]\nundeclared = 'deny'\n");
        let said = stderr(&project.ok(command));
        assert!(
            said.starts_with("warning: pinfold.toml, or a local package it names, changed since "),
            "{said}"
        );
        assert!(
            said.contains("about the environment as it is; `pinfold sync` brings it up to date\n"),
            "{said}"
        );
        assert_eq!(stderr(&project.ok(&[&["--frozen"], command].concat())), "");
        write(&project, "requires = ['one']\n[pins.one]\nundeclard = 'deny'\n");
        let said = stderr(&project.ok(command));
        assert!(said.starts_with("warning: ") && said.contains("unknown key `undeclard`"), "{said}");
    }
}

#[test]
fn a_pin_that_shares_itself_is_refused() {
    if !uv() {
        return;
    }
    let project = project("requires = ['one', 'three']\n[pins.one]\n");
    link(&project, "one", "1", &["two", "three"]);
    link(&project, "two", "1", &[]);
    link(&project, "three", "1", &["one"]);
    project.ok(&["lock"]);
    let before = text(&project);
    let said = fails(&project, &["pin", "one", "--share", "one"]);
    assert!(said.starts_with("error: [pins.one] shares itself\nhint: "), "{said}");
    write(&project, "requires = ['one', 'three']\n[pins.one]\nshare = ['One']");
    assert!(fails(&project, &["lock"]).starts_with("error: [pins.one] shares itself\nhint: "));
    write(&project, "requires = ['one', 'three']\n[pins.one]\nshare = ['three']");
    let said = fails(&project, &["lock"]);
    assert!(said.starts_with("error: [pins.one] shares itself: root's `three`, which it shares, "), "{said}");
    assert_eq!(text(&project), before);
}
