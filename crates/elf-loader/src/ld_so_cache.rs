//! `ld.so.cache`, which `ldconfig` writes: library names with their paths (`sysdeps/generic/dl-cache.h` and
//! `elf/dl-cache.c` of glibc; ldconfig(8)).
//!
//! Both layouts that glibc reads today: the new one alone, and the new one behind one of libc5. Every offset is
//! checked; a damaged cache has no entries, as for glibc. Deliberately not here: the layout of libc5 itself.

use std::cmp::Ordering;

const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const OLD_MAGIC: &[u8] = b"ld.so-1.7.0";
const HEADER: usize = 48;
const ENTRY: usize = 24;
/// The entry's `hwcap` is an index into the names of `glibc-hwcaps` subfolders.
const EXTENSION: u64 = 1 << 62;
/// `cache_extension_magic`, and the tag of those names.
const EXTENSION_MAGIC: u32 = 0xeaa4_2174;
const HWCAPS_TAG: u32 = 1;

/// The cache, or none.
#[derive(Clone, Debug, Default)]
pub struct LdSoCache {
    bytes: Vec<u8>,
    entries: usize,
    /// The libraries' kind that this machine takes, such as 0x303 for x86-64.
    flags: u32,
    /// `glibc-hwcaps` subfolders that this machine takes, the best first.
    hwcaps: Vec<Vec<u8>>,
}

impl LdSoCache {
    /// Reads the `bytes` of the file, for machine `machine` (`e_machine`) that takes the `glibc-hwcaps` subfolders
    /// `hwcaps`, the best first. What is no cache is an empty one.
    pub fn new(mut bytes: Vec<u8>, machine: u16, hwcaps: Vec<Vec<u8>>) -> Self {
        if bytes.starts_with(OLD_MAGIC) {
            // The new layout follows the old entries, aligned to 8 bytes.
            let count = word(&bytes, 12).unwrap_or_default() as usize;
            let start = (16 + count.saturating_mul(12)).next_multiple_of(8);
            bytes = bytes.get(start..).unwrap_or_default().to_vec();
        }
        let count = word(&bytes, 20).unwrap_or_default() as usize;
        let endian = bytes.get(28).copied().unwrap_or_default() & 3;
        let fits = bytes.len() > HEADER && (bytes.len() - HEADER) / ENTRY >= count;
        // Flag 2 is little endian; 0 was written before there were flags.
        if !bytes.starts_with(MAGIC) || !fits || !matches!(endian, 0 | 2) {
            return Self::default();
        }
        Self { bytes, entries: count, flags: flags(machine), hwcaps }
    }

