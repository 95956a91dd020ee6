//! Why a library was not loaded, in the words of `dlerror(3)`.
//!
//! Deliberately not here: what to do about it, which rules say.

use std::fmt;
use std::sync::Arc;

use elf_facts::{Class, FactsError, Format, Name};

/// A `dlopen`, or the start of a program, that failed.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// The file or name that the message starts with.
    pub object: Name,
    /// The object whose DT_NEEDED asked for it, by its path; `None` where the opened name itself is meant.
    pub needed_by: Option<Name>,
    /// What is wrong.
    pub failure: Failure,
}

/// What is wrong with a library.
#[derive(Clone, Debug)]
pub enum Failure {
    /// No file was found for the name.
    Missing(Missing),
    /// The file is no ELF file, or damaged.
    Unreadable(Arc<FactsError>),
    /// ET_EXEC.
    Executable,
    /// DF_1_PIE.
    PieExecutable,
    /// DF_1_NOOPEN.
    NotOpenable,
    /// Its EI_OSABI is for another system.
    OsAbi,
    /// A version that it needs is not defined by the library that must define it; in the order of the checks.
    Versions(Vec<MissingVersion>),
    /// Symbols that nothing in its scopes defines; the first in the symbol table first. The loader names the one
    /// whose relocation stands first.
    Symbols(Vec<MissingSymbol>),
    /// Its thread-local data must be in the static block, where no room is left.
    StaticTls {
        /// The bytes that it needs, its alignment included.
        needed: u64,
        /// The bytes that are left.
        left: u64,
    },
    /// The loader ends the process, for this reason.
    Inconsistent(String),
    /// So many places were looked at for one load that it was given up here; the loader would go on.
    Endless(usize),
}

/// Why no file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// There is none.
    NoSuchFile,
    /// There was no place to look at.
    Nowhere,
    /// There is one of the other class only.
    OtherClass(Class),
    /// The system refused with this error number.
    Refused(i32),
    /// A file of the name is a folder.
    Folder,
}

/// A version that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingVersion {
    /// The path of the library that does not define it.
    pub library: Name,
    /// The version's name.
    pub version: Name,
    /// The path of the object that needs it.
    pub needed_by: Name,
}

/// A symbol that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSymbol {
    /// The path of the object that asks for it.
    pub needed_by: Name,
    /// Its name.
    pub symbol: Name,
    /// The version that is asked for.
    pub version: Option<Name>,
}

impl LoadError {
    /// What `dlerror` may say of it: one message for each missing symbol, since the loader stops at the first that it
    /// relocates, which the symbol table does not tell.
    pub fn messages(&self) -> Vec<String> {
        match &self.failure {
            Failure::Symbols(missing) => {
                missing.iter().map(|symbol| format!("{}: {symbol}", symbol.needed_by)).collect()
            }
            Failure::Versions(missing) => {
                missing.iter().map(|version| format!("{}: {version}", version.library)).collect()
            }
            _ => vec![self.to_string()],
        }
    }
}

impl fmt::Display for MissingVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "version `{}' not found (required by {})", self.version, self.needed_by)
    }
}

impl fmt::Display for MissingSymbol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "undefined symbol: {}", self.symbol)?;
        self.version.as_ref().map_or(Ok(()), |version| write!(formatter, ", version {version}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CANNOT_OPEN: &str = "cannot open shared object file";
        match self {
            Self::Missing(Missing::NoSuchFile) => {
                write!(formatter, "{CANNOT_OPEN}: No such file or directory")
            }
            Self::Missing(Missing::Nowhere) => formatter.write_str(CANNOT_OPEN),
            Self::Missing(Missing::Refused(number)) => {
                let text = std::io::Error::from_raw_os_error(*number).to_string();
                let text = text.split(" (os error").next().unwrap_or_default();
                write!(formatter, "{CANNOT_OPEN}: {text}")
            }
            Self::Missing(Missing::OtherClass(Class::Bits32)) => {
                formatter.write_str("wrong ELF class: ELFCLASS32")
            }
            Self::Missing(Missing::OtherClass(Class::Bits64)) => {
                formatter.write_str("wrong ELF class: ELFCLASS64")
            }
            Self::Missing(Missing::Folder) => formatter.write_str("cannot read file data: Is a directory"),
            Self::Unreadable(error) => unreadable(error, formatter),
            Self::Executable => formatter.write_str("cannot dynamically load executable"),
            Self::PieExecutable => {
                formatter.write_str("cannot dynamically load position-independent executable")
            }
            Self::NotOpenable => formatter.write_str("shared object cannot be dlopen()ed"),
            Self::OsAbi => formatter.write_str("ELF file OS ABI invalid"),
            Self::Versions(missing) => missing.first().map_or(Ok(()), |first| first.fmt(formatter)),
            Self::Symbols(missing) => missing.first().map_or(Ok(()), |first| first.fmt(formatter)),
            Self::StaticTls { .. } => formatter.write_str("cannot allocate memory in static TLS block"),
            Self::Inconsistent(why) => write!(formatter, "the loader ends the process: {why}"),
            Self::Endless(places) => {
                write!(formatter, "not found in the first {places} places that this load leads to")
            }
        }
    }
}

fn unreadable(error: &FactsError, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        FactsError::Foreign { format: Format::Empty, .. } => formatter.write_str("file too short"),
        FactsError::Foreign { format: Format::Object | Format::Core, .. } => {
            formatter.write_str("only ET_DYN and ET_EXEC can be loaded")
        }
        FactsError::Foreign { .. } => formatter.write_str("invalid ELF header"),
        FactsError::Truncated { part: "the file header", .. } => formatter.write_str("file too short"),
        other => write!(formatter, "{other}"),
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.object, self.failure)
    }
}

impl std::error::Error for LoadError {}
