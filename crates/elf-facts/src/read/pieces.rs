//! Which names of libraries a file has in its instructions: `char name[] = "libx.so.1"` is stored, and a short name is
//! compared, eight bytes at a time, and no string of the file is the name.
//!
//! Looked for are the first eight bytes of a name in code with its last ones near by, or its first sixteen, as a constant
//! for a register of that size, and its last ones in code. Names of fewer than ten bytes are not, nor those that begin
//! otherwise than with `lib`.
//! Deliberately not here: names that are strings (`strings`), and code that makes a name in a loop.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use goblin::elf::program_header::{PF_X, PT_LOAD};
use goblin::elf::section_header::SHF_EXECINSTR;
use memchr::memmem::{Finder, find, find_iter};

use super::image::Image;
use super::state;
use super::strings::once;
use crate::error::FactsError;
use crate::name::Name;

const PART: &str = "its code";
/// What names of libraries begin with.
const USUAL: &[u8] = b"lib";
const FIRST: usize = 8;
/// What is shorter ends in a move of two bytes or of one.
const SHORTEST: usize = 10;
/// The bytes of a vector register.
const VECTOR: usize = 16;
/// Fewer bytes of a name's end would be found near by in any code.
const LEAST: usize = 4;
/// As far apart as instructions are that make one name.
const NEAR: usize = 96;
/// Bytes read at once.
const PIECE: u64 = 1 << 20;

/// The names among `names` that the file at `path` has in its instructions.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn pieces(path: &Path, names: &BTreeSet<Name>) -> Result<BTreeSet<Name>, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let mut beginnings: BTreeMap<&[u8], Vec<&Name>> = BTreeMap::new();
    for name in names.iter().filter(|name| name.as_bytes().starts_with(USUAL)) {
        if let Some((first, _)) = name.as_bytes().split_at_checked(SHORTEST) {
            beginnings.entry(&first[..FIRST]).or_default().push(name);
        }
    }
    let (code, finder) = (code(&image), Finder::new(USUAL));
    once(&image, code.iter().map(|code| code.end - code.start))?;
    let mut found = BTreeSet::new();
    let mut vectors = BTreeSet::new();
    let loads = image.segments.iter().filter(|segment| segment.p_type == PT_LOAD);
    once(&image, loads.clone().map(|load| load.p_filesz))?;
    for load in loads.filter(|_| !beginnings.is_empty()) {
        let range = load.p_offset..load.p_offset.saturating_add(load.p_filesz);
        each_piece(&image, &range, |bytes, start| {
            for hit in finder.find_iter(bytes) {
                let (at, rest) = (start + hit as u64, &bytes[hit..]);
                let same = rest.get(..FIRST).and_then(|first| beginnings.get(first));
                for name in same.into_iter().flatten().filter(|name| !rest.starts_with(name.as_bytes())) {
                    let first = name.as_bytes().get(..VECTOR);
                    let address = load.p_vaddr.wrapping_add(at - load.p_offset);
                    if first.is_some_and(|first| rest.starts_with(first)) && address % VECTOR as u64 == 0 {
                        vectors.insert((*name).clone());
                    }
                    let Some(code) = code.iter().find(|code| code.contains(&at)) else { continue };
                    let inside = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
                    let from = inside(code.start).max(hit.saturating_sub(NEAR));
                    let end = inside(code.end).min(bytes.len()).min(hit + NEAR);
                    let near = &bytes[from..end];
                    // The eight bytes in the middle of a longer name.
                    let next = name.as_bytes().get(FIRST..VECTOR);
                    let begun = if next.is_some() { VECTOR } else { FIRST };
                    if next.is_none_or(|next| find(near, next).is_some()) && goes_on_in(near, name, begun) {
                        found.insert((*name).clone());
                    }
                }
            }
        })?;
    }
    for range in code.iter().filter(|_| !vectors.is_empty()) {
        each_piece(&image, range, |bytes, _| {
            found.extend(vectors.iter().filter(|name| goes_on_in(bytes, name, VECTOR)).cloned());
        })?;
    }
    Ok(found)
}

/// Where instructions stand in the file: in sections of them, else in segments, which may have strings, too.
fn code(image: &Image<'_>) -> Vec<Range<u64>> {
    let range = |start: u64, length: u64| start..start.saturating_add(length);
    let sections = state::sections(image).unwrap_or_default();
    let code = sections.iter().filter(|section| section.sh_flags & u64::from(SHF_EXECINSTR) != 0);
    let code: Vec<_> = code.map(|section| range(section.sh_offset, section.sh_size)).collect();
    if !code.is_empty() {
        return code;
    }
    let loads = image.segments.iter().filter(|load| load.p_type == PT_LOAD && load.p_flags & PF_X != 0);
    loads.map(|load| range(load.p_offset, load.p_filesz)).collect()
}

/// Whether what follows the first `begun` bytes of `name` stands in `bytes`, and not in a string that is the name: its last
/// four bytes or eight, as many as are left at least, with or without the NUL.
fn goes_on_in(bytes: &[u8], name: &Name, begun: usize) -> bool {
    let name = name.as_bytes();
    let ended = [name, &[0]].concat();
    [name, &ended].into_iter().any(|all| {
        let length = if all.len() > begun + LEAST { FIRST } else { LEAST };
        let last = &all[all.len() - length..];
        let is_whole = |at: usize| {
            (at + length).checked_sub(all.len()).is_some_and(|start| bytes[start..].starts_with(all))
        };
        find_iter(bytes, last).any(|at| !is_whole(at))
    })
}

/// Gives `see` a part of the file, piece by piece, with where each begins.
fn each_piece(
    image: &Image<'_>,
    range: &Range<u64>,
    mut see: impl FnMut(&[u8], u64),
) -> Result<(), FactsError> {
    let mut start = range.start;
    while start < range.end {
        let from = range.start.max(start.saturating_sub(2 * NEAR as u64));
        let end = range.end.min(start + PIECE);
        see(&image.at(from, end - from, PART)?, from);
        start = end;
    }
    Ok(())
}
