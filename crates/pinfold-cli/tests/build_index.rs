//! Real backends and real packages of the index: setuptools with and without a pyproject.toml, hatchling, flit, a C
//! extension, a source distribution.
//!
//! Deliberately not here: what is done when something goes wrong, for which no network is needed.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod support;

use std::fs;

use pinfold_core::lock::Lock;
use support::folders::{kept, steps, write};
use support::links::uv;
use support::{Project, said};

const C: &str = r#"
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(ANSWER); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", NULL, -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&module); }
"#;

/// A project that builds with the backends of the index; where that cannot be reached, the test says so.
fn project(manifest: &str) -> Option<Project> {
    if !uv() {
        return None;
    }
    let project = Project::new();
    fs::write(project.path("app/pinfold.toml"), "requires = ['iniconfig']\n").unwrap();
    let reached = project.command(&["lock"]).output().unwrap();
    if !reached.status.success() {
        assert!(std::env::var_os("CI").is_none(), "these tests need an index: {}", said(&reached));
        eprintln!("SKIPPED: the index cannot be reached");
        return None;
    }
    fs::remove_file(project.path("app/pinfold.lock")).unwrap();
    fs::write(project.path("app/pinfold.toml"), manifest).unwrap();
    Some(project)
}

#[test]
fn the_usual_backends_build_what_they_are_given() {
    let manifest = "requires = ['old @ ./old', 'native @ ./native', 'hatched @ ./hatched', 'flitted @ ./flitted', 'sgmllib3k']\n\
                    [builds.native]\nenv = ['CFLAGS']\n";
    let Some(project) = project(manifest) else { return };
    let app = project.app();
    // No pyproject.toml: what was meant before there was one.
    write(
        &app.join("old"),
        "setup.py",
        "from setuptools import setup\nsetup(name='old', version='1', py_modules=['old'])\n",
    );
    write(&app.join("old"), "old.py", "x = 'old'\n");
    let setup =
        "from setuptools import setup, Extension\nsetup(ext_modules=[Extension('native', ['native.c'])])\n";
    let native = app.join("native");
    write(&native, "setup.py", setup);
    write(&native, "native.c", C);
    write(
        &native,
        "pyproject.toml",
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n[project]\nname = 'native'\nversion = '1'\n",
    );
    for (name, backend, requires) in
        [("hatched", "hatchling.build", "hatchling"), ("flitted", "flit_core.buildapi", "flit_core")]
    {
        let text = format!(
            "[build-system]\nrequires = ['{requires}']\nbuild-backend = '{backend}'\n[project]\nname = '{name}'\nversion = '1'\ndescription = 'x'\n"
        );
        write(&app.join(name), "pyproject.toml", &text);
        write(&app.join(name), &format!("{name}/__init__.py"), "x = __name__\n");
    }
    let build = |flags: &str| {
        let output = project.command(&["build", "--no-check"]).env("CFLAGS", flags).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    build("-DANSWER=41");
    let lock = || Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap();
    let hash = |name: &str| lock().wheels.iter().find(|wheel| wheel.name == name).unwrap().sha256.clone();
    let first = ["old", "native", "hatched", "flitted", "sgmllib3k"].map(hash);
    // Another store: everything is built once more, and comes to the same bytes, debugging information included.
    support::remove(&project.store());
    build("-DANSWER=41");
    assert_eq!(["old", "native", "hatched", "flitted", "sgmllib3k"].map(hash), first);
    build("-DANSWER=42");
    assert_ne!(hash("native"), first[1]);
    project.ok(&["sync", "--frozen"]);
    let code =
        "import old, native, hatched, flitted, sgmllib; print(old.x, native.answer(), hatched.x, flitted.x)";
    assert_eq!(project.python(code), "old 42 hatched flitted");
}

#[test]
fn pytest_checks_what_is_installed() {
    let Some(project) = project("requires = ['local @ ./local']\n") else { return };
    let local = project.path("app/local");
    write(
        &local,
        "pyproject.toml",
        "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'flit_core.buildapi'\n[project]\nname = 'local'\nversion = '1'\ndescription = 'x'\n",
    );
    write(&local, "local.py", "x = 1\n");
    write(
        &local,
        "tests/test_local.py",
        "import local\ndef test_place():\n    assert 'site-packages' in local.__file__\n",
    );
    let first = steps(&project, &[]);
    assert!(first.contains("local check ran: never checked here before"), "{first}");
    assert_eq!(kept(&project, "checked").len(), 1);
    write(&local, "tests/test_local.py", "def test_wrong():\n    assert False\n");
    let output = project.command(&["build"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let lock = Lock::parse(&fs::read_to_string(project.path("app/pinfold.lock")).unwrap()).unwrap();
    assert!(lock.check_set.wheels.iter().any(|wheel| wheel.name == "pytest"));
}
