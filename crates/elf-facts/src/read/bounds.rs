//! Whether all that the headers of a file speak of lies in the file, and where a process has room.
//!
//! The loader looks at less of it; an editor lays the file out anew by it, and would write as much as a damaged header says.
//! Deliberately not here: what stands in the parts.

use std::path::Path;

use goblin::elf::section_header::{SHF_ALLOC, SHT_NOBITS};

use super::image::Image;
use super::state::sections;
use crate::error::FactsError;

/// Addresses of user space (x86-64 and aarch64 with four levels of page tables have 47 and 48 bits).
const ADDRESSES: u64 = 1 << 48;
/// What alignments are at most: pages of 1 GiB.
const ALIGNMENT: u64 = 1 << 30;

/// Says which header of the file at `path` speaks of what is not there.
pub fn bounded(path: &Path) -> Result<(), FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let inside = |start: u64, length: u64| start.checked_add(length).is_some_and(|end| end <= image.size);
    let mapped = |start: u64, length: u64| start.checked_add(length).is_some_and(|end| end <= ADDRESSES);
    let aligned = |to: u64| to == 0 || (to.is_power_of_two() && to <= ALIGNMENT);
    for one in &image.segments {
        if !inside(one.p_offset, one.p_filesz) {
            return Err(image.malformed("the program headers", "a segment reaches beyond the file"));
        }
        if !mapped(one.p_vaddr, one.p_memsz) || !aligned(one.p_align) {
            return Err(image.malformed("the program headers", "a segment that no process has room for"));
        }
    }
    for one in sections(&image)? {
        if one.sh_type != SHT_NOBITS && !inside(one.sh_offset, one.sh_size) {
            return Err(image.malformed("the sections", "one reaches beyond the file"));
        }
        if !mapped(one.sh_addr, one.sh_size) || !aligned(one.sh_addralign) {
            return Err(image.malformed("the sections", "one that no process has room for"));
        }
        let is_loaded = one.sh_flags & u64::from(SHF_ALLOC) != 0 && one.sh_type != SHT_NOBITS;
        if is_loaded && one.sh_size > 0 && image.place(one.sh_addr, "the sections")?.0 != one.sh_offset {
            return Err(image.malformed("the sections", "one is loaded from another place than it stands in"));
        }
    }
    Ok(())
}
