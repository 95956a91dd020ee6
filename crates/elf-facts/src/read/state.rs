//! The state of a library: data that it writes to while it runs, of which two copies of it have two.
//!
//! The loader needs none of this; sections and symbols that are there for debuggers say it best, and files have lost
//! one or both of them. Deliberately not here: what of it a program ever touches.

use std::ops::Range;
use std::path::Path;

use goblin::elf::dynamic::{
    DT_JMPREL, DT_PLTGOT, DT_PLTREL, DT_PLTRELSZ, DT_REL, DT_RELA, DT_RELASZ, DT_RELSZ,
};
use goblin::elf::program_header::{PF_W, PT_GNU_RELRO, PT_LOAD, PT_TLS};
use goblin::elf::reloc::RelocSection;
use goblin::elf::section_header::{
    SHF_ALLOC, SHF_TLS, SHF_WRITE, SHT_NOBITS, SHT_PROGBITS, SHT_SYMTAB, SectionHeader,
};
use goblin::elf::sym::{STB_LOCAL, STT_FUNC, STT_OBJECT, Sym, Symtab};

use super::dynamic::Dynamic;
use super::image::Image;
use crate::error::FactsError;
use crate::name::Names;

const PART: &str = "the sections";
/// A table of symbols beyond this is not read: it would take longer than all else.
const LARGEST_TABLE: u64 = 256 << 20;
/// What the start files of compilers (`crtbeginS.o`) put into `.bss`: a flag, and in old ones an index.
const BSS_OF_COMPILERS: u64 = 16;
/// `__dso_handle`, in `.data`.
const DATA_OF_COMPILERS: u64 = 8;

/// Bytes of data that the library at `path` may change while it runs, thread-local data included, without what
/// compilers put into every library. Where no symbols are left this is a guess: a table that is mostly addresses is
/// taken for one that is only read, and a few bytes beside those of the compilers do not show.
pub fn state(path: &Path) -> Result<u64, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let dynamic = Dynamic::read(&image)?;
    let local = image.segments.iter().filter(|segment| segment.p_type == PT_TLS);
    let local = local.fold(0_u64, |sum, segment| sum.saturating_add(segment.p_memsz));
    let sections = sections(&image)?;
    let writable: Vec<Range<u64>> = match sections.as_slice() {
        [] => {
            let loads = image.segments.iter().filter(|one| one.p_type == PT_LOAD && one.p_flags & PF_W != 0);
            loads.map(|load| range(load.p_vaddr, load.p_memsz)).collect()
        }
        sections => {
            let plain = sections.iter().filter(|section| is_plain(section));
            plain.map(|section| range(section.sh_addr, section.sh_size)).collect()
        }
    };
    let writable = without(writable, &set_up_by_the_loader(&image, &dynamic, &sections)?);
    let own = match own_symbols(&image, &sections, &writable)? {
        Some(bytes) => bytes,
        None => guess(&image, &dynamic, &writable)?,
    };
    Ok(own.saturating_add(local))
}

fn range(start: u64, length: u64) -> Range<u64> {
    start..start.saturating_add(length)
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// The section headers; none where the file has none.
pub(super) fn sections(image: &Image<'_>) -> Result<Vec<SectionHeader>, FactsError> {
    let header = &image.header;
    let count = u64::from(header.e_shnum);
    if count == 0 || header.e_shoff == 0 {
        return Ok(Vec::new());
    }
    let bytes = image.at(header.e_shoff, count * SectionHeader::size(image.context) as u64, PART)?;
    SectionHeader::parse_from(&bytes, 0, usize::from(header.e_shnum), image.context)
        .map_err(|error| image.malformed(PART, error.to_string()))
}

/// Data, with or without bytes in the file.
fn is_plain(section: &SectionHeader) -> bool {
    let flags = section.sh_flags;
    let (writable, local) = (u64::from(SHF_WRITE | SHF_ALLOC), u64::from(SHF_TLS));
    flags & writable == writable
        && flags & local == 0
        && [SHT_PROGBITS, SHT_NOBITS].contains(&section.sh_type)
}

/// What only the loader writes: what is read-only after it, and the slots of the procedure linkage table; in files
/// without PT_GNU_RELRO, by the names of sections (gABI, "Special Sections").
fn set_up_by_the_loader(
    image: &Image<'_>,
    dynamic: &Dynamic,
    sections: &[SectionHeader],
) -> Result<Vec<Range<u64>>, FactsError> {
    let relro = image.segments.iter().filter(|segment| segment.p_type == PT_GNU_RELRO);
    let mut found: Vec<Range<u64>> = relro.map(|segment| range(segment.p_vaddr, segment.p_memsz)).collect();
    if let Some(slots) = dynamic.value(DT_PLTGOT) {
        let (width, entry) = if image.is_64() { (8, 24) } else { (4, 8) };
        let count = dynamic.value(DT_PLTRELSZ).unwrap_or_default() / entry + 3;
        found.push(range(slots, count.saturating_mul(width)));
    }
    if let Some(names) = sections.get(usize::from(image.header.e_shstrndx)) {
        let names = Names(image.at(names.sh_offset, names.sh_size, PART)?);
        let starts: [&[u8]; 8] = [
            b".ctors",
            b".dtors",
            b".jcr",
            b".got",
            b".data.rel.ro",
            b".init_array",
            b".fini_array",
            b".tm_clone",
        ];
        let is_one = |section: &&SectionHeader| {
            let name = names.span(section.sh_name as u64).map(|span| names.bytes(span)).unwrap_or_default();
            starts.iter().any(|start| name.starts_with(start))
        };
        found.extend(sections.iter().filter(is_one).map(|section| range(section.sh_addr, section.sh_size)));
    }
    Ok(found)
}

/// What is left of `ranges` without `others`.
fn without(ranges: Vec<Range<u64>>, others: &[Range<u64>]) -> Vec<Range<u64>> {
    others.iter().fold(ranges, |left, other| {
        let cut = |one: Range<u64>| {
            let before = one.start..one.end.min(other.start);
            let after = one.start.max(other.end)..one.end;
            [before, after].into_iter().filter(|part| part.start < part.end)
        };
        let (apart, cuts): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|one| one.end <= other.start || other.end <= one.start);
        apart.into_iter().chain(cuts.into_iter().flat_map(cut)).collect()
    })
}

