//! Names of libraries in strings and in instructions, as a C compiler and a linker leave them.
//!
//! Deliberately not here: what follows from a name that is found.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use elf_facts::{Form, Name, mapped, pieces, spellings};
use tempfile::TempDir;

/// A library of `code` that calls `take` with names.
fn library(code: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, library) = (folder.path().join("source.c"), folder.path().join("library.so"));
    std::fs::write(&source, format!("int take(const char *); int f(int n) {{ {code} }}"))
        .expect("it is written");
    let flags = ["-shared", "-fPIC", "-O1", "-Wl,-soname,libcore.so.1", "-o"];
    let status = Command::new("cc").args(flags).args([&library, &source]).status();
    assert!(status.expect("a C compiler").success());
    (folder, library)
}

fn names(all: &[&str]) -> BTreeSet<Name> {
    all.iter().map(|name| Name::from(*name)).collect()
}

/// Names and how they stand there, with the string.
fn spelled(code: &str, asked: &[&str]) -> Vec<(String, Form, String)> {
    let (_folder, path) = library(code);
    let found = spellings(&path, &names(asked)).unwrap_or_else(|error| panic!("{error}"));
    for one in &found {
        let there = mapped(&path, &[(one.address, 3)]).expect("it is mapped");
        let start = if one.form == Form::Format { &one.text } else { &one.name };
        assert_eq!(there[0], start.as_bytes()[..3], "{one:?}");
    }
    found.into_iter().map(|one| (one.name.to_string(), one.form, one.text.to_string())).collect()
}

#[test]
fn strings_are_whole_or_the_end_of_others_that_is_asked_for() {
    let all = ["libcore.so.1", "libother.so", "core"];
    let whole = |name: &str| (name.to_owned(), Form::Whole, name.to_owned());
    assert_eq!(spelled("return take(\"libcore.so.1\");", &all), [whole("libcore.so.1")]);
    assert_eq!(spelled("return n;", &all), [], "the SONAME is no string of the file's own");
    assert_eq!(spelled("return take(\"core\");", &all), [whole("core")]);
    assert_eq!(spelled("return take(\"/lib/libcore.so.1\");", &all), [], "a path is no name");
    let both = "return take(\"/lib/libcore.so.1\") + take(\"libcore.so.1\");";
    let end = ("libcore.so.1".to_owned(), Form::End, "/lib/libcore.so.1".to_owned());
    let table =
        "static const char *const all[] = {\"/lib/libcore.so.1\", \"libcore.so.1\"}; return take(all[n]);";
    for code in [both, table] {
        assert_eq!(spelled(code, &all), std::slice::from_ref(&end));
    }
    let format = "return take(\"libcore.so.%d\");";
    assert_eq!(
        spelled(format, &all),
        [("libcore.so.1".to_owned(), Form::Format, "libcore.so.%d".to_owned())]
    );
}

#[test]
fn names_that_instructions_make_are_found_by_their_ends() {
    let made = |name: &str| {
        let (_folder, path) = library(&format!("char name[] = \"{name}\"; return take(name);"));
        let others = ["libcore.so.12", "libcaffe2_nvrtc.so", "libcaffe2_nvrtc.so.1", "libcores.so", name];
        pieces(&path, &names(&others)).unwrap_or_else(|error| panic!("{error}"))
    };
    for name in ["libabc.so1", "libcore.so.1", "libcaffe2_nvrtx.so", "libcaffe2_nvrtc_of_a_long_name.so.12"] {
        assert_eq!(made(name), names(&[name]));
    }
    let (_folder, path) = library("return take(\"libcore.so.1\");");
    assert_eq!(pieces(&path, &names(&["libcore.so.1"])).expect("it can be read"), names(&[]));
}
