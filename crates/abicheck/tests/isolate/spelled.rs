//! Native code that opens libraries by their bare names, or looks for its own.
//!
//! Deliberately not here: what Python code opens.

use std::path::Path;
use std::process::Command;

use crate::Venv;

/// What a library of `one` or `two` says, and how others ask for it by its name.
const OPENS: &str = r#"
    LOADER='#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
static int ask(const char *name, int mode) {
    void *found = dlopen(name, RTLD_LAZY | mode);
    int (*number)(void) = found ? (int (*)(void))dlsym(found, "number") : 0;
    return number ? number() : 0;
}
'"#;

/// The packages `one` and `two`: in each, `library` in `NAME.libs` and a module that runs `code` when it is imported;
/// both have [`OPENS`] before them. `more` are libraries as well. Linkers merge strings of what is compiled with `-O1`.
fn two(library: &str, in_library: &str, code: &str, more: &str) -> Venv {
    Venv::new(&format!(
        r#"{OPENS}
    IN_LIBRARY='{in_library}'
    for name in one two; do
        case $name in one) number=1 ;; two) number=2 ;; esac
        for each in {library} {more}; do
            so $name.libs/$each "$LOADER
int number(void) {{ return $number; }}
$IN_LIBRARY" "$(soname $each)"
        done
        module $name/_$name "$LOADER
int number(void); int check(void); void abort(void);
#define NUMBER $number" '{code}' "$SITE/$name.libs/{library}" "$(runpath '$ORIGIN/../'$name.libs)" -O1
        package $name; distribution $name
    done"#
    ))
}

/// Imports both in both orders, with the copies in `out`, and says how the first of them ends that fails.
fn import(venv: &Venv, out: &Path) -> Result<(), String> {
    for order in ["one, two", "two, one"] {
        let mut program = Command::new(&venv.python.executable);
        program.args(["-c", &format!("import {order}")]).env("PYTHONPATH", out);
        let output = program.output().expect("Python runs");
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("import {order}: {} {said}", output.status));
        }
    }
    Ok(())
}

/// Isolates it, and imports both.
fn holds(venv: &Venv) -> String {
    let out = venv.path("out");
    assert!(import(venv, &venv.site).is_err(), "without copies one gets the other's");
    let said = venv.isolate(&out).expect("it can be isolated");
    import(venv, &out).unwrap_or_else(|error| panic!("{said}{error}"));
    said
}

/// A check of the library that it is who it thinks.
const SELF: &str = r#"
int check(void) {
    Dl_info info;
    const char *base = dladdr((void *)check, &info) ? strrchr(info.dli_fname, 47) + 1 : "";
    return strcmp(base, "libnumber.so.1") == 0 && ask("libnumber.so.1", RTLD_NOLOAD) == number();
}"#;

#[test]
fn a_library_that_is_opened_by_its_bare_name_is_found_by_another() {
    let code = r#"if (number() != NUMBER || ask("libnumber.so.1", 0) != NUMBER) abort()"#;
    let said = holds(&two("libnumber.so.1", "", code, ""));
    assert!(said.contains("2 libraries have names of their own"), "{said}");
}

#[test]
fn a_library_finds_itself_by_another_name() {
    holds(&two("libnumber.so.1", SELF, "if (number() != NUMBER || !check()) abort()", ""));
}

#[test]
fn what_nobody_needs_is_kept_apart_as_well() {
    // As a part of a library that is opened when it is asked for.
    let code = r#"if (ask("libnumber_part.so", 0) != NUMBER) abort()"#;
    let said = holds(&two("libnumber.so.1", "", code, "libnumber_part.so"));
    assert!(said.contains("4 libraries have names of their own"), "{said}");
}

#[test]
fn a_short_name_becomes_another_short_one() {
    let code = r#"if (number() != NUMBER || ask("libn.so", RTLD_NOLOAD) != NUMBER) abort()"#;
    holds(&two("libn.so", "", code, ""));
}

