//! Tracks in the manifest: packages that share one closure, resolved together by the real uv.
//!
//! Deliberately not here: moving them (`pinfold update`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;

use pinfold_core::lock::Lock;
use support::links::{fails, link, project, uv, write};
use support::{Project, fitting, said, stderr, stdout};

/// Every closure with its owners' track and its members.
fn picture(project: &Project) -> String {
    let text = fs::read_to_string(project.path("app/pinfold.lock")).unwrap();
    let lock = Lock::parse(&text).unwrap();
    let name = |id| {
        let unit = lock.unit(id).unwrap();
        let wheel = lock.wheel(&unit.wheel).unwrap();
        let pin = unit.pin.as_ref().map_or(String::new(), |pin| format!(" [{}]", pin.closure));
        format!("{}=={}{pin}", wheel.name, wheel.version)
    };
    let mut out = String::new();
    for closure in &lock.closures {
        let track = if closure.track.is_some() { " (track)" } else { "" };
        let units: Vec<String> = closure.units.iter().map(name).collect();
        out.push_str(&format!("{}{track}: {}\n", closure.name, units.join(", ")));
    }
    out
}

/// `a` and `b` both need `base`; the newest of both do not go together.
fn science(manifest: &str) -> Project {
    let project = project(manifest);
    link(&project, "a", "1", &["base<2"]);
    link(&project, "a", "2", &["base<2"]);
    link(&project, "b", "1", &["base<2"]);
    link(&project, "b", "2", &["base>=2"]);
    for version in ["1", "2", "3"] {
        link(&project, "base", version, &[]);
    }
    project
}

const SCIENCE: &str = "requires = ['a', 'b', 'base']\n[tracks.science]\npackages = ['a', 'b']\n";

#[test]
fn the_packages_of_a_track_share_one_closure_and_go_together() {
    if !uv() {
        return;
    }
    let project = science(SCIENCE);
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: a==2 [science], b==1 [science], base==3
    science (track): a==2 [science], b==1 [science], base==1
    ");
    project.ok(&["sync"]);
    let written = fs::read(project.venv().join("closure.json")).unwrap();
    fitting(&written, include_str!("../../pinfold-core/src/closure.schema.json"));
    assert!(stderr(&project.ok(&["sync"])).contains("Nothing to do"));
    let tree = stdout(&project.ok(&["tree"]));
    assert!(tree.contains("├── a 2 [track]\n│   └── base 1 ≠\n├── b 1 [track]\n"), "{tree}");
    assert!(tree.contains("[track] its dependencies are those of its track\n"), "{tree}");
    let why = stdout(&project.ok(&["why", "a", "base"]));
    assert!(why.contains("in `requires` of [pins.a]"), "{why}");
}

