//! The file as the loader maps it: bytes by virtual address, and every range checked against what there is.
//!
//! Files are read by position and not mapped: a file that shrinks while it is read is an error then, and no
//! SIGBUS, and a file of gigabytes costs what is asked of it.
//! Deliberately not here: what the bytes mean.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use goblin::container::{Container, Ctx};
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf64::header::SIZEOF_EHDR;

use crate::error::FactsError;
use crate::format::Format;

/// More than any table of a real file: what asks for more is damaged, and the memory is not taken.
const LARGEST_PART: u64 = 1 << 30;

/// An open file with its program headers.
pub(crate) struct Image<'a> {
    path: &'a Path,
    file: &'a File,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Class and byte order, as goblin's readers take them.
    pub(crate) context: Ctx,
    /// The file header.
    pub(crate) header: goblin::elf::Header,
    /// The program headers.
    pub(crate) segments: Vec<ProgramHeader>,
}

impl<'a> Image<'a> {
    /// Reads the headers of `file`, which has `size` bytes.
    pub(crate) fn open(path: &'a Path, file: &'a File, size: u64) -> Result<Self, FactsError> {
        let mut start = [0; SIZEOF_EHDR];
        let length = SIZEOF_EHDR.min(usize::try_from(size).unwrap_or(SIZEOF_EHDR));
        read_at(path, file, 0, &mut start[..length])?;
        let foreign = |format| FactsError::Foreign { path: path.to_owned(), format };
        if let Some(format) = Format::of(&start[..length]) {
            return Err(foreign(format));
        }
        // The shortest header is the 32-bit one.
        if length < goblin::elf32::header::SIZEOF_EHDR || (length < SIZEOF_EHDR && start[4] == 2) {
            let end = if start[4] == 2 { 64 } else { 52 };
            return Err(FactsError::Truncated {
                path: path.to_owned(),
                part: "the file header",
                start: 0,
                end,
                size,
            });
        }
        let malformed = |part, why: String| FactsError::Malformed { path: path.to_owned(), part, why };
        let header = goblin::elf::Elf::parse_header(&start)
            .map_err(|error| malformed("the file header", error.to_string()))?;
        let container = header.container().map_err(|error| malformed("its class", error.to_string()))?;
        let endian = header.endianness().map_err(|error| malformed("its byte order", error.to_string()))?;
        match header.e_type {
            goblin::elf::header::ET_EXEC | goblin::elf::header::ET_DYN => {}
            goblin::elf::header::ET_REL => return Err(foreign(Format::Object)),
            goblin::elf::header::ET_CORE => return Err(foreign(Format::Core)),
            other => return Err(malformed("the file header", format!("its type is {other:#x}"))),
        }
        let context = Ctx::new(container, endian);
        let mut image = Self { path, file, size, context, header, segments: Vec::new() };
        image.segments = image.read_segments()?;
        Ok(image)
    }

    fn read_segments(&self) -> Result<Vec<ProgramHeader>, FactsError> {
        const PART: &str = "the program headers";
        let count = usize::from(self.header.e_phnum);
        let width = if self.is_64() { 56 } else { 32 };
        if count > 0 && usize::from(self.header.e_phentsize) != width {
            let why = format!("each has {} bytes, not {width}", self.header.e_phentsize);
            return Err(self.malformed(PART, why));
        }
        let bytes = self.at(self.header.e_phoff, (count * width) as u64, PART)?;
        ProgramHeader::parse(&bytes, 0, count, self.context)
            .map_err(|error| self.malformed(PART, error.to_string()))
    }

    /// Whether addresses have 64 bits.
    pub(crate) fn is_64(&self) -> bool {
        self.context.container == Container::Big
    }

    /// Whether numbers stand with their low byte first.
    pub(crate) fn is_little(&self) -> bool {
        self.context.le == goblin::container::Endian::Little
    }

    /// Four bytes as a number in the file's byte order.
    pub(crate) fn word(&self, bytes: [u8; 4]) -> u32 {
        if self.is_little() { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    /// Two bytes as a number in the file's byte order.
    pub(crate) fn half(&self, bytes: [u8; 2]) -> u16 {
        if self.is_little() { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    /// An error about this file.
    pub(crate) fn malformed(&self, part: &'static str, why: impl Into<String>) -> FactsError {
        FactsError::Malformed { path: self.path.to_owned(), part, why: why.into() }
    }

    /// `length` bytes from byte `start` of the file on.
    pub(crate) fn at(&self, start: u64, length: u64, part: &'static str) -> Result<Vec<u8>, FactsError> {
        let end = start.saturating_add(length);
        if end > self.size {
            let path = self.path.to_owned();
            return Err(FactsError::Truncated { path, part, start, end, size: self.size });
        }
        if length > LARGEST_PART {
            return Err(self.malformed(part, format!("{length} bytes of it are more than any real file has")));
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        read_at(self.path, self.file, start, &mut bytes)?;
        Ok(bytes)
    }

    /// `length` bytes from address `address` on. They must lie in one PT_LOAD segment, and in the file.
    pub(crate) fn mapped(
        &self,
        address: u64,
        length: u64,
        part: &'static str,
    ) -> Result<Vec<u8>, FactsError> {
        let (start, room) = self.place(address, part)?;
        if length > room {
            let why = format!("{length:#x} bytes at address {address:#x} reach beyond their segment");
            return Err(self.malformed(part, why));
        }
        self.at(start, length, part)
    }

    /// Where address `address` lies in the file, and how many bytes of its segment follow there.
    pub(crate) fn place(&self, address: u64, part: &'static str) -> Result<(u64, u64), FactsError> {
        let loads = self.segments.iter().filter(|segment| segment.p_type == PT_LOAD);
        for load in loads {
            if let Some(inside) = address.checked_sub(load.p_vaddr)
                && inside < load.p_filesz
            {
                return Ok((load.p_offset.saturating_add(inside), load.p_filesz - inside));
            }
        }
        Err(self.malformed(part, format!("no segment has address {address:#x}")))
    }
}

/// Fills `bytes` from byte `start` of the file on.
pub(super) fn read_at(path: &Path, file: &File, start: u64, bytes: &mut [u8]) -> Result<(), FactsError> {
    let failed = |source: io::Error| {
        let source = match source.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other("it became shorter while it was read"),
            _ => source,
        };
        FactsError::Io { path: path.to_owned(), source }
    };
    file.read_exact_at(bytes, start).map_err(failed)
}
