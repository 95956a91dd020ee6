//! Native code that opens libraries by their bare names.
//!
//! Deliberately not here: the other ways in which code spells names (`crates/abicheck/tests/isolate/spelled.rs`).

use pinfold_core::closure::Native;

use crate::support::native::script_files;
use crate::support::{Project, stderr};
use crate::{copies, environment, import};

/// The packages `one` and `two`, each with a library of one name that it opens by that name; the linker keeps that string as
/// the end of another one where `path` says so.
fn opened_by_name(path: [bool; 2]) -> String {
    let [one, two] = path.map(|path| if path { "/usr/lib/libcore.so.1" } else { "core" });
    let prelude = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/abicheck/prelude.sh");
    format!(
        r##". {prelude}
    for name in one two; do
        case $name in one) number=1 path={one} ;; two) number=2 path={two} ;; esac
        so $name.libs/libcore.so.1 "int number(void) {{ return $number; }} int core_of_$name;" "$(soname libcore.so.1)"
        module $name/_$name "#include <dlfcn.h>
void abort(void); int number(void); extern int core_of_$name;" 'const char *volatile path = "'$path'";
        void *found = dlopen("libcore.so.1", RTLD_LAZY);
        int (*asked)(void) = found ? (int (*)(void))dlsym(found, "number") : number;
        if (!path[0] || core_of_'$name' || asked() != '$number') abort()' \
            "$SITE/$name.libs/libcore.so.1" "$(runpath '$ORIGIN/../'$name.libs)" -O1
        package $name
    done"##
    )
}

#[test]
fn a_library_that_native_code_opens_by_its_name_is_followed() {
    let (project, _) = Project::two_pins(&script_files(&opened_by_name([false, false])));
    assert!(stderr(&project.sync()).contains("Isolated "));
    for order in [["one", "two"], ["two", "one"]] {
        assert_eq!(import(&project, order), "ok", "{order:?}");
    }
}

#[test]
fn a_library_whose_name_cannot_be_followed_keeps_it_and_the_other_gives_way() {
    // `two` would give way, but the end of a path has no room for another name.
    let (project, _) = Project::two_pins(&script_files(&opened_by_name([false, true])));
    assert!(stderr(&project.sync()).contains("Isolated "));
    let isolated = environment(&project);
    let mut isolated = isolated.units.iter().filter(|unit| unit.isolated.is_some());
    assert_eq!(isolated.next().map(|unit| unit.id.to_string().starts_with("one")), Some(true));
    for order in [["one", "two"], ["two", "one"]] {
        assert_eq!(import(&project, order), "ok", "{order:?}");
    }
    let (mut project, units) = Project::two_pins(&script_files(&opened_by_name([true, true])));
    let output = project.command(&["sync", "--frozen"]).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("libcore.so.1 cannot be given another name: "), "{said}");
    assert!(said.contains("the end of the string \"/usr/lib/libcore.so.1\", and imports dlopen"), "{said}");
    assert!(said.contains("_one.so") && said.contains("_two.so") && said.contains("[pins.one]"), "{said}");
    assert!(copies(&project).is_empty() && !project.venv().exists());
    project.native(&units[0], Native::Shared);
    project.sync();
}
