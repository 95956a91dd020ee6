//! Which names of libraries a file spells: strings in what the loader maps of it, which its code may give to `dlopen` or
//! compare with what `dladdr` says.
//!
//! What the loader itself reads (the dynamic string table) is none of them. Linkers keep a string that is the end of another
//! one only once, so that the end of a longer string may be a name of its own: it is where something asks for its address.
//! Deliberately not here: what a file does with a string, and names that are put together in other ways than by a format.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use goblin::elf::dynamic::{DT_STRSZ, DT_STRTAB};
use goblin::elf::header::EM_X86_64;
use goblin::elf::program_header::{PF_X, PT_LOAD, ProgramHeader};
use memchr::memmem::Finder;

use super::dynamic::Dynamic;
use super::image::Image;
use super::state;
use crate::error::FactsError;
use crate::name::Name;

const PART: &str = "its strings";
/// What nearly every name of a library has in it.
const USUAL: &[u8] = b".so";
/// How paths from a file's own folder begin.
const ORIGIN: [&[u8]; 2] = [b"$ORIGIN/", b"${ORIGIN}/"];
/// Bytes read at once, and how much of a string is looked at on either side of what it is found by.
const PIECE: u64 = 1 << 20;
const LONGEST: u64 = 1 << 10;

/// A name in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spelling {
    /// The name.
    pub name: Name,
    /// How it stands there.
    pub form: Form,
    /// The string that it is found in, up to its NUL: the name itself, a longer one, or a format.
    pub text: Name,
    /// Where in the file it stands; of a format, where that does.
    pub at: u64,
    /// Its address, as the file has it.
    pub address: u64,
}

/// How a name stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// A string of its own.
    Whole,
    /// The end of a longer one, by an address of its own; where the machine's code is not known, with or without one.
    End,
    /// The end of a path from the folder that the file itself is in, `$ORIGIN/` (ld.so(8)).
    Origin,
    /// A format of `printf` could become it, of which the part before the first `%` has all up to `.so`.
    Format,
}

/// The names among `names` that the file at `path` spells.
///
/// # Errors
/// When it cannot be read, or is damaged.
pub fn spellings(path: &Path, names: &BTreeSet<Name>) -> Result<Vec<Spelling>, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let reader = Reader::new(&image, names)?;
    let mut found = BTreeMap::new();
    for (load, range) in searched(&image)? {
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + PIECE);
            let from = range.start.max(start.saturating_sub(LONGEST));
            let bytes = image.at(from, range.end.min(end + LONGEST) - from, PART)?;
            reader.collect(&load, from, &bytes, start..end, &mut found);
            start = end;
        }
    }
    let ends: BTreeSet<u64> =
        found.values().filter(|one| one.form == Form::End).map(|one| one.address).collect();
    let used = if ends.is_empty() { ends } else { asked_for(&image, ends)? };
    Ok(found.into_values().filter(|one| one.form != Form::End || used.contains(&one.address)).collect())
}

/// The bytes of the file at `path` at each of these addresses, as many as asked for.
///
/// # Errors
/// When one is not mapped from the file.
pub fn mapped(path: &Path, places: &[(u64, usize)]) -> Result<Vec<Vec<u8>>, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    places.iter().map(|(address, length)| image.mapped(*address, *length as u64, PART)).collect()
}

/// What is mapped from the file, without the dynamic string table.
fn searched(image: &Image<'_>) -> Result<Vec<(ProgramHeader, Range<u64>)>, FactsError> {
    let dynamic = Dynamic::read(image)?;
    let table = dynamic.value(DT_STRTAB).and_then(|address| {
        let (start, _) = image.place(address, PART).ok()?;
        Some(start..start.saturating_add(dynamic.value(DT_STRSZ)?))
    });
    let table = table.unwrap_or_default();
    let mut ranges = Vec::new();
    once(image, image.segments.iter().filter(|segment| segment.p_type == PT_LOAD).map(|load| load.p_filesz))?;
    for load in image.segments.iter().filter(|segment| segment.p_type == PT_LOAD) {
        let (start, end) = (load.p_offset, load.p_offset.saturating_add(load.p_filesz));
        let parts = [start..end.min(table.start.max(start)), start.max(table.end.min(end))..end];
        let parts = if table.is_empty() { [start..end, end..end] } else { parts };
        ranges.extend(parts.into_iter().filter(|part| !part.is_empty()).map(|part| (load.clone(), part)));
    }
    Ok(ranges)
}

/// Refuses parts of a file that are its bytes many times over: linkers let segments share a page at most.
pub(super) fn once(image: &Image<'_>, lengths: impl Iterator<Item = u64>) -> Result<(), FactsError> {
    let sum = lengths.fold(0_u64, u64::saturating_add);
    if sum > image.size.saturating_mul(2) {
        return Err(image.malformed(PART, format!("{sum} bytes in a file of {}", image.size)));
    }
    Ok(())
}

struct Reader<'a> {
    names: &'a BTreeSet<Name>,
    finders: Vec<Finder<'a>>,
    /// The longest of them.
    longest: usize,
    /// Where sections begin: a string there has none before it.
    starts: BTreeSet<u64>,
}

impl<'a> Reader<'a> {
    fn new(image: &Image<'_>, names: &'a BTreeSet<Name>) -> Result<Self, FactsError> {
        let usual = Finder::new(USUAL);
        let (with, without): (Vec<_>, Vec<_>) =
            names.iter().partition(|name| usual.find(name.as_bytes()).is_some());
        let mut finders: Vec<Finder<'a>> =
            without.into_iter().map(|name| Finder::new(name.as_bytes())).collect();
        finders.extend(with.first().map(|_| usual));
        // Sections say more than is needed, where there are any.
        let sections = state::sections(image).unwrap_or_default();
        let longest = names.iter().map(|name| name.as_bytes().len()).max().unwrap_or_default();
        let starts = sections.iter().map(|section| section.sh_offset).collect();
        Ok(Self { names, finders, longest, starts })
    }

