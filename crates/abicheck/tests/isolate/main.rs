//! What `abicheck isolate` does once, twice, and where it cannot.
//!
//! Deliberately not here: whether packages work with the copies, which scenarios and real packages show.

#[path = "mod.rs"]
mod isolate;
#[path = "../python/mod.rs"]
mod python;
mod spelled;
mod targets;
#[path = "../venv/mod.rs"]
mod venv;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use isolate::isolate;
use python::Python;

/// Two packages with a library of one name, which say different numbers.
const TWO: &str = r#"
    for name in one two; do
        case $name in one) number=1 ;; two) number=2 ;; esac
        so $name.libs/libnumber.so.1 "int number(void) { return $number; }" "$(soname libnumber.so.1)"
        module $name/_$name 'int number(void); void abort(void);' "if (number() != $number) abort()" \
            "$SITE/$name.libs/libnumber.so.1" "$(runpath '$ORIGIN/../'$name.libs)"
        package $name; distribution $name
    done"#;

/// A virtual environment in a folder of its own.
struct Venv {
    folder: tempfile::TempDir,
    site: PathBuf,
    python: Python,
}

impl Venv {
    fn new(script: &str) -> Self {
        let python = Python::find(&["3.11", "3.12", "3.13"]).expect("a Python 3.11, 3.12 or 3.13");
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("the folder is there");
        let site = venv::build(&python, &root, script).unwrap_or_else(|said| panic!("{said}"));
        Self { folder, site, python }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there").join(name)
    }

    fn isolate(&self, out: &Path) -> Result<String, String> {
        isolate(&[&self.path("venv")], out)
    }

