//! Packages that break each other get libraries of their own: once, for all environments, and all or nothing.
//!
//! Deliberately not here: files that cannot be opened (`unopened`).

use std::fs;
use std::path::Path;
use std::process::Command;

use pinfold_core::closure::Native;
use pinfold_core::names::UnitId;

use crate::support::native::{Files, built, compiled, script_files};
use crate::support::{self, Project, picture, stderr, stdout};
use crate::{copies, environment, import};

/// Code that verifies what is installed in `site` by its RECORD, and prints whose it is.
fn verified(site: &Path) -> String {
    format!(
        "import base64, hashlib, importlib.metadata as metadata, pathlib
site = pathlib.Path({:?})
[one] = metadata.distributions(path=[str(site)])
for file in one.files:
    if file.hash:
        found = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, file.read_binary()).digest())
        assert (found.decode().rstrip('='), len(file.read_binary())) == (file.hash.value, file.size), file
there = {{path for path in site.rglob('*') if path.is_file() and path.name != '__pycache__'}}
assert there == {{pathlib.Path(file.locate()) for file in one.files}}, there
print(one.name)",
        site.display().to_string()
    )
}

#[test]
fn packages_that_break_each_other_get_libraries_of_their_own() {
    let registry = ("94", Some("libregistry.so.1"));
    for (scenario, library) in
        [("05", Some("libdup.so.1")), ("13", Some("libhigh.so.1")), ("24", None), registry]
    {
        let (mut project, units) = Project::two_pins(&compiled(scenario));
        let said = stderr(&project.sync());
        assert!(said.contains("Isolated one 1.0 and two 1.0: import one, then two"), "{scenario}: {said}");
        for order in [["one", "two"], ["two", "one"]] {
            assert_eq!(import(&project, order), "ok", "{scenario}: {order:?}");
        }
        let environment = environment(&project);
        let isolated: Vec<_> = environment.units.iter().filter(|unit| unit.isolated.is_some()).collect();
        let [unit] = isolated[..] else { panic!("{scenario}: {} units have copies", isolated.len()) };
        let names = &unit.isolated.as_ref().unwrap().libraries;
        assert_eq!(names.keys().next().map(String::as_str), library, "{scenario}");
        assert!(unit.path.starts_with(project.store().join("isolated")), "{}", unit.path.display());
        assert_eq!(project.python(&verified(&unit.path)), unit.name, "{scenario}");
        let tree = stdout(&project.ok(&["tree", "--frozen"]));
        assert!(tree.contains("[lib]") && library.is_none_or(|name| tree.contains(name)), "{tree}");
        let before = picture(&copies(&project)[0]);
        assert!(stderr(&project.sync()).contains("Nothing to do"), "{scenario}");
        project.ok(&["sync", "--frozen", "--force"]);
        assert_eq!(picture(&copies(&project)[0]), before, "{scenario}: made once");
        project.native(&units[0], Native::Shared);
        let said = stderr(&project.sync());
        assert!(said.contains("generation 3") && !said.contains("Isolated"), "{scenario}: {said}");
        assert_ne!(import(&project, ["one", "two"]), "ok", "{scenario}: they are as they were");
    }
}

/// What a file must be left as it is for: it is signed, as a module of the kernel is.
const SIGNED: &[u8] = b"~Module signature appended~\n";

#[test]
fn what_cannot_be_edited_stays_and_the_other_gives_way() {
    let mut files = compiled("05");
    for (file, bytes) in files.iter_mut().flatten().filter(|(path, _)| path.ends_with(".so.1")) {
        assert!(file.contains("libdup"));
        bytes.extend(SIGNED);
    }
    // `one` keeps its own names anyway, and `two` can be edited.
    let dup = files[1].iter_mut().find(|(path, _)| path.ends_with(".so.1")).unwrap().1;
    dup.truncate(dup.len() - SIGNED.len());
    let (project, _) = Project::two_pins(&files);
    assert!(stderr(&project.sync()).contains("Isolated"));
    assert_eq!(import(&project, ["one", "two"]), "ok");
}

