//! A code pack: the bytecode of many files of one wheel in one file, made to be mapped and not to be read.
//!
//! ```text
//! header   magic, version, the interpreter's bytecode magic, entries, length of the index and of the whole file,
//!          checksum of the index and of this header
//! index    per entry, sorted by name: where its name and its bytes stand, and a checksum of the bytes
//! names    without separators
//! bodies   marshalled code objects, without the header of a `.pyc` file
//! ```
//! A pack is checked before it answers (header, index), and each body when it is handed out: unmarshalling bytes
//! that are not what was written can crash an interpreter. Deliberately not here: files, mapping, and Python.

use std::collections::BTreeMap;

const MAGIC: [u8; 8] = *b"PFPACK\0\0";
const VERSION: u32 = 1;
/// Magic, version, bytecode magic, entries, index length, file length, checksum.
const HEADER: usize = 8 + 4 + 4 + 4 + 4 + 8 + 4;
/// Name offset, name length, body offset, body length, body checksum.
const ENTRY: usize = 4 + 4 + 8 + 4 + 4;

/// Why a pack cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It is shorter than it says, or too short to say anything.
    #[error("is truncated")]
    Truncated,
    /// It does not begin as packs do.
    #[error("is not a code pack")]
    Foreign,
    /// Another version of Pinfold wrote it.
    #[error("was written by another version of Pinfold")]
    Version,
    /// It holds bytecode of another Python.
    #[error("holds bytecode of another Python")]
    Python,
    /// Its checksum does not match, or it points outside itself.
    #[error("is damaged")]
    Damaged,
}

/// A pack over bytes that somebody else keeps.
///
/// Invariant: the header and the index were checked, and every entry lies within the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Pack<'b> {
    bytes: &'b [u8],
    entries: usize,
}

impl<'b> Pack<'b> {
    /// Checks the header and the index.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(bytes: &'b [u8], python: [u8; 4]) -> Result<Self, PackError> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or(PackError::Truncated)?;
        if header[..8] != MAGIC {
            return Err(PackError::Foreign);
        }
        if u32_at(header, 8) != Some(VERSION) {
            return Err(PackError::Version);
        }
        if header[12..16] != python {
            return Err(PackError::Python);
        }
        if u64_at(header, 24) != Some(bytes.len() as u64) {
            return Err(PackError::Truncated);
        }
        let entries = u32_at(header, 16).unwrap_or(0) as usize;
        let index = HEADER..HEADER + u32_at(header, 20).unwrap_or(0) as usize;
        let index = bytes.get(index).ok_or(PackError::Damaged)?;
        if u32_at(header, 32) != Some(checksum(&header[..32], index)) || index.len() < entries * ENTRY {
            return Err(PackError::Damaged);
        }
        let pack = Pack { bytes, entries };
        let whole = |position| pack.entry(position).is_some();
        if (0..entries).all(whole) { Ok(pack) } else { Err(PackError::Damaged) }
    }

    /// How many files' bytecode it has.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// The bytecode of the file with this path relative to the wheel's folder; `None` where the pack has none, or
    /// has it damaged.
    pub fn find(&self, name: &str) -> Option<&'b [u8]> {
        self.body(self.position(name)?)
    }

    /// Whether the pack should have this file's bytecode, damaged or not.
    pub fn has(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    fn position(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = (low + high) / 2;
            let (there, _, _) = self.entry(middle)?;
            match there.cmp(name.as_bytes()) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Every undamaged entry.
    pub fn iter(&self) -> impl Iterator<Item = (&'b str, &'b [u8])> + '_ {
        (0..self.entries).filter_map(|position| {
            let (name, _, _) = self.entry(position)?;
            Some((std::str::from_utf8(name).ok()?, self.body(position)?))
        })
    }

    fn body(&self, position: usize) -> Option<&'b [u8]> {
        let (_, body, sum) = self.entry(position)?;
        (crc32fast::hash(body) == sum).then_some(body)
    }

    fn entry(&self, position: usize) -> Option<(&'b [u8], &'b [u8], u32)> {
        let at = HEADER + position * ENTRY;
        let entry = self.bytes.get(at..at + ENTRY)?;
        let name = slice(self.bytes, u64::from(u32_at(entry, 0)?), u32_at(entry, 4)?)?;
        let body = slice(self.bytes, u64_at(entry, 8)?, u32_at(entry, 16)?)?;
        Some((name, body, u32_at(entry, 20)?))
    }
}