    /// Adds what `bytes`, which stand at `from`, spell by a string with a hit in `hits`.
    fn collect(
        &self,
        load: &ProgramHeader,
        from: u64,
        bytes: &[u8],
        hits: Range<u64>,
        found: &mut BTreeMap<(u64, Name), Spelling>,
    ) {
        for hit in self.finders.iter().flat_map(|finder| finder.find_iter(bytes)) {
            if !hits.contains(&(from + hit as u64)) {
                continue;
            }
            let near = &bytes[hit..bytes.len().min(hit + LONGEST as usize)];
            let Some(length) = memchr::memchr(0, near) else { continue };
            let before = bytes[..hit].iter().enumerate().rev().take(LONGEST as usize);
            let is_start = |at: usize| self.starts.contains(&(from + at as u64));
            let start = before
                .take_while(|(at, byte)| is_text(**byte) && !is_start(*at + 1))
                .last()
                .map_or(hit, |(at, _)| at);
            let text = &bytes[start..hit + length];
            let mut add = |at: usize, name: &Name, form: Form| {
                let at = from + at as u64;
                let address = load.p_vaddr.wrapping_add(at - load.p_offset);
                let spelling = Spelling { name: name.clone(), form, text: Name::new(text), at, address };
                found.insert((at, name.clone()), spelling);
            };
            for end in start.max((hit + length).saturating_sub(self.longest))..=hit {
                if let Some(name) = self.names.get(&Name::new(&bytes[end..hit + length])) {
                    let from_here = ORIGIN.iter().any(|origin| bytes[start..end].starts_with(origin));
                    let longer = if from_here { Form::Origin } else { Form::End };
                    add(end, name, if end == start { Form::Whole } else { longer });
                }
            }
            if text.contains(&b'%') {
                let made = self.names.iter().filter(|name| may_become(text, name.as_bytes()));
                made.for_each(|name| add(start, name, Form::Format));
            }
        }
    }
}

/// Whether a string may have it.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..)
}

/// Whether `printf` may make `name` of `format`.
fn may_become(format: &[u8], name: &[u8]) -> bool {
    let mut literals: Vec<Vec<u8>> = vec![Vec::new()];
    let mut rest = format.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            literals.last_mut().into_iter().for_each(|literal| literal.push(byte));
            continue;
        }
        // Flags, width, precision and length, up to the letter that says what it is (printf(3)).
        let is_part = |byte: &u8| b"#0123456789- +'.*hlqjzt".contains(byte);
        match rest.find(|byte| !is_part(byte)) {
            Some(b'%') => literals.last_mut().into_iter().for_each(|literal| literal.push(b'%')),
            Some(_) => literals.push(Vec::new()),
            None => return false,
        }
    }
    let stem = name.windows(USUAL.len()).position(|three| three == USUAL).unwrap_or(name.len());
    let [first, between @ .., last] = literals.as_slice() else { return false };
    let Some(mut left) = name.strip_prefix(first.as_slice()).filter(|_| first.len() >= stem) else {
        return false;
    };
    for literal in between {
        let Some(at) = memchr::memmem::find(left, literal) else { return false };
        left = &left[at + literal.len()..];
    }
    left.ends_with(last)
}

/// Those of `addresses` that code or data ask for: by the distance from an instruction's end, as code of x86-64 that may
/// lie anywhere does (`lea`), or as eight bytes, in data or in a relocation's addend.
fn asked_for(image: &Image<'_>, addresses: BTreeSet<u64>) -> Result<BTreeSet<u64>, FactsError> {
    let (Some(first), Some(last)) = (addresses.first().copied(), addresses.last().copied()) else {
        return Ok(addresses);
    };
    if image.header.e_machine != EM_X86_64 || !image.is_64() {
        return Ok(addresses);
    }
    let mut asked = BTreeSet::new();
    let mut see = |address: u64| {
        if (first..=last).contains(&address) && addresses.contains(&address) {
            asked.insert(address);
        }
    };
    for load in image.segments.iter().filter(|segment| segment.p_type == PT_LOAD) {
        let mut start = 0;
        while start < load.p_filesz {
            let length = (load.p_filesz - start).min(PIECE + 8);
            let bytes = image.at(load.p_offset.saturating_add(start), length, PART)?;
            let aligned = (load.p_vaddr.wrapping_neg() & 7) as usize;
            for eight in bytes.get(aligned..).unwrap_or_default().chunks_exact(8) {
                see(u64::from_le_bytes(eight.try_into().unwrap_or_default()));
            }
            if load.p_flags & PF_X != 0 {
                let here = load.p_vaddr.wrapping_add(start);
                for (at, four) in bytes.windows(4).enumerate() {
                    let distance = i32::from_le_bytes(four.try_into().unwrap_or_default());
                    see(here.wrapping_add(at as u64 + 4).wrapping_add_signed(i64::from(distance)));
                }
            }
            start += PIECE;
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_name_a_library() {
        let made = |format: &str| may_become(format.as_bytes(), b"libcore.so.12");
        assert!(made("libcore.so.%d") && made("libcore%s") && made("libcore.so.%02lu2"));
        assert!(!made("lib%s.so.12"), "that becomes any name");
        assert!(!made("libcore.so.%d.1") && !made("libcore.so.%") && !made("100%% libcore.so.12"));
    }
}
