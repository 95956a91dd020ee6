//! ELF files as plain data: what the dynamic loader reads of a file, and a few strings that rules ask for.
//!
//! [`read`] makes [`Facts`] from a file, of either class and endianness; [`Cache`] keeps them between runs. The
//! facts say what stands in the file and nothing about the system: which file a NEEDED name finds, and which
//! definition a reference binds to, is for `elf-loader`. Sections are never looked at for them, because the loader
//! does not: a file without section headers has the same facts. [`state`] and
//! [`spellings`], which are asked of a few libraries, do.
//!
//! Deliberately not here: other formats (each is one plain [`FactsError::Foreign`]), debug information, and
//! anything that depends on where the file lies.

mod cache;
mod definitions;
mod error;
mod facts;
mod format;
mod name;
mod read;

pub use cache::{Cache, CacheError, Stamp};
pub use definitions::{Definition, Definitions, Version, VersionIndex, gnu_hash};
pub use error::FactsError;
pub use facts::{Class, ContentHash, Endian, Facts, Flags, Head, Kind, Reference, Tls, Uses};
pub use format::Format;
pub use name::{Name, Names, Span};
pub use read::{
    Form, LARGEST, Mark, Outline, Places, Spelling, bounded, mapped, marks, outline, pieces, places, read,
    spellings, state,
};
