//! Which of the files that not every build needs were opened in a build's folder: tests, and the way to the repository.
//!
//! The kernel tells (inotify), of every process and by whatever name: the watches are on the files themselves. They are
//! copies that nobody else knows, so that whoever opened one belongs to the build. What nobody opened had no part in the
//! result but by its name and its size. Where the kernel cannot tell, all counts as opened. Deliberately not here: what
//! follows from it ([`super::inputs`]).

use std::collections::BTreeSet;
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use rustix::io::Errno;

use super::error::BuildError;
use super::inputs::Read;
use super::source;
use super::workplace::Workplace;

/// Watches on files of a build's folder.
pub(super) struct Watch {
    /// `None` where the kernel cannot tell.
    queue: Option<OwnedFd>,
    /// Opened by ourselves at the end, to see that all was told.
    probe: PathBuf,
    tests: BTreeSet<i32>,
    /// The pointer to the repository, if there is one.
    repository: Option<i32>,
    /// What was there to be read.
    most: Read,
}

impl Watch {
    /// Begins, when the source is copied and nothing has run yet.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub(super) fn on(place: &Workplace, tests: &[PathBuf], repository: bool) -> Result<Self, BuildError> {
        let (copy, probe) = (place.source(), place.path().join("probe"));
        let tests = if tests.is_empty() { Vec::new() } else { source::tests(&copy, tests)? };
        let pointer = Some(copy.join(".git")).filter(|_| repository);
        let most = match (&pointer, tests.is_empty()) {
            (Some(_), _) => Read::Repository,
            (None, false) => Read::Tests,
            (None, true) => Read::Neither,
        };
        let mut watch = Watch { queue: None, probe, tests: BTreeSet::new(), repository: None, most };
        watch.queue = watch.begin(&tests, pointer.as_deref()).ok();
        Ok(watch)
    }

    fn begin(&mut self, tests: &[PathBuf], pointer: Option<&Path>) -> std::io::Result<OwnedFd> {
        let queue = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        // One event of each is enough, and keeps the queue short.
        let add = |path: &Path| add_watch(&queue, path, WatchFlags::OPEN | WatchFlags::ONESHOT);
        for test in tests {
            self.tests.insert(add(test)?);
        }
        self.repository = pointer.map(add).transpose()?;
        Ok(queue)
    }

    /// What was read by now.
    pub(super) fn read(self) -> Read {
        let (most, repository) = (self.most, self.repository);
        match self.opened() {
            Ok(opened) if repository.is_some_and(|pointer| opened.contains(&pointer)) => Read::Repository,
            Ok(opened) if opened.is_empty() => Read::Neither,
            Ok(_) => Read::Tests,
            Err(_) => most,
        }
    }

    /// The watches whose files were opened.
    fn opened(self) -> std::io::Result<BTreeSet<i32>> {
        let queue = self.queue.ok_or(Errno::NOSYS)?;
        File::create(&self.probe)?;
        let probe = add_watch(&queue, &self.probe, WatchFlags::OPEN | WatchFlags::ONESHOT)?;
        File::open(&self.probe)?;
        let mut buffer = [MaybeUninit::uninit(); 1 << 14];
        let mut reader = Reader::new(&queue, &mut buffer);
        let mut opened = BTreeSet::new();
        loop {
            match reader.next() {
                Ok(event) if event.events().contains(ReadFlags::QUEUE_OVERFLOW) => {
                    return Err(Errno::OVERFLOW.into());
                }
                Ok(event) if event.events().contains(ReadFlags::OPEN) => {
                    opened.insert(event.wd());
                }
                Ok(_) => {}
                Err(Errno::AGAIN) => break,
                Err(e) => return Err(e.into()),
            }
        }
        // Without it, this kernel or file system tells nothing.
        if opened.remove(&probe) { Ok(opened) } else { Err(Errno::NOSYS.into()) }
    }
}
