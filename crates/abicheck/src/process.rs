//! One process with a limit of time, whose children end with it, and of whose words only the last are kept.
//!
//! Deliberately not here: what it runs, and what its end means.

use std::io::{self, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};

/// How it ended, with the last of what it said.
pub(crate) struct Ended {
    /// It had to be ended.
    pub(crate) late: bool,
    /// The last of what went to stderr.
    pub(crate) said: String,
}

/// Bytes that are kept of what it says.
const KEPT: usize = 8 << 10;
/// How long a pipe is read after the process ended: one that left its group may hold it open.
const PATIENCE: Duration = Duration::from_secs(1);

/// Runs `command` for at most `limit`.
pub(crate) fn run(command: &mut Command, limit: Duration) -> io::Result<Ended> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    // A group of its own: all of it can be ended at once, and Ctrl-C reaches only us.
    let mut child = command.process_group(0).spawn()?;
    // The runner sees by it whether we are still there.
    let alive: Option<ChildStdin> = child.stdin.take();
    let pid = Pid::from_child(&child);
    // Nobody wants the cores of crashes that were asked for. If that fails, there are cores.
    let _ =
        rustix::process::prlimit(Some(pid), Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let tail = Tail::of(&mut child);
    let late = !ends_within(pid, limit);
    // It is not waited for yet, so that its number is still its own. A group without members is no loss.
    let _ = rustix::process::kill_process_group(pid, Signal::KILL);
    child.wait()?;
    drop(alive);
    Ok(Ended { late, said: tail.last() })
}

/// Whether the process ends in time; it stays to be waited for.
fn ends_within(pid: Pid, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    let asked = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        match rustix::process::waitid(WaitId::Pid(pid), asked) {
            Ok(None) => {}
            // A process that cannot be waited for is gone.
            Ok(Some(_)) | Err(_) => return true,
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The last bytes of a pipe, read by a thread.
struct Tail {
    kept: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Tail {
    fn of(child: &mut Child) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = channel();
        if let Some(mut pipe) = child.stderr.take() {
            let kept = kept.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 16 << 10];
                while let Ok(read @ 1..) = pipe.read(&mut buffer) {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    kept.extend_from_slice(&buffer[..read]);
                    let over = kept.len().saturating_sub(KEPT);
                    kept.drain(..over);
                }
                // Nobody may be waiting any more.
                let _ = end.send(());
            });
        }
        Self { kept, ended }
    }

    fn last(&self) -> String {
        // Without a word, what came so far has to do.
        let _ = self.ended.recv_timeout(PATIENCE);
        String::from_utf8_lossy(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}
