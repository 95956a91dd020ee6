//! What can go wrong between a wheel and the store, each with what to do next.
//!
//! A [`Defect`] is the wheel's fault, the rest of [`Error`] is the store's or the machine's. Deliberately not
//! here: exit codes and colours, which are the command line's.

use std::io;
use std::path::{Path, PathBuf};

/// Why a wheel could not be installed, or the store not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The wheel is not what it should be; nothing of it was kept.
    #[error("could not install `{}`: {defect}", wheel.display())]
    Wheel {
        /// The wheel file, or the folder it was unpacked to.
        wheel: PathBuf,
        /// What is wrong with it.
        defect: Defect,
    },
    /// The wheel, or the folder it was unpacked to, could not be read.
    #[error("could not read `{}`: {source}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file system of the store has no room, or a quota or limit says so.
    #[error("could not {doing} `{}`: there is no room in the store: {source}", path.display())]
    Full {
        /// What was being tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store may not be written to.
    #[error("could not {doing} `{}`: the store may not be written to: {source}", path.display())]
    ReadOnly {
        /// What was being tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Anything else that the system refused.
    #[error("could not {doing} `{}`: {source}", path.display())]
    Io {
        /// What was being tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder of the store is not as it was written.
    #[error("`{}` in the store is damaged: {reason}", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A key that is not a hash would name a folder outside the store.
    #[error("`{key}` is not a {what}: it must be {digits} lower-case hexadecimal digits")]
    Key {
        /// What was given.
        key: String,
        /// What it should have been.
        what: &'static str,
        /// How many digits it should have had.
        digits: &'static str,
    },
    /// Neither of the variables that say where the store is, is set.
    #[error(
        "could not find a folder for the store: none of PINFOLD_CACHE, XDG_CACHE_HOME and HOME is set to an absolute path"
    )]
    NoHome,
}

/// What is wrong with a wheel.
#[derive(Debug, thiserror::Error)]
pub enum Defect {
    /// The file's name is not a wheel's.
    #[error("its file name is not `name-version(-build)-python-abi-platform.whl`: {0}")]
    FileName(String),
    /// The bytes are not those that were expected.
    #[error("its SHA-256 is {found}, expected {expected} ({size} bytes read)")]
    Hash {
        /// The expected hash.
        expected: String,
        /// The hash of the file.
        found: String,
        /// The file's size.
        size: u64,
    },
    /// Not a zip file, or not all of one.
    #[error("it is not a complete zip file: {0}")]
    Zip(String),
    /// An entry cannot be decompressed, or its checksum is wrong.
    #[error("its entry `{entry}` is damaged: {reason}")]
    Corrupt {
        /// The entry.
        entry: String,
        /// What the decompressor said.
        reason: String,
    },
    /// An entry has a name that must not be written.
    #[error("its entry `{entry}` {reason}")]
    EntryName {
        /// The entry, with control characters escaped.
        entry: String,
        /// What is wrong with the name.
        reason: &'static str,
    },
    /// An entry is a symbolic link, a device or the like.
    #[error("its entry `{entry}` is {kind}; a wheel holds plain files, stored or deflated")]
    EntryKind {
        /// The entry.
        entry: String,
        /// What it is.
        kind: &'static str,
    },
    /// Two entries would be written to one file, or one is a file where another needs a folder.
    #[error("its entry `{entry}` collides with another entry: {reason}")]
    Duplicate {
        /// The entry.
        entry: String,
        /// How.
        reason: &'static str,
    },
    /// It would unpack to more than the stated limits.
    #[error("it looks like a decompression bomb: {reason}")]
    Bomb {
        /// Which limit, and by how much.
        reason: String,
    },
    /// Something that every wheel has is not there, or there twice.
    #[error("{0}")]
    Shape(String),
    /// RECORD is malformed, or lists what is not so.
    #[error("its RECORD is wrong about `{entry}`: {reason}")]
    Record {
        /// The file as RECORD lists it.
        entry: String,
        /// What is wrong.
        reason: String,
    },
    /// A metadata file cannot be understood.
    #[error("its {file} cannot be understood: {reason}")]
    Metadata {
        /// The metadata file's name.
        file: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// It is another distribution than the one asked for, or says so in one place.
    #[error("its {place} says {what} `{found}`, expected `{expected}`")]
    Identity {
        /// Where it says so.
        place: &'static str,
        /// `name`, `version` or `tag`.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What it says.
        found: String,
    },
    /// None of its tags is among those that the interpreter accepts.
    #[error("it is for {found}, and this interpreter accepts none of these (its own best is {best})")]
    Platform {
        /// The wheel's tags.
        found: String,
        /// The interpreter's first tag.
        best: String,
    },
}

impl Error {
    /// Whether it is the wheel that is at fault, on whatever machine.
    #[must_use]
    pub fn is_of_the_wheel(&self) -> bool {
        matches!(self, Error::Wheel { .. })
    }

    /// What to do next, where there is something.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Error::Wheel { defect, .. } => return defect.hint().map(str::to_owned),
            Error::Unreadable { .. } => return None,
            Error::Full { .. } => {
                "free some space, remove what no environment uses with `pinfold gc`, or put the store \
                 elsewhere with PINFOLD_CACHE; nothing half-written was kept"
            }
            Error::ReadOnly { .. } => {
                "make the store's folder writable, or name another one with PINFOLD_CACHE; a store that has \
                 every wheel already can stay read-only"
            }
            Error::Io { .. } => return None,
            Error::Damaged { path, .. } => {
                let path = path.display();
                return Some(format!(
                    "somebody changed it; remove it with `chmod -R u+w '{path}' && rm -r '{path}'` and sync again"
                ));
            }
            Error::Key { .. } => return None,
            Error::NoHome => "set PINFOLD_CACHE to a folder for the store",
        };
        Some(text.to_owned())
    }

    pub(crate) fn wheel(wheel: &Path, defect: Defect) -> Self {
        Error::Wheel { wheel: wheel.to_owned(), defect }
    }

    /// An error of the store's file system, sorted by what the user can do about it.
    pub(crate) fn store(doing: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.to_owned(), source.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Error::Full { doing, path, source }
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Error::ReadOnly { doing, path, source }
            }
            _ => Error::Io { doing, path, source },
        }
    }
}

impl Defect {
    /// What to do next, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Defect::FileName(_) => "give the file back the name that its build gave it",
            Defect::Hash { .. } => {
                "the file changed after it was locked, or its download is incomplete: fetch it again; if the \
                 change is intended, run `pinfold lock`"
            }
            Defect::Zip(_) | Defect::Corrupt { .. } => {
                "the download or the copy is incomplete: fetch it again"
            }
            Defect::EntryName { .. } | Defect::EntryKind { .. } | Defect::Duplicate { .. } => {
                "no build tool writes such a wheel; do not install it before you know where it comes from"
            }
            Defect::Bomb { .. } => "do not install it before you know where it comes from",
            Defect::Record { .. } => {
                "its files were changed after it was built; get the original wheel, or build it again"
            }
            Defect::Shape(_) | Defect::Metadata { .. } => {
                "build the wheel again, with a current build backend"
            }
            Defect::Identity { what: "tag", .. } | Defect::Platform { .. } => {
                "a wheel cannot be moved to another platform by renaming it; get the one for yours"
            }
            Defect::Identity { .. } => "the wheel was renamed, or stands in the wrong place of an index",
        })
    }
}
