//! Nix for tests: a store of their own, the installed programs, and what a build or an evaluation came to.
//!
//! Nix is looked for, never replaced: where it is not there, tests say so and, in CI, fail. Deliberately not here:
//! expectations.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::checkout;

/// What the builders' sandbox shows of this machine: the tools of the host are what `nix/mini.nix` builds with.
const HOST: &str = "/bin /usr /lib /lib64 /etc/alternatives";

/// The interpreter of the builds: one that the sandbox has.
pub const PYTHON: &str = "/usr/bin/python3";

/// A Nix store for the tests of one program.
pub struct Nix {
    folder: PathBuf,
    installed: PathBuf,
    /// Whether builders are users of their own. Nix ends what such a user runs before it builds as that user, and two
    /// stores do not know of each other: only one store of a machine may have them at a time.
    users: bool,
}

impl Nix {
    /// The store of this run below `folder`, emptied before its first use; `None`, loudly, where there is no Nix or no
    /// installed Pinfold.
    ///
    /// # Panics
    /// When something is missing and CI is set.
    pub fn shared(folder: &str) -> Option<&'static Nix> {
        static SHARED: OnceLock<Result<Nix, String>> = OnceLock::new();
        match SHARED.get_or_init(|| Nix::new(&Path::new(folder).join("nix"))) {
            Ok(nix) => Some(nix),
            Err(reason) => {
                eprintln!("SKIPPED: {reason}");
                assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"), "{reason}");
                None
            }
        }
    }

    fn new(folder: &Path) -> Result<Self, String> {
        let there = Command::new("nix-build").arg("--version").stdout(Stdio::null()).status();
        if !there.is_ok_and(|status| status.success()) {
            return Err("there is no Nix (Debian: apt-get install nix-bin)".to_owned());
        }
        let installed = std::env::var_os("PINFOLD_INSTALLED").map(PathBuf::from).ok_or(
            "PINFOLD_INSTALLED does not name a virtual environment with Pinfold; `cargo xtask test` makes one",
        )?;
        remove(folder)?;
        std::fs::create_dir_all(folder).map_err(|e| format!("could not make {}: {e}", folder.display()))?;
        let folder = folder.canonicalize().map_err(|e| e.to_string())?;
        let group = Command::new("getent").args(["group", "nixbld"]).stdout(Stdio::null()).status();
        let users = is_root() && group.is_ok_and(|status| status.success());
        Ok(Nix { folder, installed, users })
    }

    /// A folder of this run for a test's own files, empty.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.folder.join("scratch").join(name);
        std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        folder
    }

    /// Where Pinfold is installed.
    pub fn installed(&self) -> &Path {
        &self.installed
    }

    /// A second store, apart from the first, empty.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn apart(&self, name: &str) -> Nix {
        let nix = Nix {
            folder: self.folder.join("apart").join(name),
            installed: self.installed.clone(),
            users: false,
        };
        nix.empty();
        nix
    }

    /// Removes all that is in this store, and all that it knows.
    ///
    /// # Panics
    /// When it cannot be removed.
    pub fn empty(&self) {
        for part in ["store", "var", "log"] {
            remove(&self.folder.join(part)).unwrap_or_else(|reason| panic!("{reason}"));
        }
    }

    /// A command of Nix on this store.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir(checkout::root()).env_remove("NIX_REMOTE");
        let folders = [("NIX_STORE_DIR", "store"), ("NIX_STATE_DIR", "var"), ("NIX_LOG_DIR", "log")];
        command.envs(folders.map(|(variable, inner)| (variable, self.folder.join(inner))));
        let users = if self.users { "nixbld" } else { "" };
        let settings = [
            "substitute = false",
            "experimental-features = nix-command flakes ca-derivations",
            // Nothing is built to know what is to be built.
            "allow-import-from-derivation = false",
            "sandbox = true",
            &format!("sandbox-paths = {HOST}"),
            &format!("build-users-group = {users}"),
        ];
        command.env("NIX_CONFIG", settings.join("\n"));
        command
    }

    /// `nix-build` of attribute `name` of a file of `nix/tests`.
    pub fn builder(&self, file: &str, name: &str, more: &[&str]) -> Command {
        let mut command = self.command("nix-build");
        command.arg(file).args(["-A", name, "--no-out-link"]).args(self.pinfold()).args(more);
        command
    }

    /// What files that build things are called with.
    pub fn pinfold(&self) -> [OsString; 6] {
        let installed = self.installed.clone().into_os_string();
        ["--arg".into(), "pinfold".into(), installed, "--argstr".into(), "python".into(), PYTHON.into()]
    }

    /// Builds attribute `name` of a file of `nix/tests`; its path, or what Nix said.
    ///
    /// # Errors
    /// The end of what Nix said.
    ///
    /// # Panics
    /// When Nix cannot be started.
    pub fn build(&self, file: &str, name: &str, more: &[&str]) -> Result<PathBuf, String> {
        let output = run(&mut self.builder(file, name, more));
        if output.status.success() {
            let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            return Ok(PathBuf::from(path));
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// As [`Nix::evaluate`], of a file that builds things.
    ///
    /// # Errors
    /// What Nix said.
    ///
    /// # Panics
    /// When Nix cannot be started.
    pub fn evaluate_build(&self, file: &str, name: &str) -> Result<String, String> {
        let pinfold = self.pinfold();
        let more: Vec<&str> = pinfold.iter().filter_map(|argument| argument.to_str()).collect();
        self.evaluate(file, name, &more)
    }

    /// Evaluates attribute `name` of a file, as JSON.
    ///
    /// # Errors
    /// What Nix said.
    ///
    /// # Panics
    /// When Nix cannot be started.
    pub fn evaluate(&self, file: &str, name: &str, more: &[&str]) -> Result<String, String> {
        let mut command = self.command("nix-instantiate");
        command.args(["--eval", "--strict", "--json", "--read-write-mode", file, "-A", name]).args(more);
        let output = run(&mut command);
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("could not start {command:?}: {e}"))
}

/// Runs a command that must end well; its stdout.
///
/// # Panics
/// When it does not.
pub fn said(command: &mut Command) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn remove(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        // Folders of a store are read-only, which stops everybody but root.
        let _ = Command::new("chmod").args(["-R", "u+w"]).arg(folder).stderr(Stdio::null()).status();
        std::fs::remove_dir_all(folder).map_err(|e| format!("could not empty {}: {e}", folder.display()))?;
    }
    Ok(())
}

fn is_root() -> bool {
    // The owner of a process's own folder in /proc is its user.
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
