//! Room in the static TLS block of each thread: laid out for what the program starts with, plus a surplus that
//! libraries opened later may take (`_dl_determine_tlsoffset` in `elf/dl-tls.c`, `_dl_try_allocate_static_tls` in
//! `elf/dl-reloc.c`).
//!
//! Files whose first thread-local byte is not aligned as their segment is are taken as if it were; linkers make none.
//! Deliberately not here: that a block which was already used by the dynamic model cannot become static.

use elf_facts::Tls;

use crate::system::StaticTls;

/// EM_X86_64, EM_386, EM_S390, EM_SPARCV9: blocks lie below the thread pointer (TLS_TCB_AT_TP).
const BELOW: [u16; 4] = [62, 3, 22, 43];
/// What the thread's own data needs in the place of a first block, where blocks lie above (`TLS_TCB_SIZE`).
const ABOVE_START: u64 = 16;

/// The state of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StaticBlock {
    /// Whether blocks lie below the thread pointer.
    below: bool,
    /// Bytes for blocks, the surplus included.
    size: u64,
    pub(crate) used: u64,
    align: u64,
    /// What optimisations may still take.
    optional: u64,
}

/// A block that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom {
    pub(crate) needed: u64,
    pub(crate) left: u64,
}

impl StaticBlock {
    /// The block of a program of `machine` that starts with the thread-local data `blocks`, in the order of loading.
    pub(crate) fn new(machine: u16, tunables: StaticTls, blocks: impl Iterator<Item = Tls>) -> Self {
        let below = BELOW.contains(&machine);
        // TCB_ALIGNMENT; 16 where the thread's data comes first.
        let mut align = if below { 64 } else { 16 };
        let mut offset = if below { 0 } else { ABOVE_START };
        let (mut gap_start, mut gap_end) = (0, 0);
        for Tls { size, align: own } in blocks {
            let own = own.max(1);
            align = align.max(own);
            // A small block may lie in the gap that an alignment left.
            let inside = round_up(u64::saturating_add(gap_start, size), own);
            if below && gap_end - gap_start >= size && inside <= gap_end {
                gap_start = inside;
                continue;
            }
            let end = if below {
                round_up(offset.saturating_add(size), own)
            } else {
                round_up(offset, own).saturating_add(size)
            };
            if below && end > offset.saturating_add(size).saturating_add(gap_end - gap_start) {
                (gap_start, gap_end) = (offset, end - size);
            }
            offset = end;
        }
        let size = round_up(offset.saturating_add(tunables.surplus()), align);
        Self { below, size, used: offset, align, optional: tunables.optional }
    }

    /// Bytes that are left.
    pub(crate) fn left(&self) -> u64 {
        self.size.saturating_sub(self.used)
    }

    /// Takes room for `block`. `optional`: the caller can do without, and may only take from its own part.
    pub(crate) fn take(&mut self, block: Tls, optional: bool) -> Result<(), NoRoom> {
        let (size, align) = (block.size, block.align.max(1));
        let left = self.left();
        let no_room = NoRoom { needed: size, left };
        if align > self.align {
            return Err(no_room);
        }
        let used = if self.below {
            // The end of the block keeps its distance from the end of all a multiple of the alignment.
            let rest = left.checked_sub(size).ok_or(no_room)?;
            self.used + left - rest / align * align
        } else {
            round_up(self.used, align).saturating_add(size)
        };
        if used > self.size {
            return Err(no_room);
        }
        if optional {
            self.optional = self.optional.checked_sub(used - self.used).ok_or(no_room)?;
        }
        self.used = used;
        Ok(())
    }
}

fn round_up(number: u64, to: u64) -> u64 {
    number.checked_next_multiple_of(to).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const X86_64: u16 = 62;

    fn block(size: u64, align: u64) -> Tls {
        Tls { size, align }
    }

    #[test]
    fn the_surplus_is_shared_by_all_that_come_later() {
        let start = StaticBlock::new(X86_64, StaticTls::DEFAULT, [block(128, 64)].into_iter());
        let take = |sizes: &[u64]| {
            let mut state = start;
            sizes.iter().try_for_each(|size| state.take(block(*size, 8), false)).is_ok()
        };
        assert!(take(&[832, 832]), "1664 bytes");
        assert!(!take(&[900, 900]));
        assert!(!take(&[832, 833]));
    }

    #[test]
    fn sizes_that_no_file_can_have_do_no_harm() {
        let huge = block(u64::MAX, u64::MAX);
        let mut state = StaticBlock::new(X86_64, StaticTls::DEFAULT, [huge, huge, block(8, 3)].into_iter());
        assert!(state.take(huge, false).is_err());
        let above = StaticBlock::new(183, StaticTls::DEFAULT, [huge, huge].into_iter());
        assert_eq!(above.used, u64::MAX);
    }

    #[test]
    fn an_optimisation_takes_its_own_part_only() {
        let mut state = StaticBlock::new(X86_64, StaticTls::DEFAULT, std::iter::empty());
        assert!(state.take(block(512, 8), true).is_ok());
        assert!(state.take(block(8, 8), true).is_err());
        assert!(state.take(block(8, 8), false).is_ok());
    }

    #[test]
    fn an_alignment_that_the_block_does_not_have_is_refused() {
        let mut state = StaticBlock::new(X86_64, StaticTls::DEFAULT, std::iter::empty());
        assert!(state.take(block(8, 128), false).is_err());
        assert!(state.take(block(8, 64), false).is_ok());
    }
}