    /// The path for library `name` (`search_cache`).
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        let (first, last) = (self.bound(name, Ordering::Less), self.bound(name, Ordering::Equal));
        let mut best: Option<(usize, &[u8])> = None;
        for at in first..last {
            let place = HEADER + at * ENTRY;
            let path = self.text(word(&self.bytes, place + 8)?);
            let (Some(path), true) = (path, word(&self.bytes, place)? == self.flags) else { continue };
            let hwcap =
                u64::from(word(&self.bytes, place + 20)?) << 32 | u64::from(word(&self.bytes, place + 16)?);
            // Ten bits of ISA level stand beside the mark; the subfolder's name already says which.
            if hwcap & !(0x3ff << 32) & !0xffff_ffff != EXTENSION {
                // Entries with a subfolder stand before all others of the name.
                return match best {
                    Some((_, path)) => Some(path),
                    None if hwcap == 0 => Some(path),
                    None => continue,
                };
            }
            let Some(rank) = self.rank(hwcap as u32) else { continue };
            if best.is_none_or(|(best, _)| rank < best) {
                best = Some((rank, path));
            }
        }
        best.map(|(_, path)| path)
    }

    /// How many entries stand before the first that `name` compares greater to than `below`. They are sorted from the
    /// largest name down.
    fn bound(&self, name: &[u8], below: Ordering) -> usize {
        let (mut low, mut high) = (0, self.entries);
        while low < high {
            let middle = low.midpoint(high);
            let key = word(&self.bytes, HEADER + middle * ENTRY + 4).and_then(|key| self.text(key));
            if compare(name, key.unwrap_or_default()) <= below {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The place of the subfolder with index `index` in the machine's order; `None` if it takes no such one.
    fn rank(&self, index: u32) -> Option<usize> {
        let directory = word(&self.bytes, 32)? as usize;
        if directory == 0 || word(&self.bytes, directory)? != EXTENSION_MAGIC {
            return None;
        }
        let count = word(&self.bytes, directory + 4)? as usize;
        let sections = (0..count.min(64)).map(|at| directory + 8 + at * 16);
        let section = sections.into_iter().find(|at| word(&self.bytes, *at) == Some(HWCAPS_TAG))?;
        let (start, size) =
            (word(&self.bytes, section + 8)? as usize, word(&self.bytes, section + 12)? as usize);
        let place = (index as usize).checked_mul(4).filter(|place| *place < size)?;
        let name = self.text(word(&self.bytes, start.checked_add(place)?)?)?;
        self.hwcaps.iter().position(|known| known == name)
    }

    /// The string at byte `at`: a path (PATH_MAX). Longer ones are none, since all entries may share one.
    fn text(&self, at: u32) -> Option<&[u8]> {
        let rest = self.bytes.get(at as usize..)?;
        rest.iter().take(4096).position(|byte| *byte == 0).map(|end| &rest[..end])
    }
}

/// `_DL_CACHE_DEFAULT_ID` of each machine (`sysdeps/unix/sysv/linux/*/dl-cache.h`); hard-float ARM, LP64D RISC-V.
fn flags(machine: u16) -> u32 {
    match machine {
        62 => 0x0303,  // x86-64
        183 => 0x0a03, // AArch64
        40 => 0x0903,  // ARM
        21 => 0x0503,  // PowerPC 64
        22 => 0x0403,  // S/390 64
        243 => 0x1003, // RISC-V
        258 => 0x1203, // LoongArch
        _ => 3,
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// `_dl_cache_libcmp`: numbers within names compare as numbers.
fn compare(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        match (left.first(), right.first()) {
            (None, right) => return if right.is_none() { Ordering::Equal } else { Ordering::Less },
            (Some(a), Some(b)) if a.is_ascii_digit() && b.is_ascii_digit() => {
                let order = number(&mut left).cmp(&number(&mut right));
                if order != Ordering::Equal {
                    return order;
                }
            }
            (Some(a), _) if a.is_ascii_digit() => return Ordering::Greater,
            (_, Some(b)) if b.is_ascii_digit() => return Ordering::Less,
            (Some(a), Some(b)) if a == b => (left, right) = (&left[1..], &right[1..]),
            (Some(a), b) => return a.cmp(b.unwrap_or(&0)),
        }
    }
}

/// The number at the start of `text`, which is cut off.
fn number(text: &mut &[u8]) -> u64 {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.iter().fold(0, |sum: u64, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache with entries of (name, path, hwcap) and, as the only extension, the subfolder `x86-64-v3`.
    fn cache(entries: &[(&str, &str, u64)]) -> Vec<u8> {
        let (mut table, mut strings) = (Vec::new(), Vec::new());
        let start = HEADER + entries.len() * ENTRY;
        let mut add = |text: &str| {
            let at = (start + strings.len()) as u32;
            strings.extend(text.bytes().chain([0]));
            at.to_le_bytes()
        };
        for (name, path, hwcap) in entries {
            table.extend(0x303_u32.to_le_bytes());
            table.extend([add(name), add(path), [0; 4]].concat());
            table.extend(hwcap.to_le_bytes());
        }
        let subfolder = add("x86-64-v3");
        strings.resize(strings.len().next_multiple_of(4), 0);
        let directory = (start + strings.len()) as u32;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(
            [(entries.len() as u32).to_le_bytes(), [0; 4], [2, 0, 0, 0], directory.to_le_bytes()].concat(),
        );
        bytes.resize(HEADER, 0);
        bytes.extend(table);
        bytes.extend(strings);
        let place = directory + 24;
        let extension = [EXTENSION_MAGIC, 1, HWCAPS_TAG, 0, place, 4].map(u32::to_le_bytes).concat();
        bytes.extend(extension);
        bytes.extend(subfolder);
        bytes
    }

    #[test]
    fn a_name_gives_its_path_and_the_best_subfolder_that_the_machine_takes() {
        let entries = [
            ("libz.so.10", "/l/libz.so.10", 0),
            ("libz.so.9", "/l/glibc-hwcaps/x86-64-v3/libz.so.9", EXTENSION),
            ("libz.so.9", "/l/libz.so.9", 0),
            ("liba.so", "/l/liba.so", 0),
        ];
        let find = |hwcaps: &[&str], name: &str| {
            let hwcaps = hwcaps.iter().map(|name| name.as_bytes().to_vec()).collect();
            let cache = LdSoCache::new(cache(&entries), 62, hwcaps);
            cache.find(name.as_bytes()).map(|path| String::from_utf8_lossy(path).into_owned())
        };
        assert_eq!(find(&[], "libz.so.10").as_deref(), Some("/l/libz.so.10"));
        assert_eq!(find(&[], "libz.so.9").as_deref(), Some("/l/libz.so.9"));
        let best = Some("/l/glibc-hwcaps/x86-64-v3/libz.so.9");
        assert_eq!(find(&["x86-64-v4", "x86-64-v3"], "libz.so.9").as_deref(), best);
        assert_eq!(find(&[], "liba.so").as_deref(), Some("/l/liba.so"));
        assert_eq!(find(&[], "libb.so"), None);
    }

    #[test]
    fn a_damaged_cache_has_no_entries_and_no_panic() {
        let whole = cache(&[("liba.so", "/l/liba.so", 0)]);
        for end in 0..whole.len() {
            LdSoCache::new(whole[..end].to_vec(), 62, vec![b"x86-64-v3".to_vec()]).find(b"liba.so");
        }
        let mut many = whole;
        many[20..24].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(LdSoCache::new(many, 62, Vec::new()).find(b"liba.so"), None);
    }
}
