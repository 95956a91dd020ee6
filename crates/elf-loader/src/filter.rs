//! A filter over everything that the global scope defines. Most references of a library are to itself or to what it
//! brought, and the global scope stands before those: one look here saves one into each of its objects.
//!
//! Deliberately not here: answers; a yes is a maybe.

use elf_facts::{Definitions, Facts};

/// Two bits for each definition, in one word of about four definitions' share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    words: Vec<u64>,
    held: usize,
}

impl Filter {
    /// The filter over the definitions of `all`.
    pub(crate) fn new<'a>(all: impl Iterator<Item = &'a Facts> + Clone) -> Self {
        let count: usize = all.clone().map(|facts| facts.definitions.all().len()).sum();
        let mut filter = Self { words: vec![0; (count / 4 + 1).next_power_of_two()], held: 0 };
        all.for_each(|facts| filter.insert(&facts.definitions));
        filter
    }

    /// Whether there is room for one more without more false answers than the filter is good for.
    pub(crate) fn has_room(&self, definitions: &Definitions) -> bool {
        self.held + definitions.all().len() <= self.words.len() * 6
    }

    /// Adds definitions.
    pub(crate) fn insert(&mut self, definitions: &Definitions) {
        self.held += definitions.all().len();
        for definition in definitions.all() {
            let (word, bits) = place(definition.hash, self.words.len());
            self.words[word] |= bits;
        }
    }

    /// Whether a symbol with this hash may be defined.
    pub(crate) fn may_hold(&self, hash: u32) -> bool {
        let (word, bits) = place(hash, self.words.len().max(1));
        self.words.get(word).is_some_and(|word| word & bits == bits)
    }
}

/// The word among `words`, a power of two, and the two bits in it. The hash is multiplied first: its own low bits
/// choose the buckets already.
fn place(hash: u32, words: usize) -> (usize, u64) {
    let mixed = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (((mixed >> 12) as usize) & (words - 1), 1 << (mixed >> 58) | 1 << (mixed >> 52 & 63))
}
