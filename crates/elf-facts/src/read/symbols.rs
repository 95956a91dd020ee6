//! The dynamic symbols, sorted into what others may bind to and what the file asks for.
//!
//! Deliberately not here: section `.symtab`, which the loader never sees.

use goblin::elf::dynamic::{DT_GNU_HASH, DT_HASH, DT_SYMENT, DT_SYMTAB};
use goblin::elf::section_header::{SHN_ABS, SHN_UNDEF};
use goblin::elf::sym::{STB_LOCAL, STV_HIDDEN, STV_INTERNAL, Sym, Symtab};

use super::dynamic::Dynamic;
use super::image::Image;
use super::relocations::Used;
use super::versions;
use crate::definitions::{Definition, Definitions, VersionIndex, gnu_hash};
use crate::error::FactsError;
use crate::facts::{Reference, Uses};
use crate::name::Names;

const PART: &str = "the dynamic symbols";
/// Names may be ends of each other. Those of real symbol tables come to little more than the string table has.
const OVERLAP: u64 = 16;
/// Definitions in one bucket. Versions of one name are some ten, and the table has half as many buckets as
/// definitions; a table in which all are alike would take its square for every lookup.
const MOST_ALIKE: usize = 1000;
const HASHES: &str = "the hash table of the symbols";

/// What the symbol table and the relocations say together.
#[derive(Default)]
pub(crate) struct Symbols {
    pub(crate) definitions: Definitions,
    pub(crate) references: Vec<Reference>,
    /// Whether the file reaches thread-local data of its own by fixed offsets, symbols that nobody else sees included.
    pub(crate) own_static_tls: bool,
}

/// Definitions and references of the file, whose relocations use `used`.
pub(crate) fn read(
    image: &Image<'_>,
    dynamic: &Dynamic,
    names: &Names,
    used: &Used,
) -> Result<Symbols, FactsError> {
    let Some(address) = dynamic.value(DT_SYMTAB) else { return Ok(Symbols::default()) };
    let width = Sym::size(image.context.container);
    if dynamic.value(DT_SYMENT).is_some_and(|stated| stated != width as u64) {
        return Err(image.malformed(PART, "DT_SYMENT has another size than a symbol of this class"));
    }
    let count = count(image, dynamic, used)?;
    let bytes = image.mapped(address, (count * width) as u64, PART)?;
    let indices = versions::indices(image, dynamic, count)?;
    let symbols = Symtab::parse(&bytes, 0, count, image.context)
        .map_err(|error| image.malformed(PART, error.to_string()))?;
    let (mut definitions, mut references) = (Vec::new(), Vec::new());
    let mut own_static_tls = false;
    let mut named = 0;
    for (at, symbol) in symbols.iter().enumerate() {
        let uses = used.of(at);
        // Entry 0 stands for no symbol (gABI, "Symbol Table").
        if at == 0 || symbol.st_bind() == STB_LOCAL || is_local(&symbol) {
            own_static_tls |= uses.any(Uses::TLS_OFFSET);
            continue;
        }
        let exported = symbol.st_shndx != SHN_UNDEF as usize || symbol.st_value != 0;
        if !exported && uses.is_empty() {
            continue;
        }
        let name = names.span(symbol.st_name as u64).ok_or_else(|| {
            image.malformed(PART, format!("the name of symbol {at} is outside the strings"))
        })?;
        let version = indices.get(at).copied().unwrap_or(VersionIndex::GLOBAL);
        let bytes = names.bytes(name);
        named += bytes.len() as u64;
        if named > image.size.saturating_mul(OVERLAP) {
            return Err(image.malformed(PART, "their names come to many times the file's size"));
        }
        let hash = gnu_hash(bytes);
        let own = if exported { definitions.len() as u32 } else { Reference::NO_DEFINITION };
        if exported {
            let (info, size) = (symbol.st_info, symbol.st_size);
            definitions.push(Definition { hash, name, version, info, place: place(&symbol), size });
        }
        if !uses.is_empty() {
            references.push(Reference {
                hash,
                name,
                own,
                size: symbol.st_size,
                version,
                uses,
                info: symbol.st_info,
                other: symbol.st_other,
                padding: 0,
            });
        }
    }
    let (definitions, places) = Definitions::new(&definitions);
    if definitions.longest_bucket() > MOST_ALIKE {
        return Err(image.malformed(PART, format!("more than {MOST_ALIKE} share a name or its hash")));
    }
    for reference in &mut references {
        // A program's entry for a library's function is found by others, and is no definition to itself.
        let own = places.get(reference.own as usize).copied();
        let own = own.filter(|at| definitions.get(*at).is_some_and(|symbol| !symbol.is_undefined()));
        reference.own = own.unwrap_or(Reference::NO_DEFINITION);
    }
    Ok(Symbols { definitions, references, own_static_tls })
}

