//! What a file is, by its first bytes, so that another format is one plain note and never misread as ELF.
//!
//! Deliberately not here: anything that these formats say.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of file that is no ELF file that a loader takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// No byte at all.
    Empty,
    /// macOS, one architecture or several in one file.
    MachO,
    /// Windows.
    Pe,
    /// A static library, as `ar` makes it.
    Archive,
    /// A linker script, as distributions put in the place of some `.so`.
    LinkerScript,
    /// ELF, but an object that is not linked yet.
    Object,
    /// ELF, but a core dump.
    Core,
    /// None of these.
    Unknown,
}

impl Format {
    /// What a file that starts with `bytes` is; `None` for ELF.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        // Mach-O: loader.h and fat.h, in both byte orders. A class file of Java shares the fat magic; it does not
        // end in `.so`.
        const MACH: [[u8; 4]; 6] = [
            [0xfe, 0xed, 0xfa, 0xce],
            [0xfe, 0xed, 0xfa, 0xcf],
            [0xce, 0xfa, 0xed, 0xfe],
            [0xcf, 0xfa, 0xed, 0xfe],
            [0xca, 0xfe, 0xba, 0xbe],
            [0xbe, 0xba, 0xfe, 0xca],
        ];
        match bytes {
            [] => Some(Self::Empty),
            [0x7f, b'E', b'L', b'F', ..] => None,
            [b'M', b'Z', ..] => Some(Self::Pe),
            [b'!', b'<', b'a', b'r', b'c', b'h', b'>', ..] => Some(Self::Archive),
            [b'!', b'<', b't', b'h', b'i', b'n', b'>', ..] => Some(Self::Archive),
            _ if MACH.iter().any(|magic| bytes.starts_with(magic)) => Some(Self::MachO),
            _ if is_linker_script(bytes) => Some(Self::LinkerScript),
            _ => Some(Self::Unknown),
        }
    }
}

fn is_linker_script(bytes: &[u8]) -> bool {
    let starts = [&b"/* GNU ld script"[..], b"INPUT", b"GROUP", b"OUTPUT_FORMAT"];
    starts.iter().any(|start| bytes.starts_with(start))
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Empty => "an empty file",
            Self::MachO => "a Mach-O file, for macOS",
            Self::Pe => "a PE file, for Windows",
            Self::Archive => "an archive of objects",
            Self::LinkerScript => "a linker script",
            Self::Object => "an ELF object that is not linked",
            Self::Core => "a core dump",
            Self::Unknown => "of no format that the loader takes",
        })
    }
}
