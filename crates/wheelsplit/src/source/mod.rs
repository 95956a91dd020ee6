//! Where a wheel comes from: a list of checked entries, and their bytes.
//!
//! Two kinds, [`file::WheelFile`] and [`tree::WheelTree`], give the same guarantee: every [`Entry`] is a
//! regular file with a plain relative path. Deliberately not here: what the files mean.

pub mod file;
pub mod tree;

use std::io::Read;
use std::path::Path;

use crate::error::{Defect, Error};
use crate::limits::Limits;

/// A regular file of a wheel.
///
/// Invariant: `path` is relative, has no `..`, `.` or empty component, no backslash and no control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path inside the wheel, with `/`.
    pub path: String,
    /// The size that the wheel declares; reading never yields more.
    pub size: u64,
    /// Whether it is marked as executable.
    pub executable: bool,
}

/// Receives a file's bytes, piece by piece.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

/// A wheel that can be installed.
pub trait Source: Sync {
    /// The wheel file or folder, for messages.
    fn path(&self) -> &Path;

    /// Its regular files.
    fn entries(&self) -> &[Entry];

    /// The wheel file's size; `None` where there is only an unpacked folder.
    fn packed(&self) -> Option<u64>;

    /// Feeds the bytes of the entry with this index to `sink`, and fails unless they are as many as declared.
    ///
    /// # Errors
    /// When the entry is damaged or cannot be read, and whatever `sink` fails with.
    fn read(&self, index: usize, sink: &mut Sink<'_>) -> Result<(), Error>;

    /// The entry as a file that a file system may be able to clone.
    fn open(&self, index: usize) -> Option<std::fs::File>;
}

/// Reads a whole small file, such as METADATA.
pub(crate) fn read_small(source: &dyn Source, index: usize) -> Result<Vec<u8>, Error> {
    /// Metadata is read into memory; the largest RECORD known is below 4 MB.
    const LIMIT: u64 = 64 << 20;
    let entry = &source.entries()[index];
    if entry.size > LIMIT {
        let reason = format!("`{}` has {} bytes, the limit for metadata is {LIMIT}", entry.path, entry.size);
        return Err(Error::wheel(source.path(), Defect::Bomb { reason }));
    }
    let mut bytes = Vec::new();
    source.read(index, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// Checks the declared sizes of a source that is about to be used.
pub(crate) fn check_limits(source: &dyn Source, limits: &Limits) -> Result<(), Error> {
    let unpacked = source.entries().iter().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
    limits
        .check(source.entries().len(), unpacked, source.packed())
        .map_err(|defect| Error::wheel(source.path(), defect))
}

/// Moves bytes from `reader` to `sink`; an entry that is shorter or longer than declared is damaged.
fn pump(wheel: &Path, entry: &Entry, mut reader: impl Read, sink: &mut Sink<'_>) -> Result<(), Error> {
    let damaged = |reason: String| Error::wheel(wheel, Defect::Corrupt { entry: entry.path.clone(), reason });
    let mut buffer = vec![0u8; 64 * 1024];
    let mut total = 0u64;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(damaged(e.to_string())),
        };
        total += count as u64;
        if total > entry.size {
            return Err(damaged(format!("it has more than the declared {} bytes", entry.size)));
        }
        sink(&buffer[..count])?;
    }
    if total < entry.size {
        return Err(damaged(format!("it ends after {total} of the declared {} bytes", entry.size)));
    }
    Ok(())
}
