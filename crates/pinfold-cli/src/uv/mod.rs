//! Everything that is asked of uv: resolving and fetching.
//!
//! uv's own text is shown to people and never parsed; what is read are its exit status and `uv.lock`.
//! Deliberately not here: what the answers mean for units and closures ([`crate::locking`]).

mod asking;
mod building;
pub mod fetch;
pub mod lockfile;
pub mod moment;
pub mod project;
pub mod releases;
pub mod settings;
pub mod tags;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::build::confine;
use crate::build::limits::{self, Limits};
use crate::error::Hint;

pub use asking::Building;

/// Variables by which a person's shell would steer uv away from the project that we ask about.
///
/// Those that say where packages come from (UV_INDEX, UV_FIND_LINKS, UV_KEYRING_PROVIDER, ...) are passed on.
const STEERING: &[&str] = &[
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYTHONPATH",
    "PYTHONHOME",
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
    "UV_ISOLATED",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_EXCLUDE",
    "UV_REQUIRE_HASHES",
    "UV_VERIFY_HASHES",
    "UV_LINK_MODE",
    "UV_TARGET",
    "UV_PREFIX",
    "UV_NO_PROJECT",
    "UV_NO_EDITABLE",
    "UV_EDITABLE",
    "UV_NO_SOURCES",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_OFFLINE",
];

/// uv, found and ready to be asked.
#[derive(Clone, Debug)]
pub struct Uv {
    program: PathBuf,
    offline: bool,
    /// How long what answers a question may take.
    limits: Limits,
}

/// Why uv could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum UvError {
    /// There is none.
    #[error("could not find uv, which does the resolving and downloading (looked at {looked})")]
    Missing {
        /// Where it was looked for, in words.
        looked: String,
    },
    /// It could not be started.
    #[error("could not run {}: {source}", program.display())]
    Start {
        /// The file.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It did not answer in time.
    #[error("uv did not end within {seconds} seconds{}, and was ended with all that it had started", at(.building.as_ref()))]
    Late {
        /// How long it had.
        seconds: u64,
        /// What it was building, to be told what that requires.
        building: Option<Building>,
    },
    /// A file for it could not be written, or one of it not be read.
    #[error("could not {what} {}: {source}", path.display())]
    Io {
        /// Verb.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Its lock is not what we know.
    #[error("could not read what uv resolved: {0}")]
    Format(String),
}

impl Hint for UvError {
    fn hints(&self) -> Vec<String> {
        match self {
            UvError::Missing { .. } => {
                vec!["install it beside pinfold (`pip install uv`), or set PINFOLD_UV to its path".to_owned()]
            }
            UvError::Format(_) => vec![
                "this uv may be too old or too new; `pip install -U pinfold` brings a fitting one".to_owned(),
            ],
            UvError::Late { building, .. } => {
                let name = building.as_ref().and_then(|building| building.name.as_deref());
                vec![limits::more_time(name)]
            }
            UvError::Start { .. } | UvError::Io { .. } => Vec::new(),
        }
    }
}

fn at(building: Option<&Building>) -> String {
    building.map(|building| format!(" while {}", building.words())).unwrap_or_default()
}

impl UvError {
    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> UvError {
        let path = path.to_owned();
        move |source| UvError::Io { what, path, source }
    }
}

impl Uv {
    /// Finds uv: `PINFOLD_UV`, else beside our own program, else on PATH.
    ///
    /// # Errors
    /// When there is none; says where it looked.
    pub fn find(offline: bool) -> Result<Self, UvError> {
        if let Some(given) = std::env::var_os("PINFOLD_UV").filter(|given| !given.is_empty()) {
            let program = PathBuf::from(given);
            if program.is_file() {
                return Ok(Uv { program, offline, limits: Limits::default() });
            }
            return Err(UvError::Missing { looked: format!("PINFOLD_UV, which is {}", program.display()) });
        }
        // A link to us (pipx and uv tool make them) does not stand beside uv; the real file does.
        let ours = std::env::current_exe()
            .ok()
            .into_iter()
            .flat_map(|exe| [exe.canonicalize().ok(), Some(exe)])
            .flatten();
        let beside = ours.filter_map(|exe| Some(exe.parent()?.join("uv")));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path =
            std::env::split_paths(&path).map(|folder| folder.join("uv")).filter(|file| file.is_absolute());
        let program = beside.chain(on_path).find(|file| file.is_file());
        let looked = "PINFOLD_UV, the folder of this program, PATH".to_owned();
        program
            .map(|program| Uv { program, offline, limits: Limits::default() })
            .ok_or(UvError::Missing { looked })
    }

    /// The program's path.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether it may use the network.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// With limits for the builds that a question to it may come to.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Uv { limits, ..self }
    }

    /// Runs it in `folder` and waits; for what it downloads, which it gives up by itself.
    ///
    /// # Errors
    /// When it cannot be started; its own failures are in the output's status.
    pub fn run<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, UvError> {
        self.output(folder, args, None)
    }

    /// As [`Self::run`], for a question: what answers it may be a build, which may never end.
    ///
    /// # Errors
    /// As for [`Self::run`], and when it takes longer than it may.
    pub fn ask<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Output, UvError> {
        self.output(folder, args, Some(&self.limits))
    }

    fn output<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        args: impl IntoIterator<Item = S>,
        limits: Option<&Limits>,
    ) -> Result<Output, UvError> {
        let start = |source| UvError::Start { program: self.program.clone(), source };
        let mut command = confine::command(&[]).map_err(start)?;
        command.arg(&self.program);
        command.current_dir(folder).args(args).args([
            "--color",
            "never",
            "--no-progress",
            "--no-python-downloads",
        ]);
        if self.offline {
            command.arg("--offline");
        }
        for name in STEERING {
            command.env_remove(name);
        }
        // uv builds where only that gives it metadata; what reads .git then must not write there.
        command.env("GIT_OPTIONAL_LOCKS", "0").env("PYTHONDONTWRITEBYTECODE", "1");
        // uv would fold its explanation to the width of a terminal that it does not write to.
        command.env_remove("COLUMNS");
        // The interpreter may belong to one of our own environments: uv asks it without the hook.
        command.env("PINFOLD_DISABLE", "1");
        let output = asking::output(command, limits).map_err(start)?;
        output.map_err(|late| UvError::Late { seconds: late.limit.as_secs(), building: late.building })
    }
}

/// Whether uv says that what was asked for cannot be, by its exit code: 1 is its answer "no", 2 an error of its own, as
/// where the network is away or a server fails.
pub(crate) fn is_refusal(output: &Output) -> bool {
    output.status.code() == Some(1)
}

/// What the project that uv is asked about is called in its files. Where uv explains a resolution it says `your project`.
pub(crate) const PROJECT: &str = "pinfold-root";

/// What uv said, for people: indented, without the name that only the question has, without the line that names the
/// interpreter, and without the marker of the one platform, which is the same in every question that we ask.
pub(crate) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text
        .replace(&format!("`{PROJECT}` (v0)"), "your project")
        .replace(&format!("`{PROJECT}`"), "your project");
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("Using CPython "))
        .map(|line| match line.split_once(" for split (markers: ") {
            Some((before, _)) if line.ends_with(')') => before.to_owned(),
            _ => line.to_owned(),
        })
        .collect();
    if let Some(first) = lines.iter_mut().find(|line| line.starts_with("error: ")) {
        *first = first.replacen("error: ", "uv: ", 1);
    }
    let indented = |line: String| if line.is_empty() { line } else { format!("  {line}") };
    lines.into_iter().map(indented).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}
