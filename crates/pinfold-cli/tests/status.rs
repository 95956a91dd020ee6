//! `pinfold status`: how far behind each track is, what is held, and when that is too long.
//!
//! Packages come from an index of this machine that says when they were uploaded, or does not. Deliberately not here:
//! how a hold comes about (`pinfold update`).

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use support::index::{self, Index};
use support::links::{fails, link, project, uv};
use support::{Project, fitting, said, stderr, stdout};

/// A project of a track and a package of root, whose packages come from the index.
fn indexed(packages: &Index, more: &str) -> Project {
    let project = project("");
    let manifest = format!("requires = ['app', 'lib']\n{more}[tracks.apps]\npackages = ['app']\n");
    index::write(&project.app(), &manifest, packages);
    project
}

fn hold(project: &Project, since: &str) {
    let path = project.app().join("pinfold.lock");
    let text = fs::read_to_string(&path).unwrap();
    let hold =
        format!("[[hold]]\ntrack = \"apps\"\nsince = \"{since}\"\nreason = \"it said no\"\n\n[[wheel]]");
    fs::write(path, text.replacen("[[wheel]]", &hold, 1)).unwrap();
}

fn status(project: &Project, args: &[&str]) -> (Option<i32>, Output) {
    let output = project.command(&[&["status"], args].concat()).output().unwrap();
    (output.status.code(), output)
}

/// The track as the document has it, which is one of the schema.
fn track(project: &Project, name: &str, args: &[&str]) -> (Option<i32>, Value) {
    let (code, output) = status(project, &[args, &["--output-format", "json"]].concat());
    assert!(!output.stdout.is_empty(), "{}", said(&output));
    let document = fitting(&output.stdout, include_str!("../src/commands/status.schema.json"));
    let track = document["tracks"].as_array().unwrap().iter().find(|track| track["name"] == name);
    (code, track.unwrap().clone())
}

#[test]
fn versions_and_days_are_counted_from_the_first_release_that_is_not_there() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = indexed(&packages, "");
    packages.add("app", "1", &["lib<2"], Some("2024-05-01"));
    packages.add("lib", "1", &[], Some("2024-05-01"));
    project.ok(&["sync"]);
    assert_eq!(
        track(&project, "apps", &["--exclude-newer", "2024-05-10"]),
        (
            Some(0),
            json!({"name": "apps", "held": false, "reason": null, "since": null, "days_behind": 0,
            "versions_behind": 0, "deadline": null, "packages": {"app": "1", "lib": "1"}})
        )
    );
    // A pre-release and one for another Python do not count, nor does what other packages do not accept.
    packages.add("app", "1.1", &["lib<2"], Some("2024-06-01"));
    packages.add("app", "1.2", &["lib<2"], Some("2024-06-03"));
    packages.add("app", "2rc1", &["lib<2"], Some("2024-06-04"));
    packages.add("app", "2", &["lib<2"], Some("2024-06-05"));
    packages.add("lib", "2", &[], Some("2024-06-06"));
    hold(&project, "2024-06-02T00:00:00Z");
    let day = |day| track(&project, "apps", &["--exclude-newer", day]);
    let held = |days, versions| {
        json!({"name": "apps", "held": true, "reason": "it said no", "since": "2024-06-02T00:00:00Z",
            "days_behind": days, "versions_behind": versions, "deadline": "2024-06-16T00:00:00Z",
            "packages": {"app": "1", "lib": "1"}})
    };
    assert_eq!(day("2024-06-02"), (Some(0), held(1, 1)));
    assert_eq!(day("2024-06-06"), (Some(0), held(5, 3)));
    assert_eq!(day("2024-06-15"), (Some(0), held(14, 3)));
    assert_eq!(day("2024-06-16"), (Some(1), held(15, 3)));
    let (code, output) = status(&project, &["--exclude-newer", "2024-06-17"]);
    assert_eq!(code, Some(1), "{}", said(&output));
    insta::assert_snapshot!(stdout(&output), @r"
    apps  held, 3 versions and 16 days behind, since generation 1
      held since 2024-06-02 (16 days): it said no
      must have moved by 2024-06-16, 2 days ago
      app 1  from index `here`  2 is there: 3 newer, the first since 2024-06-01 (16 days)
      lib 1  from index `here`
    main  1 version and 11 days behind, since generation 1
      `pinfold update` is due by 2024-06-20, in 2 days
      lib 1  from index `here`  2 is there: 1 newer, since 2024-06-06 (11 days)
    ");
    let told = stderr(&output);
    assert!(told.contains("warning: track `apps` is held for 16 days, longer than its max-lag of 14 days: it said no\nhint: "), "{told}");
    // uv has seen that: without a network it is told, and that it may be old.
    let (code, output) = status(&project, &["--exclude-newer", "2024-06-17", "--offline"]);
    assert!(code == Some(1) && stdout(&output).starts_with("apps  held, 3 versions"), "{}", said(&output));
    assert!(stderr(&output).contains("What is newer is told as uv last saw it"), "{}", said(&output));
    // With no days at all it is past its deadline before one is over.
    let path = project.app().join("pinfold.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[tracks.main]\nmax-lag = '0d'\n")).unwrap();
    let (code, output) = status(&project, &["--exclude-newer", "2024-06-06"]);
    let told = stderr(&output);
    let less = "track `main` is less than a day behind, past its max-lag of 0 days, and nothing holds it";
    assert!(code == Some(1) && told.contains(less), "{}", said(&output));
    fs::write(&path, text).unwrap();
    // What nothing holds is due as well.
    let main = track(&project, "main", &["--exclude-newer", "2024-06-10"]);
    assert_eq!((main.0, &main.1["deadline"]), (Some(0), &json!("2024-06-20T12:00:00Z")));
    let (code, output) = status(&project, &["--exclude-newer", "2024-06-20"]);
    let told = stderr(&output);
    assert!(code == Some(1) && told.contains("track `main` is 14 days behind"), "{}", said(&output));
}

