//! A process of a step: what it says goes to a file, to whoever watches, and its last lines to the report.
//!
//! However much it says, little of it is held in memory. When its time is up, the whole process group is ended; a confined
//! one has a guard ([`super::guard`]), which ends whatever left the group, too, and ends it with us.
//! Deliberately not here: what it may do ([`super::confine`]).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::progress::Line;
use super::{confine, guard};

/// So many last lines are kept, each of at most so many bytes.
const LINES: usize = 30;
const LONGEST: usize = 500;

/// What a step says beyond this is counted, and not written down.
const LOG_LIMIT: u64 = 64 << 20;

/// After so long, somebody who waits is told for what.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Between two looks at whether it has ended.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// A process to be run.
pub(crate) struct Run<'a> {
    pub(crate) command: Command,
    /// What it says is added to this file.
    pub(crate) log: PathBuf,
    pub(crate) timeout: Option<Duration>,
    pub(crate) line: &'a Line,
    /// What it reads on its standard input; `None` for nothing.
    pub(crate) input: Option<File>,
}

/// How a process ended.
pub(crate) struct Ended {
    status: ExitStatus,
    /// Whether it was ended because its time was up.
    pub(crate) timed_out: bool,
    /// How long it may have taken.
    timeout: Option<Duration>,
    /// The last lines that it said.
    pub(crate) last: Vec<String>,
    /// Whether something that left its group still holds its output.
    left: bool,
}

impl Ended {
    pub(crate) fn is_fine(&self) -> bool {
        self.status.success() && !self.timed_out
    }

    /// `ended with exit code 1`
    pub(crate) fn words(&self) -> String {
        self.words_in("")
    }

    /// `ended with exit code 1 in ...`, with what it was at, and a space before that.
    pub(crate) fn words_in(&self, what: &str) -> String {
        match (self.timed_out, self.status.code(), self.status.signal()) {
            (true, ..) => {
                let seconds = self.timeout.unwrap_or_default().as_secs();
                let rest = match self.left {
                    true => "was ended; something that it started has left its process group, and may run on",
                    false => "was ended with all that it had started",
                };
                format!(
                    "did not end within {}{what}, and {rest}",
                    crate::terminal::count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
                )
            }
            (_, Some(code), _) => format!("ended with exit code {code}{what}"),
            (_, _, Some(signal)) => format!("was ended by signal {signal}{what}"),
            _ => format!("ended in an unknown way{what}"),
        }
    }
}

impl Run<'_> {
    /// Runs it to its end, or to the end of its time.
    pub(crate) fn wait(mut self) -> io::Result<Ended> {
        let (reader, writer) = io::pipe()?;
        let input = self.input.take().map_or_else(Stdio::null, Stdio::from);
        self.command.stdin(input).stdout(writer.try_clone()?).stderr(writer);
        let log = File::options().create(true).append(true).open(&self.log)?;
        let started = Started::new(self.command)?;
        let (send, receive) = mpsc::channel();
        let line = self.line.clone();
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let heard = Arc::clone(&said);
        std::thread::spawn(move || {
            listen(reader, log, &line, &heard);
            // Nobody waits any more when somebody who left the group still holds the pipe.
            let _ = send.send(());
        });
        let (limit, mut told) = (self.timeout, false);
        let (status, timed_out) = started.wait(&mut |_, time| {
            if !told && time >= LONG {
                told = true;
                self.line.still(limit);
            }
            limit.is_some_and(|limit| time >= limit)
        })?;
        let left = receive.recv_timeout(Duration::from_secs(2)).is_err();
        let last = said.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        Ok(Ended { status, timed_out, timeout: self.timeout, last, left })
    }
}

/// A process that leads a group of its own; a confined one has a guard.
pub(crate) struct Started {
    child: Child,
    /// What the guard listens to.
    guard: Option<PipeWriter>,
}

impl Started {
    /// Starts it. The command goes: our own ends of its pipes are in it, and whoever reads them would never see the end.
    pub(crate) fn new(mut command: Command) -> io::Result<Self> {
        command.process_group(0);
        let mut guard = None;
        if confine::is_one(&command) {
            let (reader, writer) = io::pipe()?;
            command.stdin(reader).env(guard::VARIABLE, "1");
            guard = Some(writer);
        }
        Ok(Started { child: command.spawn()?, guard })
    }

