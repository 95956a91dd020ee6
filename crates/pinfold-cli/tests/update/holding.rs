//! What is held where something fails: as little as possible, and since when.
//!
//! Deliberately not here: why a gate fails.

use std::fs;
use std::process::Output;

use crate::support::index::{self, Index};
use crate::support::links::{link, project, uv};
use crate::support::{said, stderr, stdout};
use crate::{agree, gate, lock, three, update, versions, without};

#[test]
fn where_only_the_whole_fails_as_little_as_possible_is_held() {
    if !uv() {
        return;
    }
    // `app` 2 and `tool` 2 pass alone, and not together.
    let both = format!("if {}; then exit 0; fi; {}", without("app", "2"), without("tool", "2"));
    let count = "echo run >> \"$PWD/runs\"; ";
    let project = three(|text| text.replace("#main\n", &gate(&format!("{count}{both}"))));
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: app 2, lib 2, tool 1", "{}", said(&output));
    let hold = &lock(&project).holds[0];
    assert_eq!(hold.track, "tools");
    let expected = "it passes alone, and not with the others: the gate of `main` ended with exit code 1";
    assert_eq!(hold.reason, expected);
    let runs = fs::read_to_string(project.app().join("runs")).unwrap().lines().count();
    assert!(runs <= 1 + 2 * 3, "{runs} runs: one for `main` alone, at most 2n for the whole");
}

#[test]
fn packages_of_a_held_track_that_pass_without_the_rest_still_move() {
    if !uv() {
        return;
    }
    let names = ["one", "two", "three", "four", "five"];
    let list = names.map(|name| format!("'{name}'")).join(", ");
    let manifest =
        format!("requires = [{list}]\n[tracks.all]\npackages = [{list}]\n{}", gate(&without("three", "2")));
    let project = project(&manifest);
    names.iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    names.iter().for_each(|name| link(&project, name, "2", &[]));
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[1], "all: five 2, four 2, one 2, three 1, two 2", "{}", said(&output));
    let hold = &lock(&project).holds[0];
    assert_eq!((hold.track.as_str(), hold.candidate.as_slice()), ("all", &["three 1 -> 2".to_owned()][..]));
    assert!(stdout(&output).contains("  moved without it: four 1 -> 2\n"), "{}", said(&output));
    let again = update(&project, &[]);
    assert!(stderr(&again).contains("Nothing to do"), "{}", said(&again));
}

#[test]
fn of_many_tracks_that_do_not_all_go_together_none_is_held_that_could_move() {
    if !uv() {
        return;
    }
    let names = ["one", "two", "three", "four", "five"];
    let list = names.map(|name| format!("'{name}'")).join(", ");
    let tracks: String =
        names.iter().map(|name| format!("[tracks.t-{name}]\npackages = ['{name}']\n")).collect();
    // `one` with `three` fails, and so do any three of the others; the runs over the whole are those with all gates.
    let code = "import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
                m = {u['name'] for u in e['units'] if u['version'] == '2'}; \
                exit({'one', 'three'} <= m or len(m - {'one', 'three'}) > 2)";
    let command = format!("echo run >> \"$PWD/runs\"; python -c \"{code}\"");
    let manifest = format!("requires = [{list}]\n{tracks}[tracks.main]\n{}", gate(&command));
    let project = project(&manifest);
    names.iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    names.iter().for_each(|name| link(&project, name, "2", &[]));
    let output = update(&project, &[]);
    let moved = |name: &str| versions(&project)[0].contains(&format!("{name} 2"));
    let here: Vec<&str> = names.into_iter().filter(|name| moved(name)).collect();
    // By name: `t-five`, `t-four`, `t-one`, then `t-three` and `t-two` do not go with what there is.
    assert_eq!(here, ["one", "four", "five"], "{}", said(&output));
    let held: Vec<String> = lock(&project).holds.into_iter().map(|hold| hold.track).collect();
    assert_eq!(held, ["t-three", "t-two"]);
    let runs = fs::read_to_string(project.app().join("runs")).unwrap().lines().count();
    assert!(runs <= 2 * names.len(), "{runs} runs over the whole");
}

