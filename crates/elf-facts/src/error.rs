//! Why a file has no facts.
//!
//! Deliberately not here: what follows from that; an unreadable file is a finding, not the end of a run.

use std::io;
use std::path::PathBuf;

use crate::format::Format;

/// A file that could not be made into facts. Each names the file, and what stands where in it.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// The system did not let it be read.
    #[error("could not read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is something else, which is no fault of it.
    #[error("{} is {format}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        format: Format,
    },
    /// It is ELF, and ends before what it says that it holds.
    #[error("{} is cut short: {part} should stand at {start:#x} to {end:#x}, and the file has {size:#x} bytes", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is missing, such as "the dynamic symbols".
        part: &'static str,
        /// The first byte of it.
        start: u64,
        /// The first byte after it.
        end: u64,
        /// What there is.
        size: u64,
    },
    /// It is ELF, and says what cannot be.
    #[error("{} is damaged: {part}: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, such as "the version needs".
        part: &'static str,
        /// What is wrong there.
        why: String,
    },
}

impl FactsError {
    /// Whether the file is of another format, not broken.
    pub fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign { .. })
    }
}
