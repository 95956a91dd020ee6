//! One file of the cache: the facts of one content, in the byte order of this machine.
//!
//! Symbols stand in the file as they stand in memory, and each table is read straight into its vector, because
//! decoding a million of them one by one would cost more than reading the ELF files again. A checksum over all
//! and a check of each table's own rules stand before the first use.
//! Deliberately not here: which file belongs to which content (`keys.rs`).

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use crate::definitions::{Definition, Definitions};
use crate::facts::{Facts, Reference};
use crate::name::Names;

/// Changes whenever what is stored, or what it means, changes.
const MAGIC: [u8; 8] = *b"elffact4";
/// Read on a machine of the other byte order, it is another number.
const ORDER: u32 = 0x0102_0304;

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    order: u32,
    checksum: u32,
    head: u32,
    names: u32,
    definitions: u32,
    buckets: u32,
    filter: u32,
    references: u32,
}

/// Writes `facts` to `file`. Errors are the system's; facts that do not fit the format (a table of more than 2^32
/// entries) are refused as [`std::io::ErrorKind::FileTooLarge`].
pub(crate) fn write(facts: &Facts, file: &mut File) -> std::io::Result<()> {
    let head = postcard::to_stdvec(&facts.head).map_err(std::io::Error::other)?;
    let Definitions { all, buckets, filter } = &facts.definitions;
    let parts = [
        &head,
        facts.names.0.as_bytes(),
        all.as_bytes(),
        buckets.as_bytes(),
        filter.as_bytes(),
        facts.references.as_bytes(),
    ];
    let mut checksum = crc32fast::Hasher::new();
    parts.iter().for_each(|part| checksum.update(part));
    let count = |length: usize| u32::try_from(length).map_err(|_| std::io::ErrorKind::FileTooLarge);
    let header = Header {
        magic: MAGIC,
        order: ORDER,
        checksum: checksum.finalize(),
        head: count(head.len())?,
        names: count(facts.names.0.len())?,
        definitions: count(all.len())?,
        buckets: count(buckets.len())?,
        filter: count(filter.len())?,
        references: count(facts.references.len())?,
    };
    file.write_all(header.as_bytes())?;
    parts.iter().try_for_each(|part| file.write_all(part))
}

/// The facts in the file at `path`; `None` where there is none, or one that is damaged or of another version. Such a
/// file is no error: the facts are read again and replace it.
pub(crate) fn read(path: &Path) -> Option<Facts> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let mut header = Header::new_zeroed();
    file.read_exact(header.as_mut_bytes()).ok()?;
    if header.magic != MAGIC || header.order != ORDER || header.size() != size {
        return None;
    }
    let mut checksum = crc32fast::Hasher::new();
    let head: Vec<u8> = table(&mut file, header.head, &mut checksum)?;
    let names = Names(table(&mut file, header.names, &mut checksum)?);
    let all: Vec<Definition> = table(&mut file, header.definitions, &mut checksum)?;
    let buckets = table(&mut file, header.buckets, &mut checksum)?;
    let filter = table(&mut file, header.filter, &mut checksum)?;
    let references: Vec<Reference> = table(&mut file, header.references, &mut checksum)?;
    if checksum.finalize() != header.checksum {
        return None;
    }
    let definitions = Definitions { all, buckets, filter };
    let head = postcard::from_bytes(&head).ok()?;
    let sound = definitions.is_sound(&names)
        && references.iter().all(|reference| {
            let own = reference.own == Reference::NO_DEFINITION || definitions.get(reference.own).is_some();
            own && names.holds(reference.name)
        });
    sound.then_some(Facts { head, names, definitions, references })
}

impl Header {
    /// The size of the whole file, in bytes.
    fn size(&self) -> u64 {
        let entries = [
            (self.head, 1),
            (self.names, 1),
            (self.definitions, size_of::<Definition>()),
            (self.buckets, size_of::<u32>()),
            (self.filter, size_of::<u64>()),
            (self.references, size_of::<Reference>()),
        ];
        let tables = entries.iter().map(|(count, width)| u64::from(*count) * *width as u64);
        size_of::<Self>() as u64 + tables.sum::<u64>()
    }
}

/// The next `count` entries of the file. The header's size was checked, so that they are there.
fn table<T: FromBytes + IntoBytes + Immutable>(
    file: &mut File,
    count: u32,
    checksum: &mut crc32fast::Hasher,
) -> Option<Vec<T>> {
    let mut entries = T::new_vec_zeroed(count as usize).ok()?;
    file.read_exact(entries.as_mut_slice().as_mut_bytes()).ok()?;
    checksum.update(entries.as_slice().as_bytes());
    Some(entries)
}
