//! Environments read from what lies on disk, and what imports in them load, beside a real interpreter.
//!
//! Deliberately not here: the loader and the rules.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use abicheck::environment::{Environment, InputError, Interpreter, Wishes};
use abicheck::importing::{Imports, Session, Sources, Step};
use python_facts::Target;

fn python() -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let found = std::env::split_paths(&path).map(|folder| folder.join("python3")).find(|file| file.is_file());
    // A shim of a version manager is a script; the program itself says where it is.
    let asked = Command::new(found.expect("python3 on PATH"))
        .args(["-c", "import sys; print(getattr(sys, '_base_executable', sys.executable))"])
        .output()
        .expect("python3 runs");
    PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim())
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be written to");
    fs::write(path, text).expect("the folder can be written to");
}

/// A virtual environment with distribution `pack` 1.0, a loose folder, and a `.pth` file with one folder and one line
/// of code.
fn environment(folder: &Path) -> PathBuf {
    let interpreter = Interpreter::at(&python()).unwrap_or_else(|error| panic!("{error}"));
    let venv = folder.join("venv");
    let site = venv.join(format!("lib/python{}/site-packages", interpreter.minor()));
    write(
        &venv.join("pyvenv.cfg"),
        &format!("home = {}\n", interpreter.executable.parent().expect("bin").display()),
    );
    fs::create_dir_all(venv.join("bin")).expect("the folder can be written to");
    symlink(&interpreter.executable, venv.join("bin/python")).expect("a link");
    let suffix = &interpreter.suffixes[0];
    write(
        &site.join("pack-1.0.dist-info/METADATA"),
        "Metadata-Version: 2.1\nName: Pack\nVersion: 1.0\nRequires-Dist: other>=2\n\nBody: no header\n",
    );
    write(
        &site.join("pack-1.0.dist-info/WHEEL"),
        "Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\nTag: py3-none-any\n",
    );
    let record = format!(
        "pack/__init__.py,,\npack/_core{suffix},,\n\"pack/a,b.py\",,\npack.libs/libx-1a2b.so.1,,\n../../../bin/pack,,\npack-1.0.dist-info/METADATA,,\n"
    );
    write(&site.join("pack-1.0.dist-info/RECORD"), &record);
    write(
        &site.join("pack/__init__.py"),
        "import os, sys, ctypes\nfrom . import _core\ntry:\n    import pack_missing\nexcept ImportError:\n    from loose import fallback\n\
         old = sys.getdlopenflags()\nsys.setdlopenflags(os.RTLD_GLOBAL | os.RTLD_NOW)\nfrom pack import _second\nsys.setdlopenflags(old)\n\
         ctypes.CDLL(os.path.join(os.path.dirname(__file__), '..', 'pack.libs', 'libx-1a2b.so.1'))\n",
    );
    for file in [
        format!("pack/_core{suffix}"),
        "pack/_second.abi3.so".to_owned(),
        "pack.libs/libx-1a2b.so.1".to_owned(),
    ] {
        write(&site.join(file), "no ELF file, which this does not look into");
    }
    write(&site.join("loose/fallback.so"), "loose");
    write(&site.join("loose/notes.some-named-index.parquet"), "data");
    write(&site.join("more.pth"), &format!("import site\n# comment\n{}\n", folder.join("added").display()));
    write(&folder.join("added/late/_late.so"), "late");
    venv
}

fn read(inputs: &[PathBuf]) -> Result<Environment, InputError> {
    Environment::read(inputs, &Wishes::default())
}

#[test]
fn a_virtual_environment_with_what_is_recorded_and_what_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let venv = environment(folder.path());
    let environment = read(&[venv]).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<(&str, &str, usize)> = environment
        .distributions
        .iter()
        .map(|one| (one.name.as_str(), one.version.as_str(), one.native.len()))
        .collect();
    // `pack/_second.abi3.so` is not recorded, and in a folder of its.
    assert_eq!(names, [("Pack", "1.0", 3), ("loose", "", 1), ("late", "", 1)]);
    let pack = &environment.distributions[0];
    assert_eq!(pack.requires, ["other>=2"]);
    assert_eq!(pack.tags, ["cp311-cp311-linux_x86_64", "py3-none-any"]);
    assert_eq!(pack.modules, ["pack"]);
    assert!(
        environment.owner(&pack.native[0]) == Some(0)
            && environment.owner(Path::new("elsewhere.so")).is_none()
    );
    let [note] = environment.notes.as_slice() else { panic!("{:?}", environment.notes) };
    assert!(note.contains("more.pth runs code at start") && note.ends_with("import site"), "{note}");
}

#[test]
fn what_an_import_loads_in_its_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let environment = read(&[environment(folder.path())]).unwrap_or_else(|error| panic!("{error}"));
    let sources = Sources::open(Target { version: environment.interpreter.version }, None);
    let mut imports = Imports::new(&environment, &sources);
    let (mut session, mut steps) = (Session::default(), Vec::new());
    assert!(imports.import(&mut session, None, "pack", &mut steps));
    let ours = steps.iter().filter_map(|step| match step {
        Step::Extension { module, global, .. }
            if module.starts_with("pack") || module.starts_with("loose") =>
        {
            Some(format!("{module} {global}"))
        }
        Step::Library { path: Some(path), global, .. } => {
            Some(format!("{} {global}", path.file_name().unwrap_or_default().display()))
        }
        _ => None,
    });
    let ours: Vec<String> = ours.collect();
    assert_eq!(
        ours,
        ["pack._core false", "loose.fallback false", "pack._second true", "libx-1a2b.so.1 false"]
    );
    let before = steps.len();
    assert!(imports.import(&mut session, None, "pack", &mut steps));
    assert_eq!(steps.len(), before, "a module runs once");
    assert!(!imports.import(&mut session, None, "pack.nothing", &mut steps));
}

