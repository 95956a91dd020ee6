//! Which file has which content: device, inode, size and time of change, without opening it.
//!
//! One file of records of one size, appended to by each run with one write, so that two runs at once do not disturb
//! each other; the last record of a key counts. Deliberately not here: the facts (`stored.rs`).

use std::collections::HashMap;
use std::fs::{Metadata, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

use crate::facts::ContentHash;

/// A file as `stat(2)` tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub(crate) struct Key {
    device: u64,
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Key {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        }
    }

    /// Whether the file may change again without a change of the key: its time is that of the clock, whose tick is
    /// coarser than a nanosecond.
    pub(crate) fn is_fresh(&self) -> bool {
        const TICK: Duration = Duration::from_millis(100);
        let changed = u64::try_from(self.seconds).ok().and_then(|seconds| {
            SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, self.nanoseconds as u32))
        });
        // A time in the future can come again too.
        changed.is_none_or(|changed| changed.elapsed().map_or(true, |age| age < TICK))
    }
}

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
struct Record {
    key: Key,
    content: [u8; 32],
    checksum: u64,
}

impl Record {
    fn new(key: Key, content: ContentHash) -> Self {
        let mut record = Self { key, content: content.0, checksum: 0 };
        record.checksum = record.sum();
        record
    }

    fn sum(&self) -> u64 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.key.as_bytes());
        hasher.update(&self.content);
        u64::from(hasher.finalize())
    }
}

/// Reads the records at `path`; none where there is no such file. Records that are damaged are passed over.
pub(crate) fn read(path: &Path) -> HashMap<Key, ContentHash> {
    let Ok((mut file, metadata)) = super::open(path) else { return HashMap::new() };
    let count = metadata.len() as usize / size_of::<Record>();
    let Ok(mut records) = Record::new_vec_zeroed(count) else { return HashMap::new() };
    if file.read_exact(records.as_mut_slice().as_mut_bytes()).is_err() {
        return HashMap::new();
    }
    let sound = records.iter().filter(|record| record.checksum == record.sum());
    sound.map(|record| (record.key, ContentHash(record.content))).collect()
}

/// Adds `new` to the records at `path`.
pub(crate) fn append(path: &Path, new: &[(Key, ContentHash)]) -> std::io::Result<()> {
    let records: Vec<Record> = new.iter().map(|(key, content)| Record::new(*key, *content)).collect();
    let mut file = OpenOptions::new().create(true).append(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    // What a killed run left behind half-written would shift all that follows.
    let ragged = file.metadata()?.len() % size_of::<Record>() as u64;
    if ragged != 0 {
        file.set_len(file.metadata()?.len() - ragged)?;
    }
    file.write_all(records.as_slice().as_bytes())
}