/// `dl_symbol_visibility_binds_local_p` of glibc.
fn is_local(symbol: &Sym) -> bool {
    matches!(symbol.st_visibility(), STV_HIDDEN | STV_INTERNAL)
}

fn place(symbol: &Sym) -> u8 {
    let section = symbol.st_shndx;
    let undefined = if section == SHN_UNDEF as usize { Definition::UNDEFINED } else { 0 };
    let absolute = if section == SHN_ABS as usize { Definition::ABSOLUTE } else { 0 };
    let no_value = if symbol.st_value == 0 { Definition::NO_VALUE } else { 0 };
    symbol.st_visibility() | undefined | absolute | no_value
}

/// How many symbols the table has, as far as anything says.
pub(super) fn count(image: &Image<'_>, dynamic: &Dynamic, used: &Used) -> Result<usize, FactsError> {
    Ok(hashed(image, dynamic)?.max(used.symbols()))
}

/// How many symbols the hash tables cover; nothing else states the number. Symbols beyond are seen only where a
/// relocation names them.
fn hashed(image: &Image<'_>, dynamic: &Dynamic) -> Result<usize, FactsError> {
    let mut count = 0;
    if let Some(address) = dynamic.value(DT_HASH) {
        count = words(image, address, 0, 2)?[1];
    }
    if let Some(address) = dynamic.value(DT_GNU_HASH) {
        count = count.max(gnu_hashed(image, address)?);
    }
    Ok(count as usize)
}

/// The number of symbols up to the last one of the last chain of DT_GNU_HASH.
fn gnu_hashed(image: &Image<'_>, address: u64) -> Result<u32, FactsError> {
    let head = words(image, address, 0, 4)?;
    let (buckets, first, filter) = (head[0], head[1], head[2]);
    let filter_words = u64::from(filter) * if image.is_64() { 2 } else { 1 };
    let last = words(image, address, 4 + filter_words, u64::from(buckets))?.into_iter().max().unwrap_or(0);
    if last < first {
        return Ok(first);
    }
    // Chains are read in pieces: their length is known only at their end, the low bit of the last hash.
    let chains = 4 + filter_words + u64::from(buckets);
    let mut at = last;
    loop {
        let place = chains + u64::from(at - first);
        let (_, room) = image.place(address.saturating_add(place * 4), HASHES)?;
        let piece = words(image, address, place, (room / 4).min(1024))?;
        if piece.is_empty() {
            return Err(image.malformed(HASHES, "no end of its last chain"));
        }
        if let Some(end) = piece.iter().position(|hash| hash & 1 != 0) {
            return Ok(at.saturating_add(end as u32).saturating_add(1));
        }
        at = at
            .checked_add(piece.len() as u32)
            .ok_or_else(|| image.malformed(HASHES, "more symbols than fit a number"))?;
    }
}

/// `count` words of 32 bits from word `start` of the table at `address` on.
fn words(image: &Image<'_>, address: u64, start: u64, count: u64) -> Result<Vec<u32>, FactsError> {
    let bytes = image.mapped(address.saturating_add(start * 4), count * 4, HASHES)?;
    Ok(bytes.as_chunks().0.iter().map(|word| image.word(*word)).collect())
}