#[test]
fn what_needs_the_package_that_fails_stays_with_it_and_the_others_move() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let list = "['bound', 'free', 'other', 'user']";
    let gate = gate(&without("base", "2"));
    let manifest = format!("requires = {list}\n[tracks.all]\npackages = {list}\n{gate}");
    index::write(&project.app(), &manifest, &packages);
    let day = |day| Some(day);
    for (name, requires) in [
        ("base", vec![]),
        ("bound", vec!["base<2"]),
        ("user", vec!["bound<2"]),
        ("free", vec![]),
        ("other", vec!["base"]),
    ] {
        packages.add(name, "1", &requires, day("2024-05-01"));
    }
    project.ok(&["sync"]);
    // `bound` 2 takes `base` along, `user` 2 takes `bound`; `other` 2 needs something new, which goes with any `base`.
    packages.add("base", "2", &[], day("2024-06-01"));
    packages.add("bound", "2", &["base>=2"], day("2024-06-01"));
    packages.add("user", "2", &["bound>=2"], day("2024-06-01"));
    packages.add("free", "2", &[], day("2024-06-01"));
    packages.add("fresh", "1", &[], day("2024-06-01"));
    packages.add("other", "2", &["base", "fresh"], day("2024-06-01"));
    let output = update(&project, &["--exclude-newer", "2024-06-02"]);
    let all = versions(&project)[1].clone();
    assert_eq!(all, "all: base 1, bound 1, free 2, fresh 1, other 2, user 1", "{}", said(&output));
    let hold = lock(&project).holds[0].clone();
    assert_eq!(
        (hold.track.as_str(), hold.candidate),
        ("all", ["base 1 -> 2", "bound 1 -> 2", "user 1 -> 2"].map(str::to_owned).to_vec())
    );
}

#[test]
fn a_hold_is_as_old_as_the_packages_that_it_is_about() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    let write = |fails: &str, version: &str| {
        let gate = gate(&without(fails, version));
        let manifest = format!("requires = ['one', 'two']\n[tracks.all]\npackages = ['one', 'two']\n{gate}");
        index::write(&project.app(), &manifest, &packages);
    };
    for name in ["one", "two"] {
        packages.add(name, "1", &[], Some("2024-05-01"));
    }
    packages.add("one", "2", &[], Some("2024-06-01"));
    packages.add("two", "2", &[], Some("2024-06-05"));
    write("one", "2");
    let day = |day: &str| {
        update(&project, &["--exclude-newer", day]);
        let lock = lock(&project);
        let hold = lock.holds.first().map(|hold| (hold.since.clone(), hold.candidate.join(", ")));
        (versions(&project)[1].clone(), hold)
    };
    let held = |since: &str, candidate: &str| Some((format!("{since}T00:00:00Z"), candidate.to_owned()));
    assert_eq!(day("2024-05-02"), ("all: one 1, two 1".to_owned(), None));
    assert_eq!(day("2024-06-01"), ("all: one 1, two 1".to_owned(), held("2024-06-02", "one 1 -> 2")));
    // `two` moves without the rest; the hold is about `one` as before.
    assert_eq!(day("2024-06-05"), ("all: one 1, two 2".to_owned(), held("2024-06-02", "one 1 -> 2")));
    packages.add("two", "3", &[], Some("2024-06-08"));
    write("two", "3");
    // What was held moves, and with it what had moved fails: that is another hold.
    assert_eq!(day("2024-06-09"), ("all: one 2, two 2".to_owned(), held("2024-06-10", "two 2 -> 3")));
}

#[test]
fn a_part_that_does_not_go_with_the_others_is_no_new_hold_and_the_date_stays() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = project("");
    // `one` 2 fails by itself, on every day; `two` 2 passes alone and fails in the whole, on one of them.
    let write = |whole: &str| {
        let (own, whole) = (gate(&without("one", "2")), gate(whole));
        let manifest = format!(
            "requires = ['lib', 'one', 'two']\n[tracks.all]\npackages = ['one', 'two']\n{own}[tracks.main]\n{whole}"
        );
        index::write(&project.app(), &manifest, &packages);
    };
    for name in ["lib", "one", "two"] {
        packages.add(name, "1", &[], Some("2024-05-01"));
    }
    packages.add("one", "2", &[], Some("2024-06-01"));
    packages.add("two", "2", &[], Some("2024-06-05"));
    write(&without("two", "2"));
    let day = |day: &str| {
        update(&project, &["--exclude-newer", day]);
        let hold = lock(&project).holds.first().map(|hold| (hold.since.clone(), hold.reason.clone()));
        (versions(&project)[1].clone(), hold)
    };
    let held =
        Some(("2024-06-02T00:00:00Z".to_owned(), "the gate of `all` ended with exit code 1".to_owned()));
    assert_eq!(day("2024-05-02"), ("all: one 1, two 1".to_owned(), None));
    assert_eq!(day("2024-06-01"), ("all: one 1, two 1".to_owned(), held.clone()));
    assert_eq!(day("2024-06-05"), ("all: one 1, two 1".to_owned(), held.clone()));
    assert_eq!(lock(&project).holds[0].candidate, ["one 1 -> 2", "two 1 -> 2"]);
    assert_eq!(day("2024-06-06"), ("all: one 1, two 1".to_owned(), held.clone()));
    write("true");
    assert_eq!(day("2024-06-07"), ("all: one 1, two 2".to_owned(), held));
    assert_eq!(lock(&project).holds[0].candidate, ["one 1 -> 2"]);
}

