//! What is looked at for each thing that can be given: what leads to an environment, files that no RECORD names, and the
//! interpreter that `--python` names.
//!
//! Deliberately not here: environments themselves (`environment.rs`) and the report (`commands.rs`).

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use abicheck::environment::{Environment, Interpreter, Wishes};
use tempfile::TempDir;

mod python;

/// A Python of this machine, and a folder whose `project/.venv` has distribution `good` with one native file.
fn project() -> (PathBuf, TempDir) {
    let python = python::Python::find(&["3.11", "3.12", "3.13"]).expect("a Python");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let venv = folder.path().join("project/.venv");
    let made = Command::new(&python.executable).args(["-m", "venv", "--without-pip"]).arg(&venv).status();
    assert!(made.expect("it runs").success());
    distribution(&site(&venv), "good", "good", &["__init__.py", "x.so"]);
    (python.executable, folder)
}

fn site(venv: &Path) -> PathBuf {
    let mut inside = fs::read_dir(venv.join("lib")).expect("lib").flatten().map(|entry| entry.path());
    inside.next().expect("lib/python3.*").join("site-packages")
}

/// A distribution with these files in `folder`, all recorded.
fn distribution(site: &Path, name: &str, folder: &str, files: &[&str]) {
    let info = site.join(format!("{name}-1.dist-info"));
    fs::create_dir_all(&info).expect("the folder can be written to");
    fs::write(info.join("METADATA"), format!("Name: {name}\nVersion: 1\n")).expect("METADATA");
    let record: String = files.iter().map(|file| format!("{folder}/{file},,\n")).collect();
    fs::write(info.join("RECORD"), record).expect("RECORD");
    files.iter().for_each(|file| put(&site.join(folder).join(file)));
}

fn put(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be written to");
    fs::write(path, "").expect("the folder can be written to");
}

/// The native files of each distribution that is found, without the folder that they are in.
fn found(inputs: &[PathBuf], python: Option<&Path>) -> Vec<(String, Vec<String>)> {
    let wishes = Wishes { python: python.map(Path::to_owned) };
    let environment =
        Environment::read(inputs, &wishes).unwrap_or_else(|error| panic!("{inputs:?}: {error}"));
    let native = |path: &PathBuf, folder: &Path| {
        path.strip_prefix(folder)
            .map_or_else(|_| path.display().to_string(), |path| path.display().to_string())
    };
    let distributions = environment.distributions.iter();
    distributions
        .map(|one| (one.name.clone(), one.native.iter().map(|path| native(path, &one.folder)).collect()))
        .collect()
}

#[test]
fn what_leads_to_an_environment_stands_for_it() {
    let (_, folder) = project();
    let project = folder.path().join("project");
    let venv = project.join(".venv");
    let expect = vec![("good".to_owned(), vec!["good/x.so".to_owned()])];
    // A package of the project's own is not what its environment has.
    put(&project.join("mine/__init__.py"));
    let library = site(&venv).parent().expect("lib/python3.*").to_owned();
    let program = venv.join("bin/python");
    let inputs =
        [project, venv.clone(), venv.join("bin"), venv.join("lib"), library, program.clone(), site(&venv)];
    for input in inputs {
        assert_eq!(found(std::slice::from_ref(&input), None), expect, "{}", input.display());
    }
    // An interpreter that is of no environment has a hint.
    let real = program.canonicalize().expect("a link");
    let error = Environment::read(std::slice::from_ref(&real), &Wishes::default())
        .err()
        .expect("no environment")
        .to_string();
    assert!(error.contains("an interpreter and no environment\nhint: give the folder"), "{error}");
    // So has a folder that has an environment under another name.
    fs::rename(&venv, folder.path().join("other-name")).expect("the folder");
    let error =
        Environment::read(&[folder.path().to_owned()], &Wishes::default()).err().expect("none").to_string();
    assert!(error.contains("other-name is a virtual environment: give that"), "{error}");
}

