//! The state of libraries that a C compiler makes, with their symbols and without.
//!
//! Deliberately not here: which libraries a rule asks for.

use std::path::Path;
use std::process::Command;

/// Bytes of state of a library of `code`.
fn state(code: &str, flags: &[&str]) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (source, library) = (folder.path().join("source.c"), folder.path().join("library.so"));
    std::fs::write(&source, code).expect("it is written");
    let status =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).args(flags).status();
    assert!(status.expect("a C compiler").success());
    elf_facts::state(&library).unwrap_or_else(|error| panic!("{error}"))
}

const NOTHING: &str = "extern int puts(const char *); int f(void) { return puts(\"x\"); }";
const ROWS: &str =
    "static int a(void) { return 1; } static struct { int (*call)(void); int n; } rows[] = {{a, 1}, {a, 2}};
    int f(int at) { return rows[at].call() + rows[at].n; }";

#[test]
fn what_compilers_add_is_no_state() {
    for flags in [
        &[][..],
        &["-s"],
        &["-Wl,-z,lazy"],
        &["-Wl,-z,lazy", "-s"],
        &["-Wl,-z,norelro"],
        &["-Wl,-z,norelro", "-s"],
    ] {
        assert_eq!(state(NOTHING, flags), 0, "{flags:?}");
    }
}

#[test]
fn one_variable_is_state_where_its_symbol_is_there() {
    assert_eq!(state("static int count; int f(void) { return ++count; }", &[]), 4);
    assert_eq!(state("static int count = 1; int f(void) { return ++count; }", &["-Wl,-z,lazy"]), 4);
    assert_eq!(state("int count; int f(void) { return ++count; }", &["-Wl,-z,norelro"]), 4);
    assert_eq!(state(ROWS, &[]), 32, "what could be written to counts as if it were");
    assert_eq!(state("static const int table[] = {1, 2}; int f(int at) { return table[at]; }", &[]), 0);
}

#[test]
fn without_symbols_sizes_tell() {
    let some = "static int seen[16]; int f(int at) { return seen[at & 15]++; }";
    assert!(state(some, &["-s"]) >= 48, "{}", state(some, &["-s"]));
    let set = "static int seen[] = {1, 2, 3, 4, 5, 6, 7, 8}; int f(int at) { return seen[at & 7]++; }";
    assert!(state(set, &["-s"]) >= 24, "{}", state(set, &["-s"]));
    assert_eq!(state(ROWS, &["-s"]), 0, "a table of addresses is mostly one that is only read");
}

#[test]
fn thread_local_data_is_state() {
    assert_eq!(state("static __thread int count; int f(void) { return ++count; }", &["-s"]), 4);
}

#[test]
fn what_is_no_library_is_an_error() {
    assert!(elf_facts::state(Path::new("/dev/null")).is_err());
}
