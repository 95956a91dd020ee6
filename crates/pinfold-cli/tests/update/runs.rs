//! How many times gates are run, and what is found in so few runs.
//!
//! Deliberately not here: what a hold says.

use std::fs;

use crate::support::links::{link, project, uv};
use crate::support::{Project, said, stdout};
use crate::{gate, lock, update, versions, without};

/// A gate that notes that it ran.
fn noting(name: &str, command: &str) -> String {
    gate(&format!("echo {name} >> runs; {command}"))
}

/// Which gates ran since the last look, in order.
fn ran(project: &Project) -> Vec<String> {
    let path = project.app().join("runs");
    let text = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    text.lines().map(str::to_owned).collect()
}

fn put(project: &Project, names: &[&str], version: &str) {
    names.iter().for_each(|name| link(project, name, version, &[]));
}

#[test]
fn the_gate_of_a_track_that_moves_alone_runs_once() {
    if !uv() {
        return;
    }
    let tracks = format!(
        "requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n{}[tracks.main]\n{}",
        noting("apps", "true"),
        noting("main", "true")
    );
    let project = project(&tracks);
    put(&project, &["app", "lib"], "1");
    project.ok(&["sync"]);
    put(&project, &["app"], "2");
    let output = update(&project, &[]);
    assert_eq!(ran(&project), ["apps", "main"], "{}", said(&output));
    put(&project, &["app", "lib"], "3");
    update(&project, &[]);
    // Each alone, and both over the whole, which is another one.
    assert_eq!(ran(&project).len(), 4);
}

#[test]
fn one_track_of_seven_that_breaks_another_gate_takes_few_runs() {
    if !uv() {
        return;
    }
    let names = ["pa", "pb", "pc", "pd", "pe", "pf"];
    let list = names.map(|name| format!("'{name}'")).join(", ");
    let tracks =
        names.map(|name| format!("[tracks.{name}]\npackages = ['{name}']\n{}", noting(name, "true")));
    let main = noting("main", &without("pe", "2"));
    let project = project(&format!("requires = [{list}, 'lib']\n{}[tracks.main]\n{main}", tracks.concat()));
    put(&project, &names, "1");
    put(&project, &["lib"], "1");
    project.ok(&["sync"]);
    put(&project, &names, "2");
    put(&project, &["lib"], "2");
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: lib 2, pa 2, pb 2, pc 2, pd 2, pe 1, pf 2", "{}", said(&output));
    let holds = lock(&project).holds;
    assert_eq!(holds.iter().map(|hold| hold.track.as_str()).collect::<Vec<_>>(), ["pe"]);
    let ran = ran(&project);
    let of = |name: &str| ran.iter().filter(|ran| *ran == name).count();
    // Alone; over all that moves; over what is left: each gate that passes runs no more often.
    assert!(names.iter().all(|name| of(name) <= 3), "{ran:?}");
    // Alone, all, and halves down to one.
    assert!(of("main") <= 2 + 2 * 3, "{ran:?}");
}

#[test]
fn packages_of_a_track_that_go_only_with_each_other_move_where_a_third_stays() {
    if !uv() {
        return;
    }
    // Whichever stands first.
    for names in [["pa", "pb", "pc"], ["pb", "pc", "pa"], ["pa", "pc", "pb"]] {
        let [one, other, bad] = names;
        let code = format!(
            "import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
             m = {{u['name'] for u in e['units'] if u['version'] == '2'}}; \
             exit(('{one}' in m) != ('{other}' in m) or '{bad}' in m)"
        );
        let main = noting("main", &format!("python -c \"{code}\""));
        let project = project(&format!("requires = ['pa', 'pb', 'pc']\n[tracks.main]\n{main}"));
        put(&project, &names, "1");
        project.ok(&["sync"]);
        put(&project, &names, "2");
        let output = update(&project, &[]);
        let hold = lock(&project).holds[0].clone();
        assert_eq!(hold.candidate, [format!("{bad} 1 -> 2")], "{}", said(&output));
        let ran = ran(&project).len();
        assert!(ran <= 1 + 2 * 3, "{ran} runs");
    }
}

#[test]
fn where_the_gate_is_broken_already_few_parts_are_tried() {
    if !uv() {
        return;
    }
    let names: Vec<String> = ('a'..='p').map(|letter| format!("p{letter}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let project = project(&format!("requires = {names:?}\n[tracks.main]\n{}", noting("main", "exit 3")));
    put(&project, &names, "1");
    project.ok(&["sync"]);
    put(&project, &names, "2");
    update(&project, &[]);
    assert_eq!(lock(&project).holds[0].candidate.len(), names.len());
    let ran = ran(&project).len();
    assert!(ran <= 1 + 2 * 5 + 1, "{ran} runs");
}

#[test]
fn of_a_track_that_does_not_go_with_the_others_the_packages_move_that_do() {
    if !uv() {
        return;
    }
    let names = ["pa", "pb", "pc", "pd"];
    let main = noting("main", &without("pc", "2"));
    let track = format!("[tracks.all]\npackages = {names:?}\n{}", noting("all", "true"));
    let project =
        project(&format!("requires = ['pa', 'pb', 'pc', 'pd', 'lib']\n{track}[tracks.main]\n{main}"));
    put(&project, &names, "1");
    put(&project, &["lib"], "1");
    project.ok(&["sync"]);
    put(&project, &names, "2");
    put(&project, &["lib"], "2");
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: lib 2, pa 2, pb 2, pc 1, pd 2", "{}", said(&output));
    let hold = lock(&project).holds[0].clone();
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("all", &["pc 1 -> 2".to_owned()][..]));
    let reason = "it passes alone, and not with the others: the gate of `main` ended with exit code 1";
    assert_eq!(hold.reason, reason);
    assert!(stdout(&output).contains("moved without it: pa 1 -> 2\n"), "{}", said(&output));
    let ran = ran(&project).len();
    assert!(ran <= 2 + 2 * 2 * 2 + 2 * 4, "{ran} runs");
}