#[test]
fn an_index_without_upload_times_is_measured_in_versions() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = indexed(&packages, "");
    packages.add("app", "1", &[], None);
    packages.add("lib", "1", &[], Some("2024-05-01"));
    project.ok(&["sync"]);
    for version in 2..60 {
        packages.add("app", &version.to_string(), &[], None);
    }
    let (code, apps) = track(&project, "apps", &[]);
    assert_eq!((code, &apps["versions_behind"], &apps["days_behind"]), (Some(0), &json!(50), &Value::Null));
    assert_eq!(apps["deadline"], Value::Null);
    let (_, output) = status(&project, &[]);
    let text = stdout(&output);
    assert!(text.contains("apps  50 versions or more behind"), "{text}");
    assert!(text.contains("the index does not say when releases of app were uploaded"), "{text}");
    // What was there on a day of the past is not guessed either.
    let (code, apps) = track(&project, "apps", &["--exclude-newer", "2024-06-01"]);
    assert_eq!((code, &apps["versions_behind"], &apps["days_behind"]), (Some(0), &Value::Null, &Value::Null));
    let (_, output) = status(&project, &["--exclude-newer", "2024-06-01"]);
    let text = stdout(&output);
    assert!(
        text.contains("when files of app were uploaded: what was there on that day cannot be told"),
        "{text}"
    );
    let said = fails(&project, &["update", "--exclude-newer", "2024-06-01"]);
    assert!(
        said.contains("the index does not say when files of app were uploaded, so no day of the past"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_looked_at_is_said_and_holds_are_told_all_the_same() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\nmax-lag = '1w'\n");
    assert!(fails(&project, &["status"]).contains("no track has anything\nhint: `pinfold sync`"));
    link(&project, "app", "1", &["lib"]);
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    hold(&project, "2024-06-02T00:00:00Z");
    // No solution: the packages of the track alone tell what there is, within what the manifest says of them.
    link(&project, "app", "2", &["lib", "nowhere"]);
    link(&project, "app", "3", &["lib", "nowhere"]);
    let manifest = project.app().join("pinfold.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("max-lag = '1w'", "max-lag = '1w'\nrequires = ['app>=2', 'app<3']"))
        .unwrap();
    let (code, apps) = track(&project, "apps", &[]);
    assert_eq!(
        (code, &apps["versions_behind"], &apps["deadline"]),
        (Some(1), &json!(1), &json!("2024-06-09T00:00:00Z"))
    );
    // The folder of wheels is gone, as a network may be.
    fs::rename(project.path("app/links"), project.path("app/gone")).unwrap();
    let (code, apps) = track(&project, "apps", &[]);
    assert_eq!((code, &apps["versions_behind"], &apps["days_behind"]), (Some(1), &Value::Null, &Value::Null));
    let (_, output) = status(&project, &[]);
    assert!(stderr(&output).contains("warning: could not look for newer releases"), "{}", said(&output));
    assert!(stdout(&output).contains("held since 2024-06-02"), "{}", said(&output));
}

#[test]
fn a_clock_that_was_turned_back_and_a_hold_without_a_moment_are_said() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\n");
    link(&project, "app", "1", &[]);
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    let path = project.app().join("pinfold.lock");
    let before = fs::read_to_string(&path).unwrap();
    hold(&project, "2999-06-02T00:00:00Z");
    // Counted as it stands, it would never be due.
    let (code, output) = status(&project, &[]);
    assert_eq!(code, Some(1), "{}", said(&output));
    assert!(stdout(&output).contains("that is yet to come: the clock says"), "{}", said(&output));
    assert!(
        stderr(&output).contains("is yet to come: nobody can tell its age: it said no"),
        "{}",
        said(&output)
    );
    let (code, apps) = track(&project, "apps", &[]);
    assert_eq!((code, &apps["deadline"]), (Some(1), &Value::Null));
    let refused = fails(&project, &["update", "--exclude-newer", "2206-06-01"]);
    assert!(refused.contains("`--exclude-newer 2206-06-01` is yet to come: the clock says "), "{refused}");
    fs::write(&path, &before).unwrap();
    hold(&project, "last week");
    let (code, output) = status(&project, &[]);
    assert_eq!(code, Some(1), "{}", said(&output));
    assert!(stderr(&output).contains("held since `last week`, which is no moment"), "{}", said(&output));
}

/// A command for `--notify` that keeps what it reads, one report a line.
const KEEP: &str = "tr -d '\\n' >> reports; echo >> reports";

/// The events that were told so far, each with its track, and whether all reports are of the schema.
fn told(project: &Project) -> Vec<Vec<String>> {
    let schema = include_str!("../src/commands/notify.schema.json");
    let text = fs::read_to_string(project.app().join("reports")).unwrap_or_default();
    let one = |line: &str| {
        let report = fitting(line.as_bytes(), schema);
        let events = report["events"].as_array().unwrap().iter();
        events.map(|e| format!("{} {}", e["track"].as_str().unwrap(), e["event"].as_str().unwrap())).collect()
    };
    text.lines().map(one).collect()
}

#[test]
fn a_hold_is_told_when_it_begins_changes_nears_its_deadline_passes_it_and_ends_once_each() {
    if !uv() {
        return;
    }
    let packages = Index::start();
    let project = indexed(&packages, "");
    let manifest = project.app().join("pinfold.toml");
    let gate = |command: &str| {
        let text = fs::read_to_string(&manifest).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("gate")).collect();
        let text = lines.join("\n") + "\n";
        fs::write(
            &manifest,
            text.replace("packages = ['app']\n", &format!("packages = ['app']\ngate = '{command}'\n")),
        )
        .unwrap();
    };
    packages.add("app", "1", &["lib"], Some("2024-05-01"));
    packages.add("lib", "1", &[], Some("2024-05-01"));
    project.ok(&["sync"]);
    packages.add("app", "2", &["lib"], Some("2024-06-01"));
    let run = |command: &str, day: &str| {
        let output = project.command(&[command, "--exclude-newer", day, "--notify", KEEP]).output().unwrap();
        assert!(!stderr(&output).contains("--notify"), "{}", said(&output));
        output.status.code()
    };
    gate("exit 3");
    let mut expected: Vec<Vec<String>> = Vec::new();
    let mut expect = |code: Option<i32>, right: i32, events: &[&str]| {
        expected.extend((!events.is_empty()).then(|| events.iter().map(|e| (*e).to_owned()).collect()));
        assert_eq!((code, told(&project)), (Some(right), expected.clone()));
    };
    expect(run("update", "2024-06-01"), 0, &["apps begins"]);
    expect(run("update", "2024-06-02"), 0, &[]);
    expect(run("status", "2024-06-02"), 0, &[]);
    gate("exit 4");
    expect(run("update", "2024-06-03"), 0, &["apps changes"]);
    packages.add("app", "3", &["lib"], Some("2024-06-05"));
    expect(run("update", "2024-06-05"), 0, &["apps changes"]);
    expect(run("status", "2024-06-12"), 0, &["apps near"]);
    expect(run("update", "2024-06-13"), 0, &[]);
    expect(run("status", "2024-06-16"), 1, &["apps past"]);
    expect(run("status", "2024-06-20"), 1, &[]);
    gate("true");
    expect(run("update", "2024-06-21"), 0, &["apps ends"]);
    expect(run("update", "2024-06-22"), 0, &[]);
}