/// The bytes of a pack with these bodies by name; `None` where they are more than a pack can hold.
pub fn build(bodies: &BTreeMap<String, Vec<u8>>, python: [u8; 4]) -> Option<Vec<u8>> {
    let entries = u32::try_from(bodies.len()).ok()?;
    let names: usize = bodies.keys().map(String::len).sum();
    let index_length = bodies.len() * ENTRY + names;
    let mut name_offset = HEADER + bodies.len() * ENTRY;
    let mut body_offset = HEADER + index_length;
    let mut index = Vec::with_capacity(index_length);
    for (name, body) in bodies {
        index.extend(u32::try_from(name_offset).ok()?.to_le_bytes());
        index.extend(u32::try_from(name.len()).ok()?.to_le_bytes());
        index.extend((body_offset as u64).to_le_bytes());
        index.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
        index.extend(crc32fast::hash(body).to_le_bytes());
        name_offset += name.len();
        body_offset += body.len();
    }
    bodies.keys().for_each(|name| index.extend(name.as_bytes()));
    let mut bytes = Vec::with_capacity(body_offset);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(python);
    bytes.extend(entries.to_le_bytes());
    bytes.extend(u32::try_from(index_length).ok()?.to_le_bytes());
    bytes.extend((body_offset as u64).to_le_bytes());
    bytes.extend(checksum(&bytes, &index).to_le_bytes());
    bytes.extend(index);
    bodies.values().for_each(|body| bytes.extend(body));
    Some(bytes)
}

fn checksum(header: &[u8], index: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(index);
    hasher.finalize()
}

fn slice(bytes: &[u8], offset: u64, length: u32) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    bytes.get(start..start.checked_add(length as usize)?)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: [u8; 4] = [1, 2, 13, 10];

    fn pack() -> Vec<u8> {
        let bodies = [("a/__init__.py", "one"), ("a/b.py", ""), ("six.py", "three")];
        let bodies = bodies.map(|(name, body)| (name.to_owned(), body.as_bytes().to_vec()));
        build(&bodies.into_iter().collect(), PYTHON).unwrap()
    }

    #[test]
    fn what_was_packed_is_found_and_nothing_else() {
        let bytes = pack();
        let pack = Pack::open(&bytes, PYTHON).unwrap();
        assert_eq!(pack.find("a/__init__.py"), Some(&b"one"[..]));
        assert_eq!(pack.find("a/b.py"), Some(&b""[..]));
        assert_eq!(pack.find("six.py"), Some(&b"three"[..]));
        for name in ["", "a", "a/c.py", "zz"] {
            assert_eq!(pack.find(name), None, "{name}");
        }
        assert_eq!(
            pack.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["a/__init__.py", "a/b.py", "six.py"]
        );
    }

    #[test]
    fn another_python_and_another_version_are_refused() {
        let mut bytes = pack();
        assert_eq!(Pack::open(&bytes, [9, 9, 13, 10]).unwrap_err(), PackError::Python);
        bytes[8] ^= 1;
        assert_eq!(Pack::open(&bytes, PYTHON).unwrap_err(), PackError::Version);
        assert_eq!(
            Pack::open(b"PK\x03\x04, and then some more, as zip files have", PYTHON).unwrap_err(),
            PackError::Foreign
        );
    }

    #[test]
    fn no_damage_is_handed_out() {
        let bytes = pack();
        for length in 0..bytes.len() {
            assert!(Pack::open(&bytes[..length], PYTHON).is_err(), "truncated to {length} bytes");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x40;
            if let Ok(pack) = Pack::open(&damaged, PYTHON) {
                let bodies: Vec<_> = ["a/__init__.py", "six.py"].map(|name| pack.find(name)).into();
                assert!(bodies.iter().any(Option::is_none), "byte {at} was changed, and nobody noticed");
                assert!(bodies.iter().flatten().all(|body| *body == b"one" || *body == b"three"));
            }
        }
    }
}