/// Bytes of the variables in `writable` that are the library's own; `None` where no symbols of its own are left.
fn own_symbols(
    image: &Image<'_>,
    sections: &[SectionHeader],
    writable: &[Range<u64>],
) -> Result<Option<u64>, FactsError> {
    let Some(table) = sections.iter().find(|section| section.sh_type == SHT_SYMTAB) else { return Ok(None) };
    let names = sections.get(table.sh_link as usize).filter(|names| names.sh_size <= LARGEST_TABLE);
    let Some(names) = names.filter(|_| table.sh_size <= LARGEST_TABLE) else { return Ok(None) };
    let bytes = image.at(table.sh_offset, table.sh_size, PART)?;
    let count = bytes.len() / Sym::size(image.context.container);
    let symbols = Symtab::parse(&bytes, 0, count, image.context)
        .map_err(|error| image.malformed(PART, error.to_string()))?;
    let names = Names(image.at(names.sh_offset, names.sh_size, PART)?);
    let (mut own, mut sees_local) = (0_u64, false);
    for symbol in symbols.iter() {
        sees_local |= symbol.st_bind() == STB_LOCAL && [STT_OBJECT, STT_FUNC].contains(&symbol.st_type());
        let inside = || writable.iter().any(|range| range.contains(&symbol.st_value));
        if symbol.st_type() == STT_OBJECT && symbol.st_shndx != 0 && inside() {
            let name = names.span(symbol.st_name as u64).map(|span| names.bytes(span)).unwrap_or_default();
            if !is_of_the_compiler(name) {
                own = own.saturating_add(symbol.st_size.max(1));
            }
        }
    }
    Ok(sees_local.then_some(own))
}

/// The variables of GCC's and LLVM's start files.
fn is_of_the_compiler(name: &[u8]) -> bool {
    let known: [&[u8]; 6] =
        [b"completed", b"dtor_idx", b"__dso_handle", b"__TMC_END__", b"__JCR_", b"__EH_FRAME"];
    known.iter().any(|start| name.starts_with(start))
}

/// By the sizes of what is left.
fn guess(image: &Image<'_>, dynamic: &Dynamic, writable: &[Range<u64>]) -> Result<u64, FactsError> {
    let loads: Vec<Range<u64>> = image
        .segments
        .iter()
        .filter(|segment| segment.p_type == PT_LOAD)
        .map(|segment| range(segment.p_vaddr, segment.p_filesz))
        .collect();
    let zero: u64 = without(writable.to_vec(), &loads).iter().map(length).sum();
    let all: u64 = writable.iter().map(length).sum();
    let data = all.saturating_sub(zero);
    let addresses = addresses(image, dynamic, writable)?.saturating_mul(if image.is_64() { 8 } else { 4 });
    let tables = addresses.saturating_mul(3) >= data;
    let data = if tables { 0 } else { data.saturating_sub(DATA_OF_COMPILERS) };
    Ok(data.saturating_add(zero.saturating_sub(BSS_OF_COMPILERS)))
}

/// How many relocations write to `writable`.
fn addresses(image: &Image<'_>, dynamic: &Dynamic, writable: &[Range<u64>]) -> Result<u64, FactsError> {
    let plt_is_rela = dynamic.value(DT_PLTREL) == Some(DT_RELA);
    let tables =
        [(DT_RELA, DT_RELASZ, true), (DT_REL, DT_RELSZ, false), (DT_JMPREL, DT_PLTRELSZ, plt_is_rela)];
    let mut found = 0;
    for (tag, size, is_rela) in tables {
        let (Some(address), Some(size)) = (dynamic.value(tag), dynamic.value(size)) else { continue };
        if size > 0 {
            let bytes = image.mapped(address, size, "the relocations")?;
            let entries = RelocSection::parse(&bytes, 0, bytes.len(), is_rela, image.context)
                .map_err(|error| image.malformed("the relocations", error.to_string()))?;
            let inside = |at: u64| writable.iter().any(|range| range.contains(&at));
            found += entries.iter().filter(|entry| inside(entry.r_offset)).count() as u64;
        }
    }
    Ok(found)
}