#[test]
fn a_command_that_tells_nobody_fails_nothing_and_is_run_again() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\ngate = 'exit 3'\n");
    link(&project, "app", "1", &[]);
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "app", "2", &[]);
    let run = |command: &str, notify: &str| {
        let output = project.command(&[command, "--notify", notify]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        stderr(&output)
    };
    let again = "; it will be told again the next time";
    for (command, notify, why) in [
        ("update", "no-such-program-here", "ended with exit code 127: "),
        (
            "status",
            "echo the mail server is down; exit 9",
            "ended with exit code 9: the mail server is down (see .pinfold/logs/",
        ),
        ("status", "kill -KILL $$", "was ended by signal 9"),
        ("status", "head -c 3000000 /dev/urandom; exit 1", "ended with exit code 1: "),
    ] {
        let said = run(command, notify);
        assert!(
            said.contains(&format!("warning: `--notify {notify}` {why}")) && said.contains(again),
            "{said}"
        );
    }
    // One that reads nothing of it has told somebody all the same.
    let said = run("status", "echo data is not for stdout");
    assert!(!said.contains("--notify"), "{said}");
    run("status", KEEP);
    assert_eq!(told(&project), Vec::<Vec<String>>::new());
    // What cannot be read any more is told again, and no track is forgotten.
    fs::write(project.app().join(".pinfold/told.json"), "half of a {").unwrap();
    run("status", KEEP);
    assert_eq!(told(&project), [["apps begins".to_owned()]]);
    let said = fails(&project, &["status", "--notify", ""]);
    assert!(said.contains("--notify"), "{said}");
}

#[test]
fn a_track_that_waits_for_one_that_is_held_is_not_behind_itself() {
    if !uv() {
        return;
    }
    let project = project("requires = ['app', 'lib']\n[tracks.apps]\npackages = ['app']\ngate = 'exit 3'\n");
    link(&project, "app", "1", &[]);
    link(&project, "lib", "1", &[]);
    project.ok(&["sync"]);
    link(&project, "app", "2", &[]);
    link(&project, "lib", "2", &["app>=2"]);
    project.ok(&["update"]);
    let behind = |name| track(&project, name, &[]).1["versions_behind"].clone();
    assert_eq!((behind("apps"), behind("main")), (json!(1), json!(0)));
    link(&project, "lib", "1.5", &[]);
    assert_eq!((behind("apps"), behind("main")), (json!(1), json!(1)));
}
