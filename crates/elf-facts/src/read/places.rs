//! Where in a file stands what an editor of names has to change byte by byte.
//!
//! Editors of ELF files move the string table and rename DT_NEEDED; the files that DT_VERNEED names have fields of a
//! fixed size, of which this says the place. Deliberately not here: writing.

use std::path::Path;

use goblin::elf::dynamic::{DT_NEEDED, DT_VERNEED, DT_VERNEEDNUM};

use super::dynamic::Dynamic;
use super::image::Image;
use crate::error::FactsError;
use crate::facts::Endian;
use crate::name::{Name, Names};

const NEEDED: &str = "the version needs";
/// `Elfxx_Verneed`, of either class: two halves, then `vn_file`, `vn_aux` and `vn_next`.
const VERNEED: u64 = 16;
const VN_FILE: u64 = 4;
/// No file has more needs; entries may overlap, so that few bytes could stand for billions.
const MOST: usize = 1 << 15;

/// Places in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The byte order of the file's numbers.
    pub endian: Endian,
    /// Where each name of DT_NEEDED begins in the dynamic string table, in order.
    pub needed: Vec<(Name, u32)>,
    /// Each `vn_file` of DT_VERNEED: which file it names, and where in the file its four bytes stand.
    pub version_files: Vec<(Name, u64)>,
}

/// The places of the file at `path`.
pub fn places(path: &Path) -> Result<Places, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let dynamic = Dynamic::read(&image)?;
    let names = dynamic.names(&image)?;
    let mut needed = Vec::new();
    for at in dynamic.values(DT_NEEDED) {
        let start = u32::try_from(at).ok().zip(names.span(at));
        let (start, span) = start.ok_or_else(|| image.malformed("the dynamic section", "a name outside"))?;
        needed.push((names.name(span), start));
    }
    Ok(Places {
        endian: if image.is_little() { Endian::Little } else { Endian::Big },
        needed,
        version_files: version_files(&image, &dynamic, &names)?,
    })
}

fn version_files(
    image: &Image<'_>,
    dynamic: &Dynamic,
    names: &Names,
) -> Result<Vec<(Name, u64)>, FactsError> {
    let mut found = Vec::new();
    let Some(mut address) = dynamic.value(DT_VERNEED) else { return Ok(found) };
    for _ in 0..dynamic.value(DT_VERNEEDNUM).unwrap_or_default() {
        if found.len() == MOST {
            return Err(image.malformed(NEEDED, format!("more than {MOST}")));
        }
        let bytes = image.mapped(address, VERNEED, NEEDED)?;
        let word = |at: usize| bytes[at..].first_chunk().map_or(0, |four| image.word(*four));
        let outside = || image.malformed(NEEDED, "a name outside the strings");
        let name = names.span(u64::from(word(4))).ok_or_else(outside)?;
        let (start, _) = image.place(address, NEEDED)?;
        found.push((names.name(name), start + VN_FILE));
        let next = u64::from(word(12));
        if next == 0 {
            break;
        }
        address = address.saturating_add(next);
    }
    Ok(found)
}
