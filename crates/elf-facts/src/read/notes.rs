//! PT_NOTE: the build id, and the oldest Linux that glibc loads the file on.
//!
//! Deliberately not here: program properties (CET, BTI), which no rule asks for.

use goblin::elf::note::{NT_GNU_ABI_TAG, NT_GNU_BUILD_ID, NoteDataIterator};
use goblin::elf::program_header::PT_NOTE;

use super::image::Image;
use crate::error::FactsError;

/// No real file has more bytes of notes, in all its segments.
const LONGEST: u64 = 1 << 20;

/// What the notes say.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) build_id: Option<Vec<u8>>,
    pub(crate) oldest_linux: Option<[u32; 3]>,
}

/// Reads them. A note that cannot be read ends its segment, as it does for glibc; it is no damage that matters.
pub(crate) fn read(image: &Image<'_>) -> Result<Notes, FactsError> {
    let mut notes = Notes::default();
    let mut left = LONGEST;
    for segment in image.segments.iter().filter(|segment| segment.p_type == PT_NOTE) {
        let bytes = image.at(segment.p_offset, segment.p_filesz.min(left), "the notes")?;
        left -= bytes.len() as u64;
        let entries = NoteDataIterator {
            data: &bytes,
            size: bytes.len(),
            offset: 0,
            ctx: (if segment.p_align == 8 { 8 } else { 4 }, image.context),
        };
        for note in entries.map_while(Result::ok).filter(|note| note.name == "GNU") {
            match note.n_type {
                NT_GNU_BUILD_ID => notes.build_id = Some(note.desc.to_vec()),
                NT_GNU_ABI_TAG => notes.oldest_linux = oldest_linux(image, note.desc).or(notes.oldest_linux),
                _ => {}
            }
        }
    }
    Ok(notes)
}

/// Four words: the system, 0 for Linux, then three numbers.
fn oldest_linux(image: &Image<'_>, words: &[u8]) -> Option<[u32; 3]> {
    let words: Vec<u32> = words.as_chunks().0.iter().map(|word| image.word(*word)).collect();
    match words.as_slice() {
        [0, major, minor, patch, ..] => Some([*major, *minor, *patch]),
        _ => None,
    }
}
