//! Where copies go, and of which files there are some.
//!
//! Deliberately not here: what they do when they are loaded.

use std::fs;
use std::os::unix::fs::symlink;

use crate::isolate::isolate;
use crate::{TWO, Venv};

#[test]
fn copies_go_nowhere_in_what_they_are_made_of() {
    let venv = Venv::new(TWO);
    let input = venv.path("venv");
    let module = |name: &str| {
        let entries = fs::read_dir(venv.site.join(name)).expect("a package").flatten();
        let is_module = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "so");
        entries.map(|entry| entry.path()).find(is_module).expect("a module")
    };
    let [one, two] = ["one", "two"].map(module);
    symlink(&venv.site, venv.path("packages")).expect("a link");
    let stored = venv.path("store/wheels").join("0123456789abcdef".repeat(4));
    let inside = [
        venv.site.join("out"),
        venv.site.join("one/out"),
        venv.path("packages/one/out"),
        input.join("out"),
        input.clone(),
        venv.path("."),
        stored.join("site-packages/one"),
    ];
    for out in &inside {
        let error = isolate(&[&input], out).expect_err("it is refused");
        let said = error.starts_with("exit status: 2") && error.contains("error: copies cannot go to ");
        assert!(said && error.contains("hint: name a folder"), "{}: {error}", out.display());
        if *out != input {
            let error = isolate(&[&one, &two], out);
            let elsewhere = *out == input.join("out");
            assert_eq!(error.is_ok(), elsewhere, "{}: {error:?}", out.display());
        }
    }
    for out in inside.iter().filter(|out| out.ends_with("out") && **out != input.join("out")) {
        assert!(!out.exists(), "{}", out.display());
    }
    assert!(!stored.exists());
}

#[test]
fn a_link_is_followed_and_stays_one() {
    let venv = Venv::new(TWO);
    let [out, link, broken] = ["out", "link", "broken"].map(|name| venv.path(name));
    fs::create_dir(&out).expect("a folder");
    symlink("out", &link).expect("a link");
    symlink("nowhere", &broken).expect("a link");
    venv.isolate(&link).expect("copies");
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(out.join("isolated.json").is_file());
    assert!(venv.isolate(&link).expect("the same").contains("there already"));
    // One package alone: copies of what there was before must not go on being used.
    for folder in ["two", "two.libs"] {
        fs::remove_dir_all(venv.site.join(folder)).expect("it is removed");
    }
    let said = venv.isolate(&link).expect("nothing is left to copy");
    assert!(said.contains("nothing was copied") && said.contains("is gone") && !out.exists(), "{said}");
    fs::create_dir(&out).expect("a folder");
    let error = venv.isolate(&broken).expect_err("it leads nowhere");
    assert!(error.contains("is a link that leads nowhere") && error.contains("hint: "), "{error}");
    assert!(fs::symlink_metadata(&broken).expect("it is there").is_symlink());
}

#[test]
fn libraries_that_are_named_get_names_of_their_own_whoever_needs_them() {
    let venv = Venv::new(TWO);
    let libraries = ["one", "two"].map(|name| venv.site.join(format!("{name}.libs/libnumber.so.1")));
    let out = venv.path("out");
    let said = isolate(&[&libraries[0], &libraries[1]], &out).expect("copies");
    assert!(said.contains("2 libraries have names of their own"), "{said}");
    let record = fs::read_to_string(out.join("isolated.json")).expect("a record");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let names = record["copies"].as_array().expect("copies").iter().map(|copy| copy["name"].as_str());
    let names: std::collections::BTreeSet<_> = names.map(|name| name.expect("a name")).collect();
    assert_eq!(names.len(), 2);
    // A second one of the same bytes is no other.
    fs::copy(&libraries[0], venv.path("libnumber.so.1")).expect("a copy");
    let said = isolate(&[&libraries[0], &venv.path("libnumber.so.1")], &venv.path("none")).expect("nothing");
    assert!(said.contains("nothing was copied"), "{said}");
}
