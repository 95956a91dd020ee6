//! How runs are kept from the network: a network namespace where the system lets users make one, else a refusal in
//! Python.
//!
//! `unshare(1)` of util-linux makes the namespaces, for making them in this process would be for all of its threads.
//! Deliberately not here: what is run.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How the network is kept away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// By this command before the program's: there is no network in the namespace that it makes.
    Namespace(Vec<OsString>),
    /// Python's sockets are refused; what C code opens is not.
    Refusal,
}

/// With a namespace of processes, so that no child is left behind; as the same user, for some programs behave
/// otherwise for root; and with `/proc` of the new namespace, or without it where a container hides parts of `/proc`.
const WAYS: [&[&str]; 3] = [
    &["--user", "--map-current-user", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--"],
    &["--user", "--map-current-user", "--net", "--"],
    &["--user", "--map-root-user", "--net", "--"],
];

impl Isolation {
    /// The best that works here.
    pub(super) fn find() -> Self {
        let Some(unshare) = on_path("unshare") else { return Self::Refusal };
        let works = |way: &&[&str]| {
            let mut command = Command::new(&unshare);
            command.args(*way).arg("true").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        match WAYS.into_iter().find(works) {
            Some(way) => {
                let arguments = way.iter().map(OsString::from);
                Self::Namespace([unshare.into_os_string()].into_iter().chain(arguments).collect())
            }
            None => Self::Refusal,
        }
    }

    /// What the user should know of it.
    pub(super) fn note(&self) -> Option<String> {
        let told = "`--verify` ran without a network namespace, which `unshare` could not make here: Python code was \
                    refused the network, C code was not";
        (*self == Self::Refusal).then(|| told.to_owned())
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut found = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    found.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file()))
}
