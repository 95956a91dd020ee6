//! Python interpreters: which one an environment is made for, and what there is to know about it.
//!
//! Asking an interpreter costs a process, so that the answer is kept, see [`cache`]. Deliberately not here:
//! installing interpreters, and which wheels fit one ([`crate::uv`]'s tags, made from these facts).

mod cache;
mod choose;
mod find;
mod pyenv;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, bail};
use pep508_rs::MarkerEnvironment;
use serde::{Deserialize, Serialize};

use crate::failure::{WithHint, hinted};

pub use choose::choose;
pub use find::{Request, find};

/// Python versions that the hook is made and tested for.
pub const SUPPORTED: [&str; 3] = ["3.11", "3.12", "3.13"];

/// What an interpreter says about itself; the base one, never a virtual environment's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// Its real path: no link, no shim.
    pub executable: PathBuf,
    /// `cpython`.
    pub implementation: String,
    /// `3.12.1`.
    pub version: String,
    /// `3.12`.
    pub minor: String,
    /// Whether it is built without the global interpreter lock.
    pub free_threaded: bool,
    /// 64 or 32.
    pub pointer_bits: u8,
    /// `sysconfig.get_platform()` in wheel-tag form, `linux_x86_64`.
    pub platform: String,
    /// `platform.machine()`.
    pub machine: String,
    /// `glibc` or empty, as `platform.libc_ver()` says.
    pub libc: String,
    /// `2.36`.
    pub libc_version: String,
    /// `cpython-312-x86_64-linux-gnu`.
    pub soabi: String,
    /// `sys.base_prefix`.
    pub prefix: PathBuf,
    /// The folder of the standard library.
    pub stdlib: PathBuf,
    /// `sys.stdlib_module_names`.
    pub stdlib_modules: Vec<String>,
    /// `sys.builtin_module_names`.
    pub builtin_modules: Vec<String>,
    /// The PEP 508 marker environment.
    pub markers: BTreeMap<String, String>,
}

impl Interpreter {
    /// Asks `path` (or the kept answer), without judging what it says.
    ///
    /// # Errors
    /// When it cannot be run or does not answer as an interpreter of Python 3 would.
    pub fn query(path: &Path, store: &Path) -> Result<Self> {
        if let Some(kept) = cache::get(store, path) {
            return Ok(kept);
        }
        let asked = ask(path)?;
        cache::put(store, path, &asked);
        Ok(asked)
    }

    /// Asks `path`, and keeps the answer nowhere.
    ///
    /// # Errors
    /// As for [`Self::query`].
    pub fn ask(path: &Path) -> Result<Self> {
        ask(path)
    }

    /// Refuses what the hook cannot serve.
    ///
    /// # Errors
    /// When it is another implementation, version or build than those supported.
    pub fn supported(&self) -> Result<()> {
        let path = self.executable.display();
        let hint = "choose one with `--python 3.12` or `python = \"3.12\"` in the manifest";
        if self.implementation != "cpython" {
            let what = anyhow!("{path} is {}; Pinfold works with CPython only", self.implementation);
            return Err(hinted(what, hint));
        }
        if self.free_threaded {
            let what = anyhow!(
                "{path} is a free-threaded build of Python {}, which this release of Pinfold does not support",
                self.version
            );
            return Err(hinted(what, hint));
        }
        if !SUPPORTED.contains(&self.minor.as_str()) {
            let what = anyhow!(
                "{path} is Python {}; this release of Pinfold supports {}",
                self.version,
                SUPPORTED.join(", ")
            );
            return Err(hinted(what, hint));
        }
        if self.pointer_bits != 64 {
            bail!("{path} is a {}-bit build; Pinfold needs a 64-bit one", self.pointer_bits);
        }
        Ok(())
    }

    /// The environment of markers, as they are evaluated here.
    ///
    /// # Errors
    /// When it said something of itself that no marker could be compared with.
    pub fn marker_environment(&self) -> Result<MarkerEnvironment> {
        let read = serde_json::to_value(&self.markers).and_then(serde_json::from_value);
        read.with_context(|| format!("could not read the markers of {}", self.executable.display()))
    }

    /// The marker that holds on this platform, whatever the version of Python.
    pub fn platform_marker(&self) -> String {
        let keys = [
            "implementation_name",
            "os_name",
            "platform_machine",
            "platform_python_implementation",
            "platform_system",
            "sys_platform",
        ];
        let values = keys.iter().filter_map(|key| Some(format!("{key} == '{}'", self.markers.get(*key)?)));
        values.collect::<Vec<_>>().join(" and ")
    }

    /// The folder that `pyvenv.cfg` names as `home`.
    pub fn home(&self) -> &Path {
        self.executable.parent().unwrap_or(Path::new("/"))
    }
}

fn ask(path: &Path) -> Result<Interpreter> {
    let output = Command::new(path)
        .args(["-I", "-B", "-c", include_str!("facts.py")])
        // The interpreter may be that of one of our own environments: ask it without the hook.
        .env("PINFOLD_DISABLE", "1")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not run {} to ask what it is", path.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
        return Err(anyhow!(last))
            .with_context(|| format!("{} did not say what it is ({})", path.display(), output.status));
    }
    serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{} did not answer as a Python 3.11 or later would", path.display()))
        .hint("name another interpreter with `--python`")
}
