//! The garbage collector during imports: fewer young collections while modules are being loaded.
//!
//! Loading makes many objects that stay. At the default threshold the collector looks at them again and again,
//! which takes an eighth of the time of importing large packages. While a module is loaded here, the threshold of
//! the youngest generation is higher; it is finite, so that a program that runs inside an import is collected
//! too. Thresholds that a program chose are its own. Deliberately not here: switching the collector off.

use std::cell::Cell;

use pyo3::prelude::*;

/// The first threshold while modules are being loaded; no program writes such a number by chance.
const RAISED: usize = 20_011;
/// The thresholds that CPython starts with (`Modules/gcmodule.c`, `Python/gc.c`).
const USUAL: [(usize, usize, usize); 2] = [(700, 10, 10), (2000, 10, 10)];

type Thresholds = (usize, usize, usize);

/// `gc`'s functions, and how many modules are being loaded.
pub(super) struct Collector {
    get: Py<PyAny>,
    set: Py<PyAny>,
    loading: Cell<usize>,
    usual: Cell<Option<Thresholds>>,
}

/// Keeps the threshold high until it is dropped.
pub(super) struct Held<'c>(&'c Collector);

impl Collector {
    pub(super) fn new(py: Python<'_>) -> PyResult<Self> {
        let gc = py.import("gc")?;
        let (get, set) = (gc.getattr("get_threshold")?.unbind(), gc.getattr("set_threshold")?.unbind());
        Ok(Collector { get, set, loading: Cell::new(0), usual: Cell::new(None) })
    }

    pub(super) fn hold_back(&self, py: Python<'_>) -> Held<'_> {
        if self.loading.replace(self.loading.get() + 1) == 0
            && let Some(now) = self.now(py).filter(|now| USUAL.contains(now))
        {
            let raised = self.set.bind(py).call1((RAISED, now.1, now.2));
            self.usual.set(raised.is_ok().then_some(now));
        }
        Held(self)
    }

    fn now(&self, py: Python<'_>) -> Option<Thresholds> {
        self.get.bind(py).call0().and_then(|now| now.extract()).ok()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let collector = self.0;
        if collector.loading.replace(collector.loading.get() - 1) > 1 {
            return;
        }
        let Some(usual) = collector.usual.take() else { return };
        Python::attach(|py| {
            // Whoever set it in between keeps what they chose.
            if collector.now(py).is_some_and(|now| now.0 == RAISED) {
                // It takes three small numbers; a failure would leave it collecting less often.
                let _ = collector.set.bind(py).call1(usual);
            }
        });
    }
}
