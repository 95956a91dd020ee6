//! How a command ends: an outcome, or why it could not do its work.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | fine: nothing that counts was found |
//! | 1 | findings: at least one error; with `--strict`, at least one error or warning |
//! | 2 | could not: wrong usage, an input that is no environment, a report that could not be written |
//!
//! Deliberately not here: findings, which are data.

use std::fmt;

use pinfold_core::names::nearest;

use crate::terminal::{Style, styled};

/// How a command that could do its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that counts; exit code 0.
    Fine,
    /// It found what it looked for; exit code 1.
    Findings,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
        }
    }
}

/// The exit code of a command that could not do its work.
pub const COULD_NOT: u8 = 2;

/// Why a command could not do its work: what was tried, on what, why it failed, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    message: String,
    hints: Vec<String>,
}

impl Failure {
    /// A failure that says `message`, which may end in lines `hint: ...` as errors of libraries do.
    pub fn new(message: impl fmt::Display) -> Self {
        let text = message.to_string();
        let mut parts = text.split("\nhint: ");
        let message = parts.next().unwrap_or_default().to_owned();
        Self { message, hints: parts.map(str::to_owned).collect() }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// As [`Self::hint`], where there is something to say.
    #[must_use]
    pub fn maybe(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// What could not be done, and why.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do next.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }

    /// The lines that are said on stderr.
    pub fn render(&self, colour: bool) -> String {
        let mut text = format!("{}: {}\n", styled("error", Style::Error, colour), self.message);
        for hint in &self.hints {
            text.push_str(&format!("{}: {hint}\n", styled("hint", Style::Hint, colour)));
        }
        text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

/// `did you mean X?` for the name in `known` that looks most like `asked`.
pub fn did_you_mean<'a>(asked: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(asked, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_of_libraries_are_told_like_our_own() {
        let failure = Failure::new("x is a folder\nhint: give a file").hint("or another");
        assert_eq!(failure.render(false), "error: x is a folder\nhint: give a file\nhint: or another\n");
    }

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        let known = ["missing-version", "missing-library"];
        assert_eq!(did_you_mean("mising-version", known).as_deref(), Some("did you mean `missing-version`?"));
        assert_eq!(did_you_mean("qt", known), None);
    }
}
