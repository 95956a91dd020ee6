//! Writes a wheel's files into a folder, several at once, and verifies each on its way.
//!
//! Deliberately not here: durability and the rename, which are [`crate::staging`]'s.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rayon::prelude::*;

use crate::error::{Defect, Error};
use crate::layout::{PYCACHE, Placed};
use crate::record::Verifier;
use crate::source::Source;
use crate::wheel::Wheel;

/// Files of the store are not for writing, by anyone.
const MODE: u32 = 0o444;
const MODE_EXECUTABLE: u32 = 0o555;

/// Writes everything that has a place, verifies everything, and bars Python from writing bytecode.
pub(crate) fn files(source: &dyn Source, wheel: &Wheel, dir: &Path) -> Result<(), Error> {
    for folder in &wheel.layout.folders {
        let path = dir.join(folder);
        std::fs::create_dir(&path).map_err(|e| Error::store("create", &path, e))?;
    }
    wheel.layout.files.par_iter().try_for_each(|placed| one(source, wheel, placed, dir))?;
    for folder in &wheel.layout.barred {
        // A file where Python wants a folder stops root, too, whom no permission stops.
        create(&dir.join(folder).join(PYCACHE), MODE)?;
    }
    Ok(())
}

/// Writes a small file of our own.
pub(crate) fn text(path: &Path, text: &str) -> Result<(), Error> {
    create(path, MODE)?.write_all(text.as_bytes()).map_err(|e| Error::store("write", path, e))
}

fn create(path: &Path, mode: u32) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(mode);
    options.open(path).map_err(|e| Error::store("create", path, e))
}

fn one(source: &dyn Source, wheel: &Wheel, placed: &Placed, dir: &Path) -> Result<(), Error> {
    let entry = &source.entries()[placed.index];
    let mut verifier = wheel.record.claim(&entry.path).map(|claim| claim.verifier());
    let mut verify = |piece: &[u8]| {
        if let Some(verifier) = &mut verifier {
            verifier.update(piece);
        }
    };
    match &placed.to {
        None => source.read(placed.index, &mut |piece| {
            verify(piece);
            Ok(())
        })?,
        Some(to) => {
            let path = dir.join(to);
            let mut file = create(&path, if placed.executable { MODE_EXECUTABLE } else { MODE })?;
            if cloned(source, placed.index, &file, entry.size) {
                feed(&mut file, &mut verify).map_err(|e| Error::store("read back", &path, e))?;
            } else {
                source.read(placed.index, &mut |piece| {
                    verify(piece);
                    file.write_all(piece).map_err(|e| Error::store("write", &path, e))
                })?;
            }
        }
    }
    let finished = verifier.map_or(Ok(()), |verifier: Verifier<'_>| verifier.finish(&entry.path));
    finished.map_err(|defect: Defect| Error::wheel(source.path(), defect))
}

/// Shares the bytes with the source's file, where the file system can do that.
fn cloned(source: &dyn Source, index: usize, file: &File, size: u64) -> bool {
    let Some(from) = source.open(index) else { return false };
    rustix::fs::ioctl_ficlone(file, &from).is_ok() && file.metadata().is_ok_and(|meta| meta.len() == size)
}

fn feed(file: &mut File, verify: &mut impl FnMut(&[u8])) -> std::io::Result<()> {
    file.rewind()?;
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => verify(&buffer[..count]),
        }
    }
}
