//! How errors are told: one sentence, its causes, and hints.
//!
//! A hint is attached where the remedy is known, often far below the command. It travels inside the chain of
//! causes, and the one place that prints ([`print`]) finds it there. Deliberately not here: exit codes
//! ([`crate::error`]), and findings, which are data and go to stdout.

use std::error::Error;
use std::fmt;

use anyhow::Result;

use crate::error::Hint;
use crate::terminal::{Style, styled};

/// An error together with what to do next; transparent in the chain of causes.
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Debug for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Attaches hints.
pub trait WithHint<T> {
    /// Says what the user can do about the error.
    ///
    /// # Errors
    /// The error itself, with the hint.
    fn hint(self, hint: impl Into<String>) -> Result<T>;

    /// As [`Self::hint`], where making the text costs something.
    ///
    /// # Errors
    /// The error itself, with the hint.
    fn with_hint(self, hint: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> Result<T> {
        self.map_err(|error| hinted(error, hint))
    }

    fn with_hint(self, hint: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| hinted(error, hint()))
    }
}

/// `error`, with what to do about it.
pub fn hinted(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Hinted { error: error.into(), hint: hint.into() })
}

/// An error of the kind that gathers context on its way up, as a command returns it.
pub struct Failure(anyhow::Error);

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure(error)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// A command's error on its way through code that gathers context; see [`carried`].
struct Carried(crate::error::Error);

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Carried {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_std().source()
    }
}

/// A command's error as one that gathers context; its hints are kept.
pub fn carried(error: crate::error::Error) -> anyhow::Error {
    anyhow::Error::new(Carried(error))
}

impl Hint for Failure {
    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for cause in self.0.chain() {
            if let Some(Carried(error)) = cause.downcast_ref() {
                hints.extend(error.hints());
            }
            hints.extend(cause.downcast_ref::<wheelsplit::Error>().and_then(wheelsplit::Error::hint));
            // A hint may hold another: the inner one is not part of the chain of sources.
            let mut inner = cause.downcast_ref::<Hinted>();
            while let Some(one) = inner {
                if !hints.contains(&one.hint) {
                    hints.push(one.hint.clone());
                }
                inner = one.error.downcast_ref::<Hinted>();
            }
        }
        hints
    }
}

/// What `look` says of the outermost error that it knows, among an error, its causes, and what wraps them here.
pub fn find<T>(
    error: &(dyn Error + 'static),
    look: &dyn Fn(&(dyn Error + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(this) = next {
        let found = if let Some(Failure(inner)) = this.downcast_ref() {
            find(inner.as_ref(), look)
        } else if let Some(Hinted { error, .. }) = this.downcast_ref() {
            find(error.as_ref(), look)
        } else if let Some(Carried(error)) = this.downcast_ref() {
            find(error.as_std(), look)
        } else {
            look(this)
        };
        if found.is_some() {
            return found;
        }
        next = this.source();
    }
    None
}

/// The text of an error: one sentence, its causes indented, and the hints.
pub fn render(error: &crate::error::Error, colour: bool) -> String {
    let mut text = format!("{}: {error}\n", styled("error", Style::Error, colour));
    let mut before = error.to_string();
    let mut cause = error.as_std().source();
    while let Some(this) = cause {
        // Libraries often repeat their source in their own sentence; once is enough.
        let sentence = this.to_string();
        if !before.contains(&sentence) {
            let label = styled("cause", Style::Dim, colour);
            text.push_str(&format!("  {label}: {}\n", sentence.replace('\n', "\n         ")));
            before = sentence;
        }
        cause = this.source();
    }
    for hint in error.hints() {
        text.push_str(&format!("{}: {hint}\n", styled("hint", Style::Hint, colour)));
    }
    text
}

/// Says `error` on stderr.
pub fn print(error: &crate::error::Error) {
    crate::output::talk(&render(error, crate::terminal::colour_on_stderr()));
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn causes_and_hints_are_said_once_in_order() {
        let error = Err::<(), _>(anyhow!("no such file"))
            .hint("make it")
            .context("could not read a.toml")
            .hint("run `pinfold init`")
            .unwrap_err();
        assert_eq!(
            render(&error.into(), false),
            "error: could not read a.toml\n  cause: no such file\nhint: run `pinfold init`\nhint: make it\n"
        );
    }

    #[test]
    fn a_sentence_that_holds_its_cause_does_not_repeat_it() {
        let error = anyhow!("disk full").context("could not write x: disk full");
        assert_eq!(render(&error.into(), false), "error: could not write x: disk full\n");
    }
}
