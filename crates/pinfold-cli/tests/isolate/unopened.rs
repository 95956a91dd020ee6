//! Files that cannot be opened where `sync` runs, since something that they need is not installed.
//!
//! Deliberately not here: the loader's answers themselves (`elf-loader`).

use std::path::{Path, PathBuf};
use std::process::Command;

use pinfold_core::names::UnitId;

use crate::support::native::{built, script_files};
use crate::support::{Project, said, stderr, stdout, wheel_of_bytes};
use crate::{copies, environment};

/// Two packages with different libraries of one name; the second's module fails with the first's.
const TWO: &str = r#"
    one='int number(void) { return 1; }' two='int number(void) { return 2; } int fresh(void) { return 2; }'
    so one.libs/libnumber.so.1 "$one" "$(soname libnumber.so.1)"
    so two.libs/libnumber.so.1 "$two" "$(soname libnumber.so.1)"
    system libsystem.so.3
    own() { printf '%s ' "$SITE/$1.libs/libnumber.so.1" "$(runpath '$ORIGIN/../'$1.libs)"; }
    module one/_one 'int number(void);' 'number()' $(own one)
    module two/_two 'int fresh(void);' 'fresh()' $(own two)
    for name in one two; do
        package $name "from . import _$name
def plugin():
    import ctypes, os
    return ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'plugin.so')).plugin()"
    done"#;

/// A file that only code opens, which says whose library it works on: that of the system is not there at first.
const PLUGIN: &str =
    "int number(void); int from_system(void); int plugin(void) { return number() + from_system(); }";

/// The shell's words: `system NAME` makes a library beside the packages.
fn words() -> String {
    let prelude = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/abicheck/prelude.sh");
    let system = r#"system() { so "../system/$1" "int from_${1%%.*}(void) { return 10; } int from_system(void) { return 10; }" "$(soname $1)"; }"#;
    format!(". {}\n{system}\n", prelude.display())
}

fn project(plugins: &str) -> Project {
    Project::two_pins(&script_files(&format!("{}{TWO}\nplugin='{PLUGIN}'\n{plugins}", words()))).0
}

/// The library of the system that was not installed, in a folder of its own.
fn installed_later(project: &Project, name: &str) -> PathBuf {
    let folder = project.path("later");
    let made = Command::new("sh")
        .args(["-euc", &format!("{}system {name}", words())])
        .env("SITE", folder.join("site"))
        .status();
    assert!(made.unwrap().success());
    folder.join("system")
}

/// What `one` and `two` say of their plugins, imported in this order, when all is loaded that they have.
fn plugins(project: &Project, order: [&str; 2], system: &Path) -> String {
    let code = format!(
        "import {}, {}, one, two
def say(package):
    try: return package.plugin()
    except OSError as error: return str(error).split(':')[0]
say(one), say(two)
print(say(one), say(two))",
        order[0], order[1]
    );
    let mut python = Command::new(project.venv().join("bin/python"));
    let output = python.args(["-c", &code]).env("LD_LIBRARY_PATH", system).output().unwrap();
    assert!(output.status.success(), "{order:?}: {}", stderr(&output));
    stdout(&output).trim().to_owned()
}

/// What importing them in this order fails with.
fn import_with(project: &Project, order: [&str; 2], system: &Path) -> String {
    let mut python = Command::new(project.venv().join("bin/python"));
    python.args(["-c", &format!("import {}, {}", order[0], order[1])]);
    stderr(&python.env("LD_LIBRARY_PATH", system).output().unwrap())
}

const ORDERS: [[&str; 2]; 2] = [["one", "two"], ["two", "one"]];

#[test]
fn a_plugin_for_a_library_that_is_not_installed_yet_works_on_its_own_package() {
    let project = project(
        r#"for name in one two; do so $name/plugin.so "$plugin" $(own $name) "$SITE/../system/libsystem.so.3"; done"#,
    );
    let said = stderr(&project.sync());
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    let none = project.path("none");
    let later = installed_later(&project, "libsystem.so.3");
    for order in ORDERS {
        assert_eq!(plugins(&project, order, &none), "libsystem.so.3 libsystem.so.3", "{order:?}");
        assert_eq!(plugins(&project, order, &later), "11 12", "{order:?}");
    }
    // Where all is installed the copies are the same ones.
    let before = copies(&project);
    let output = project.command(&["sync", "--frozen", "--force"]).env("LD_LIBRARY_PATH", &later).output();
    assert!(output.unwrap().status.success());
    assert_eq!(copies(&project), before);
}

