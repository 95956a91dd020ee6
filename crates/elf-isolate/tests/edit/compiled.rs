//! Libraries of a few lines of C, and a program that opens them in an order.
//!
//! Deliberately not here: what they show.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Opens each file, calls its `answer`, and prints what it returns.
const OPEN: &str = r#"
    #include <dlfcn.h>
    #include <stdio.h>
    int main(int count, char **files) {
        for (int at = 1; at < count; at++) {
            void *file = dlopen(files[at], RTLD_NOW | RTLD_LOCAL);
            if (!file) { printf("%s", dlerror()); return 1; }
            int (*answer)(void) = (int (*)(void))dlsym(file, "answer");
            printf(at > 1 ? " %d" : "%d", answer());
        }
        return 0;
    }
"#;

/// A temporary folder.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder can be made"));
        let source = folder.write("open.c", OPEN);
        run(Command::new("gcc").arg("-o").arg(folder.path("open")).arg(source).arg("-ldl"));
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        self.write_bytes(name, text.as_bytes())
    }

    pub(crate) fn write_bytes(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it has a folder")).expect("folders can be made");
        std::fs::write(&path, bytes).expect("files can be written");
        path
    }

    pub(crate) fn c(&self, name: &str, code: &str, flags: &[&str]) -> PathBuf {
        self.shared("gcc", "c", name, code, flags)
    }

    pub(crate) fn cxx(&self, name: &str, code: &str, flags: &[&str]) -> PathBuf {
        self.shared("g++", "cpp", name, code, flags)
    }

    fn shared(&self, compiler: &str, suffix: &str, name: &str, code: &str, flags: &[&str]) -> PathBuf {
        let (path, source) = (self.path(name), self.write(&format!("{name}.{suffix}"), code));
        let mut command = Command::new(compiler);
        run(command.args(["-fPIC", "-shared", "-o"]).arg(&path).arg(source).args(flags));
        path
    }

    /// What `files` answer, opened in this order.
    pub(crate) fn answers(&self, files: &[&PathBuf]) -> String {
        self.answers_with(files, Path::new(""))
    }

    /// As [`Self::answers`], with LD_LIBRARY_PATH.
    pub(crate) fn answers_with(&self, files: &[&PathBuf], library_path: &Path) -> String {
        let mut command = Command::new(self.path("open"));
        let output = command.args(files).env("LD_LIBRARY_PATH", library_path).output().expect("it runs");
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0 | 1) => said,
            _ => format!("{said}{}", output.status),
        }
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("a compiler is there: on Debian, apt-get install g++");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
