//! `pinfold tree`, as people and programs see it.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use serde_json::Value;
use support::{Project, said, stderr, stdout, two_numpys};

#[test]
fn the_tree_marks_where_versions_differ() {
    let project = two_numpys();
    let output = project.ok(&["tree"]);
    let text = stdout(&output)
        .replace(&support::python().minor, "3.X")
        .replace(&support::python().platform, "PLATFORM");
    insta::assert_snapshot!(text);
    insta::assert_snapshot!(
        "depth_1",
        stdout(&project.ok(&["tree", "--depth", "1"])).lines().skip(1).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn the_json_names_every_unit_and_difference() {
    let project = two_numpys();
    let document: Value =
        serde_json::from_slice(&project.ok(&["tree", "--output-format", "json"]).stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["units"].as_array().unwrap().len(), 7);
    let differences = document["differences"].as_array().unwrap();
    let numpy = differences.iter().find(|difference| difference["name"] == "numpy").unwrap();
    assert_eq!(numpy["versions_differ"], true);
    let versions: Vec<_> = numpy["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| (unit["version"].as_str().unwrap(), unit["closures"][0].as_str().unwrap()))
        .collect();
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

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
    let project = two_numpys();
    for args in [&["tree", "--frozen"][..], &["tree", "--frozen", "--output-format", "json"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = project.command(args).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{}", said(&output));
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = project.command(args).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(
            stderr(&output).starts_with("error: could not write to stdout: No space"),
            "{}",
            said(&output)
        );
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = project.command(&["sync", "--frozen"]).stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "what is lost is only talk: {}", said(&output));
}