#[test]
fn what_a_track_requires_narrows_all_of_it_and_is_visible_to_it() {
    if !uv() {
        return;
    }
    let project = science(&format!("{SCIENCE}requires = ['extra', 'b==2']\n"));
    link(&project, "extra", "1", &[]);
    let said = fails(&project, &["lock"]);
    assert!(said.contains("there is no solution for the closure of track `science`"), "{said}");
    assert!(said.contains("the track moves as one"), "{said}");
    write(&project, &format!("{SCIENCE}requires = ['extra', 'a==1']\n[pins.b]\nrequires = ['side']\n"));
    link(&project, "side", "1", &[]);
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: a==1 [science], b==1 [science], base==3
    science (track): a==1 [science], b==1 [science], base==1, extra==1, side==1
    ");
    let lock = Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap();
    let dependencies = |name: &str| -> Vec<String> {
        let unit = lock.units.iter().find(|unit| unit.id.as_str().starts_with(&format!("{name}@"))).unwrap();
        unit.dependencies.iter().map(|id| id.as_str().split('@').next().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (dependencies("a"), dependencies("b")),
        (vec!["base".to_owned(), "extra".to_owned()], ["base", "extra", "side"].map(str::to_owned).to_vec())
    );
    assert_eq!(lock.closures[1].requires, ["extra", "a==1", "side"]);
}

#[test]
fn root_s_own_bounds_and_those_of_its_packages_count_for_a_track() {
    if !uv() {
        return;
    }
    let project = science("requires = ['a<2', 'b']\n[tracks.science]\npackages = ['a', 'b']\n");
    project.ok(&["lock"]);
    assert!(picture(&project).contains("science (track): a==1 [science], b==1"), "{}", picture(&project));
    // Nobody knows of `user`'s bound before root is resolved.
    write(&project, "requires = ['user', 'b']\n[tracks.science]\npackages = ['a', 'b']\n");
    link(&project, "user", "1", &["a<2"]);
    project.ok(&["lock", "--upgrade"]);
    assert!(picture(&project).contains("science (track): a==1 [science], b==1"), "{}", picture(&project));
    link(&project, "user", "1", &["a<1"]);
    let said = fails(&project, &["lock", "--upgrade"]);
    assert!(said.contains("there is no solution for root's closure"), "{said}");
}

#[test]
fn a_package_of_a_track_must_be_needed_by_somebody() {
    if !uv() {
        return;
    }
    let project = science("requires = ['a']\n[tracks.science]\npackages = ['a', 'base']\n");
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: a==2 [science]
    science (track): a==2 [science], base==1 [science]
    ");
    write(&project, "requires = ['a']\n[tracks.science]\npackages = ['a', 'b']\n");
    let said = fails(&project, &["lock"]);
    assert!(said.contains("`b` is in track `science`, but nothing requires it"), "{said}");
}

#[test]
fn two_tracks_a_pin_and_root_keep_apart() {
    if !uv() {
        return;
    }
    let manifest = "requires = ['a', 'b', 'c', 'base']\n[tracks.old]\npackages = ['a']\n\
                    [tracks.new]\npackages = ['b']\n[pins.c]\nrequires = ['base==2']\n";
    let project = science(manifest);
    link(&project, "c", "1", &["base", "b"]);
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: a==2 [old], b==2 [new], base==3, c==1 [c]
    c: b==2 [new], base==2, c==1 [c]
    new (track): b==2 [new], base==3
    old (track): a==2 [old], base==1
    ");
    write(
        &project,
        &manifest.replace("[tracks.new]\npackages = ['b']", "[tracks.new]\npackages = ['b', 'base']"),
    );
    project.ok(&["lock"]);
    // `a` and `c` want other versions of `base` than its track has: there it is a member like any other.
    insta::assert_snapshot!(picture(&project), @r"
    root: a==2 [old], b==2 [new], base==3 [new], c==1 [c]
    c: b==2, base==2, c==1 [c]
    new (track): b==2 [new], base==3 [new]
    old (track): a==2 [old], base==1
    ");
}

#[test]
fn a_lock_is_stale_when_a_track_s_packages_change_and_not_when_its_gate_does() {
    if !uv() {
        return;
    }
    let project = science(SCIENCE);
    project.ok(&["lock"]);
    let fits = |manifest: &str| {
        write(&project, manifest);
        project.command(&["lock", "--check"]).output().unwrap().status.code()
    };
    assert_eq!(
        fits(&format!("{SCIENCE}gate = 'true'\nmax-lag = '2w'\n[tracks.main]\ngate = 'true'\n")),
        Some(0)
    );
    assert_eq!(
        fits(
            &SCIENCE
                .replace("['a', 'b']\n[", "['a', 'b', 'base']\n[")
                .replace("packages = ['a', 'b']", "packages = ['b']")
        ),
        Some(1)
    );
    assert_eq!(fits(&format!("{SCIENCE}requires = ['base<2']\n")), Some(1));
    let output = project.ok(&["lock"]);
    assert!(!stderr(&output).contains("error"), "{}", said(&output));
}

/// A closure that was not there, or not under that name, has what its packages had wherever they were.
#[test]
fn what_gets_a_track_or_a_pin_stays_at_what_it_was_in_whichever_closure() {
    if !uv() {
        return;
    }
    const ROOT: &str = "requires = ['web', 'tool', 'other']\n";
    let project = project(ROOT);
    let offer = |version: &str| {
        link(&project, "web", version, &["base"]);
        link(&project, "tool", version, &["base"]);
        for name in ["base", "other", "fresh"] {
            link(&project, name, version, &[]);
        }
    };
    offer("1");
    project.ok(&["lock"]);
    offer("2");
    let locked = |text: &str| {
        write(&project, &format!("{ROOT}{text}"));
        project.ok(&["lock"]);
        picture(&project)
    };
    // Out of root's closure, with what they need.
    insta::assert_snapshot!(locked("[tracks.net]\npackages = ['web']\n[pins.tool]\n"), @r"
    root: other==1, tool==1 [tool], web==1 [net]
    net (track): base==1, web==1 [net]
    tool: base==1, tool==1 [tool]
    ");
    // Another name, another track, and one more package; what was nowhere is new.
    insta::assert_snapshot!(locked("[tracks.all]\npackages = ['web', 'tool']\nrequires = ['fresh']\n"), @r"
    root: other==1, tool==1 [all], web==1 [all]
    all (track): base==1, fresh==2, tool==1 [all], web==1 [all]
    ");
    insta::assert_snapshot!(locked("[tracks.all]\npackages = ['web', 'other']\n[tracks.two]\npackages = ['tool']\n"), @r"
    root: other==1 [all], tool==1 [two], web==1 [all]
    all (track): base==1, other==1 [all], web==1 [all]
    two (track): base==1, tool==1 [two]
    ");
    // A closure that differed from root's still does; and back into root.
    project.ok(&["lock", "-P", "base"]);
    insta::assert_snapshot!(locked(""), @"root: base==2, other==1, tool==1, web==1");
    insta::assert_snapshot!(locked("[pins.web]\nrequires = ['base<2']\n"), @r"
    root: base==2, other==1, tool==1, web==1 [web]
    web: base==1, web==1 [web]
    ");
    insta::assert_snapshot!(locked("[tracks.net]\npackages = ['web']\n"), @r"
    root: base==2, other==1, tool==1, web==1 [net]
    net (track): base==1, web==1 [net]
    ");
    // A requirement of root's own that only a pin's closure had is new to root.
    write(&project, "requires = ['web', 'base']\n[pins.web]\nrequires = ['fresh<2']\n");
    project.ok(&["lock"]);
    write(&project, "requires = ['web', 'base', 'fresh']\n[pins.web]\nrequires = ['fresh<2']\n");
    project.ok(&["lock"]);
    insta::assert_snapshot!(picture(&project), @r"
    root: base==2, fresh==2, web==1 [web]
    web: base==1, fresh==1, web==1 [web]
    ");
}
