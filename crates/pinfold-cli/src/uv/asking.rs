//! uv as a process: what it says on either of its outputs, and an end to it, with all that it started.
//!
//! It has a guard, as builds have: the builds that uv starts end with us, too. What it builds is told by the source
//! distribution that one of its processes stands in, not by its text; each build has its time, and so has what uv does
//! between two. Deliberately not here: what it is asked.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, PipeReader, Read};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use pinfold_core::names::normalize;
use rustix::process::Pid;

use crate::build::limits::Limits;
use crate::build::sdist::{METADATA, identity};
use crate::build::{LONG, Started};
use crate::terminal;

/// So often it is looked at.
const OFTEN: Duration = Duration::from_secs(1);

/// What uv was building when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Building {
    /// The package, normalised, where its source says it.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// What took longer than it may.
pub(super) struct Late {
    pub(super) limit: Duration,
    /// Nothing, if it was none of the builds.
    pub(super) building: Option<Building>,
}

impl Building {
    /// `it asked demo 2.0 what it requires (step metadata)`
    pub(super) fn words(&self) -> String {
        let what = match (&self.name, &self.version) {
            (Some(name), Some(version)) => format!("{name} {version}"),
            (Some(name), None) => name.clone(),
            (None, _) => "a source distribution".to_owned(),
        };
        format!("it asked {what} what it requires (step metadata)")
    }
}

/// Since when uv is at what.
#[derive(Default)]
struct Watched {
    looked: Duration,
    /// Nothing, while it builds nothing.
    since: BTreeMap<Option<Building>, Duration>,
    told: bool,
}

/// Runs a command line of uv; what it was at if it was ended because that took longer than it may.
pub(super) fn output(mut command: Command, limits: Option<&Limits>) -> io::Result<Result<Output, Late>> {
    let (out, writer) = io::pipe()?;
    command.stdout(writer);
    let (err, writer) = io::pipe()?;
    command.stderr(writer);
    let started = Started::new(command)?;
    let (stdout, stderr) = (listen(out), listen(err));
    let (mut watched, mut late) = (Watched::default(), None);
    let (status, _) = started.wait(&mut |uv, time| {
        late = limits.and_then(|limits| watched.look(uv, time, limits));
        late.is_some()
    })?;
    if let Some(late) = late {
        return Ok(Err(late));
    }
    // Nothing holds the pipes any more but what has left the guard behind, for which nobody waits.
    let heard = |from: Receiver<Vec<u8>>| from.recv_timeout(Duration::from_secs(10)).unwrap_or_default();
    Ok(Ok(Output { status, stdout: heard(stdout), stderr: heard(stderr) }))
}

fn listen(mut from: PipeReader) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is what there is.
        let _ = from.read_to_end(&mut bytes);
        let _ = send.send(bytes);
    });
    receive
}

impl Watched {
    /// What has taken longer than it may by now.
    fn look(&mut self, uv: &Started, time: Duration, limits: &Limits) -> Option<Late> {
        if time < self.looked + OFTEN {
            return None;
        }
        self.looked = time;
        let mut now: Vec<Option<Building>> = builds(&uv.below()).into_iter().map(Some).collect();
        if now.is_empty() {
            now.push(None);
        }
        self.since.retain(|what, _| now.contains(what));
        for what in now {
            self.since.entry(what).or_insert(time);
        }
        let limit = |what: &Option<Building>| limits.of(what.as_ref().and_then(|one| one.name.as_deref()));
        if !self.told
            && let Some((Some(what), _)) = self.since.iter().find(|(_, since)| time >= **since + LONG)
        {
            self.told = true;
            let (words, limit) = (what.words(), limit(&Some(what.clone())).as_secs());
            terminal::note(&format!(
                "Resolving, where {words}: it takes a while, and is ended after {limit} seconds"
            ));
        }
        let (what, _) = self.since.iter().find(|(what, since)| time >= **since + limit(what))?;
        Some(Late { limit: limit(what), building: what.clone() })
    }
}

/// What the processes build: those that do stand in the files of a source distribution.
fn builds(processes: &[Pid]) -> Vec<Building> {
    let folder = |pid: &Pid| fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).ok();
    let is_source = |folder: &PathBuf| {
        let any = [METADATA, "setup.py"].iter().any(|file| folder.join(file).is_file());
        // uv itself stands beside a pyproject.toml of ours.
        any || fs::read_to_string(folder.join("pyproject.toml"))
            .is_ok_and(|text| text.contains("[build-system]"))
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let mut found: Vec<Building> = Vec::new();
    for source in processes.iter().filter_map(folder).filter(is_source) {
        let one = identity(&source.join(METADATA));
        let one = Building { name: some(normalize(&one.name)), version: some(one.version) };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}
