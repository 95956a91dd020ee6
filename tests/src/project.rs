//! A project in a temporary folder, and what the programs print in it, made comparable for snapshots.
//!
//! Deliberately not here: expectations. The programs run as a user runs them: a process, an exit code, two
//! streams.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::checkout;
use crate::wheel::Wheel;

/// A project of a test's own; it is removed in the end.
pub struct Project {
    folder: TempDir,
    store: PathBuf,
}

impl Project {
    /// An empty folder, with a store of its own beside the project.
    ///
    /// # Panics
    /// When there is no place for temporary files.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        let store = folder.path().join("store");
        let project = Project { folder, store };
        // No network: what a test installs, it brings.
        project.write("project/uv.toml", "no-index = true\nfind-links = [\"wheels\"]\n");
        project.write("project/wheels/README", "wheels of this test\n");
        project
    }

    /// A project with this `pinfold.toml`.
    pub fn new(manifest: &str) -> Self {
        let project = Self::empty();
        project.write("project/pinfold.toml", manifest);
        project
    }

    /// Adds a wheel to the folder `wheels/` of the project, and returns the project.
    #[must_use]
    pub fn with(self, wheel: Wheel<'_>) -> Self {
        wheel.write(&self.path().join("wheels"));
        self
    }

    /// The project's folder.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Writes a file, below the folder that has the project and its store.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        let parent = path.parent().unwrap_or(Path::new("."));
        let done = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text));
        done.unwrap_or_else(|e| panic!("could not write {}: {e}", path.display()));
    }

    /// The text of a file of the project.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn read(&self, path: &str) -> String {
        let path = self.path().join(path);
        let text = std::fs::read_to_string(&path);
        self.filtered(&text.unwrap_or_else(|e| panic!("could not read {}: {e}", path.display())))
    }

    /// Runs `pinfold` in the project: its exit code, stdout and stderr, comparable.
    pub fn pinfold(&self, arguments: &[&str]) -> String {
        self.run("pinfold", arguments)
    }

    /// Runs one of the programs in the project: its exit code, stdout and stderr, comparable.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program(name));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (variable, _) in std::env::vars_os() {
            let variable = variable.to_string_lossy().into_owned();
            let kept = ["PINFOLD_UV", "PINFOLD_PACKAGE"].contains(&variable.as_str());
            let ours = ["PINFOLD_", "UV_", "PYTHON", "VIRTUAL_ENV", "RUST_", "CLICOLOR"];
            if !kept && ours.iter().any(|prefix| variable.starts_with(prefix)) {
                command.env_remove(variable);
            }
        }
        let settings = [("NO_COLOR", "1"), ("COLUMNS", "100")];
        command.envs(settings).env("PINFOLD_CACHE", &self.store).env("HOME", self.folder.path());
        command.env("UV_CACHE_DIR", self.folder.path().join("uv-cache"));
        let output = command.output().unwrap_or_else(|e| panic!("could not start {name}: {e}"));
        let code = output.status.code().map_or("a signal".to_owned(), |code| code.to_string());
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        self.filtered(&format!("exit code: {code}\n-- stdout\n{stdout}-- stderr\n{stderr}"))
    }

    /// `text` with the names of temporary folders replaced; `filters()` does the rest for a snapshot.
    fn filtered(&self, text: &str) -> String {
        let real = self.folder.path().canonicalize().unwrap_or_default();
        let text = text.replace(&*real.to_string_lossy(), "[TEMP]");
        text.replace(&*self.folder.path().to_string_lossy(), "[TEMP]")
    }
}

/// Patterns of what differs from run to run and from machine to machine, for insta.
pub fn filters() -> Vec<(&'static str, &'static str)> {
    vec![
        (r"\b[0-9a-f]{64}\b", "[SHA256]"),
        (r"@[0-9a-f]{12}\b", "@[HASH]"),
        (r"\b\d+(\.\d+)?(ms|s)\b", "[TIME]"),
        (r"\b3\.1[1-3]\.\d+\b", "[PYTHON]"),
        (r#"(\b[Pp]ython( = ")?) ?3\.1[1-3]\b"#, "$1 [MINOR]"),
        (r"/\S*/bin/python3?(\.\d+)?\b", "[INTERPRETER]"),
        (r"(x86_64|aarch64)\b", "[MACHINE]"),
    ]
}

/// A program of this workspace, built by the profile of the tests.
fn program(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        // `cargo test -p pinfold-tests` alone builds no programs of other crates.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(checkout::root()).args(["build", "--quiet", "--locked"]);
        let done = command.args(["--package", "pinfold-cli", "--package", "abicheck"]).status();
        assert!(done.is_ok_and(|status| status.success()), "could not build the programs under test");
    });
    // target/debug/deps/commands-HASH: the programs are in the folder above.
    let test = std::env::current_exe().unwrap_or_else(|e| panic!("the test does not know its own path: {e}"));
    let folder = test.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    folder.join(name)
}
