//! One pass over all bytes of a file: its hash, and the strings that rules ask for.
//!
//! Deliberately not here: what a string means.

use std::fs::File;
use std::path::Path;

use memchr::memmem::Finder;

use super::image::read_at;
use crate::error::FactsError;
use crate::facts::ContentHash;
use crate::name::Name;

/// Strings that say how a file was compiled and that no symbol says. Each is looked for in files that use Python's
/// C API, and taken up to its NUL.
///
/// `pybind11` names the table that its modules share, with the ABI of the compiler; NumPy's C API is reached through
/// a module whose name changed with NumPy 2 (both names: built for both).
const MARKERS: [&str; 4] = [
    "__pybind11_internals_v",
    "__nb_internals_v",
    "numpy.core._multiarray_umath",
    "numpy._core._multiarray_umath",
];

/// The longest string that is taken, and the overlap of two pieces.
const LONGEST: usize = 256;
/// Bytes read at once: what a core's own cache holds.
const PIECE: usize = 1 << 18;

/// The hash of the whole file of `size` bytes, and the markers in it where `strings` says to look for them.
pub(crate) fn read(
    path: &Path,
    file: &File,
    size: u64,
    strings: bool,
) -> Result<(ContentHash, Vec<Name>), FactsError> {
    let finders = MARKERS.map(Finder::new);
    let mut hasher = blake3::Hasher::new();
    let mut found = Vec::new();
    let mut buffer = vec![0; LONGEST + PIECE];
    let mut at = 0;
    // The end of the piece before stands in front of each piece, so that no string is cut.
    let mut kept = 0;
    while at < size {
        let length = usize::try_from(size - at).unwrap_or(PIECE).min(PIECE);
        read_at(path, file, at, &mut buffer[kept..kept + length])?;
        hasher.update(&buffer[kept..kept + length]);
        at += length as u64;
        let filled = kept + length;
        if strings {
            // What starts in the last bytes is found again, whole, with the next piece.
            let last = if at < size { filled.saturating_sub(LONGEST) } else { filled };
            finders.iter().for_each(|finder| collect(finder, &buffer[..filled], last, &mut found));
            kept = filled.min(LONGEST);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
    found.sort();
    found.dedup();
    Ok((ContentHash(*hasher.finalize().as_bytes()), found))
}

/// Adds the strings of `bytes` that start with the needle before byte `last`.
fn collect(finder: &Finder<'_>, bytes: &[u8], last: usize, found: &mut Vec<Name>) {
    for start in finder.find_iter(bytes).take_while(|start| *start < last) {
        let rest = &bytes[start..bytes.len().min(start + LONGEST)];
        let end = memchr::memchr(0, rest).unwrap_or(rest.len());
        let text = &rest[..end];
        // More than a few are no strings of a program, but a file about them.
        if text.iter().all(u8::is_ascii_graphic) && found.len() < 64 {
            found.push(Name::new(text));
        }
    }
}
