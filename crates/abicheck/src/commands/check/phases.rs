//! What each phase of a check took: shown as it runs, and said at the end of a verbose one.
//!
//! Deliberately not here: the phases themselves.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::terminal::Progress;

/// The phases so far.
pub(super) struct Phases {
    progress: Progress,
    begun: Mutex<Vec<(String, Instant)>>,
}

impl Phases {
    /// None yet; a person sees them go by if `watched`.
    pub(super) fn new(watched: bool) -> Self {
        Self { progress: Progress::new(watched), begun: Mutex::default() }
    }

    /// The last phase is over, and this one begins.
    pub(super) fn says(&self, phase: &str) {
        self.progress.says(phase);
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.push((phase.to_owned(), Instant::now()));
    }

    /// The last phase ends now: `reading shared objects 12.3 ms, asking the rules 4.5 ms`.
    pub(super) fn end(self) -> String {
        let mut begun = self.begun.into_inner().unwrap_or_else(PoisonError::into_inner);
        begun.push((String::new(), Instant::now()));
        let taken = begun.windows(2).map(|two| {
            let [(phase, start), (_, end)] = two else { return String::new() };
            format!("{phase} {:.1} ms", end.duration_since(*start).as_secs_f64() * 1000.0)
        });
        taken.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::Phases;

    #[test]
    fn each_phase_is_said_with_its_time() {
        let phases = Phases::new(false);
        phases.says("reading");
        phases.says("asking the rules");
        let said = phases.end();
        let parts: Vec<&str> = said.split(", ").collect();
        assert!(parts.len() == 2 && parts[0].starts_with("reading ") && said.ends_with(" ms"), "{said}");
    }
}
