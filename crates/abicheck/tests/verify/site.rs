//! A virtual environment of the `python3` on PATH with packages of a few lines.
//!
//! Deliberately not here: what is tried with them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use abicheck::environment::{Environment, Interpreter, Wishes};
use tempfile::TempDir;

pub(crate) struct Site {
    folder: TempDir,
    site: PathBuf,
}

impl Site {
    pub(crate) fn new() -> Self {
        // A shim of a version manager is a script; the program itself says where it is.
        let asked = Command::new("python3")
            .args(["-c", "import sys; print(getattr(sys, '_base_executable', sys.executable))"])
            .output()
            .expect("python3 on PATH");
        let python = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
        let interpreter = Interpreter::at(&python).unwrap_or_else(|error| panic!("{error}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let venv = folder.path().canonicalize().expect("it is there").join("venv");
        let site = venv.join(format!("lib/python{}/site-packages", interpreter.minor()));
        fs::create_dir_all(&site).expect("folders can be made");
        fs::create_dir_all(venv.join("bin")).expect("folders can be made");
        let home = interpreter.executable.parent().expect("bin").display().to_string();
        fs::write(venv.join("pyvenv.cfg"), format!("home = {home}\n")).expect("it can be written");
        symlink(&interpreter.executable, venv.join("bin/python")).expect("links can be made");
        Self { folder, site }
    }

    pub(crate) fn venv(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("it is there").join("venv")
    }

    pub(crate) fn packages(&self) -> &Path {
        &self.site
    }

    /// A distribution with a package of the same name, whose `__init__.py` is `code`.
    pub(crate) fn package(&self, name: &str, code: &str) -> &Self {
        let folder = self.site.join(name);
        fs::create_dir_all(&folder).expect("folders can be made");
        fs::write(folder.join("__init__.py"), code).expect("it can be written");
        let info = self.site.join(format!("{name}-1.0.dist-info"));
        fs::create_dir_all(&info).expect("folders can be made");
        fs::write(info.join("METADATA"), format!("Name: {name}\nVersion: 1.0\n")).expect("it can be written");
        let files = ["__init__.py", "_core.abi3.so"].map(|file| format!("{name}/{file},,\n"));
        let library = format!("{name}.libs/libdup.so.1,,\n");
        fs::write(info.join("RECORD"), files.concat() + &library).expect("it can be written");
        self
    }

    /// Gives a package a module `_core` that calls `function` of its own `libdup.so.1`, which has the version `DUP_1`
    /// and what `versions` adds.
    pub(crate) fn module(&self, name: &str, function: &str, versions: &str) -> &Self {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let source = |file: &str, text: &str| {
            let path = scratch.path().join(file);
            fs::write(&path, text).expect("it can be written");
            path
        };
        let libraries = self.site.join(format!("{name}.libs"));
        fs::create_dir_all(&libraries).expect("folders can be made");
        let library = libraries.join("libdup.so.1");
        let dup = source("dup.c", "int old(void) { return 1; }\nint fresh(void) { return 2; }\n");
        let map = source("dup.map", &format!("DUP_1 {{ old; }};{versions}"));
        let script = format!("-Wl,--version-script={}", map.display());
        cc(&[&dup, &"-o", &library, &"-Wl,-soname,libdup.so.1", &script]);
        let core = source("core.c", &format!("#define CALLED {function}\n{MODULE}"));
        let place = self.site.join(name).join("_core.abi3.so");
        let runpath = format!("-Wl,-rpath,$ORIGIN/../{name}.libs");
        cc(&[&core, &library, &"-o", &place, &"-Wl,--no-as-needed", &runpath]);
        self
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::read(&[self.venv()], &Wishes::default()).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// An extension module by hand, for Python.h takes longer to read than all of this.
const MODULE: &str = r#"
struct definition {
    long references; void *type, *init; long index; void *copy;
    const char *name, *doc; long size; void *methods, *slots, *traverse, *clear, *free;
};
extern void *PyModule_Create2(struct definition *, int);
extern int CALLED(void);
void *PyInit__core(void) {
    static struct definition definition = {1, 0, 0, 0, 0, "_core", 0, -1};
    CALLED();
    return PyModule_Create2(&definition, 1013);
}
"#;

fn cc(arguments: &[&dyn AsRef<std::ffi::OsStr>]) {
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC"]).args(arguments);
    assert!(command.status().expect("a C compiler").success(), "{command:?}");
}