#[test]
fn where_neither_can_be_edited_nothing_is_made_unless_that_is_known() {
    let mut files = compiled("05");
    for (_, bytes) in files.iter_mut().flatten().filter(|(path, _)| path.ends_with(".so.1")) {
        bytes.extend(SIGNED);
    }
    let (mut project, units) = Project::two_pins(&files);
    project.lock_with(Native::Shared);
    assert!(stderr(&project.sync()).contains("generation 1"));
    project.lock();
    let before = picture(&project.venv().canonicalize().unwrap());
    // What came of it is remembered, and said again.
    for _ in 0..2 {
        let output = project.command(&["sync", "--frozen"]).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("error: packages of this environment break each other"), "{said}");
        assert!(
            said.contains("import one, then two") && said.contains("a signature is appended to it"),
            "{said}"
        );
        for place in
            ["one.libs/libdup.so.1", "two.libs/libdup.so.1", "[pins.one]", "[pins.two]", "[tool.pinfold]"]
        {
            assert!(said.contains(place), "{place}: {said}");
        }
    }
    assert_eq!(picture(&project.venv().canonicalize().unwrap()), before, "as it was");
    assert!(copies(&project).is_empty() && project.leftovers().is_empty());
    project.native(&units[0], Native::Shared);
    let said = stderr(&project.sync());
    assert!(said.contains("generation 2") && !said.contains("not isolated"), "that is known: {said}");
}

#[test]
fn what_other_names_cannot_mend_is_told_by_every_sync() {
    // Both bring a library under a name that the system has, too, and a third package uses that one.
    let package = |name: &str| {
        format!(
            "so {name}/libutil.so.1 'int value_{name}(void) {{ return 1; }}' \"$(soname libutil.so.1)\"
            module {name}/_{name} 'int value_{name}(void);' 'value_{name}()' $SITE/{name}/libutil.so.1 \"$(runpath '$ORIGIN')\"
            package {name}"
        )
    };
    let files = script_files(&format!("{}\n{}", package("one"), package("two")));
    let (mut project, _) = Project::two_pins(&files);
    let third = built("module third/_third '' '' -l:libutil.so.1; package third");
    let third = third.iter().map(|(path, bytes)| (path.as_str(), bytes));
    let wheel = project.add_wheel("third", "1.0", &support::wheel_of_bytes("third", "1.0", third));
    let id = project.unit("third", &wheel, &[], &["root"]);
    project.require(&id, "third");
    project.lock();
    let said = stderr(&project.sync());
    let warning =
        said.lines().find(|line| line.starts_with("warning: not isolated: ")).expect(&said).to_owned();
    assert!(warning.contains("libutil.so.1 stays one for all"), "{warning}");
    let again = stderr(&project.sync());
    assert!(again.contains("Nothing to do") && again.contains(&warning), "{again}");
    let tree = stdout(&project.ok(&["tree", "--frozen"]));
    assert!(tree.contains("Packages that break each other") && tree.contains("libutil.so.1 stays"), "{tree}");
}

#[test]
fn copies_go_with_the_last_environment_that_uses_them() {
    let (mut project, units) = Project::two_pins(&compiled("05"));
    project.sync();
    project.ok(&["gc"]);
    assert_eq!(copies(&project).len(), 1, "they are in use");
    assert_eq!(import(&project, ["one", "two"]), "ok");
    project.native(&units[1], Native::Shared);
    // As many generations as are kept.
    for number in 0..5 {
        project.simple(&format!("six{number}"), "1.0", &[]);
        project.lock();
        project.sync();
    }
    let said = stderr(&project.ok(&["gc"]));
    assert!(said.contains("1 isolated copy"), "{said}");
    assert!(copies(&project).is_empty());
}

