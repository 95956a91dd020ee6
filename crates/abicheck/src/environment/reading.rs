//! Reads the small files of an environment: regular ones only, and up to a limit.
//!
//! A pipe would block (fifo(7)), a device never end, and a file made for it fill the memory. Deliberately not here: ELF
//! files (`elf-facts`) and wheels (`wheelsplit`), which have limits of their own.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The bytes of the file at `path`, which has at most `most`.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    check(&metadata, most)?;
    // It may grow meanwhile, and files of /proc say that they are empty. One byte more shows the end without growing.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(large(bytes.len() as u64, most)) } else { Ok(bytes) }
}

/// Fails for a file that [`read`] would refuse, unopened: others read it.
pub(crate) fn fits(path: &Path, most: u64) -> io::Result<()> {
    check(&std::fs::metadata(path)?, most)
}

fn check(metadata: &Metadata, most: u64) -> io::Result<()> {
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    if metadata.len() > most { Err(large(metadata.len(), most)) } else { Ok(()) }
}

fn large(size: u64, most: u64) -> io::Error {
    let reason = format!("it has {size} bytes, more than the {most} that are read");
    io::Error::new(io::ErrorKind::FileTooLarge, reason)
}

/// Text of a file as it may be shown: control characters escaped.
pub(crate) fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}