#[test]
fn each_trial_has_a_log_of_its_own_whatever_tracks_are_called_and_a_hold_names_the_one_that_failed() {
    if !uv() {
        return;
    }
    let names = ["notify", "tool", "whole"];
    let list = names.map(|name| format!("'{name}-lib'")).join(", ");
    let track = |name: &&str| {
        let gate = gate(&format!("echo gate of {name}; {}", without(&format!("{name}-lib"), "3")));
        format!("[tracks.{name}]\npackages = ['{name}-lib']\n{gate}")
    };
    let tracks: String = names.iter().map(track).collect();
    // `tool` does not go with the others, of which each passes.
    let main = gate(&format!("echo gate of the whole; {}", without("tool-lib", "2")));
    let project = project(&format!("requires = [{list}]\n{tracks}[tracks.main]\n{main}"));
    let put = |version: &str| {
        for name in names {
            link(&project, &format!("{name}-lib").replace('-', "_"), version, &[]);
        }
    };
    put("1");
    project.ok(&["sync"]);
    put("2");
    let log = |track: &str| {
        let holds = lock(&project).holds;
        let hold = holds.iter().find(|hold| hold.track == track).unwrap();
        fs::read_to_string(project.app().join(hold.log.as_ref().unwrap())).unwrap()
    };
    update(&project, &["--notify", "echo notify said"]);
    assert!(log("tool").contains("gate of the whole"), "{}", log("tool"));
    let tried =
        format!("{:?}", fs::read_dir(project.app().join(".pinfold/logs")).unwrap().collect::<Vec<_>>());
    // Three alone, the whole, what is left without one; and somebody was told.
    assert_eq!(tried.matches("-tracks.whole").count(), 3, "{tried}");
    put("3");
    update(&project, &["--notify", "echo notify said"]);
    for name in names {
        assert!(log(name).contains(&format!("gate of {name}")), "{name}: {}", log(name));
    }
}

#[test]
fn tracks_that_go_only_with_each_other_move_where_a_third_does_not() {
    if !uv() {
        return;
    }
    let names = ["one", "two", "three"];
    let list = "['lib', 'one', 'two', 'three']";
    let tracks: String =
        names.iter().map(|name| format!("[tracks.t-{name}]\npackages = ['{name}']\n")).collect();
    let code = "import json, os; e = json.load(open(os.environ['VIRTUAL_ENV'] + '/closure.json')); \
                m = {u['name'] for u in e['units'] if u['version'] == '2'}; \
                exit(4 if ('one' in m) != ('two' in m) else 5 if 'three' in m else 0)";
    let command = format!("echo run >> \"$PWD/runs\"; python -c \"{code}\"");
    let project = project(&format!("requires = {list}\n{tracks}[tracks.main]\n{}", gate(&command)));
    let put = |version: &str| {
        ["lib", "one", "two", "three"].iter().for_each(|name| link(&project, name, version, &[]))
    };
    put("1");
    project.ok(&["sync"]);
    put("2");
    let output = update(&project, &[]);
    assert_eq!(versions(&project)[0], "root: lib 2, one 2, three 1, two 2", "{}", said(&output));
    let holds = lock(&project).holds;
    let held: Vec<(&str, &str)> =
        holds.iter().map(|hold| (hold.track.as_str(), hold.reason.as_str())).collect();
    let reason = "it passes alone, and not with the others: the gate of `main` ended with exit code 5";
    assert_eq!(held, [("t-three", reason)]);
    let runs = fs::read_to_string(project.app().join("runs")).unwrap().lines().count();
    assert!(runs <= 1 + 2 * 4, "{runs} runs: one for `main` alone, at most 2n for the whole");
}

#[test]
fn a_lock_that_goes_past_a_hold_says_so_and_ends_it() {
    if !uv() {
        return;
    }
    let project = project(&format!(
        "requires = ['app', 'more']\n[tracks.apps]\npackages = ['app', 'more']\n{}",
        gate("exit 3")
    ));
    let put = |version: &str| ["app", "more"].iter().for_each(|name| link(&project, name, version, &[]));
    put("1");
    project.ok(&["sync"]);
    put("2");
    update(&project, &[]);
    assert_eq!(lock(&project).holds[0].candidate, ["app 1 -> 2", "more 1 -> 2"]);
    let since = lock(&project).holds[0].since.chars().take(10).collect::<String>();
    let told = |output: &Output| stderr(output).replace(&since, "DAY");
    let output = project.ok(&["lock", "-P", "app"]);
    let part = "warning: track `apps` moves past its hold of DAY without its gate: app 1 -> 2 was held because the \
                gate of `apps` ended with exit code 3; the rest of it stays held\nhint: `pinfold update apps` tries";
    assert!(told(&output).contains(part), "{}", said(&output));
    assert_eq!(lock(&project).holds.len(), 1);
    // What moved before is said once; further than the candidate is past it as well.
    link(&project, "more", "3", &[]);
    let output = project.ok(&["lock", "-U"]);
    let whole = "app 1 -> 2, more 1 -> 2 was held because the gate of `apps` ended with exit code 3; it is held no longer";
    assert!(told(&output).contains(whole), "{}", said(&output));
    assert_eq!(lock(&project).holds, []);
    let output = project.ok(&["lock", "-U"]);
    assert!(!stderr(&output).contains("warning"), "{}", said(&output));
}

