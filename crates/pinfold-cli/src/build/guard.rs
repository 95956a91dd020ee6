//! Between us and a step's process: whatever that started ends with it, and with us, however we end.
//!
//! Our own program once more, as a hidden command. What it guards leads a group of its own; whoever leaves that group and
//! loses his parent becomes a child of the guard, so that it can be found. The guard holds the reading end of a pipe: that
//! ends when we do, by kill -9 or Ctrl-C, and when the time is up. Deliberately not here: what the process may do
//! ([`super::confine`]).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal};

use crate::error::{Error, Outcome};

/// The variable that makes a guard of the hidden command; its standard input is the pipe.
pub(super) const VARIABLE: &str = "PINFOLD_GUARD";

/// Whether this process is to be a guard.
pub(super) fn is_asked() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Runs the same command line without a guard, and ends as that does.
///
/// # Errors
/// When it cannot be started.
pub(super) fn run() -> Result<Outcome, Error> {
    // prctl(2): orphans among our descendants become our children.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let program = std::env::current_exe().context("could not find this program")?;
    let mut command = Command::new(program);
    command.args(std::env::args_os().skip(1)).env_remove(VARIABLE).stdin(Stdio::null()).process_group(0);
    let mut child = command.spawn().context("could not start the process of a step")?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    thread::spawn(move || {
        let mut byte = [0];
        loop {
            match io::stdin().read(&mut byte) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return end(group),
                Ok(_) => {}
            }
        }
    });
    let status = child.wait().context("could not wait for the process of a step")?;
    // What it left running is not part of a result.
    end(group);
    end_as(status)
}

/// Ends all that is below us.
fn end(group: Option<Pid>) {
    // Something may have started another one meanwhile.
    for _ in 0..100 {
        if let Some(group) = group {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        let left = descendants(rustix::process::getpid());
        if left.is_empty() {
            return;
        }
        for pid in left {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Everything below a process that has not ended yet.
pub(super) fn descendants(of: Pid) -> Vec<Pid> {
    let mut children: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let mut gone = BTreeSet::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        // proc_pid_stat(5): pid (name) state ppid ...; a name may have anything in it.
        let stat = String::from_utf8_lossy(&stat);
        let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
        let (state, parent) = (fields.next(), fields.next().and_then(|parent| parent.parse().ok()));
        if matches!(state, Some("Z" | "X")) {
            gone.insert(pid);
        }
        children.entry(parent.unwrap_or_default()).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut queue = vec![of.as_raw_nonzero().get()];
    while let Some(next) = queue.pop() {
        let below = children.remove(&next).unwrap_or_default();
        found.extend(below.iter().filter(|pid| !gone.contains(*pid)).filter_map(|pid| Pid::from_raw(*pid)));
        queue.extend(below);
    }
    found
}

/// Ends as the process did, by its signal too.
fn end_as(status: ExitStatus) -> ! {
    let signal = status.signal().unwrap_or_default();
    if let Some(signal) = Signal::from_named_raw(signal) {
        // The first one may only undo a handler of ours.
        for _ in 0..2 {
            let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
            thread::sleep(Duration::from_millis(1));
        }
    }
    std::process::exit(status.code().unwrap_or(128 + signal))
}
