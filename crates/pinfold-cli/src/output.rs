//! Where words go: data to stdout, talk to stderr, and what happens when nobody takes them.
//!
//! A reader that has seen enough (`pinfold tree | head`) is no error, a full disk under stdout is one, and talk that
//! cannot be written is lost in silence: there is nowhere left to say so. Deliberately not here: colours and what
//! is said ([`crate::terminal`]).

use std::io::{ErrorKind, Write};

use anyhow::anyhow;

use crate::error::Error;

/// Writes data to stdout.
///
/// # Errors
/// When it cannot be written, unless the reader went away.
pub fn data(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(anyhow!("could not write to stdout: {error}").into())
        }
        _ => Ok(()),
    }
}

/// Writes talk to stderr.
pub fn talk(text: &str) {
    // See above: an error here has nobody to be told to.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
