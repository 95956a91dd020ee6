//! The symbols that a file defines, in a table that answers by name.
//!
//! The table is of our own making, because a file may have DT_GNU_HASH, DT_HASH, both, or a damaged one, and an
//! analysis asks it some hundred thousand times. It has the shape of DT_GNU_HASH: a filter that says no without
//! looking, then buckets. Symbols of one bucket keep the order of the symbol table, in which glibc meets them.
//!
//! Deliberately not here: which definition the loader takes, which depends on versions and on who asks.

use goblin::elf::sym::{STB_GNU_UNIQUE, STB_WEAK, STT_GNU_IFUNC, STT_TLS};
use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::name::{Name, Names, Span};

/// An entry of DT_VERSYM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, FromBytes, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct VersionIndex(pub u16);

impl VersionIndex {
    /// What a file without DT_VERSYM has for each symbol: global, without a version.
    pub const GLOBAL: Self = Self(1);

    /// The index without the hidden bit: 0 local, 1 global, from 2 on a version of the file's.
    pub fn number(self) -> u16 {
        self.0 & 0x7fff
    }

    /// Whether only a reference that names the version finds it (not the default, `@` and not `@@`).
    pub fn is_hidden(self) -> bool {
        self.0 & 0x8000 != 0
    }
}

/// One version that the file defines (DT_VERDEF) or needs of another (DT_VERNEED).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What DT_VERSYM says for its symbols.
    pub index: u16,
    /// Its name, such as `GLIBC_2.17`.
    pub name: Name,
    /// The soname of the library that must define it; `None` for a version that this file defines.
    pub file: Option<Name>,
    /// VER_FLG_BASE: stands for the file, is no version to ask for.
    pub base: bool,
    /// VER_FLG_WEAK: a library without it is only warned about.
    pub weak: bool,
}

/// A dynamic symbol that another file may bind to: all but STB_LOCAL, STV_HIDDEN and STV_INTERNAL ones, and but
/// undefined ones without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Definition {
    /// [`gnu_hash`] of the name.
    pub hash: u32,
    /// The name, in [`crate::Facts::names`].
    pub name: Span,
    /// The version that it has.
    pub version: VersionIndex,
    /// `st_info`.
    pub info: u8,
    /// The visibility in two bits, then what stands in `st_shndx` and `st_value` that matters.
    pub(crate) place: u8,
    /// `st_size`, in bytes.
    pub size: u64,
}

impl Definition {
    pub(crate) const UNDEFINED: u8 = 4;
    pub(crate) const ABSOLUTE: u8 = 8;
    pub(crate) const NO_VALUE: u8 = 16;

    /// SHN_UNDEF with a value: a program's table entry for a function of a library, good for an address only.
    pub fn is_undefined(&self) -> bool {
        self.place & Self::UNDEFINED != 0
    }

    /// SHN_ABS.
    pub fn is_absolute(&self) -> bool {
        self.place & Self::ABSOLUTE != 0
    }

    /// `st_value` is 0.
    pub fn is_without_value(&self) -> bool {
        self.place & Self::NO_VALUE != 0
    }

    /// STV_PROTECTED.
    pub fn is_protected(&self) -> bool {
        self.place & 3 == goblin::elf::sym::STV_PROTECTED
    }

    /// STB_WEAK.
    pub fn is_weak(&self) -> bool {
        self.info >> 4 == STB_WEAK
    }

    /// STB_GNU_UNIQUE: one for the whole process, whatever the scope.
    pub fn is_unique(&self) -> bool {
        self.info >> 4 == STB_GNU_UNIQUE
    }

    /// The `STT_` type, such as 1 for data and 2 for a function.
    pub fn kind(&self) -> u8 {
        self.info & 0xf
    }

    /// STT_TLS.
    pub fn is_tls(&self) -> bool {
        self.kind() == STT_TLS
    }

    /// STT_GNU_IFUNC: the address comes from a call when it is bound.
    pub fn is_ifunc(&self) -> bool {
        self.kind() == STT_GNU_IFUNC
    }
}

/// Definitions with their table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    /// All, by bucket.
    pub(crate) all: Vec<Definition>,
    /// Where each bucket begins in `all`, and the end; empty when there are none.
    pub(crate) buckets: Vec<u32>,
    /// Two bits for each hash: a name whose bits are not both set is not there.
    pub(crate) filter: Vec<u64>,
}

