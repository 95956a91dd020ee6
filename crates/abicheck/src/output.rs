//! Where words go: data to stdout, talk to stderr, and what happens when nobody takes them.
//!
//! A reader that has seen enough (`abicheck rules | head`) is no error, a full disk under stdout is one, and talk that
//! cannot be written is lost in silence: there is nowhere left to say so.
//! Deliberately not here: what is said.

use std::io::{ErrorKind, IsTerminal, Write};

use crate::failure::Failure;
use crate::terminal::{Colour, Style, styled};

/// The two streams of a command.
pub trait Output {
    /// Writes data to stdout.
    ///
    /// # Errors
    /// When it cannot be written, unless the reader went away.
    fn data(&mut self, text: &str) -> Result<(), Failure>;

    /// Writes talk to stderr.
    fn talk(&mut self, text: &str);

    /// How wide lines of data may be.
    fn width(&self) -> usize;

    /// Whether data is shown in colours.
    fn colour(&self) -> bool;

    /// Whether talk is shown in colours.
    fn colour_of_talk(&self) -> bool;

    /// Whether a person sees what moves on stderr.
    fn watched(&self) -> bool;

    /// Says a line of talk with `note:` in front.
    fn note(&mut self, line: &str) {
        let label = styled("note", Style::Note, self.colour_of_talk());
        self.talk(&format!("{label}: {line}\n"));
    }
}

/// This process's own streams.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    /// When colours are used.
    pub colour: Colour,
}

impl Output for Streams {
    fn data(&mut self, text: &str) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("could not write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn talk(&mut self, text: &str) {
        // See above: an error here has nobody to be told to.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn width(&self) -> usize {
        crate::terminal::width()
    }

    fn colour(&self) -> bool {
        self.colour.shows(std::io::stdout().is_terminal())
    }

    fn colour_of_talk(&self) -> bool {
        self.colour.shows(std::io::stderr().is_terminal())
    }

    fn watched(&self) -> bool {
        std::io::stderr().is_terminal()
    }
}

/// Streams that keep what is written, without colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// What went to stdout.
    pub stdout: String,
    /// What went to stderr.
    pub stderr: String,
}

impl Output for Captured {
    fn data(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.push_str(text);
        Ok(())
    }

    fn talk(&mut self, text: &str) {
        self.stderr.push_str(text);
    }

    fn width(&self) -> usize {
        100
    }

    fn colour(&self) -> bool {
        false
    }

    fn colour_of_talk(&self) -> bool {
        false
    }

    fn watched(&self) -> bool {
        false
    }
}