#[test]
fn generations_that_only_record_a_hold_push_no_other_out_and_a_rollback_passes_them_by() {
    if !uv() {
        return;
    }
    let project = three(|text| text.replace("#apps\n", &gate("exit 10")));
    let numbers = || {
        let generations = fs::read_dir(project.app().join(".pinfold/.venv")).unwrap().flatten();
        let mut numbers: Vec<u64> =
            generations.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    };
    let manifest = project.app().join("pinfold.toml");
    // Generation 2 moves `lib` and `tool`; each other one only says otherwise why `app` stays.
    for code in 10..16 {
        let text = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, text.replace("exit 10", &format!("exit {code}"))).unwrap();
        update(&project, &[]);
        fs::write(&manifest, text).unwrap();
    }
    assert_eq!(numbers(), [1, 3, 4, 5, 6, 7]);
    assert_eq!(versions(&project)[0], "root: app 1, lib 2, tool 2");
    project.ok(&["rollback"]);
    assert_eq!(versions(&project)[0], "root: app 1, lib 1, tool 1");
    agree(&project);
    // Nothing else is older: what is there can be gone back to all the same.
    project.ok(&["rollback", "6"]);
    project.ok(&["gc"]);
    assert_eq!(numbers(), [1, 3, 4, 5, 6, 7]);
}

#[test]
fn a_hold_goes_with_its_packages_into_another_track() {
    if !uv() {
        return;
    }
    let manifest = |track: &str, packages: &str| {
        format!(
            "requires = ['one', 'two']\n[tracks.{track}]\npackages = [{packages}]\n{}",
            gate(&without("one", "2"))
        )
    };
    let project = project(&manifest("first", "'one', 'two'"));
    ["one", "two"].iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    ["one", "two"].iter().for_each(|name| link(&project, name, "2", &[]));
    update(&project, &[]);
    let first = lock(&project).holds[0].clone();
    assert_eq!((first.track.as_str(), first.candidate.as_slice()), ("first", &["one 1 -> 2".to_owned()][..]));
    // The day of the hold is not that of what follows.
    let path = project.path("app/pinfold.lock");
    let since = "2026-01-02T00:00:00Z";
    fs::write(&path, fs::read_to_string(&path).unwrap().replace(&first.since, since)).unwrap();

    let change = |text: &str| {
        crate::support::links::write(&project, text);
        let output = project.command(&["sync"]).output().unwrap();
        assert!(output.status.success() && !stderr(&output).contains("moves past"), "{}", said(&output));
        let holds = lock(&project).holds;
        holds.into_iter().map(|hold| (hold.track, hold.since, hold.candidate)).collect::<Vec<_>>()
    };
    let held = |track: &str| (track.to_owned(), since.to_owned(), first.candidate.clone());
    assert_eq!(change(&manifest("second", "'one', 'two'")), [held("second")]);
    // What fails is given away; and at last there is no track.
    assert_eq!(change(&manifest("second", "'two'")), [held("main")]);
    assert_eq!(change("requires = ['one', 'two']\n"), [held("main")]);
    assert_eq!(change("requires = ['two']\n"), []);
}

#[test]
fn a_rollback_makes_no_hold_younger() {
    if !uv() {
        return;
    }
    let manifest =
        format!("requires = ['one', 'two']\n[tracks.t]\npackages = ['one']\n{}", gate(&without("one", "2")));
    let project = project(&manifest);
    ["one", "two"].iter().for_each(|name| link(&project, name, "1", &[]));
    project.ok(&["sync"]);
    ["one", "two"].iter().for_each(|name| link(&project, name, "2", &[]));
    update(&project, &[]);
    let first = lock(&project).holds[0].clone();
    let since = "2026-01-02T00:00:00Z";
    let path = project.path(&format!("app/.pinfold/.venv/{}/pinfold.lock", project.generation()));
    fs::write(&path, fs::read_to_string(&path).unwrap().replace(&first.since, since)).unwrap();
    project.ok(&["rollback"]);
    assert_eq!((versions(&project)[0].as_str(), lock(&project).holds), ("root: one 1, two 1", vec![]));
    let output = update(&project, &[]);
    let hold = &lock(&project).holds[0];
    assert_eq!((hold.since.as_str(), &hold.candidate), (since, &first.candidate), "{}", said(&output));
}