impl Definitions {
    /// Makes the table; also returns where each of `symbols` went.
    pub(crate) fn new(symbols: &[Definition]) -> (Self, Vec<u32>) {
        if symbols.is_empty() {
            return (Self::default(), Vec::new());
        }
        let buckets = (symbols.len() / 2 + 1).next_power_of_two();
        let mut starts = vec![0_u32; buckets + 1];
        for symbol in symbols {
            starts[bucket(symbol.hash, buckets) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut places = Vec::with_capacity(symbols.len());
        let mut all = vec![symbols[0]; symbols.len()];
        let mut filter = vec![0; (symbols.len() / 5 + 1).next_power_of_two()];
        for symbol in symbols {
            let free = &mut next[bucket(symbol.hash, buckets)];
            places.push(*free);
            all[*free as usize] = *symbol;
            *free += 1;
            let (word, bits) = filter_bits(symbol.hash, filter.len());
            filter[word] |= bits;
        }
        (Self { all, buckets: starts, filter }, places)
    }

    /// How many definitions stand in the fullest bucket.
    pub(crate) fn longest_bucket(&self) -> usize {
        self.buckets.windows(2).map(|ends| (ends[1] - ends[0]) as usize).max().unwrap_or(0)
    }

    /// All of them, in no order that means anything.
    pub fn all(&self) -> &[Definition] {
        &self.all
    }

    /// The definition at a [`crate::Reference::own`].
    pub fn get(&self, at: u32) -> Option<&Definition> {
        self.all.get(at as usize)
    }

    /// Those with name `name`, whose hash is `hash`, in the order of the symbol table: one for each version.
    pub fn named<'a>(
        &'a self,
        names: &'a Names,
        name: &'a [u8],
        hash: u32,
    ) -> impl Iterator<Item = &'a Definition> {
        let found = if self.may_hold(hash) { self.bucket_of(hash) } else { &[] };
        found.iter().filter(move |symbol| {
            // A file that asks for what it defines itself names it by the same bytes: those need not be fetched.
            let same = |known: &[u8]| std::ptr::eq(known, name) || known == name;
            symbol.hash == hash && same(names.bytes(symbol.name))
        })
    }

    fn may_hold(&self, hash: u32) -> bool {
        if self.filter.is_empty() {
            return false;
        }
        let (word, bits) = filter_bits(hash, self.filter.len());
        self.filter[word] & bits == bits
    }

    fn bucket_of(&self, hash: u32) -> &[Definition] {
        let Some(count) = self.buckets.len().checked_sub(1) else { return &[] };
        let at = bucket(hash, count);
        self.all.get(self.buckets[at] as usize..self.buckets[at + 1] as usize).unwrap_or_default()
    }

    /// Whether the table holds together: what was read from a cache is asked before it is used.
    pub(crate) fn is_sound(&self, names: &Names) -> bool {
        let empty = self.all.is_empty() && self.buckets.is_empty() && self.filter.is_empty();
        let table = self.buckets.len() >= 2
            && (self.buckets.len() - 1).is_power_of_two()
            && self.filter.len().is_power_of_two()
            && self.buckets.is_sorted()
            && self.buckets.last().map(|end| *end as usize) == Some(self.all.len());
        (empty || table) && self.all.iter().all(|symbol| names.holds(symbol.name))
    }
}

/// `count` is a power of two; the low bits of the hash are its best mixed ones.
fn bucket(hash: u32, count: usize) -> usize {
    hash as usize & (count - 1)
}

/// The word of a filter of `words` words, a power of two, and the two bits in it.
fn filter_bits(hash: u32, words: usize) -> (usize, u64) {
    let word = (hash >> 6) as usize & (words - 1);
    (word, 1 << (hash & 63) | 1 << (hash >> 20 & 63))
}

/// The hash of DT_GNU_HASH: Bernstein's, h * 33 + c from 5381 on, modulo 2 to the power of 32.
pub fn gnu_hash(name: &[u8]) -> u32 {
    name.iter().fold(5381, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(symbols: &[(&str, u16)]) -> (Names, Definitions, Vec<u32>) {
        let mut names = Names(vec![0]);
        let definitions: Vec<Definition> = symbols
            .iter()
            .map(|(name, version)| {
                let at = names.0.len() as u64;
                names.0.extend(name.bytes().chain([0]));
                let (hash, name) = (gnu_hash(name.as_bytes()), names.span(at).expect("a NUL was put there"));
                Definition { hash, name, version: VersionIndex(*version), info: 0x12, place: 0, size: 0 }
            })
            .collect();
        let (table, places) = Definitions::new(&definitions);
        (names, table, places)
    }

    fn versions(symbols: &(Names, Definitions, Vec<u32>), name: &str) -> Vec<u16> {
        let found = symbols.1.named(&symbols.0, name.as_bytes(), gnu_hash(name.as_bytes()));
        found.map(|symbol| symbol.version.0).collect()
    }

    #[test]
    fn each_name_is_found_with_its_versions_in_order() {
        let many: Vec<(String, u16)> = (0..5000).map(|n| (format!("symbol_{n}"), n)).collect();
        let mut symbols: Vec<(&str, u16)> = many.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        symbols.insert(7, ("memcpy", 3));
        symbols.push(("memcpy", 0x8002));
        let table = table(&symbols);
        assert_eq!(versions(&table, "memcpy"), [3, 0x8002]);
        assert_eq!(versions(&table, "symbol_4999"), [4999]);
        assert_eq!(versions(&table, "symbol_5000"), []);
        assert!(table.1.is_sound(&table.0));
        let placed = symbols.iter().zip(&table.2).filter(|((name, version), at)| {
            let found = table.1.get(**at).expect("a place in the table");
            table.0.bytes(found.name) == name.as_bytes() && found.version.0 == *version
        });
        assert_eq!(placed.count(), symbols.len());
    }

    #[test]
    fn a_file_that_defines_nothing_answers() {
        let table = table(&[]);
        assert_eq!(versions(&table, "memcpy"), []);
        assert!(table.1.is_sound(&table.0));
    }

    #[test]
    fn the_hash_is_the_one_that_linkers_write() {
        // Values from the specification of DT_GNU_HASH.
        assert_eq!(gnu_hash(b""), 0x1505);
        assert_eq!(gnu_hash(b"printf"), 0x156b_2bb8);
        assert_eq!(gnu_hash(b"flapenguin.me"), 0x8ae9_f18e);
    }
}
