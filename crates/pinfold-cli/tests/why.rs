//! `pinfold why`: the answers, for each rule and each way of naming an importer.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use serde_json::Value;
use support::{Project, said, stderr, stdout, two_numpys};

fn synced() -> Project {
    let project = two_numpys();
    project.sync();
    project
}

fn ask(project: &Project, importer: &str, module: &str) -> (Option<i32>, Value) {
    let output = project.command(&["why", importer, module, "--output-format", "json"]).output().unwrap();
    let value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    (output.status.code(), value)
}

/// Exit code, rule, version of the unit, and the file's last two components.
#[track_caller]
fn check(project: &Project, importer: &str, module: &str, expected: (i32, u64, &str, &str)) {
    let (code, answer) = ask(project, importer, module);
    let file = answer["files"][0].as_str().unwrap_or("").to_owned();
    let tail =
        file.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
    let found = (
        code.unwrap(),
        answer["rule"].as_u64().unwrap_or(0),
        answer["unit"]["version"].as_str().unwrap_or(""),
        tail.as_str(),
    );
    assert_eq!(found, expected, "{answer:#}");
    if !file.is_empty() {
        assert!(std::fs::metadata(&file).is_ok(), "{file} is not there");
    }
}

#[test]
fn every_importer_gets_its_own() {
    let project = synced();
    check(&project, "root", "numpy", (0, 2, "2.3.4", "numpy/__init__.py"));
    check(&project, "report-new", "numpy", (0, 2, "2.3.4", "numpy/__init__.py"));
    check(&project, "report-old", "numpy", (0, 2, "1.26.4", "numpy/__init__.py"));
    check(&project, "Report_Old", "numpy.fft", (0, 2, "1.26.4", "numpy/fft.py"));
    check(&project, "numpy==1.26.4", "numpy.fft", (0, 2, "1.26.4", "numpy/fft.py"));
    check(&project, "numpy==1.26.4", "scipy", (0, 3, "1.16", "site-packages/scipy.py"));
    check(&project, "report-old", "report_new", (1, 0, "", ""));
}

#[test]
fn a_unit_with_the_wheel_of_another_has_a_folder_of_its_own() {
    let project = synced();
    let (_, old) = ask(&project, "report-old", "scipy");
    let (_, new) = ask(&project, "root", "scipy");
    assert_ne!(old["files"][0], new["files"][0]);
    assert_ne!(old["unit"]["id"], new["unit"]["id"]);
    check(&project, old["unit"]["id"].as_str().unwrap(), "numpy", (0, 2, "1.26.4", "numpy/__init__.py"));
}

#[test]
fn the_standard_library_and_local_files_come_first() {
    let project = synced();
    check(&project, "report-old", "sys", (0, 1, "", ""));
    check(&project, "report-old", "json.decoder", (0, 1, "", "json/decoder.py"));
    check(
        &project,
        "root",
        "os.path",
        (0, 1, "", &format!("python{}/posixpath.py", support::python().minor)),
    );
    std::fs::write(project.app().join("numpy.py"), "").unwrap();
    check(&project, "root", "numpy", (0, 1, "", "app/numpy.py"));
    check(&project, "report-old", "numpy", (0, 2, "1.26.4", "numpy/__init__.py"));
}

#[test]
fn what_would_not_be_found_exits_with_1_and_says_why() {
    let project = synced();
    check(&project, "root", "nowhere", (1, 0, "", ""));
    check(&project, "root", "numpy.nowhere", (1, 2, "", ""));
    check(&project, "root", "json.nowhere", (1, 1, "", ""));
}

#[test]
fn what_no_unit_has_is_told_by_where_it_is() {
    let mut project = Project::new();
    let parts = ["one", "two"].map(|name| {
        let file = format!("ns/{name}/__init__.py");
        let wheel = project.wheel(name, "1", &[(file.as_str(), "")]);
        let id = project.unit(name, &wheel, &[], &["root"]);
        project.require(&id, name);
        id
    });
    let wheel = project.wheel("old", "1", &[("old.py", "")]);
    let old = project.unit("old", &wheel, &[&parts[0]], &["root"]);
    project.require(&old, "old");
    project.pin(&old, "old", &[]);
    project.lock();
    project.sync();
    std::fs::write(project.app().join("mine.py"), "").unwrap();
    for (importer, module, code, rule, reason) in [
        ("root", "mine", 0, 1, "a local file ahead of site-packages"),
        ("old", "mine", 1, 0, "local files are seen only by root"),
        ("root", "pinfold", 0, 1, "Pinfold's own package"),
        ("old", "pinfold", 0, 1, "Pinfold's own package"),
        ("old", "__main__", 0, 1, "the program that runs"),
        ("root", "test.support", 0, 1, "the standard library"),
        ("old", "test.support", 0, 5, "a file of the standard library, found on `sys.path` after all units"),
        ("root", "ns", 0, 2, "a namespace package, with parts of one 1, two 1"),
        (
            "root",
            "ns.nothing",
            1,
            0,
            "`ns` is a namespace package with parts of one 1, two 1 here, and none of them has it",
        ),
        (
            "old",
            "ns.nothing",
            1,
            0,
            "`ns` is a namespace package with parts of one 1 here, and none of them has it",
        ),
        ("old", "ns.two.deep", 1, 5, "two 1 answers, and has no file for `ns.two.deep`"),
    ] {
        let (exit, answer) = ask(&project, importer, module);
        assert_eq!((exit, answer["rule"].as_u64().unwrap_or(0)), (Some(code), rule), "{answer:#}");
        assert!(answer["reason"].as_str().unwrap().contains(reason), "{answer:#}");
    }
    assert_eq!(ask(&project, "root", "ns").1["files"].as_array().unwrap().len(), 2);
}

#[test]
fn an_importer_that_is_not_clear_is_an_error_with_candidates() {
    let project = synced();
    for (importer, expected) in
        [("numpy", "numpy==1.26.4"), ("nunpy", "did you mean `numpy`?"), ("numpy==3", "there is numpy==")]
    {
        let output = project.command(&["why", importer, "os"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn the_text_is_for_people() {
    let project = synced();
    let mut text = String::new();
    for (importer, module) in [
        ("report-old", "numpy"),
        ("root", "scipy"),
        ("root", "json"),
        ("report-old", "report_new"),
        ("root", "nowhere"),
    ] {
        text.push_str(&format!("$ pinfold why {importer} {module}\n"));
        text.push_str(&stdout(&project.command(&["why", importer, module]).output().unwrap()));
    }
    let text = text.replace(&*project.store().to_string_lossy(), "STORE");
    let stdlib = support::python().path.parent().unwrap().parent().unwrap().to_string_lossy().into_owned();
    let text =
        text.replace(&stdlib, "PYTHON").replace(&format!("python{}", support::python().minor), "python3.X");
    insta::with_settings!({filters => vec![(r"[0-9a-f]{64}", "HASH"), (r"@[0-9a-f]{12}", "@ID")]}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn an_environment_behind_its_lock_is_said_to_be() {
    let mut project = Project::new();
    project.simple("six", "1.16", &[]);
    project.lock();
    project.sync();
    assert_eq!(stderr(&project.ok(&["why", "root", "six", "--frozen"])), "");
    project.simple("seven", "1", &[]);
    project.lock();
    let output = project.command(&["why", "root", "seven"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(stderr(&output).contains("`pinfold sync` makes it so"), "{}", said(&output));
}
