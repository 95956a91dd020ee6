//! A wheel as a zip file.
//!
//! Every entry of its directory is looked at before the first byte is decompressed. Several threads read at
//! once, each with a position of its own. Deliberately not here: encrypted archives, and compression other
//! than PEP 427's (stored and deflated).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::{Entry, Sink, Source, pump};
use crate::error::{Defect, Error};
use crate::path;

/// A wheel file whose entries have been checked.
pub struct WheelFile {
    path: PathBuf,
    size: u64,
    archive: ZipArchive<SharedFile>,
    entries: Vec<Entry>,
    /// For each entry, its position in the archive's directory.
    positions: Vec<usize>,
}

/// Opens the file, and hashes it.
///
/// # Errors
/// When it cannot be read, is no regular file, or has more than `most` bytes.
pub(crate) fn hash(path: &Path, most: u64) -> Result<(Arc<File>, String, u64), Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    // A pipe would block here (fifo(7)), and a device never end.
    let mut options = File::options();
    options.read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let mut file = options.open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    if metadata.len() > most {
        let reason = format!("it has {} bytes, the limit is {most}", metadata.len());
        return Err(Error::wheel(path, Defect::Bomb { reason }));
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; 256 * 1024];
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
                size += count as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(unreadable(e)),
        }
    }
    Ok((Arc::new(file), data_encoding::HEXLOWER.encode(&hasher.finalize()), size))
}

impl WheelFile {
    /// Reads and checks the directory of the zip file.
    ///
    /// # Errors
    /// When it is not a whole zip file, or an entry is one that must not be unpacked.
    pub(crate) fn new(path: &Path, file: Arc<File>, size: u64) -> Result<Self, Error> {
        let fail = |defect| Error::wheel(path, defect);
        let zip = |e: ZipError| fail(Defect::Zip(e.to_string()));
        let mut archive = ZipArchive::new(SharedFile { file, at: 0, size }).map_err(zip)?;
        if archive.has_duplicate_names() {
            let start = archive.central_directory_start();
            let entry = first_duplicate(archive.into_inner(), start).unwrap_or_else(|| "?".to_owned());
            return Err(fail(Defect::Duplicate {
                entry,
                reason: "the same name stands twice in the zip file",
            }));
        }
        if archive.has_overlapping_files().map_err(zip)? {
            return Err(fail(Defect::Bomb { reason: "entries share their compressed bytes".to_owned() }));
        }
        let (mut entries, mut positions) = (Vec::new(), Vec::new());
        for position in 0..archive.len() {
            let data = archive.by_index_data(position).map_err(zip)?;
            let name = data.name().map_err(zip)?.into_owned();
            if let Some(entry) = check(&name, &data).map_err(fail)? {
                entries.push(entry);
                positions.push(position);
            }
        }
        Ok(WheelFile { path: path.to_owned(), size, archive, entries, positions })
    }
}

/// Checks one entry of the directory; `None` for a folder.
fn check(name: &str, data: &zip::read::ZipFileEntry<'_>) -> Result<Option<Entry>, Defect> {
    let folder = name.ends_with('/');
    let plain = name.strip_suffix('/').unwrap_or(name);
    if let Some(reason) = path::objection(plain) {
        return Err(Defect::EntryName { entry: path::shown(name), reason });
    }
    // The upper half holds a Unix mode whatever system claims to have made the entry: Python's zipfile
    // writes it on Windows as well. 0 means that nobody said.
    let mode = data.external_attributes() >> 16;
    let kind = match mode & 0o170_000 {
        0 | 0o100_000 | 0o040_000 => None,
        0o120_000 => Some("a symbolic link"),
        _ => Some("a device, pipe or socket"),
    };
    let entry = || path::shown(name);
    if let Some(kind) = kind {
        return Err(Defect::EntryKind { entry: entry(), kind });
    }
    if folder {
        return Ok(None);
    }
    if mode & 0o170_000 == 0o040_000 {
        return Err(Defect::EntryKind { entry: entry(), kind: "a folder with a file's name" });
    }
    if data.encrypted() {
        return Err(Defect::EntryKind { entry: entry(), kind: "encrypted" });
    }
    if !matches!(data.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(Defect::EntryKind { entry: entry(), kind: "compressed by another method than deflate" });
    }
    Ok(Some(Entry { path: name.to_owned(), size: data.size(), executable: mode & 0o111 != 0 }))
}

/// The name that stands twice. The archive keeps names in a map, so its directory is walked once more here
/// (APPNOTE 4.3.12: 46 bytes, then a name, extra fields and a comment of the lengths given at 28, 30 and 32).
fn first_duplicate(mut reader: SharedFile, start: u64) -> Option<String> {
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(start)).ok()?;
    reader.read_to_end(&mut bytes).ok()?;
    let mut seen = std::collections::HashSet::new();
    let mut rest = bytes.as_slice();
    while rest.starts_with(b"PK\x01\x02") {
        let length = |at: usize| Some(usize::from(u16::from_le_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
        let (name, more) = (length(28)?, length(30)? + length(32)?);
        let text = rest.get(46..46 + name)?;
        if !seen.insert(text) {
            return Some(path::shown(&String::from_utf8_lossy(text)));
        }
        rest = rest.get(46 + name + more..)?;
    }
    None
}

impl Source for WheelFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn packed(&self) -> Option<u64> {
        Some(self.size)
    }

    fn read(&self, index: usize, sink: &mut Sink<'_>) -> Result<(), Error> {
        let entry = &self.entries[index];
        // Cheap: the directory is shared, and a SharedFile is a pointer and a position.
        let mut archive = self.archive.clone();
        let file = archive.by_index(self.positions[index]).map_err(|e| {
            let defect = Defect::Corrupt { entry: entry.path.clone(), reason: e.to_string() };
            Error::wheel(&self.path, defect)
        })?;
        pump(&self.path, entry, file, sink)
    }

    fn open(&self, _index: usize) -> Option<File> {
        None
    }
}

/// One open file with a position of its own, so that threads can share the file.
#[derive(Clone)]
struct SharedFile {
    file: Arc<File>,
    at: u64,
    size: u64,
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
