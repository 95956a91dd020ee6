//! The garbage collector during imports: what modules leave behind is not looked at again and again.
//!
//! Loading makes many objects that stay. At the default threshold the collector looks at them over and over, which
//! takes an eighth of the time of importing large packages. Here each module that begins to load moves the next
//! collection of the youngest generation so many objects away; after a collection the usual thresholds hold until
//! another module begins to load, so that a program that runs inside an import is collected as it would be. When the
//! last module is loaded, the objects of a large import go to the oldest generation without being visited, as they
//! would have after a visit. Thresholds that a program chose are its own, and so are a collector that it stopped and
//! objects that it froze. Deliberately not here: switching the collector off.

use std::cell::Cell;

use pyo3::intern;
use pyo3::prelude::*;

use super::exports;

/// How many objects more than now there may be before the next collection while modules are being loaded.
const ROOM: usize = 20_011;
/// How many objects at most are not looked at.
const MOST: usize = 500_009;
/// An import that made so many objects is large.
const LARGE: usize = 5_000;
/// How many modules share the room: asking the collector takes time too.
const TURNS: usize = 16;
/// The thresholds that CPython starts with (`Modules/gcmodule.c`, `Python/gc.c`).
const USUAL: [(usize, usize, usize); 2] = [(700, 10, 10), (2000, 10, 10)];

type Thresholds = (usize, usize, usize);

/// `gc`'s functions, and how many modules are being loaded.
pub(super) struct Collector {
    threshold: Py<PyAny>,
    set_threshold: Py<PyAny>,
    count: Py<PyAny>,
    enabled: Py<PyAny>,
    frozen: Py<PyAny>,
    freeze: Py<PyAny>,
    unfreeze: Py<PyAny>,
    /// `gc.callbacks`, and what stands there while modules are being loaded.
    callbacks: Py<PyAny>,
    collected: Py<PyAny>,
    /// What the interpreter itself has frozen (3.12 does).
    frozen_before: usize,
    loading: Cell<usize>,
    turn: Cell<usize>,
    raised: Cell<Option<Raised>>,
}

/// What was before the first of the modules that are being loaded, and what is now.
#[derive(Clone, Copy)]
struct Raised {
    usual: Thresholds,
    now: usize,
    /// Objects since the last collection, then.
    before: usize,
}

/// Holds the collector back until it is dropped.
pub(super) struct Held<'c>(&'c Collector);

impl Collector {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        let gc = py.import("gc")?;
        let function = |name| gc.getattr(name).map(Bound::unbind);
        Ok(Collector {
            threshold: function("get_threshold")?,
            set_threshold: function("set_threshold")?,
            count: function("get_count")?,
            enabled: function("isenabled")?,
            frozen: function("get_freeze_count")?,
            freeze: function("freeze")?,
            unfreeze: function("unfreeze")?,
            callbacks: function("callbacks")?,
            collected: wrap_pyfunction!(exports::collected, py)?.into_any().unbind(),
            frozen_before: gc.call_method0("get_freeze_count")?.extract()?,
            loading: Cell::new(0),
            turn: Cell::new(0),
            raised: Cell::new(None),
        })
    }

    pub(super) fn hold_back(&self, py: Python<'_>) -> Held<'_> {
        let loading = self.loading.replace(self.loading.get() + 1);
        let turn = self.turn.replace(self.turn.get() + 1);
        if loading == 0 || turn.is_multiple_of(TURNS) {
            // Where the collector cannot be asked, it works as ever.
            let _ = self.raise(py, loading == 0);
        }
        Held(self)
    }

    fn raise(&self, py: Python<'_>, first: bool) -> PyResult<()> {
        let present: Thresholds = self.threshold.bind(py).call0()?.extract()?;
        let (count, _, _): Thresholds = self.count.bind(py).call0()?.extract()?;
        let raised = match self.raised.get() {
            None if first && USUAL.contains(&present) => {
                self.callbacks.bind(py).call_method1(intern!(py, "append"), (&self.collected,))?;
                Raised { usual: present, now: 0, before: count }
            }
            Some(raised) if [raised.now, raised.usual.0].contains(&present.0) => raised,
            // A program chose it in between.
            _ => return Ok(()),
        };
        let now = (count + ROOM).min(MOST).max(present.0);
        if now > present.0 {
            self.set_threshold.bind(py).call1((now, raised.usual.1, raised.usual.2))?;
        }
        self.raised.set(Some(Raised { now, ..raised }));
        Ok(())
    }

    /// After a collection: the usual thresholds, until another module begins to load.
    pub(super) fn collected(&self, py: Python<'_>) -> PyResult<()> {
        let Some(raised) = self.raised.get() else { return Ok(()) };
        let now: Thresholds = self.threshold.bind(py).call0()?.extract()?;
        if now.0 == raised.now {
            self.set_threshold.bind(py).call1(raised.usual)?;
            self.raised.set(Some(Raised { now: raised.usual.0, before: 0, ..raised }));
            // The next module does not wait for its turn.
            self.turn.set(0);
        }
        Ok(())
    }

    /// In a child, whose only thread is loading `mine` modules.
    pub(super) fn forked(&self, py: Python<'_>, mine: usize) {
        let before = self.loading.replace(mine);
        if mine == 0 && before > 0 {
            self.end(py);
        }
    }

    fn end(&self, py: Python<'_>) {
        if let Some(raised) = self.raised.take() {
            // What fails here leaves the collector as it is, which is slower and not wrong.
            let _ = self.settle(py, raised);
            let _ = self.callbacks.bind(py).call_method1(intern!(py, "remove"), (&self.collected,));
        }
    }

    /// Ends it, after the last module.
    fn settle(&self, py: Python<'_>, raised: Raised) -> PyResult<()> {
        let now: Thresholds = self.threshold.bind(py).call0()?.extract()?;
        if now.0 != raised.now {
            return Ok(());
        }
        self.set_threshold.bind(py).call1(raised.usual)?;
        let (count, _, _): Thresholds = self.count.bind(py).call0()?.extract()?;
        let large = count > raised.before + LARGE;
        if large
            && self.enabled.bind(py).call0()?.is_truthy()?
            && [0, self.frozen_before].contains(&self.frozen.bind(py).call0()?.extract::<usize>()?)
        {
            self.freeze.bind(py).call0()?;
            self.unfreeze.bind(py).call0()?;
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let collector = self.0;
        let left = collector.loading.get().saturating_sub(1);
        collector.loading.set(left);
        if left == 0 && collector.raised.get().is_some() {
            Python::attach(|py| collector.end(py));
        }
    }
}
