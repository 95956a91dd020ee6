//! The version of each dynamic symbol, and where in the file it stands: DT_VERSYM (LSB, "Symbol Versioning").
//!
//! Deliberately not here: what a version is called, which [`crate::Facts::version`] says.

use std::path::Path;

use goblin::elf::dynamic::{DT_SYMTAB, DT_VERSYM};
use goblin::elf::sym::{Sym, Symtab};

use super::dynamic::Dynamic;
use super::image::Image;
use super::{relocations, symbols, versions};
use crate::definitions::VersionIndex;
use crate::error::FactsError;
use crate::name::Name;

const PART: &str = "the versions of the symbols";

/// The version of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The symbol's name.
    pub symbol: Name,
    /// Its version.
    pub version: VersionIndex,
    /// Where in the file the two bytes of that stand.
    pub place: u64,
}

/// The marks of the file at `path`, in the order of its symbols; none for a file without versions.
pub fn marks(path: &Path) -> Result<Vec<Mark>, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let dynamic = Dynamic::read(&image)?;
    let names = dynamic.names(&image)?;
    let Some((table, address)) = dynamic.value(DT_SYMTAB).zip(dynamic.value(DT_VERSYM)) else {
        return Ok(Vec::new());
    };
    let used = relocations::read(&image, &dynamic)?;
    let count = symbols::count(&image, &dynamic, &used)?;
    let bytes = image.mapped(table, (count * Sym::size(image.context.container)) as u64, PART)?;
    let indices = versions::indices(&image, &dynamic, count)?;
    let (start, _) = image.place(address, PART)?;
    let symbols = Symtab::parse(&bytes, 0, count, image.context)
        .map_err(|error| image.malformed(PART, error.to_string()))?;
    let mark = |(at, (symbol, version)): (usize, (Sym, VersionIndex))| {
        let span = names.span(symbol.st_name as u64)?;
        Some(Mark { symbol: names.name(span), version, place: start + 2 * at as u64 })
    };
    // Entry 0 stands for no symbol (gABI, "Symbol Table").
    Ok(symbols.iter().zip(indices).enumerate().skip(1).filter_map(mark).collect())
}