#[test]
fn the_standard_library_loads_as_a_real_interpreter_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let environment = read(&[environment(folder.path())]).unwrap_or_else(|error| panic!("{error}"));
    let cache = folder.path().join("cache");
    for run in 0..2 {
        let sources = Sources::open(Target { version: environment.interpreter.version }, Some(&cache));
        let mut imports = Imports::new(&environment, &sources);
        for module in ["json", "concurrent.futures.process", "ctypes.util", "sqlite3", "multiprocessing.pool"]
        {
            let mut steps = Vec::new();
            assert!(imports.import(&mut Session::default(), None, module, &mut steps), "{module}");
            // What a `try` imported is imported again where it is needed; where it was there, that does nothing.
            let mut met = std::collections::HashSet::new();
            let walked: Vec<String> = steps
                .into_iter()
                .filter_map(|step| match step {
                    Step::Extension { module, .. } => met.insert(module.clone()).then_some(module),
                    Step::Library { .. }
                    | Step::Dormant { .. }
                    | Step::Later { .. }
                    | Step::Unread { .. } => None,
                })
                .collect();
            let real = real(&environment.interpreter, module);
            assert!(!real.is_empty(), "{module}");
            // What C code imports by itself is not seen (`_datetime`), and what a failed import leaves is not there.
            let seen: Vec<&String> = real.iter().filter(|name| walked.contains(name)).collect();
            let order: Vec<&String> = walked.iter().filter(|name| real.contains(name)).collect();
            assert_eq!(order, seen, "run {run}, {module}: another order");
            assert!(seen.len() * 10 >= real.len() * 7, "run {run}, {module}: {walked:?} of {real:?}");
        }
        sources.finish().unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(fs::read_dir(cache).expect("a cache").count(), 1);
}

/// The extension modules that a real interpreter has loaded after an import, in their order.
fn real(interpreter: &Interpreter, module: &str) -> Vec<String> {
    let code = format!(
        "import {module}, sys, importlib.machinery as m\nfor n, o in list(sys.modules.items()):\n    \
         if isinstance(getattr(getattr(o, '__spec__', None), 'loader', None), m.ExtensionFileLoader): print(n)"
    );
    let output =
        Command::new(&interpreter.executable).args(["-I", "-S", "-c", &code]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn what_is_no_environment_says_what_to_give() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("the folder can be written to");
    let text = folder.path().join("notes.txt");
    fs::write(&text, "no wheel").expect("the folder can be written to");
    let bomb = folder.path().join("bomb-1.0-py3-none-any.whl");
    fs::write(&bomb, b"PK\x03\x04 cut").expect("the folder can be written to");
    for (input, says) in [
        (folder.path().join("gone"), "is not there"),
        (empty, "a folder without Python packages"),
        (text, "a file that is no wheel"),
        (bomb, "could not unpack"),
    ] {
        let error = read(std::slice::from_ref(&input)).err().unwrap_or_else(|| panic!("{}", input.display()));
        let message = error.to_string();
        assert!(message.contains(says) && message.contains(&input.display().to_string()), "{message}");
    }
}

#[test]
fn a_program_finds_what_stands_beside_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let environment = read(&[environment(folder.path())]).unwrap_or_else(|error| panic!("{error}"));
    let write = |name: &str, text: &str| {
        let path = folder.path().join("app").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders can be made");
        std::fs::write(&path, text).expect("files can be written");
        path
    };
    // A package of the environment by the same name comes second.
    write("beside.py", "from sub.deep import start\nstart()\n");
    write("sub/__init__.py", "");
    write("sub/deep.py", "import ctypes\nimport loose\ndef start():\n    ctypes.CDLL('/of/the/app.so')\n");
    let script = write("main.py", "import beside\nif __name__ == '__main__':\n    import pack\n");
    let tool = write("tool/__main__.py", "from . import inner\nimport pack\n");
    write("tool/__init__.py", "import beside\n");
    write("tool/inner.py", "import json\n");
    let plain = write("plain/__main__.py", "import near\n");
    write("plain/near.py", "import pack\n");
    let sources = Sources::open(Target { version: environment.interpreter.version }, None);
    let steps = |program: &Path| {
        let mut imports = Imports::new(&environment, &sources);
        let mut steps = Vec::new();
        imports
            .program(&mut Session::default(), program, &mut steps)
            .unwrap_or_else(|error| panic!("{error}"));
        let ours = steps.into_iter().filter_map(|step| match step {
            Step::Extension { module, .. } if module.starts_with("pack") || module.starts_with("loose") => {
                Some(module)
            }
            Step::Library { path: Some(path), .. } => Some(path.file_name()?.to_string_lossy().into_owned()),
            _ => None,
        });
        ours.collect::<Vec<String>>()
    };
    let pack = ["pack._core", "loose.fallback", "pack._second", "libx-1a2b.so.1"];
    let with_app: Vec<&str> = std::iter::once("app.so").chain(pack).collect();
    assert_eq!(steps(&script), with_app);
    assert_eq!(steps(tool.parent().expect("a folder")), with_app, "as python -m tool");
    assert_eq!(steps(plain.parent().expect("a folder")), pack, "as python plain");
    let none =
        Imports::new(&environment, &sources).program(&mut Session::default(), folder.path(), &mut Vec::new());
    assert_eq!(none, Err("a folder without __main__.py".to_owned()));
}