#[test]
fn a_plugin_for_a_library_of_nobody_does_not_get_the_other_packages() {
    // `one` keeps its names where it can.
    for (has, lacks, alone) in [("one", "two", "11 libextra.so.1"), ("two", "one", "libextra.so.1 12")] {
        let project = project(&format!(
            r#"
            so {has}.libs/libextra.so.1 'int number(void); int from_system(void) {{ return 10; }} int extra(void) {{ return number(); }}' \
                "$(soname libextra.so.1)" $(own {has})
            so {has}/plugin.so "$plugin" "$SITE/{has}.libs/libextra.so.1" $(own {has})
            case {has} in one) call=number ;; two) call=fresh ;; esac
            module {has}/_{has} "int $call(void); int extra(void); void abort(void);" "if (extra() != $call()) abort()" \
                "$SITE/{has}.libs/libextra.so.1" $(own {has})
            system libextra.so.1
            so {lacks}/plugin.so "$plugin" $(own {lacks}) "$SITE/../system/libextra.so.1""#
        ));
        let said = stderr(&project.sync());
        assert!(said.contains("Isolated one 1.0 and two 1.0"), "{has}: {said}");
        let none = project.path("none");
        let later = installed_later(&project, "libextra.so.1");
        for order in ORDERS {
            assert_eq!(plugins(&project, order, &none), alone, "{has}: {order:?}");
            assert_eq!(plugins(&project, order, &later), "11 12", "{has}: {order:?}");
        }
        let environment = environment(&project);
        let unit = environment.units.iter().find(|unit| unit.name == has).unwrap();
        let names = &unit.isolated.as_ref().unwrap().libraries;
        assert!(names.contains_key("libextra.so.1"), "{names:?}");
    }
}

#[test]
fn nor_does_it_get_a_library_that_nothing_loads_by_importing_it() {
    // The libraries of `two` are a distribution of their own, of which `two` loads one.
    let files = built(&format!(
        r#"{}{TWO}
        plugin='{PLUGIN}'
        so two.libs/libextra.so.1 'int number(void); int from_system(void) {{ return 10; }} int extra(void) {{ return number(); }}' \
            "$(soname libextra.so.1)" $(own two)
        so two.libs/plugin.so "$plugin" "$SITE/two.libs/libextra.so.1" $(own two)
        sed -i "s|'plugin.so'|'..', 'two.libs', 'plugin.so'|" "$SITE/two/__init__.py"
        system libextra.so.1
        so one/plugin.so "$plugin" $(own one) "$SITE/../system/libextra.so.1""#,
        words()
    ));
    let mut project = Project::new();
    let mut unit = |name: &str, tops: &[&str], dependencies: &[&UnitId]| {
        let is_in = |path: &str| tops.contains(&path.split('/').next().unwrap());
        let files = files.iter().filter(|(path, _)| is_in(path)).map(|(path, bytes)| (path.as_str(), bytes));
        let wheel = project.add_wheel(name, "1.0", &wheel_of_bytes(name, "1.0", files));
        let id = project.unit(name, &wheel, dependencies, &["root"]);
        project.require(&id, name);
        id
    };
    unit("one", &["one", "one.libs"], &[]);
    let libraries = unit("two-libraries", &["two.libs"], &[]);
    unit("two", &["two"], &[&libraries]);
    project.lock();
    let said = stderr(&project.sync());
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    let none = project.path("none");
    let later = installed_later(&project, "libextra.so.1");
    for order in ORDERS {
        assert_eq!(plugins(&project, order, &none), "libextra.so.1 12", "{order:?}");
        assert_eq!(plugins(&project, order, &later), "11 12", "{order:?}");
    }
}

#[test]
fn a_plugin_that_relies_on_another_to_bring_a_library_gets_its_own_packages() {
    // `plugin.so` has no list of folders, and is looked at before `z.so`, which brings what it needs.
    let helper = "int number(void); int from_system(void) { return 10 + number(); }";
    let project = project(&format!(
        r#"for name in one two; do
            so $name.libs/libhelper.so.1 '{helper} int of_'$name';' "$(soname libhelper.so.1)" $(own $name)
            so $name/z.so '' "$SITE/$name.libs/libhelper.so.1" $(own $name)
            so $name/plugin.so "$plugin" "$SITE/$name.libs/libhelper.so.1" "$SITE/$name.libs/libnumber.so.1"
            package $name "from . import _$name
def plugin():
    import ctypes, os
    own = os.path.dirname(__file__)
    ctypes.CDLL(os.path.join(own, 'z.so'))
    return ctypes.CDLL(os.path.join(own, 'plugin.so')).plugin()"
        done"#
    ));
    let said = stderr(&project.sync());
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    for order in ORDERS {
        assert_eq!(plugins(&project, order, &project.path("none")), "12 14", "{order:?}");
    }
}

#[test]
fn what_breaks_only_with_a_library_that_is_installed_later_is_found_then() {
    let project = project(
        r#"for name in one two; do
            case $name in one) call=number ;; two) call=fresh ;; esac
            module $name/_$name "int $call(void); int from_system(void);" "$call() + from_system()" $(own $name) \
                "$SITE/../system/libsystem.so.3"
        done"#,
    );
    let later = installed_later(&project, "libsystem.so.3");
    let sync = |args: &[&str]| {
        let output = project.command(args).env("LD_LIBRARY_PATH", &later).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        stderr(&output)
    };
    assert!(!stderr(&project.sync()).contains("Isolated"), "neither can be imported");
    assert!(sync(&["sync", "--frozen"]).contains("Nothing to do"));
    // Another environment with the same units is looked at again.
    let said = sync(&["sync", "--frozen", "--env", "other"]);
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    let said = sync(&["sync", "--frozen", "--force"]);
    assert!(said.contains("Isolated one 1.0 and two 1.0"), "{said}");
    for order in ORDERS {
        assert_eq!(import_with(&project, order, &later), "");
    }
}
