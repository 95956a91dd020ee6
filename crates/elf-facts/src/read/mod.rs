//! Reads the facts of one file.
//!
//! Every number that a file states is checked against the file before it is used: a damaged file is an error that
//! says which part is wrong, and costs no more memory than its own size. Entries of tables may share the bytes that
//! they name, so that a small file can stand for years of work; what they come to together has limits, too.
//! Deliberately not here: keeping facts (`cache`).

mod bounds;
mod content;
mod dynamic;
mod image;
mod marks;
mod notes;
mod outline;
mod pieces;
mod places;
mod relocations;
mod state;
mod strings;
mod symbols;
mod versions;

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use goblin::elf::dynamic::{DT_RPATH, DT_RUNPATH, DT_SONAME};
use goblin::elf::header::ET_EXEC;
use goblin::elf::program_header::{PF_X, PT_GNU_STACK, PT_INTERP, PT_TLS};

use crate::error::FactsError;
use crate::facts::{Class, Endian, Facts, Head, Kind, Tls};
use crate::name::{Name, Names};
pub use bounds::bounded;
use image::Image;
pub use marks::{Mark, marks};
pub use outline::{Outline, outline};
pub use pieces::pieces;
pub use places::{Places, places};
pub use state::state;
pub use strings::{Form, Spelling, mapped, spellings};

/// Files larger than this are refused: hashing alone would take a run's time. The largest wheels' libraries have two
/// gigabytes.
pub const LARGEST: u64 = 8 << 30;

/// The facts of the file at `path`.
///
/// Errors: [`FactsError::Foreign`] for another format, which is no fault; the others for files that the system does
/// not let be read or that are damaged.
pub fn read(path: &Path) -> Result<Facts, FactsError> {
    let (file, metadata) = open(path)?;
    read_open(path, &file, metadata.len())
}

/// Opens a regular file; what would block or never end (a pipe, a device) is refused unopened.
pub(crate) fn open(path: &Path) -> Result<(File, std::fs::Metadata), FactsError> {
    let failed = |source| FactsError::Io { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    // What was put in its place meanwhile must not block either (fifo(7)).
    let mut options = File::options();
    let file = options.read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
    }
    if metadata.len() > LARGEST {
        let why = format!("it has {} bytes, more than the {LARGEST} that are looked at", metadata.len());
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, why)));
    }
    Ok((file, metadata))
}

/// The facts of an open file of `size` bytes.
pub(crate) fn read_open(path: &Path, file: &File, size: u64) -> Result<Facts, FactsError> {
    let image = Image::open(path, file, size)?;
    let dynamic = dynamic::Dynamic::read(&image)?;
    let names = dynamic.names(&image)?;
    let versions = versions::read(&image, &dynamic, &names)?;
    let used = relocations::read(&image, &dynamic)?;
    let symbols::Symbols { definitions, references, own_static_tls } =
        symbols::read(&image, &dynamic, &names, &used)?;
    let notes = notes::read(&image)?;
    let uses_python = references.iter().any(|reference| is_python(names.bytes(reference.name)));
    let (content, markers) = content::read(path, file, size, uses_python)?;
    let segment = |kind| image.segments.iter().find(|segment| segment.p_type == kind);
    let flags = dynamic.flags();
    let soname = dynamic.name(DT_SONAME, &names, &image)?;
    let interpreter = interpreter(&image)?;
    let head = Head {
        content,
        size,
        class: if image.is_64() { Class::Bits64 } else { Class::Bits32 },
        endian: if image.is_little() { Endian::Little } else { Endian::Big },
        machine: image.header.e_machine,
        os_abi: image.header.e_ident[goblin::elf::header::EI_OSABI],
        kind: kind(&image, &dynamic, soname.as_ref()),
        interpreter,
        soname,
        needed: dynamic.needed(&names, &image)?,
        rpath: dynamic.name(DT_RPATH, &names, &image)?,
        runpath: dynamic.name(DT_RUNPATH, &names, &image)?,
        flags,
        executable_stack: segment(PT_GNU_STACK).map(|stack| stack.p_flags & PF_X != 0),
        tls: segment(PT_TLS).map(|tls| Tls { size: tls.p_memsz, align: tls.p_align }),
        own_static_tls,
        build_id: notes.build_id,
        oldest_linux: notes.oldest_linux,
        versions,
        markers,
        machine_known: relocations::is_known(image.header.e_machine),
    };
    Ok(Facts { head, names, definitions, references })
}

/// The names of Python's C API (PEP 7's prefixes).
fn is_python(name: &[u8]) -> bool {
    name.starts_with(b"Py") || name.starts_with(b"_Py")
}

/// Libraries that can be started as well have a PT_INTERP, too, and a SONAME.
fn kind(image: &Image<'_>, dynamic: &dynamic::Dynamic, soname: Option<&Name>) -> Kind {
    let is_started = || image.segments.iter().any(|segment| segment.p_type == PT_INTERP);
    match image.header.e_type {
        ET_EXEC => Kind::Program,
        _ if dynamic.flags().pie || (is_started() && soname.is_none()) => Kind::PieProgram,
        _ => Kind::Shared,
    }
}

fn interpreter(image: &Image<'_>) -> Result<Option<Name>, FactsError> {
    const PART: &str = "the interpreter's name";
    let Some(segment) = image.segments.iter().find(|segment| segment.p_type == PT_INTERP) else {
        return Ok(None);
    };
    let names = Names(image.at(segment.p_offset, segment.p_filesz.min(4096), PART)?);
    let span = names.span(0).ok_or_else(|| image.malformed(PART, "no NUL ends it"))?;
    Ok(Some(names.name(span)))
}
