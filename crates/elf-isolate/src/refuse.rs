//! Files that must stay as they are: an edited copy would not be worth what the original is.
//!
//! Files whose headers are wrong are refused too: the editor would lay out what they say.
//! Deliberately not here: files that the editor cannot read or has no room in; it says so itself.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use elf_facts::{Class, Facts, Kind};

use crate::error::EditError;

/// What `scripts/sign-file` of Linux appends with a signature.
const SIGNED: &[u8] = b"~Module signature appended~\n";
/// Attributes that an edited copy would lose or contradict: the signature of IMA, that of EVM, and privileges of the
/// file (xattr(7), capabilities(7)).
const ATTRIBUTES: [(&str, &str); 3] = [
    ("security.ima", "it is signed (security.ima)"),
    ("security.evm", "it is signed (security.evm)"),
    ("security.capability", "it has privileges of its own (security.capability)"),
];
const SET_ID: u32 = 0o6000;

/// Refuses them.
pub(crate) fn refuse(path: &Path, facts: &Facts, metadata: &Metadata) -> Result<(), EditError> {
    let refused = |why| Err(EditError::Refused { path: path.to_owned(), why });
    if facts.head.kind != Kind::Shared {
        return refused("it is a program, not a library");
    }
    if facts.head.class != Class::Bits64 {
        return refused("it is a library of 32 bits");
    }
    if metadata.mode() & SET_ID != 0 {
        return refused("it runs as another user or group (set-user-ID)");
    }
    elf_facts::bounded(path).map_err(EditError::Damaged)?;
    let mut value = [0; 256];
    for (attribute, why) in ATTRIBUTES {
        match rustix::fs::getxattr(path, attribute, &mut value[..]) {
            // Longer than what we have room for: it is there.
            Ok(_) | Err(rustix::io::Errno::RANGE) => return refused(why),
            Err(_) => {}
        }
    }
    if is_signed(path).map_err(EditError::io("read", path))? {
        return refused("a signature is appended to it");
    }
    Ok(())
}

fn is_signed(path: &Path) -> std::io::Result<bool> {
    let file = std::fs::File::open(path)?;
    let length = SIGNED.len() as u64;
    let Some(start) = file.metadata()?.len().checked_sub(length) else { return Ok(false) };
    let mut end = vec![0; SIGNED.len()];
    match file.read_exact_at(&mut end, start) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| end == SIGNED),
    }
}
