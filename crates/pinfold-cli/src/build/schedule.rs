//! Who builds what, when: each source once, a few backends at once, and nobody waits for himself.
//!
//! A build may need another's wheel as a tool. It waits for it then, or builds it itself, without holding the place of a
//! running backend. Deliberately not here: what a build does.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use wheelsplit::steps::Built;

use super::error::BuildError;

#[derive(Debug)]
enum Status {
    Busy,
    Done(Built),
    Failed,
}

#[derive(Debug, Default)]
struct State {
    /// By task: a source, by path or hash.
    tasks: BTreeMap<String, Status>,
    /// Who waits for whom; a task waits for one at a time.
    waits: BTreeMap<String, String>,
    /// What people call a task.
    names: BTreeMap<String, String>,
    running: usize,
}

/// Builds under way and done.
#[derive(Debug)]
pub struct Schedule {
    state: Mutex<State>,
    changed: Condvar,
    jobs: usize,
}

/// A place among the running backends; given back when dropped.
pub struct Place<'a>(&'a Schedule);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.changed.notify_all();
    }
}

impl Schedule {
    /// So many backends at once; 0 for as many as there are processors.
    pub fn new(jobs: usize) -> Self {
        let processors = || std::thread::available_parallelism().map_or(2, usize::from);
        let jobs = if jobs == 0 { processors() } else { jobs };
        Schedule { state: Mutex::default(), changed: Condvar::new(), jobs }
    }

    /// How many backends run at once.
    pub fn jobs(&self) -> usize {
        self.jobs
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a backend may run.
    pub fn place(&self) -> Place<'_> {
        let mut state = self.lock();
        while state.running >= self.jobs {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.running += 1;
        Place(self)
    }

    /// What `work` made of `task`, now or before; `asker` is the task that needs it.
    ///
    /// # Errors
    /// Those of `work`, and when it needs, by way of others, what `asker` is about to make.
    pub fn once(
        &self,
        asker: Option<&str>,
        task: &str,
        name: &str,
        work: impl FnOnce() -> Result<Built, BuildError>,
    ) -> Result<Built, BuildError> {
        let mut state = self.lock();
        state.names.entry(task.to_owned()).or_insert_with(|| name.to_owned());
        loop {
            match state.tasks.get(task) {
                Some(Status::Done(built)) => return Ok(built.clone()),
                Some(Status::Failed) => return Err(BuildError::Before { what: name.to_owned() }),
                Some(Status::Busy) => {
                    if let Some(asker) = asker {
                        if let Some(names) = circle(&state, asker, task) {
                            return Err(BuildError::Circle { names });
                        }
                        state.waits.insert(asker.to_owned(), task.to_owned());
                    }
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    asker.map(|asker| state.waits.remove(asker));
                }
                None => break,
            }
        }
        state.tasks.insert(task.to_owned(), Status::Busy);
        if let Some(asker) = asker {
            state.waits.insert(asker.to_owned(), task.to_owned());
        }
        drop(state);
        let result = work();
        let mut state = self.lock();
        asker.map(|asker| state.waits.remove(asker));
        let status = result.as_ref().map_or(Status::Failed, |built| Status::Done(built.clone()));
        state.tasks.insert(task.to_owned(), status);
        self.changed.notify_all();
        result
    }
}

/// The way from `task` over what it waits for back to `asker`, by names, if there is one.
fn circle(state: &State, asker: &str, task: &str) -> Option<Vec<String>> {
    let name = |task: &str| state.names.get(task).cloned().unwrap_or_else(|| task.to_owned());
    let mut names = vec![name(asker)];
    let mut here = task;
    while here != asker {
        names.push(name(here));
        here = state.waits.get(here)?;
    }
    names.push(name(asker));
    Some(names)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use wheelsplit::steps::BuiltRecord;

    use super::*;

    fn built(file: &str) -> Built {
        let record = BuiltRecord {
            version: 1,
            file: file.to_owned(),
            sha256: String::new(),
            size: 0,
            sdist: None,
            dynamic: Vec::new(),
        };
        Built { wheel: PathBuf::from(file), record }
    }

    #[test]
    fn a_source_is_built_once_whoever_asks() {
        let schedule = Schedule::new(2);
        let (times, at_once) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for i in 0..8 {
                let (schedule, times, at_once) = (&schedule, &times, &at_once);
                scope.spawn(move || {
                    let task = format!("{}", i % 4);
                    let made = schedule.once(None, &task, &task, || {
                        let _place = schedule.place();
                        assert!(at_once.fetch_add(1, Ordering::SeqCst) < 2);
                        times.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        at_once.fetch_sub(1, Ordering::SeqCst);
                        Ok(built(&task))
                    });
                    assert_eq!(made.unwrap(), built(&task));
                });
            }
        });
        assert_eq!(times.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn builds_that_need_each_other_are_named_whichever_begins() {
        let schedule = Schedule::new(1);
        let barrier = std::sync::Barrier::new(2);
        let both = std::thread::scope(|scope| {
            let one = |own: &'static str, other: &'static str| {
                let (schedule, barrier) = (&schedule, &barrier);
                scope.spawn(move || {
                    schedule.once(None, own, own, || {
                        barrier.wait();
                        schedule.once(Some(own), other, other, || Ok(built(other)))
                    })
                })
            };
            [one("a", "b"), one("b", "a")].map(|thread| thread.join().unwrap().unwrap_err().to_string())
        });
        assert!(
            both.iter().any(|error| error.contains("a -> b -> a") || error.contains("b -> a -> b")),
            "{both:?}"
        );
    }

    #[test]
    fn what_failed_is_not_tried_again() {
        let schedule = Schedule::new(1);
        let fail = || Err(BuildError::NotASource(PathBuf::from("x")));
        assert!(matches!(schedule.once(None, "x", "x", fail), Err(BuildError::NotASource(_))));
        assert!(matches!(schedule.once(None, "x", "x", || Ok(built("x"))), Err(BuildError::Before { .. })));
    }
}
