//! Packages that depend on one of those which get libraries of their own, and do not import it when they are imported: they
//! share its C++ statics.
//!
//! Deliberately not here: statics of one package (scenario 94 of `tests/abicheck`), and how they are renamed (`elf-isolate`).

use std::collections::BTreeSet;
use std::process::Command;

use crate::environment;
use crate::support::native::{Files, built};
use crate::support::{Project, stderr, stdout, wheel_of_bytes};

/// `one` and `two`, which break each other, and others with a registry in the header that both of them have.
const PACKAGES: &str = r#"
    registry='template <class T> struct Registry { static int count; }; template <class T> int Registry<T>::count = 0;
        extern "C" int add() { return ++Registry<int>::count; }'
    counting() { printf '%s\n' "import ctypes
from . import _$1
add = ctypes.CDLL(_$1.__file__).add
def later():
    import ${1#of}"; }
    for name in one two; do
        so $name.libs/libnumber.so.1 "int number_of_$name(void) { return 1; }" "$(soname libnumber.so.1)"
        module_cxx $name/_$name "$registry extern \"C\" int number_of_$name();" "number_of_$name()" \
            "$SITE/$name.libs/libnumber.so.1" "$(runpath '$ORIGIN/../'$name.libs)" -lstdc++
        module_cxx of$name/_of$name "$registry" '' -lstdc++
        package $name "$(counting $name)"
        package of$name "$(counting of$name)"
    done
    module_cxx alone/_alone "$registry" '' -lstdc++
    package alone "$(counting alone)""#;

/// The files of one of them.
fn files_of(built: &Files, name: &str) -> Files {
    let is_of_it = |path: &str| {
        let top = path.split('/').next().unwrap_or_default();
        top.strip_suffix(".libs").unwrap_or(top) == name
    };
    built
        .iter()
        .filter(|(path, _)| is_of_it(path))
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect()
}

/// A project with all of them in root, and the environment made.
fn project(built: &Files) -> Project {
    let (mut project, units) = Project::two_pins(&["one", "two"].map(|name| files_of(built, name)));
    for (name, on) in [("ofone", Some(&units[0])), ("oftwo", Some(&units[1])), ("alone", None)] {
        let files = files_of(built, name);
        let bytes = wheel_of_bytes(name, "1.0", files.iter().map(|(path, bytes)| (path.as_str(), bytes)));
        let wheel = project.add_wheel(name, "1.0", &bytes);
        let id = project.unit(name, &wheel, &on.into_iter().collect::<Vec<_>>(), &["root"]);
        project.require(&id, name);
    }
    project.lock();
    let said = stderr(&project.sync());
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    project
}

#[test]
fn a_package_that_imports_later_what_it_depends_on_shares_statics_with_that() {
    let as_it_is = built(PACKAGES);
    // Signed as a module of the kernel is: it cannot be edited, and the other one gives way.
    let mut signed = as_it_is.clone();
    signed.get_mut("two.libs/libnumber.so.1").unwrap().extend(b"~Module signature appended~\n");
    for (files, copied) in [(as_it_is, "two"), (signed, "one")] {
        let project = project(&files);
        let environment = environment(&project);
        let copies = environment.units.iter().filter(|unit| unit.isolated.is_some());
        let copies: BTreeSet<String> = copies.map(|unit| unit.name.clone()).collect();
        assert_eq!(copies, BTreeSet::from([copied.to_owned(), format!("of{copied}")]), "not `alone`");
        for order in ["one, two, ofone, oftwo", "oftwo, ofone, two, one"] {
            let code = format!(
                "import {order}
print(one.add(), ofone.add(), two.add(), oftwo.add(), oftwo.add(), two.add(), ofone.add(), one.add())"
            );
            let python =
                Command::new(project.venv().join("bin/python")).args(["-c", &code]).output().unwrap();
            assert_eq!(stdout(&python).trim(), "1 2 1 2 3 4 3 4", "{order}: {}", stderr(&python));
        }
    }
}
