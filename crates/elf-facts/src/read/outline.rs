//! The little of a file that says whether it could meet another one in a process: names, folders, unique symbols.
//!
//! For whoever asks this of many files and keeps the answer: no byte is read but headers and tables of symbols.
//! Deliberately not here: everything that an analysis needs, and the hash of the content.

use std::path::Path;

use goblin::elf::dynamic::{DT_RPATH, DT_RUNPATH, DT_SONAME};

use super::dynamic::Dynamic;
use super::image::Image;
use super::{relocations, symbols};
use crate::definitions::Definition;
use crate::error::FactsError;
use crate::facts::Kind;
use crate::name::Name;

/// What a file has that may meet another file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// What it is made for.
    pub kind: Kind,
    /// DT_SONAME.
    pub soname: Option<Name>,
    /// DT_NEEDED, in order, repetitions included.
    pub needed: Vec<Name>,
    /// The list of folders that counts, unexpanded: DT_RUNPATH, which makes DT_RPATH void (ld.so(8)), or that.
    pub folders: Option<Name>,
    /// STB_GNU_UNIQUE symbols: name, size and type.
    pub unique: Vec<(Name, u64, u8)>,
}

/// The outline of the file at `path`.
///
/// Errors: as for [`crate::read`].
pub fn outline(path: &Path) -> Result<Outline, FactsError> {
    let (file, metadata) = super::open(path)?;
    let image = Image::open(path, &file, metadata.len())?;
    let dynamic = Dynamic::read(&image)?;
    let names = dynamic.names(&image)?;
    let used = relocations::read(&image, &dynamic)?;
    let symbols = symbols::read(&image, &dynamic, &names, &used)?;
    let unique = symbols.definitions.all().iter().filter(|one| one.is_unique());
    let unique = unique.map(|one: &Definition| (names.name(one.name), one.size, one.kind())).collect();
    let folders = match dynamic.name(DT_RUNPATH, &names, &image)? {
        Some(folders) => Some(folders),
        None => dynamic.name(DT_RPATH, &names, &image)?,
    };
    let soname = dynamic.name(DT_SONAME, &names, &image)?;
    let kind = super::kind(&image, &dynamic, soname.as_ref());
    Ok(Outline { kind, soname, needed: dynamic.needed(&names, &image)?, folders, unique })
}