#[test]
fn a_killed_sync_or_a_full_disk_leaves_the_environment_as_it_was() {
    let (project, _) = Project::two_pins(&compiled("05"));
    // A limit on the size of a file is a disk without room for one that is larger.
    let limited = format!("trap '' XFSZ; ulimit -f 12; exec {} sync --frozen", env!("CARGO_BIN_EXE_pinfold"));
    let command = project.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &limited]).current_dir(project.app());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("hint: "), "{}", stderr(&output));
    assert!(!project.venv().exists() && copies(&project).is_empty());
    for wait in (0..10).map(|step| std::time::Duration::from_millis(30 * step)) {
        let mut child = project.command(&["sync", "--frozen", "--force"]).spawn().unwrap();
        std::thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        for folder in copies(&project) {
            assert!(folder.join("site-packages").is_dir() && folder.join("modules.idx").is_file());
        }
    }
    project.ok(&["sync", "--frozen", "--force"]);
    assert_eq!(import(&project, ["one", "two"]), "ok");
    project.ok(&["gc"]);
    let left = fs::read_dir(project.store().join("tmp")).unwrap().count();
    assert_eq!((copies(&project).len(), left), (1, 0));
}

/// A wheel `user` in two units: that of a pin depends on `core` 1.0, root's on 2.0. The units of `core` and of `user`, the
/// pin's first.
fn over_two_versions(cores: [Files; 2], user: &Files) -> (Project, [UnitId; 2], [UnitId; 2]) {
    let mut project = Project::new();
    let mut wheel = |name: &str, version: &str, files: &Files| {
        let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes));
        project.add_wheel(name, version, &crate::support::wheel_of_bytes(name, version, files))
    };
    let wheels =
        [wheel("core", "1.0", &cores[0]), wheel("core", "2.0", &cores[1]), wheel("user", "1.0", user)];
    let old = project.unit("core", &wheels[0], &[], &[]);
    let new = project.unit("core", &wheels[1], &[], &["root"]);
    let users = [(&old, None), (&new, Some("root"))].map(|(core, closure)| {
        project.unit("user", &wheels[2], &[core], &closure.into_iter().collect::<Vec<_>>())
    });
    let app = project.simple("app", "1.0", &[&users[0]]);
    project.require(&users[1], "user");
    project.pin(&app, "app", &[&users[0], &old]);
    project.lock();
    (project, [old, new], users)
}

/// One wheel in two units, of which root's works on one version of a library and that of a pin on another; the library
/// stands in a distribution of its own.
fn one_wheel_twice(file: &str, soname: &str) -> (Project, [UnitId; 2], [UnitId; 2]) {
    let core = |version: u8| {
        built(&format!("so core/lib/{file} 'int version(void) {{ return {version}; }}' {soname}"))
    };
    let user = built(&format!(
        "so core/lib/{file} 'int version(void) {{ return 0; }}' {soname}
        so user/_user.so 'int version(void); int used(void) {{ return version(); }}' -L$SITE/core/lib -l:{file} \
            \"$(runpath '$ORIGIN/../core/lib')\"; rm -r $SITE/core; package user"
    ));
    over_two_versions([core(1), core(2)], &user)
}

#[test]
fn a_wheel_in_two_units_gets_in_each_the_library_that_it_depends_on() {
    for (file, soname) in [("libcore.so.1", "$(soname libcore.so.1)"), ("libcore.so.1", ""), ("core", "")] {
        let (project, _, users) = one_wheel_twice(file, soname);
        let said = stderr(&project.sync());
        assert!(said.contains(": user==1.0 (in "), "{file} {soname}: {said}");
        let environment = environment(&project);
        let module =
            |id: &UnitId| environment.units[environment.find(id).unwrap()].path.join("user/_user.so");
        let modules = users.each_ref().map(module);
        for order in [[0, 1], [1, 0]] {
            let opened =
                order.map(|at| format!("ctypes.CDLL({:?}).used()", modules[at].display().to_string()));
            let versions = project.python(&format!("import ctypes; print({}, {})", opened[0], opened[1]));
            assert_eq!(versions, format!("{} {}", order[0] + 1, order[1] + 1), "{file} {soname}");
        }
    }
}

