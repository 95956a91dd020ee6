//! `abicheck ldd` and `abicheck bindings` on small files made here, beside what the real loader finds.
//!
//! Deliberately not here: the loader's rules, which `elf-loader` tests binding by binding.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// `app.so` needs `liba.so`, which needs `libb.so`; each finds the next one by its RUNPATH. `other/libb.so` has another
/// `b`.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    fs::create_dir_all(at.join("other")).expect("a folder");
    compile(at, "libb.so", "int b(void) { return 1; }", &[]);
    compile(at, "other/libb.so", "int b(void) { return 2; }", &[]);
    compile(at, "liba.so", "int b(void); int a(void) { return b(); }", &["-Wl,--no-as-needed", "-lb"]);
    compile(at, "app.so", "int a(void); int main_(void) { return a(); }", &["-Wl,--no-as-needed", "-la"]);
    folder
}

/// Compiles `code` to a library with a RUNPATH, in `at`.
fn compile(at: &Path, to: &str, code: &str, more: &[&str]) {
    fs::write(at.join("code.c"), code).expect("the folder can be written to");
    let soname = format!("-Wl,-soname,{}", to.rsplit('/').next().expect("a name"));
    let status = Command::new("gcc")
        .args(["-shared", "-fPIC", "-nostdlib", "-Wl,--enable-new-dtags,-rpath,$ORIGIN", "-L.", "-o", to])
        .args([&soname, "code.c"])
        .args(more)
        .current_dir(at)
        .status();
    assert!(status.expect("gcc, which `cargo xtask test` installs").success(), "{to}");
}

fn abicheck(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
    command.args(arguments).current_dir(folder).env("XDG_CACHE_HOME", folder.join("cache"));
    command.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD").output().expect("abicheck runs")
}

fn told(output: &Output, folder: &Path) -> String {
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let folder = folder.canonicalize().expect("the folder");
    text.replace(&*folder.to_string_lossy(), "DIR")
}

#[test]
fn a_tree_with_how_each_library_was_found() {
    let folder = folder();
    let output = abicheck(folder.path(), &["ldd", "app.so"]);
    let expect = "DIR/app.so\n\
        └── liba.so => DIR/liba.so   RUNPATH of app.so\n    \
        └── libb.so => DIR/libb.so   RUNPATH of liba.so\n";
    assert_eq!((told(&output, folder.path()).as_str(), output.status.code()), (expect, Some(0)));
}

#[test]
fn every_library_that_is_not_there_is_told_with_where_it_was_looked_for() {
    let folder = folder();
    for file in ["liba.so", "libb.so", "other/libb.so"] {
        fs::remove_file(folder.path().join(file)).expect("the file");
    }
    let needy = |to: &str, code: &str, needs: &[&str]| {
        for name in needs {
            compile(folder.path(), &format!("{name}.so"), &format!("int {name}(void) {{ return 0; }}"), &[]);
        }
        let needs: Vec<String> = needs.iter().map(|name| format!("{name}.so")).collect();
        let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
        compile(folder.path(), to, code, &[&["-Wl,--no-as-needed"], &needs[..]].concat());
    };
    needy("liba.so", "int a;", &["libx", "liby"]);
    needy("app.so", "int app;", &["libx", "libneedless"]);
    compile(folder.path(), "both.so", "int both;", &["-Wl,--no-as-needed", "liba.so", "app.so"]);
    for gone in ["libx.so", "liby.so", "libneedless.so"] {
        fs::remove_file(folder.path().join(gone)).expect("the file");
    }
    fs::write(folder.path().join("libneedless.so"), "no ELF file").expect("the folder can be written to");
    let output = abicheck(folder.path(), &["ldd", "both.so"]);
    let text = told(&output, folder.path());
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (tree, errors) = text.split_at(text.find("error: ").expect("an error"));
    let branches: Vec<&str> = tree.lines().filter(|line| line.contains(" => ")).collect();
    assert_eq!(
        branches,
        [
            "├── liba.so => DIR/liba.so   RUNPATH of both.so",
            "│   ├── libx.so => not found; looked for in",
            "│   └── liby.so => not found; looked for in",
            "└── app.so => DIR/app.so   RUNPATH of both.so",
            "    ├── libx.so => not found; looked for in",
            "    └── libneedless.so => not loaded: invalid ELF header",
        ]
    );
    assert!(tree.contains("│   │       DIR   RUNPATH of liba.so\n│   │       ld.so.cache\n"), "{tree}");
    assert!(tree.contains("   default folder\n"), "{tree}");
    let gone =
        |name: &str| format!("error: {name}: cannot open shared object file: No such file or directory");
    let expect =
        [gone("libx.so"), gone("liby.so"), "error: DIR/libneedless.so: invalid ELF header".to_owned()];
    assert_eq!(errors.lines().collect::<Vec<_>>(), expect);
    // What the system's own ldd says of the same file, where it says what is missing.
    fs::remove_file(folder.path().join("libneedless.so")).expect("the file");
    let ldd = Command::new("ldd").arg(folder.path().join("both.so")).output().expect("ldd");
    let ldd = String::from_utf8_lossy(&ldd.stdout).into_owned();
    let missing = |text: &str| -> BTreeSet<String> {
        let lines = text.lines().filter_map(|line| line.split_once(" => not found"));
        lines.map(|(name, _)| name.trim_matches([' ', '\t', '│', '├', '└', '─']).to_owned()).collect()
    };
    let own = told(&abicheck(folder.path(), &["ldd", "both.so"]), folder.path());
    assert_eq!(missing(&own), missing(&ldd));
    assert_eq!(missing(&own).len(), 3);
}

