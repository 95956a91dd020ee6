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
/// C API, and taken up to its end.
///
/// `pybind11` and `nanobind` name the table that their modules share, with the ABI of the compiler; NumPy's C API is
/// reached through a module whose name changed with 1.16 and with 2 (both names: built for both), and from NumPy 2 on
/// its headers leave in a file the version that it needs.
const MARKERS: [Marker; 6] = [
    Marker::word("__pybind11_internals_v"),
    Marker::word("__nb_internals_v"),
    Marker::word("numpy.core._multiarray_umath"),
    Marker::word("numpy._core._multiarray_umath"),
    Marker::word("numpy.core.multiarray"),
    Marker::words("module was compiled against NumPy C-API version 0x%x (", b')'),
];

/// Which compilers made a file (`.comment`), looked for in files that share C++ objects with other modules: those with
/// one of the first two markers.
const COMPILERS: [Marker; 2] = [Marker::words("GCC: (", 0), Marker::words("clang version ", 0)];

/// One string.
struct Marker {
    /// How it starts.
    start: &'static str,
    /// What ends it, beside NUL; it is part of the string.
    end: u8,
    /// Whether it has blanks.
    blanks: bool,
}

impl Marker {
    const fn word(start: &'static str) -> Self {
        Self { start, end: 0, blanks: false }
    }

    const fn words(start: &'static str, end: u8) -> Self {
        Self { start, end, blanks: true }
    }
}

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
    let mut hasher = blake3::Hasher::new();
    let mut found = Vec::new();
    let markers: &[Marker] = if strings { &MARKERS } else { &[] };
    pass(path, file, size, markers, &mut found, |bytes| {
        hasher.update(bytes);
    })?;
    let shares =
        |name: &Name| MARKERS[..2].iter().any(|one| name.as_bytes().starts_with(one.start.as_bytes()));
    if found.iter().any(shares) {
        pass(path, file, size, &COMPILERS, &mut found, |_| ())?;
    }
    found.sort();
    found.dedup();
    Ok((ContentHash(*hasher.finalize().as_bytes()), found))
}

/// Reads all bytes once, each of them `seen` once and in order, and adds the markers among them.
fn pass(
    path: &Path,
    file: &File,
    size: u64,
    markers: &[Marker],
    found: &mut Vec<Name>,
    mut seen: impl FnMut(&[u8]),
) -> Result<(), FactsError> {
    let finders: Vec<(Finder<'_>, &Marker)> =
        markers.iter().map(|one| (Finder::new(one.start), one)).collect();
    let mut buffer = vec![0; LONGEST + PIECE];
    let mut at = 0;
    // The end of the piece before stands in front of each piece, so that no string is cut.
    let mut kept = 0;
    while at < size {
        let length = usize::try_from(size - at).unwrap_or(PIECE).min(PIECE);
        read_at(path, file, at, &mut buffer[kept..kept + length])?;
        seen(&buffer[kept..kept + length]);
        at += length as u64;
        let filled = kept + length;
        if !finders.is_empty() {
            // What starts in the last bytes is found again, whole, with the next piece.
            let last = if at < size { filled.saturating_sub(LONGEST) } else { filled };
            for (finder, marker) in &finders {
                collect(finder, marker, &buffer[..filled], last, found);
            }
            kept = filled.min(LONGEST);
            buffer.copy_within(filled - kept..filled, 0);
        }
    }
    Ok(())
}

/// Adds the strings of `bytes` that are `marker`'s and start before byte `last`.
fn collect(finder: &Finder<'_>, marker: &Marker, bytes: &[u8], last: usize, found: &mut Vec<Name>) {
    for start in finder.find_iter(bytes).take_while(|start| *start < last) {
        let rest = &bytes[start..bytes.len().min(start + LONGEST)];
        let end = memchr::memchr2(0, marker.end, rest).unwrap_or(rest.len());
        let whole = end + usize::from(marker.end != 0 && rest.get(end) == Some(&marker.end));
        let text = &rest[..whole];
        let fits = |byte: &u8| byte.is_ascii_graphic() || (marker.blanks && *byte == b' ');
        let name = Name::new(text);
        // More than a few are no strings of a program, but a file about them.
        if text.iter().all(fits) && !found.contains(&name) && found.len() < 64 {
            found.push(name);
        }
    }
}