#[test]
fn an_environment_of_copies_has_the_library_of_its_home() {
    let (python, folder) = project();
    let venv = folder.path().join("copied");
    let made = Command::new(&python).args(["-m", "venv", "--without-pip", "--copies"]).arg(&venv).status();
    assert!(made.expect("it runs").success());
    let interpreter = Interpreter::at(&venv.join("bin/python")).unwrap_or_else(|error| panic!("{error}"));
    let real = Interpreter::at(&python).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((interpreter.version, interpreter.stdlib), (real.version, real.stdlib));
    assert!(interpreter.executable.starts_with(venv.canonicalize().expect("a folder")));
}

#[test]
fn a_folder_of_wheels_is_taken_as_its_wheels() {
    let (python, folder) = project();
    let wheels = folder.path().join("wheelhouse");
    fs::create_dir(&wheels).expect("the folder can be written to");
    for name in ["one", "two"] {
        let file = File::create(wheels.join(format!("{name}-1-py3-none-any.whl"))).expect("a wheel");
        let mut wheel = zip::ZipWriter::new(file);
        let info = format!("{name}-1.dist-info");
        let record = format!("{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n");
        for (path, text) in [
            (format!("{name}.py"), ""),
            (format!("{info}/METADATA"), &*format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")),
            (format!("{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (format!("{info}/RECORD"), &record),
        ] {
            wheel.start_file(path, zip::write::SimpleFileOptions::default()).expect("an entry");
            wheel.write_all(text.as_bytes()).expect("an entry");
        }
        wheel.finish().expect("a wheel");
    }
    let run = |inputs: &[&Path]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
        command.args(inputs).arg("--python").arg(&python).args(["--no-config", "--output-format", "json"]);
        command
            .env("PINFOLD_CACHE", folder.path().join("store"))
            .env("XDG_CACHE_HOME", folder.path().join("cache"));
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["stats"]["distributions"].clone()
    };
    let each = [wheels.join("one-1-py3-none-any.whl"), wheels.join("two-1-py3-none-any.whl")];
    let expect = run(&[&each[0], &each[1]]);
    assert_eq!((run(&[&wheels]), expect), (2.into(), 2.into()));
}

#[test]
fn a_store_path_brings_what_it_propagates() {
    let (python, folder) = project();
    let store = folder.path().join("nix/store");
    let minor = Interpreter::at(&python).unwrap_or_else(|error| panic!("{error}")).minor();
    let path = |name: &str| store.join(format!("0123456789abcdfghijklmnpqrsvwxyz-python{minor}-{name}-1"));
    for (name, needs) in
        [("one", vec!["two", "tool"]), ("two", vec!["one", "three"]), ("three", vec![]), ("rest", vec![])]
    {
        let packages = path(name).join(format!("lib/python{minor}/site-packages"));
        distribution(&packages, name, name, &["__init__.py", "x.so"]);
        let list: Vec<String> = needs.iter().map(|name| path(name).display().to_string()).collect();
        let file = path(name).join("nix-support/propagated-build-inputs");
        put(&file);
        fs::write(file, list.join(" ")).expect("a list");
    }
    // A tool that is no package.
    put(&path("tool").join("bin/tool"));
    let expect: Vec<(String, Vec<String>)> =
        ["one", "two", "three"].map(|name| (name.to_owned(), vec![format!("{name}/x.so")])).into();
    assert_eq!(found(&[path("one")], Some(&python)), expect);
}

#[test]
fn native_files_that_no_record_names_are_looked_at() {
    let (_, folder) = project();
    let venv = folder.path().join("project/.venv");
    let site = site(&venv);
    distribution(&site, "first", "shared/first", &["__init__.py", "deep/x.so"]);
    distribution(&site, "second", "shared/second", &["__init__.py", "tests/__init__.py"]);
    for file in [
        "good/built.so",
        "good/new/folder/lib.so.1",
        "good/.cache/x.so",
        "good/__pycache__/x.so",
        "good/notes.txt",
        "good.libs/libx.so.1",
        "shared/first/deep/y.so",
        "shared/nobody/z.so",
        "lone.so",
    ] {
        put(&site.join(file));
    }
    symlink("built.so", site.join("good/link.so")).expect("a link");
    symlink("nowhere", site.join("good/dangling.so")).expect("a link");
    let expect: &[(&str, &[&str])] = &[
        ("first", &["shared/first/deep/x.so", "shared/first/deep/y.so"]),
        ("good", &["good/built.so", "good/link.so", "good/new/folder/lib.so.1", "good/x.so"]),
        ("good", &["good.libs/libx.so.1"]),
        ("lone", &["lone.so"]),
        ("second", &[]),
        ("shared", &["shared/nobody/z.so"]),
    ];
    let expect: BTreeSet<(String, Vec<String>)> = expect
        .iter()
        .map(|(name, files)| ((*name).to_owned(), files.iter().map(|file| (*file).to_owned()).collect()))
        .collect();
    let found: BTreeSet<_> = found(&[venv], None).into_iter().collect();
    assert_eq!(found, expect);
}

#[test]
fn the_interpreter_is_named_by_a_path_or_a_name_and_is_one() {
    let (python, folder) = project();
    let at = folder.path();
    let minor = Interpreter::at(&python).unwrap_or_else(|error| panic!("{error}")).minor();
    let script = |name: &str, text: &str| {
        put(&at.join(name));
        fs::write(at.join(name), text).expect("the folder can be written to");
        fs::set_permissions(at.join(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    put(&at.join("bin/.keep"));
    symlink(&python, at.join(format!("bin/python{minor}"))).expect("a link");
    script("bin/shim", &format!("#!/bin/sh\nexec {} \"$@\"\n", python.display()));
    script("bin/fails", "#!/bin/sh\necho no such version >&2\nexit 1\n");
    script("bin/text", "not a program\n");
    put(&at.join("here"));
    let run = |named: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_abicheck"));
        command.args(["--no-config", "--no-cache", "--quiet", "--python", named, "project"]).current_dir(at);
        let path = std::env::join_paths([at.join("bin"), PathBuf::from("/usr/bin"), PathBuf::from("/bin")]);
        let output = command.env("PATH", path.expect("a PATH")).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for named in [&*format!("python{minor}"), &*format!("./bin/python{minor}"), "shim", "bin/shim"] {
        assert_eq!(run(named), (Some(0), String::new()), "{named}");
    }
    for (named, says) in [
        ("/bin/ls", "is no Python interpreter: no file of its process defines `PyModule_Create2`"),
        ("fails", "it says: no such version\nhint: give the path of one"),
        ("bin/text", "it is no program of this system"),
        ("project", "no folder of PATH has a program of this name\nhint: for the one in this folder"),
        ("./project/.venv", "it is a folder\nhint: name the program: `--python ./project/.venv/bin/python3`"),
        ("nowhere", "no folder of PATH has a program of this name\nhint: give the path of one"),
        ("9.8", "no folder of PATH has a program of this name\nhint: `--python python9.8`"),
        ("./nowhere", "is no Python interpreter: it is not there"),
    ] {
        let (code, said) = run(named);
        assert!(code == Some(2) && said.contains(says), "{named}: {said}");
    }
}

#[test]
fn what_is_no_folder_of_packages_says_what_to_give() {
    let (_, folder) = project();
    let folder = folder.path().canonicalize().expect("a real path");
    let package = site(&folder.join("project/.venv")).join("good");
    symlink("loop", folder.join("loop")).expect("a link");
    let around = package.parent().expect("a folder").display().to_string();
    for (input, says) in [
        (package, format!("give that folder: `abicheck {around}`")),
        (folder.join("loop"), "is a link that leads nowhere\nhint: ".to_owned()),
        ("/dev/null".into(), "is neither a file nor a folder\nhint: ".to_owned()),
    ] {
        let error = Environment::read(std::slice::from_ref(&input), &Wishes::default()).err();
        let error = error.unwrap_or_else(|| panic!("{} is read", input.display())).to_string();
        assert!(error.contains(&says), "{error}");
    }
}
