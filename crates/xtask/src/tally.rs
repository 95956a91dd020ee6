//! Counts of tests, read from what the runners say.
//!
//! Deliberately not here: running them.

use std::fmt;

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds what a line of `cargo test` says: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub(crate) fn add_cargo_line(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((n, "passed")) => self.passed += n.parse().unwrap_or(0),
                Some((n, "failed")) => self.failed += n.parse().unwrap_or(0),
                Some((n, "ignored")) => self.skipped += n.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Adds what the last line of pytest says: `== 2 failed, 30 passed, 1 skipped, 1 error in 4.2s ==`.
    pub(crate) fn add_pytest_line(&mut self, line: &str) {
        let line = line.trim_matches(['=', ' ']);
        let Some((counts, _)) = line.split_once(" in ") else { return };
        let parts: Vec<_> = counts.split(", ").map(|part| part.split_once(' ')).collect();
        let numbers = parts.iter().flatten().filter_map(|(n, what)| Some((n.parse::<u64>().ok()?, *what)));
        let numbers: Vec<(u64, &str)> = numbers.collect();
        if numbers.len() != parts.len() {
            return;
        }
        for (n, what) in numbers {
            match what {
                "passed" | "xfailed" => self.passed += n,
                "failed" | "error" | "errors" | "xpassed" => self.failed += n,
                "skipped" => self.skipped += n,
                _ => {}
            }
        }
    }

    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_lines_are_understood_and_others_are_not_counted() {
        let mut cargo = Tally::default();
        cargo
            .add_cargo_line("test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 9 filtered out");
        cargo.add_cargo_line("test tally::tests::x ... ok");
        assert_eq!(cargo, Tally { passed: 3, failed: 2, skipped: 1 });
        let mut pytest = Tally::default();
        pytest.add_pytest_line(
            "=== 2 failed, 30 passed, 1 skipped, 4 warnings, 1 error in 4.21s (0:00:04) ===",
        );
        pytest.add_pytest_line("3 things happened in between");
        pytest.add_pytest_line("tests/hook/test_a.py::test_in order PASSED");
        assert_eq!(pytest, Tally { passed: 30, failed: 3, skipped: 1 });
        cargo.add(pytest);
        assert_eq!(cargo.to_string(), "33 passed, 5 failed, 2 skipped");
    }
}