#[test]
fn the_end_of_words_for_people_is_a_name() {
    // Linkers keep the shorter string within the longer one.
    let code = r#"const char *volatile words = "cannot open libnumber.so.1";
        if (!words[0] || number() != NUMBER || ask("libnumber.so.1", 0) != NUMBER) abort()"#;
    holds(&two("libnumber.so.1", "", code, ""));
}

/// What `abicheck isolate` says where a name cannot be followed.
fn stays(library: &str, code: &str) -> String {
    let venv = two(library, "", code, "");
    let said = venv.isolate(&venv.path("out")).expect_err("it is refused");
    assert!(said.starts_with("exit status: 2") && said.contains("hint: nothing was changed"), "{said}");
    assert!(said.contains(&format!("{library} cannot be given another name: ")), "{said}");
    assert!(said.contains("/_one.") && said.contains("/_two.") && venv.beside() == ["venv"], "{said}");
    said
}

#[test]
fn a_name_that_is_the_end_of_a_path_stays() {
    let said = stays(
        "libnumber.so.1",
        r#"const char *volatile path = "/usr/lib/libnumber.so.1";
        if (!path[0] || number() != NUMBER || ask("libnumber.so.1", 0) != NUMBER) abort()"#,
    );
    assert!(said.contains("the end of the string \"/usr/lib/libnumber.so.1\", and imports dlopen"), "{said}");
    // The path alone is no name, and one that a table names is.
    let code = r#"static const char *const names[] = {"libnumber.so.1"}; const char *const *volatile all = names;
        if (number() != NUMBER || ask(all[0], 0) != NUMBER || ask("/usr/lib/libnumber.so.1", 0) != 0) abort()"#;
    stays("libnumber.so.1", code);
    let code = r#"if (number() != NUMBER || ask("/usr/lib/libnumber.so.1", 0) != 0) abort()"#;
    holds(&two("libnumber.so.1", "", code, ""));
}

#[test]
fn what_nobody_needs_has_its_name_as_the_end_of_a_path_and_stays() {
    let code = r#"const char *volatile path = "/usr/lib/libnumber_part.so";
        if (!path[0] || ask("libnumber_part.so", 0) != NUMBER) abort()"#;
    let venv = two("libnumber.so.1", "", code, "libnumber_part.so");
    let said = venv.isolate(&venv.path("out")).expect_err("it is refused");
    assert!(said.starts_with("exit status: 2") && venv.beside() == ["venv"], "{said}");
    assert!(said.contains("libnumber_part.so cannot be given another name: "), "{said}");
}

#[test]
fn a_path_from_the_own_folder_leads_to_the_own_library() {
    // The same string in both: what it leads to first is what it leads to.
    let part = r#"int check(void) { return ask("$ORIGIN/libnumber_part.so", 0) == number(); }"#;
    let said = holds(&two(
        "libnumber.so.1",
        part,
        "if (number() != NUMBER || !check()) abort()",
        "libnumber_part.so",
    ));
    assert!(said.contains("4 libraries have names of their own"), "{said}");
}

#[test]
fn names_that_code_makes_or_that_have_no_room_stay() {
    let code = r#"char name[] = "libnumber.so.1";
        if (number() != NUMBER || ask(name, 0) != NUMBER) abort()"#;
    let said = stays("libnumber.so.1", code);
    assert!(said.contains("makes it by instructions"), "{said}");
    let said = stays(
        "libnumber.so.1",
        r#"char name[64]; extern int sprintf(char *, const char *, ...); sprintf(name, "libnumber.so.%d", 1);
        if (number() != NUMBER || ask(name, 0) != NUMBER) abort()"#,
    );
    assert!(said.contains("makes it of the string \"libnumber.so.%d\""), "{said}");
    let said = stays("n.so", r#"if (number() != NUMBER || ask("n.so", 0) != NUMBER) abort()"#);
    assert!(said.contains("too short for another name"), "{said}");
}