    /// Waits for its end. `over` is asked again and again, with the time that it has taken, whether to end it now; whether
    /// that was so.
    pub(crate) fn wait(
        mut self,
        over: &mut dyn FnMut(&Started, Duration) -> bool,
    ) -> io::Result<(ExitStatus, bool)> {
        let (begin, mut pause) = (Instant::now(), Duration::from_millis(2));
        let mut late = false;
        let status = loop {
            if let Some(status) = self.child.try_wait()? {
                break status;
            }
            late = over(&self, begin.elapsed());
            if late {
                if self.guard.take().is_some() {
                    within(&mut self.child, Duration::from_secs(5))?;
                }
                end_group(&self.child);
                break self.child.wait()?;
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        // What it left running in its group is not part of a result.
        end_group(&self.child);
        Ok((status, late))
    }

    /// All processes below it.
    pub(crate) fn below(&self) -> Vec<Pid> {
        let own = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        own.map(guard::descendants).unwrap_or_default()
    }
}

/// How the child ended, if it does so in time.
fn within(child: &mut Child, time: Duration) -> io::Result<Option<ExitStatus>> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(2);
    loop {
        let status = child.try_wait()?;
        if status.is_some() || begin.elapsed() >= time {
            return Ok(status);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The child leads a process group of its own; what has left it cannot be found.
fn end_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Reads to the end, writes the log, and keeps the last lines in `last`.
fn listen(mut reader: PipeReader, mut log: File, line: &Line, last: &Mutex<VecDeque<String>>) {
    let mut buffer = vec![0; 1 << 14];
    let (mut here, mut written) = (Vec::new(), log.metadata().map_or(0, |metadata| metadata.len()));
    let finish = |bytes: &mut Vec<u8>| {
        let text = shown(bytes);
        bytes.clear();
        line.said(&text);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == LINES {
            last.pop_front();
        }
        last.push_back(text);
    };
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let piece = buffer.get(..count).unwrap_or_default();
        if written < LOG_LIMIT {
            written += count as u64;
            // A log that cannot be written is no reason to fail.
            let _ = log.write_all(piece);
            if written >= LOG_LIMIT {
                let _ = log.write_all(b"\n(here the log ends; there was more)\n");
            }
        }
        for &byte in piece {
            match byte {
                b'\n' | b'\r' if !here.is_empty() => finish(&mut here),
                b'\n' | b'\r' => {}
                _ if here.len() < LONGEST => here.push(byte),
                _ => {}
            }
        }
    }
    if !here.is_empty() {
        finish(&mut here);
    }
}

/// A line as a terminal can show it, without its colours and whatever else it might do there.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\x1b' if characters.peek() == Some(&'[') => {
                characters.next();
                while characters.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
                characters.next();
            }
            '\t' => out.push_str("    "),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::progress::Lines;

    fn run(script: &str, timeout: Option<Duration>) -> (Ended, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let line = Lines::new(false, false).begin("test", "Testing");
        let ended = Run { command, log: log.clone(), timeout, line: &line, input: None }.wait().unwrap();
        (ended, std::fs::read(log).unwrap())
    }

    #[test]
    fn the_last_lines_stay_and_everything_is_in_the_log() {
        let (ended, log) =
            run("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; echo end >&2; exit 3", None);
        assert_eq!(ended.words(), "ended with exit code 3");
        assert_eq!(ended.last.len(), LINES);
        assert_eq!(ended.last[LINES - 2..], ["line 4999", "end"]);
        assert_eq!(String::from_utf8(log).unwrap().lines().count(), 5001);
    }

    #[test]
    fn a_line_without_end_is_cut_and_colours_go() {
        let (ended, log) = run(r"printf '\033[31mred\033[0m\n'; head -c 3000000 /dev/zero | tr '\0' x", None);
        assert_eq!((ended.last[0].as_str(), ended.last[1].len()), ("red", LONGEST));
        assert!(log.len() > 3_000_000);
    }

    #[test]
    fn when_its_time_is_up_all_that_it_started_ends() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!("(sleep 3; touch {}) & echo waiting; sleep 60", mark.display());
        let (ended, _) = run(&script, Some(Duration::from_secs(1)));
        assert!(ended.timed_out && !ended.is_fine());
        assert_eq!(ended.last, ["waiting"]);
        std::thread::sleep(Duration::from_secs(3));
        assert!(!mark.exists());
    }

    #[test]
    fn what_left_the_group_takes_no_lines_with_it() {
        let script = "echo before; setsid sleep 8 & sleep 60";
        let (ended, _) = run(script, Some(Duration::from_secs(1)));
        assert_eq!(ended.last, ["before"]);
        assert!(ended.words().ends_with("has left its process group, and may run on"), "{}", ended.words());
    }
}
