//! One file of the cache: the facts of one content, in the byte order of this machine.
//!
//! Symbols stand in the file as they stand in memory, and each table is read straight into its vector, because
//! decoding a million of them one by one would cost more than reading the ELF files again. A checksum over all
//! and a check of each table's own rules stand before the first use.
//! Deliberately not here: which file belongs to which content (`keys.rs`).

use std::fs::File;
use std::io::{IoSliceMut, Read, Write};

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

/// The facts in a file of `size` bytes; `None` where it is damaged or of another version. Such a file is no error: the
/// facts are read again and replace it.
pub(crate) fn read(file: &mut File, size: u64) -> Option<Facts> {
    let mut header = Header::new_zeroed();
    file.read_exact(header.as_mut_bytes()).ok()?;
    if header.magic != MAGIC || header.order != ORDER || header.size() != size {
        return None;
    }
    let mut head: Vec<u8> = table(header.head)?;
    let mut names: Vec<u8> = table(header.names)?;
    let mut all: Vec<Definition> = table(header.definitions)?;
    let mut buckets: Vec<u32> = table(header.buckets)?;
    let mut filter: Vec<u64> = table(header.filter)?;
    let mut references: Vec<Reference> = table(header.references)?;
    let mut parts = [
        head.as_mut_slice(),
        names.as_mut_slice(),
        all.as_mut_slice().as_mut_bytes(),
        buckets.as_mut_slice().as_mut_bytes(),
        filter.as_mut_slice().as_mut_bytes(),
        references.as_mut_slice().as_mut_bytes(),
    ];
    fill(file, &mut parts)?;
    let mut checksum = crc32fast::Hasher::new();
    parts.iter().for_each(|part| checksum.update(part));
    if checksum.finalize() != header.checksum {
        return None;
    }
    let names = Names(names);
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

/// Room for `count` entries. The header's size was checked, so that the file has them.
fn table<T: FromZeros>(count: u32) -> Option<Vec<T>> {
    T::new_vec_zeroed(count as usize).ok()
}

/// Fills all parts from the file, with one call to the system for most files: an analysis reads hundreds.
fn fill(file: &mut File, parts: &mut [&mut [u8]]) -> Option<()> {
    let mut slices = parts.iter_mut().map(|part| IoSliceMut::new(part)).collect::<Vec<_>>();
    let mut left = &mut slices[..];
    // Empty parts in front are no end of the file.
    IoSliceMut::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match file.read_vectored(left) {
            Ok(0) => return None,
            Ok(read) => IoSliceMut::advance_slices(&mut left, read),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    Some(())
}