#[test]
fn versions_whose_libraries_are_opened_when_code_is_called_are_kept_apart() {
    let lazy = |version: u8| {
        built(&format!(
            "so lazy/lib/libcore.so.1 'int version(void) {{ return {version}; }}' \"$(soname libcore.so.1)\"
            so lazy/lib/user.so 'int version(void); int used(void) {{ return version(); }}' \
                $SITE/lazy/lib/libcore.so.1 \"$(runpath '$ORIGIN')\"
            package lazy 'def run():
                import ctypes, os
                return ctypes.CDLL(os.path.join(os.path.dirname(__file__), \"lib\", \"user.so\")).used()'"
        ))
    };
    let mut project = Project::new();
    let mut unit = |version: u8, closures: &[&str]| {
        let (files, version) = (lazy(version), format!("{version}.0"));
        let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes));
        let wheel =
            project.add_wheel("lazy", &version, &crate::support::wheel_of_bytes("lazy", &version, files));
        project.unit("lazy", &wheel, &[], closures)
    };
    let (old, new) = (unit(1, &[]), unit(2, &["root"]));
    let app = project.simple("app", "1.0", &[&old]);
    project.require(&new, "lazy");
    project.pin(&app, "app", &[&old]);
    project.lock();
    let said = stderr(&project.sync());
    assert!(said.contains("share 1 library: libcore.so.1 (AB202)"), "{said}");
    let environment = environment(&project);
    let file = |id: &UnitId| environment.units[environment.find(id).unwrap()].path.join("lazy/lib/user.so");
    for order in [[&old, &new], [&new, &old]] {
        let opened = order.map(|id| format!("ctypes.CDLL({:?}).used()", file(id).display().to_string()));
        let versions = project.python(&format!("import ctypes; print({}, {})", opened[0], opened[1]));
        assert_eq!(versions, if order[0] == &old { "1 2" } else { "2 1" });
    }
}

#[test]
fn a_module_that_finds_what_its_dependency_has_loaded_is_edited_though_no_import_loads_it() {
    let core = |version: u8| {
        built(&format!(
            "so core/lib/libcore.so.1 'int version(void) {{ return {version}; }} int of_{version};' \
                \"$(soname libcore.so.1)\"
            module core/_core 'extern int of_{version}; int version(void);' 'if (of_{version} + version() != {version}) __builtin_abort()' \
                $SITE/core/lib/libcore.so.1 \"$(runpath '$ORIGIN/lib')\"
            package core"
        ))
    };
    let user = built(
        "so core/lib/libcore.so.1 'int version(void) { return 0; }' \"$(soname libcore.so.1)\"
        so user/used.so 'int version(void); int used(void) { return version(); }' $SITE/core/lib/libcore.so.1
        rm -r $SITE/core; package user ''",
    );
    let (project, cores, users) = over_two_versions([core(1), core(2)], &user);
    let said = stderr(&project.sync());
    assert!(said.contains("Isolated core 1.0 and 2.0: "), "{said}");
    let environment = environment(&project);
    let place = |id: &UnitId| environment.units[environment.find(id).unwrap()].path.clone();
    let (cores, users) = (cores.each_ref().map(place), users.each_ref().map(place));
    for order in [[0, 1], [1, 0]] {
        // As imports do: what it depends on is there before it is opened.
        let used = order.map(|at| {
            let module = cores[at].join("core/_core.so").display().to_string();
            let user = users[at].join("user/used.so").display().to_string();
            format!("(ctypes.CDLL({module:?}), ctypes.CDLL({user:?}).used())[1]")
        });
        let versions = project.python(&format!("import ctypes; print({}, {})", used[0], used[1]));
        assert_eq!(versions, format!("{} {}", order[0] + 1, order[1] + 1));
    }
}
