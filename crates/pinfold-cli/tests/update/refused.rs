//! Packages that cannot be had: ones that do not build, that no store takes, or that their index has not.
//!
//! They stay, with a reason and a candidate, and the others move. Deliberately not here: gates.

use std::fs;
use std::io::{Cursor, Read, Write};

use pinfold_core::lock::Hold;
use zip::write::SimpleFileOptions;

use crate::support::folders::source;
use crate::support::index::{self, Index};
use crate::support::links::{link, project, uv};
use crate::support::{Project, hex, said, stdout, wheel_bytes};
use crate::{agree, lock, update, versions};

/// Root requires `good`, `demo` and `other`, all at 1; what is at 2 comes by and by.
fn main_of_three() -> Project {
    let project = project("requires = ['good', 'demo', 'other']\n");
    ["good", "demo", "other"].iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    project
}

fn only_hold(project: &Project) -> Hold {
    let mut holds = lock(project).holds;
    assert_eq!(holds.len(), 1, "{holds:?}");
    holds.remove(0)
}

#[test]
fn what_does_not_build_stays_and_the_others_of_its_track_move() {
    if !uv() {
        return;
    }
    // uv can read of the second what it requires only by running its backend, which fails.
    for is_static in [true, false] {
        let project = main_of_three();
        ["good", "other"].iter().for_each(|name| link(&project, name, "2", &[]));
        source(&project, "demo", "2", "fail", is_static);
        let output = update(&project, &[]);
        assert_eq!(versions(&project), ["root: demo 1, good 2, other 2"], "{}", said(&output));
        let hold = only_hold(&project);
        let how = if is_static { ": its build backend `backend` ended with exit code 7" } else { "" };
        assert!(hold.reason.starts_with(&format!("demo 2 does not build{how}")), "{}", hold.reason);
        assert_eq!(hold.candidate, ["demo 1 -> 2"]);
        let log = fs::read_to_string(project.app().join(hold.log.as_ref().unwrap())).unwrap();
        assert!(log.contains("this is why"), "{log}");
        assert!(stdout(&output).contains("moved without it: good 1 -> 2\n"), "{}", said(&output));
        // The next night says the same, and nothing is written.
        let before = lock(&project);
        update(&project, &[]);
        assert_eq!(lock(&project), before);
        // It is mended: the hold ends.
        fs::remove_file(project.path("app/links/demo-2.tar.gz")).unwrap();
        link(&project, "demo", "3", &[]);
        update(&project, &[]);
        assert_eq!(versions(&project), ["root: demo 3, good 2, other 2"]);
        assert_eq!(lock(&project).holds, []);
    }
}

#[test]
fn what_needs_a_package_that_does_not_build_moves_as_far_as_that_lets_it() {
    if !uv() {
        return;
    }
    for is_static in [true, false] {
        let project = main_of_three();
        link(&project, "good", "2", &["demo>=2"]);
        link(&project, "good", "1.5", &["demo"]);
        // What it needs in addition does not build either.
        link(&project, "other", "2", &["fresh"]);
        link(&project, "other", "1.5", &[]);
        source(&project, "demo", "2", "fail", is_static);
        source(&project, "fresh", "1", "fail", is_static);
        let output = update(&project, &[]);
        assert_eq!(versions(&project), ["root: demo 1, good 1.5, other 1.5"], "{}", said(&output));
        let hold = only_hold(&project);
        assert!(hold.reason.contains("demo 2 does not build"), "{}", hold.reason);
        assert!(hold.candidate.contains(&"demo 1 -> 2".to_owned()), "{:?}", hold.candidate);
    }
}

/// `demo` has a track of its own, or is root's as `good` is; 2 of both is on the index.
fn on_an_index(own_track: bool) -> (Index, Project) {
    let packages = Index::start();
    let project = project("");
    let track = if own_track { "[tracks.d]\npackages = ['demo']\n" } else { "" };
    index::write(&project.app(), &format!("requires = ['good', 'demo']\n{track}"), &packages);
    ["good", "demo"].iter().for_each(|name| packages.add(name, "1", &[], None));
    project.ok(&["sync"]);
    packages.add("good", "2", &[], None);
    (packages, project)
}

/// The wheel of `demo` 2, and the same with a RECORD that is wrong.
fn right_and_wrong() -> (Vec<u8>, Vec<u8>) {
    let right = wheel_bytes("demo", "2", &[], &[("demo.py", "version = '2'\n")]);
    let mut archive = zip::ZipArchive::new(Cursor::new(&right)).unwrap();
    let mut wrong = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        wrong.start_file(entry.name().unwrap().into_owned(), SimpleFileOptions::default()).unwrap();
        wrong.write_all(text.replace(",14\n", ",15\n").as_bytes()).unwrap();
    }
    (right.clone(), wrong.finish().unwrap().into_inner())
}

#[test]
fn what_cannot_be_installed_or_fetched_is_held_and_everything_else_moves() {
    if !uv() {
        return;
    }
    let (right, wrong) = right_and_wrong();
    let hash = hex(&wrong);
    let not_fetched = "cannot be fetched, or is not what its index says";
    for (reason, bytes, sha256) in [
        ("cannot be installed: its RECORD is wrong about `demo.py`", Some(wrong), hash),
        (not_fetched, Some(right.clone()), "0".repeat(64)),
        (not_fetched, None, hex(&right)),
    ] {
        for own_track in [true, false] {
            let (packages, project) = on_an_index(own_track);
            packages.put("demo", "demo-2-py3-none-any.whl", bytes.clone(), &sha256);
            let output = update(&project, &[]);
            assert!(versions(&project)[0].contains("demo 1, good 2"), "{reason}: {}", said(&output));
            let hold = only_hold(&project);
            assert!(hold.reason.starts_with(&format!("demo 2 {reason}")), "{} {own_track}", hold.reason);
            assert_eq!(hold.candidate, ["demo 1 -> 2"]);
            agree(&project);
        }
    }
}

#[test]
fn releases_by_which_tracks_would_need_each_other_are_held_and_stop_nothing_else() {
    if !uv() {
        return;
    }
    let manifest = "requires = ['one', 'two', 'three', 'other']\n[tracks.a]\npackages = ['one', 'three']\n\
                    [tracks.b]\npackages = ['two']\n";
    let project = project(manifest);
    ["one", "two", "three", "other"].iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    link(&project, "one", "2", &["two"]);
    link(&project, "two", "2", &["three"]);
    link(&project, "other", "2", &[]);
    let output = update(&project, &[]);
    assert!(versions(&project)[0].contains("other 2"), "{}", said(&output));
    let hold = only_hold(&project);
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("b", &["two 1 -> 2".to_owned()][..]));
    assert!(
        hold.reason.ends_with("tracks or pins would need each other (track a -> track b -> track a)"),
        "{hold:?}"
    );
    // What moved is no state in which nothing moves any more.
    link(&project, "other", "3", &[]);
    let output = update(&project, &[]);
    assert!(versions(&project)[0].contains("other 3"), "{}", said(&output));
    let status = project.command(&["status"]).output().unwrap();
    assert!(status.status.success() && stdout(&status).contains("tried: two 1 -> 2"), "{}", said(&status));
}
