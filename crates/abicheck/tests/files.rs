//! `abicheck ldd` and `abicheck bindings` on small files made here, beside what the real loader finds.
//!
//! Deliberately not here: the loader's rules, which `elf-loader` tests binding by binding.

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
    let compile = |to: &str, code: &str, more: &[&str]| {
        fs::write(at.join("code.c"), code).expect("the folder can be written to");
        let soname = format!("-Wl,-soname,{}", to.rsplit('/').next().expect("a name"));
        let status = Command::new("gcc")
            .args(["-shared", "-fPIC", "-nostdlib", "-Wl,--enable-new-dtags,-rpath,$ORIGIN", "-L.", "-o", to])
            .args([&soname, "code.c"])
            .args(more)
            .current_dir(at)
            .status();
        assert!(status.expect("gcc, which `cargo xtask test` installs").success(), "{to}");
    };
    compile("libb.so", "int b(void) { return 1; }", &[]);
    compile("other/libb.so", "int b(void) { return 2; }", &[]);
    compile("liba.so", "int b(void); int a(void) { return b(); }", &["-Wl,--no-as-needed", "-lb"]);
    compile("app.so", "int a(void); int main_(void) { return a(); }", &["-Wl,--no-as-needed", "-la"]);
    folder
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
fn a_library_that_is_not_there_is_found_out() {
    let folder = folder();
    fs::remove_file(folder.path().join("libb.so")).expect("the file");
    for command in ["ldd", "bindings"] {
        let output = abicheck(folder.path(), &[command, "app.so"]);
        let text = told(&output, folder.path());
        let said = "error: libb.so: cannot open shared object file: No such file or directory";
        assert!(text.contains(said), "{text}");
        assert_eq!(output.status.code(), Some(1), "{command}");
    }
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
