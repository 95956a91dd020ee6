//! How much a wheel may unpack to.
//!
//! The limits exist for decompression bombs; they are far from what real wheels need (the largest torch
//! unpacks to about 3 GB at a ratio below 5; the ratio's threshold is that of the index where most wheels
//! come from, doubled). Deliberately not here: the limits of a file system.

use crate::error::Defect;

/// Limits on the unpacked form of one wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes, unpacked, of all its files; the wheel file itself has no more either.
    pub total: u64,
    /// Unpacked bytes per byte of the wheel file.
    pub ratio: u64,
    /// Below this many unpacked bytes the ratio does not matter.
    pub ratio_from: u64,
    /// Number of files, and of folders.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { total: 16 << 30, ratio: 100, ratio_from: 64 << 20, files: 500_000 }
    }
}

impl Limits {
    /// Checks what a wheel *declares*; that no entry yields more than it declares is checked as it is read.
    pub(crate) fn check(&self, files: usize, unpacked: u64, packed: Option<u64>) -> Result<(), Defect> {
        let bomb = |reason| Err(Defect::Bomb { reason });
        if files > self.files {
            return bomb(format!("it has {files} files, the limit is {}", self.files));
        }
        if unpacked > self.total {
            return bomb(format!("it unpacks to {unpacked} bytes, the limit is {}", self.total));
        }
        if let Some(packed) = packed
            && unpacked > self.ratio_from
            && unpacked / packed.max(1) >= self.ratio
        {
            return bomb(format!(
                "its {packed} bytes unpack to {unpacked}, the limit is a ratio of {} (above {} bytes)",
                self.ratio, self.ratio_from
            ));
        }
        Ok(())
    }
}