    /// Names in the folder that all is in.
    fn beside(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("the folder can be read");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.map(|entry| entry.file_name()).ok();
        let mut names: Vec<String> =
            entries.filter_map(name).map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Fails, says `said`, and leaves the folder as it was.
    fn refuses(&self, said: &str) {
        let (library, beside) = (self.site.join("two.libs/libnumber.so.1"), self.beside());
        let before = (fs::read(&library).ok(), fs::metadata(&library).map(|one| one.mode()).ok());
        let error = self.isolate(&self.path("out")).expect_err("it is refused");
        assert!(error.starts_with("exit status: 2") && error.contains(said), "{error}");
        assert!(error.contains("hint: "), "{error}");
        assert_eq!(self.beside(), beside, "after {error}");
        let after = (fs::read(&library).ok(), fs::metadata(&library).map(|one| one.mode()).ok());
        assert!(before == after, "the original is another file now");
    }
}

#[test]
fn a_second_run_does_nothing_and_one_with_something_missing_all() {
    let venv = Venv::new(TWO);
    let out = venv.path("out");
    let said = venv.isolate(&out).expect("it can be isolated");
    assert!(
        said.contains("2 libraries have names of their own") && said.contains("4 files, written"),
        "{said}"
    );
    let copy = out.join("two.libs/libnumber.so.1");
    let inode = || fs::metadata(&copy).expect("the copy is there").ino();
    let first = inode();
    let said = venv.isolate(&out).expect("it can be isolated");
    assert!(said.contains("there already") && inode() == first, "{said}");
    fs::remove_file(&copy).expect("the copy can be removed");
    let said = venv.isolate(&out).expect("it can be isolated");
    assert!(said.contains("4 files, written") && copy.is_file(), "{said}");
    assert_eq!(venv.beside(), ["out", "venv"], "nothing is left beside");
    // Each library answers to its own name, by a link beside it, and the names say which content they are of.
    let names = fs::read_dir(out.join("two.libs")).expect("the folder is there");
    let names: Vec<String> = names
        .map(|entry| entry.expect("it can be read").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(names.iter().any(|name| name.starts_with("libnumber-") && name.ends_with(".so.1")), "{names:?}");
}

#[test]
fn what_cannot_be_done_is_told_and_leaves_all_as_it_was() {
    let venv = Venv::new(TWO);
    let library = venv.site.join("two.libs/libnumber.so.1");
    fs::set_permissions(&library, fs::Permissions::from_mode(0o4755)).expect("the mode can be set");
    venv.refuses("set-user-ID");
    fs::set_permissions(&library, fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    let bytes = fs::read(&library).expect("it can be read");
    // Without section headers the editor does not find the string table.
    let mut bare = bytes.clone();
    bare[0x28..0x30].fill(0);
    bare[0x3c..0x40].fill(0);
    fs::write(&library, bare).expect("it can be written");
    venv.refuses("the ELF editor says");
    fs::write(&library, bytes).expect("it can be written");
    fs::create_dir(venv.path("out")).expect("folders can be made");
    fs::write(venv.path("out/mine"), "x").expect("files can be written");
    venv.refuses("was not made by this");
    assert_eq!(fs::read_to_string(venv.path("out/mine")).expect("it is there"), "x");
    let wheel = isolate(&[Path::new("some-1.0-py3-none-any.whl")], &venv.path("out")).expect_err("no");
    assert!(wheel.starts_with("exit status: 2") && wheel.contains("install it"), "{wheel}");
}

#[test]
fn without_space_nothing_is_there() {
    let venv = Venv::new(TWO);
    // A file may have 8 blocks; a library has more.
    let limited = format!(
        "trap '' XFSZ; ulimit -f 8; exec {} isolate --no-cache --out {} {}",
        env!("CARGO_BIN_EXE_abicheck"),
        venv.path("out").display(),
        venv.path("venv").display()
    );
    let output = Command::new("sh").args(["-c", &limited]).output().expect("a shell can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("File too large"), "{said}");
    assert!(said.contains("could not write") && said.contains("hint: "), "{said}");
    assert_eq!(venv.beside(), ["venv"]);
}

#[test]
fn one_name_for_one_library_needs_no_copies() {
    let venv = Venv::new(
        r#"so one.libs/libnumber.so.1 'int number(void) { return 1; }' "$(soname libnumber.so.1)"
        module one/_one 'int number(void);' 'number()' "$SITE/one.libs/libnumber.so.1" "$(runpath '$ORIGIN/../one.libs')"
        package one; distribution one"#,
    );
    let said = venv.isolate(&venv.path("out")).expect("there is nothing to do");
    assert!(said.contains("nothing was copied") && venv.beside() == ["venv"], "{said}");
}

#[test]
fn a_library_that_is_opened_by_its_bare_name_keeps_it() {
    let by_name = TWO.replace(
        "package $name;",
        "package $name \"import ctypes, os
ctypes.CDLL(os.path.join(os.path.dirname(__file__), '..', '$name.libs', 'libnumber.so.1'))
ctypes.CDLL('libnumber.so.1')
from . import _$name\";",
    );
    let venv = Venv::new(&by_name);
    let said = venv.isolate(&venv.path("out")).expect("there is nothing to do");
    assert!(said.contains("libnumber.so.1 stays one for all: Python code opens it by this name"), "{said}");
    assert_eq!(venv.beside(), ["venv"]);
}

#[test]
fn files_are_isolated_from_each_other() {
    let venv = Venv::new(TWO);
    let find = |name: &str| {
        let entries = fs::read_dir(venv.site.join(name)).expect("the folder is there");
        let mut paths = entries.map(|entry| entry.expect("it can be read").path());
        paths.find(|path| path.extension().is_some_and(|end| end == "so")).expect("a module")
    };
    let (one, two, out) = (find("one"), find("two"), venv.path("out"));
    isolate(&[&one, &two], &out).expect("they can be isolated");
    let copy = |path: &Path| {
        let name = path.parent().and_then(Path::file_name).expect("it has a folder");
        out.join(name).join(path.file_name().expect("it has a name")).display().to_string()
    };
    let import = "import sys, importlib.util as u
for name, path in zip(sys.argv[1::2], sys.argv[2::2]): u.module_from_spec(u.spec_from_file_location(name, path))";
    let run = |files: [&str; 4]| {
        let mut command = Command::new(&venv.python.executable);
        command.args(["-I", "-c", import]).args(files).status().expect("Python runs").success()
    };
    let (one, two) = (one.display().to_string(), two.display().to_string());
    assert!(!run(["_one", &one, "_two", &two]), "without copies the second gets the first's library");
    let (one, two) = (copy(Path::new(&one)), copy(Path::new(&two)));
    assert!(run(["_one", &one, "_two", &two]) && run(["_two", &two, "_one", &one]));
}

#[test]
fn what_comes_to_a_copy_leaves_its_folder_in_the_output() {
    // The modules are not edited: what they need keeps its name, and is found by `..`.
    let venv = Venv::new(
        r#"
        for name in one two; do
            case $name in one) number=1 ;; two) number=2 ;; esac
            so $name.libs/libnumber.so.1 "int number(void) { return $number; }" "$(soname libnumber.so.1)"
            so $name.libs/lib$name.so.1 'int number(void); int get(void) { return number(); }' \
                "$(soname lib$name.so.1)" "$SITE/$name.libs/libnumber.so.1" "$(runpath '$ORIGIN')"
            module $name/_$name 'int get(void); void abort(void);' "if (get() != $number) abort()" \
                "$SITE/$name.libs/lib$name.so.1" "$(runpath '$ORIGIN/../'$name.libs)"
            package $name; distribution $name
        done"#,
    );
    let out = venv.path("out");
    venv.isolate(&out).expect("it can be isolated");
    for name in ["one", "two"] {
        let code = format!(
            "import sys; sys.path.insert(0, '{}'); import {name}; assert '{}/{name}.libs/libnumber' in open('/proc/self/maps').read()",
            out.display(),
            out.display()
        );
        let status = std::process::Command::new(&venv.python.executable).args(["-I", "-c", &code]).status();
        assert!(status.expect("Python runs").success(), "{name} loads its original");
    }
}

#[test]
fn a_library_under_each_of_its_names_is_one_library() {
    // As wheels have it, which have no links.
    let venv = Venv::new(&format!(
        "{TWO}
        for name in one two; do
            for other in libnumber.so libnumber.so.1.0; do cp $SITE/$name.libs/libnumber.so.1 $SITE/$name.libs/$other; done
        done"
    ));
    let out = venv.path("out");
    let said = venv.isolate(&out).expect("it can be isolated");
    assert!(said.contains("have names of their own"), "{said}");
    let links = fs::read_dir(out.join("two.libs")).expect("the folder is there").flatten();
    let links: Vec<PathBuf> = links.filter_map(|entry| fs::read_link(entry.path()).ok()).collect();
    assert_eq!(links, [Path::new("libnumber.so.1")], "the one of its SONAME has the new name as well");
    let mut program = Command::new(&venv.python.executable);
    program.args(["-c", "import one, two"]).env("PYTHONPATH", &out);
    assert!(program.status().expect("Python runs").success());
}
