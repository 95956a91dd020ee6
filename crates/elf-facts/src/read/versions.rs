//! Symbol versions: DT_VERDEF, DT_VERNEED, DT_VERSYM (LSB, "Symbol Versioning").
//!
//! goblin walks these tables from section headers; it is given one made from the tags, since the loader reads
//! tags only. Deliberately not here: which version satisfies which.

use goblin::elf::dynamic::{DT_VERDEF, DT_VERDEFNUM, DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM};
use goblin::elf::section_header::{SHT_GNU_VERDEF, SHT_GNU_VERNEED, SectionHeader};
use goblin::elf::symver::{VER_FLG_BASE, VER_FLG_WEAK, VerdefSection, VerneedSection};

use super::dynamic::Dynamic;
use super::image::Image;
use crate::definitions::{Version, VersionIndex};
use crate::error::FactsError;
use crate::name::{Name, Names};

const DEFINED: &str = "the version definitions";
const NEEDED: &str = "the version needs";

/// All versions of the file, sorted by index.
pub(crate) fn read(image: &Image<'_>, dynamic: &Dynamic, names: &Names) -> Result<Vec<Version>, FactsError> {
    let mut versions = needed(image, dynamic, names)?;
    versions.extend(defined(image, dynamic, names)?);
    // In glibc's table (`_dl_check_map_versions`) a definition replaces a need of the same index.
    versions.reverse();
    versions.sort_by_key(|version| version.index);
    versions.dedup_by_key(|version| version.index);
    Ok(versions)
}

/// DT_VERSYM for `count` symbols; empty for a file without versions.
pub(crate) fn indices(
    image: &Image<'_>,
    dynamic: &Dynamic,
    count: usize,
) -> Result<Vec<VersionIndex>, FactsError> {
    let Some(address) = dynamic.value(DT_VERSYM) else { return Ok(Vec::new()) };
    let bytes = image.mapped(address, 2 * count as u64, "the versions of the symbols")?;
    Ok(bytes.as_chunks().0.iter().map(|pair| VersionIndex(image.half(*pair))).collect())
}

/// The bytes from a table's start to the end of its segment, and a section header that says where they are: none of
/// these tables states its size.
fn table(
    image: &Image<'_>,
    dynamic: &Dynamic,
    (tag, count): (u64, u64),
    kind: u32,
    part: &'static str,
) -> Result<Option<(Vec<u8>, SectionHeader)>, FactsError> {
    let Some(address) = dynamic.value(tag) else { return Ok(None) };
    let count = dynamic.value(count).unwrap_or_default();
    let (start, room) = image.place(address, part)?;
    let bytes = image.at(start, room.min(LONGEST), part)?;
    let header = SectionHeader {
        sh_type: kind,
        sh_size: bytes.len() as u64,
        sh_info: u32::try_from(count).map_err(|_| image.malformed(part, format!("{count} entries")))?,
        ..SectionHeader::default()
    };
    Ok(Some((bytes, header)))
}

/// No real file has more bytes of versions; libstdc++ has 2 KiB.
const LONGEST: u64 = 1 << 20;
/// DT_VERSYM has 15 bits for an index. Entries may overlap, so that few bytes could stand for billions.
const MOST: usize = 1 << 15;
/// More than a version or a soname has; many entries may share one name.
const LONGEST_NAME: usize = 1 << 12;

fn defined(image: &Image<'_>, dynamic: &Dynamic, names: &Names) -> Result<Vec<Version>, FactsError> {
    let table = table(image, dynamic, (DT_VERDEF, DT_VERDEFNUM), SHT_GNU_VERDEF, DEFINED)?;
    let Some((bytes, header)) = table else { return Ok(Vec::new()) };
    let count = header.sh_info as usize;
    let section = VerdefSection::parse(&bytes, &[header], image.context)
        .map_err(|error| image.malformed(DEFINED, error.to_string()))?;
    let mut versions = Vec::new();
    for entry in section.iter().flat_map(|section| section.iter()) {
        if versions.len() == MOST {
            return Err(image.malformed(DEFINED, format!("more than {MOST}")));
        }
        let first = entry.iter().next().ok_or_else(|| image.malformed(DEFINED, "one has no name"))?;
        versions.push(Version {
            index: entry.vd_ndx & 0x7fff,
            name: name(image, names, first.vda_name, DEFINED)?,
            file: None,
            base: entry.vd_flags & VER_FLG_BASE != 0,
            weak: entry.vd_flags & VER_FLG_WEAK != 0,
        });
    }
    complete(image, DEFINED, versions.len(), count)?;
    Ok(versions)
}

fn needed(image: &Image<'_>, dynamic: &Dynamic, names: &Names) -> Result<Vec<Version>, FactsError> {
    let table = table(image, dynamic, (DT_VERNEED, DT_VERNEEDNUM), SHT_GNU_VERNEED, NEEDED)?;
    let Some((bytes, header)) = table else { return Ok(Vec::new()) };
    let count = header.sh_info as usize;
    let section = VerneedSection::parse(&bytes, &[header], image.context)
        .map_err(|error| image.malformed(NEEDED, error.to_string()))?;
    let (mut versions, mut files) = (Vec::new(), 0);
    for entry in section.iter().flat_map(|section| section.iter()) {
        files += 1;
        let file = name(image, names, entry.vn_file, NEEDED)?;
        for version in entry.iter() {
            if versions.len() == MOST {
                return Err(image.malformed(NEEDED, format!("more than {MOST}")));
            }
            versions.push(Version {
                index: version.vna_other & 0x7fff,
                name: name(image, names, version.vna_name, NEEDED)?,
                file: Some(file.clone()),
                base: false,
                weak: version.vna_flags & VER_FLG_WEAK != 0,
            });
        }
    }
    complete(image, NEEDED, files, count)?;
    Ok(versions)
}

fn name(image: &Image<'_>, names: &Names, at: usize, part: &'static str) -> Result<Name, FactsError> {
    let outside =
        || image.malformed(part, format!("a name at byte {at:#x} of the strings, which end before"));
    let name = names.bytes(names.span(at as u64).ok_or_else(outside)?);
    if name.len() > LONGEST_NAME {
        return Err(image.malformed(part, format!("a name of {} bytes", name.len())));
    }
    Ok(Name::new(name))
}

/// goblin's walk ends at the first entry that it cannot read: fewer than announced is damage.
fn complete(image: &Image<'_>, part: &'static str, found: usize, count: usize) -> Result<(), FactsError> {
    if found == count {
        return Ok(());
    }
    Err(image.malformed(part, format!("{found} could be read of {count}")))
}
