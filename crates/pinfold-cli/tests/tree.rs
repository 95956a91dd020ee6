//! `pinfold tree`, as people and programs see it.

mod support;

use serde_json::Value;
use support::{Project, said, stdout};

/// Two reports: the old one is pinned to an older numpy; six is common to both.
fn two_numpys() -> Project {
    let mut project = Project::new();
    let old_numpy = project.wheel("numpy", "1.26.4", &[("numpy.py", "version = 1\n")]);
    let new_numpy = project.wheel("numpy", "2.3.4", &[("numpy.py", "version = 2\n")]);
    let six = project.wheel("six", "1.17", &[("six.py", "")]);
    let scipy = project.wheel("scipy", "1.16", &[("scipy.py", "")]);
    let report_old = project.wheel("report-old", "1.0", &[("report_old.py", "")]);
    let report_new = project.wheel("report-new", "1.0", &[("report_new.py", "")]);
    let six = project.unit("six", &six, &[], &["root"]);
    let new_numpy = project.unit("numpy", &new_numpy, &[], &["root"]);
    let new_scipy = project.unit("scipy", &scipy, &[&new_numpy], &["root"]);
    let new = project.unit("report-new", &report_new, &[&new_scipy, &new_numpy], &["root"]);
    let old_numpy = project.unit("numpy", &old_numpy, &[], &[]);
    let old_scipy = project.unit("scipy", &scipy, &[&old_numpy], &[]);
    let old = project.unit("report-old", &report_old, &[&old_numpy, &old_scipy, &six], &["root"]);
    project.pin(&old, "report-old", &[&old_numpy, &old_scipy, &six]);
    for (id, requirement) in [(&new, "report-new"), (&old, "report-old"), (&new_numpy, "numpy>=2")] {
        project.require(id, requirement);
    }
    project.lock();
    project
}

#[test]
fn the_tree_marks_where_versions_differ() {
    let project = two_numpys();
    let output = project.ok(&["tree"]);
    let text = stdout(&output).replace(&support::python().minor, "3.X").replace(&support::python().platform, "PLATFORM");
    insta::assert_snapshot!(text);
    insta::assert_snapshot!("depth_1", stdout(&project.ok(&["tree", "--depth", "1"])).lines().skip(1).collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_json_names_every_unit_and_difference() {
    let project = two_numpys();
    let document: Value = serde_json::from_slice(&project.ok(&["tree", "--output-format", "json"]).stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["units"].as_array().unwrap().len(), 7);
    let differences = document["differences"].as_array().unwrap();
    let numpy = differences.iter().find(|difference| difference["name"] == "numpy").unwrap();
    assert_eq!(numpy["versions_differ"], true);
    let versions: Vec<_> = numpy["units"].as_array().unwrap().iter().map(|unit| (unit["version"].as_str().unwrap(), unit["closures"][0].as_str().unwrap())).collect();
    assert_eq!(versions, [("2.3.4", "root"), ("1.26.4", "report-old")]);
    let scipy = differences.iter().find(|difference| difference["name"] == "scipy").unwrap();
    assert_eq!(scipy["versions_differ"], false);
}

#[test]
fn without_a_lock_it_says_how_to_get_one() {
    let project = Project::new();
    let output = project.command(&["tree"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("hint: `pinfold lock`"), "{}", said(&output));
}
