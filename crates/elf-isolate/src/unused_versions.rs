//! Versions that no symbol has, which the editor would leave out: a version that a library keeps for programs that ask for
//! nothing else of it, or the need of one such (GLIBC_ABI_DT_RELR).
//!
//! While a file is edited, symbols that have no version lend it theirs: each such version is that of one symbol, which
//! gets its own back in the copy. Deliberately not here: whether all versions are there afterwards (`check`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use elf_facts::{Endian, Facts, Mark, Name, VersionIndex};

use crate::error::EditError;

/// The symbols that lend their version, by the names that they have in the copy, and what it is.
pub(crate) type Lent = BTreeMap<Name, VersionIndex>;

/// Gives each unused version of the file at `from`, whose content is `bytes`, to one symbol that has none; `renamed` are
/// new names of symbols.
pub(crate) fn lend(
    from: &Path,
    facts: &Facts,
    bytes: &mut [u8],
    renamed: &BTreeMap<Name, Name>,
) -> Result<Lent, EditError> {
    let versions = facts.head.versions.iter().filter(|version| !version.base);
    let mut unused: BTreeSet<u16> = versions.map(|version| version.index).collect();
    if unused.is_empty() {
        return Ok(Lent::new());
    }
    let marks = elf_facts::marks(from).map_err(EditError::Damaged)?;
    for mark in &marks {
        unused.remove(&mark.version.number());
    }
    let mut lent = Lent::new();
    let mut lenders = lenders(&marks).into_iter();
    for (version, mark) in unused.into_iter().zip(&mut lenders) {
        put(bytes, mark.place, number(facts.head.endian, version));
        lent.insert(renamed.get(&mark.symbol).unwrap_or(&mark.symbol).clone(), mark.version);
    }
    Ok(lent)
}

/// Gives the symbols of `lent` back their own in the copy at `path`, which is open as `file` and goes to `to`.
pub(crate) fn give_back(
    lent: &Lent,
    facts: &Facts,
    path: &Path,
    (file, to): (&File, &Path),
) -> Result<(), EditError> {
    if lent.is_empty() {
        return Ok(());
    }
    for mark in elf_facts::marks(path).map_err(EditError::Unreadable)? {
        if let Some(version) = lent.get(&mark.symbol) {
            let bytes = number(facts.head.endian, version.0);
            file.write_all_at(&bytes, mark.place).map_err(EditError::io("write", to))?;
        }
    }
    Ok(())
}

/// Symbols without a version of the file's whose name no other has: they are found again.
fn lenders(marks: &[Mark]) -> Vec<&Mark> {
    let mut names: BTreeMap<&Name, usize> = BTreeMap::new();
    marks.iter().for_each(|mark| *names.entry(&mark.symbol).or_default() += 1);
    let is_free = |mark: &&Mark| mark.version.0 <= VersionIndex::GLOBAL.0 && names[&mark.symbol] == 1;
    marks.iter().filter(is_free).filter(|mark| !mark.symbol.as_bytes().is_empty()).collect()
}

fn number(endian: Endian, number: u16) -> [u8; 2] {
    match endian {
        Endian::Little => number.to_le_bytes(),
        Endian::Big => number.to_be_bytes(),
    }
}

fn put(bytes: &mut [u8], place: u64, two: [u8; 2]) {
    let at = usize::try_from(place).ok();
    let there = at.and_then(|at| bytes.get_mut(at..)).and_then(|rest| rest.first_chunk_mut());
    // The mark was read from there.
    if let Some(there) = there {
        *there = two;
    }
}