#[test]
fn a_program_that_lacks_libraries_has_a_tree_too() {
    let folder = folder();
    let at = folder.path();
    fs::write(at.join("main.c"), "int a(void); int main(void) { return a(); }").expect("a source");
    let link = ["main.c", "-o", "program", "-L.", "-la", "-Wl,--allow-shlib-undefined,-rpath,$ORIGIN"];
    assert!(Command::new("gcc").args(link).current_dir(at).status().expect("gcc").success());
    fs::remove_file(at.join("libb.so")).expect("the file");
    let output = abicheck(at, &["ldd", "program"]);
    let text = told(&output, at);
    assert!(
        text.contains("├── liba.so => DIR/liba.so   RUNPATH of program\n│   └── libb.so => not found"),
        "{text}"
    );
    assert!(text.contains("error: libb.so: cannot open") && output.status.code() == Some(1), "{text}");
    let output = abicheck(at, &["bindings", "app.so"]);
    let text = told(&output, at);
    let said = "error: libb.so: cannot open shared object file: No such file or directory";
    assert!(text.contains(said) && output.status.code() == Some(1), "{text}");
}

#[test]
fn what_is_opened_first_is_what_the_next_one_binds_to() {
    let folder = folder();
    let output = abicheck(folder.path(), &["bindings", "--symbol", "b", "app.so"]);
    let own = "DIR/app.so\n  DIR/liba.so\n    b => DIR/libb.so\n";
    assert_eq!((told(&output, folder.path()).as_str(), output.status.code()), (own, Some(0)));
    let output = abicheck(folder.path(), &["bindings", "--symbol", "b", "other/libb.so", "app.so"]);
    let others = "DIR/other/libb.so\nDIR/app.so\n  DIR/liba.so\n    b => DIR/other/libb.so\n";
    assert_eq!((told(&output, folder.path()).as_str(), output.status.code()), (others, Some(0)));
}

#[test]
fn what_is_opened_for_all_to_see_comes_before_a_files_own() {
    let folder = folder();
    let code = "int b(void) { return 9; }";
    fs::write(folder.path().join("own.c"), format!("{code} int call(void) {{ return b(); }}"))
        .expect("a source");
    fs::write(folder.path().join("all.c"), code).expect("a source");
    for name in ["own", "all"] {
        let link = ["-shared", "-fPIC", &format!("{name}.c"), "-o", &format!("{name}.so")];
        assert!(Command::new("gcc").args(link).current_dir(folder.path()).status().expect("gcc").success());
    }
    let bindings = |arguments: &[&str]| {
        let output = abicheck(folder.path(), &[&["bindings", "--symbol", "b"], arguments].concat());
        assert_eq!(output.status.code(), Some(0));
        told(&output, folder.path())
    };
    assert!(bindings(&["all.so", "own.so"]).ends_with("  DIR/own.so\n    b => DIR/own.so\n"));
    assert!(bindings(&["--global", "all.so", "own.so"]).ends_with("  DIR/own.so\n    b => DIR/all.so\n"));
}

#[test]
fn a_program_is_looked_at_alone() {
    let folder = folder();
    let output = abicheck(folder.path(), &["ldd", "/bin/ls"]);
    let text = told(&output, folder.path());
    assert!(text.contains("libc.so.6 => /") && output.status.success(), "{text}");
    let output = abicheck(folder.path(), &["bindings", "/bin/ls", "app.so"]);
    let text = told(&output, folder.path());
    assert!(text.contains("is a program") && text.contains("hint: a program is started alone"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_is_no_library_is_refused() {
    let folder = folder();
    for file in ["code.c", "nothing.so", "other"] {
        let output = abicheck(folder.path(), &["ldd", file]);
        let text = told(&output, folder.path());
        assert!(text.starts_with("error: ") && text.contains("hint: give an ELF file"), "{text}");
        assert_eq!(output.status.code(), Some(2), "{file}");
    }
}
