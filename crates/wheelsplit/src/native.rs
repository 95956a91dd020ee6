//! What a wheel's shared libraries are called, where they look for others, and which C++ statics they share: a table
//! of a few kilobytes, made once for each wheel of a store.
//!
//! Two wheels can only come in each other's way in a process where they bring different files under one name, or one
//! unique symbol of two layouts; tables tell without opening a file that nearly all environments have neither.
//! Deliberately not here: whether what two wheels have in common does any harm, which is abicheck's subject.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use data_encoding::HEXLOWER;
use elf_facts::{Kind, Name, Outline};
use pinfold_core::index::Frame;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::error::Error;
use crate::memory;
use crate::record::Record;
use crate::source::file::hash;
use crate::store::{Installed, Store};

/// The folder of the store, in it one for each version of the table.
pub(crate) const FOLDER: &str = "native";
/// Raised when what a table says, or how, is changed.
const VERSION: u32 = 2;
const FRAME: Frame = Frame { magic: *b"PFNATIVE", version: VERSION };

/// The table of one wheel. All paths are relative to its `site-packages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Native {
    /// All shared objects, whatever their files are called, sorted by path.
    pub libraries: Vec<Library>,
    /// Each list of folders (DT_RUNPATH, else DT_RPATH), unexpanded, with the folder of the files that have it.
    pub lists: BTreeSet<(String, Name)>,
    /// Every name of a DT_NEEDED.
    pub needed: BTreeSet<Name>,
    /// Each STB_GNU_UNIQUE symbol: a hash of its name, and one of its size and type. A process has one of each name.
    pub unique: BTreeSet<(u64, u32)>,
}

/// A shared object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Library {
    /// Where it is.
    pub path: String,
    /// DT_SONAME.
    pub soname: Option<Name>,
    /// Of the hash of its content. Equal ones are equal files.
    pub content: [u8; 16],
}

impl Store {
    /// The table of a wheel; made if it is not there. Whoever makes an environment asks for wheels with
    /// [`crate::WheelFacts::native`] alone.
    ///
    /// # Errors
    /// When the wheel cannot be listed. A table that cannot be kept is made anew the next time.
    pub fn native(&self, wheel: &Installed) -> Result<Native, Error> {
        let path = self.root().join(FOLDER).join(VERSION.to_string()).join(&wheel.sha256);
        if let Ok(table) = FRAME.read(&path) {
            return Ok(table);
        }
        let table = Native::of(wheel)?;
        // It only saves time.
        if let Ok(bytes) = FRAME.encode(&table) {
            let _ = memory::replace(&path, |file| file.write_all(&bytes));
        }
        Ok(table)
    }
}

/// What one file says.
struct Outlined {
    path: String,
    outline: Outline,
    content: [u8; 16],
}

impl Library {
    /// The names by which it is loaded where files need these: whatever is loaded by one of them first is what all get who
    /// ask for it. DT_SONAME is one, whoever needs it; the file's name, if somebody does, of whatever wheel.
    pub fn names(&self, needed: impl Fn(&Name) -> bool) -> BTreeSet<Name> {
        let file = Name::from(self.path.rsplit('/').next().unwrap_or_default());
        Some(file).filter(|name| needed(name)).into_iter().chain(self.soname.clone()).collect()
    }
}

impl Native {
    /// Reads the files of a wheel.
    ///
    /// # Errors
    /// When it cannot be listed. A file that cannot be read, or is no ELF file, as its first bytes say, is not in the table.
    pub fn of(wheel: &Installed) -> Result<Self, Error> {
        let site = wheel.site();
        let record = fs::read(site.join(&wheel.facts.dist_info).join("RECORD")).unwrap_or_default();
        let record = Record::parse(&record).ok();
        let mut paths = Vec::new();
        for item in WalkDir::new(&site) {
            let item = item.map_err(|error| Error::store("list", &site, error))?;
            if !item.file_type().is_dir() {
                paths.push(item.into_path());
            }
        }
        let outlined = |path: &std::path::PathBuf| {
            let outline = elf_facts::outline(path).ok().filter(|outline| outline.kind == Kind::Shared)?;
            let relative = path.strip_prefix(&site).ok()?.to_str()?.to_owned();
            let content = content(record.as_ref(), &relative, path).ok()?;
            Some(Outlined { path: relative, outline, content })
        };
        Ok(Self::sum(paths.par_iter().filter_map(outlined).collect()))
    }

    fn sum(mut files: Vec<Outlined>) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let needed: BTreeSet<Name> = files.iter().flat_map(|file| file.outline.needed.clone()).collect();
        let mut table = Self { needed, ..Self::default() };
        for Outlined { path, outline, content } in files {
            let (folder, _) = path.rsplit_once('/').unwrap_or(("", &path));
            if let Some(list) = outline.folders {
                table.lists.insert((folder.to_owned(), list));
            }
            for (name, size, kind) in &outline.unique {
                let layout = [&size.to_le_bytes()[..], &[*kind]].concat();
                let name = first(&Sha256::digest(name.as_bytes()));
                table
                    .unique
                    .insert((u64::from_le_bytes(name), u32::from_le_bytes(first(&Sha256::digest(layout)))));
            }
            table.libraries.push(Library { path, soname: outline.soname, content });
        }
        table
    }

    /// The names that files of these tables need and none of them has: the system's, if they are anywhere.
    pub fn outside(tables: &[Self]) -> BTreeSet<Name> {
        let mut needed: BTreeSet<Name> = tables.iter().flat_map(|table| table.needed.clone()).collect();
        for library in tables.iter().flat_map(|table| &table.libraries) {
            for name in library.names(|name| needed.contains(name)) {
                needed.remove(&name);
            }
        }
        needed
    }

    /// The names that files of different content have among the wheels of these tables, each with the wheels (their places)
    /// that have it.
    pub fn met(tables: &[&Self]) -> BTreeMap<Name, BTreeSet<usize>> {
        let mut names: BTreeMap<Name, (BTreeSet<[u8; 16]>, BTreeSet<usize>)> = BTreeMap::new();
        let needed: BTreeSet<&Name> = tables.iter().flat_map(|table| &table.needed).collect();
        for (wheel, library) in
            tables.iter().enumerate().flat_map(|(at, table)| table.libraries.iter().map(move |one| (at, one)))
        {
            for name in library.names(|name| needed.contains(name)) {
                let (contents, wheels) = names.entry(name).or_default();
                contents.insert(library.content);
                wheels.insert(wheel);
            }
        }
        let met = names.into_iter().filter(|(_, (contents, wheels))| contents.len() > 1 && wheels.len() > 1);
        met.map(|(name, (_, wheels))| (name, wheels)).collect()
    }

    /// The wheels (their places) among these tables that have a unique symbol of which another one has another layout.
    pub fn unlike(tables: &[&Self]) -> BTreeSet<usize> {
        let mut symbols: BTreeMap<u64, Vec<(u32, usize)>> = BTreeMap::new();
        for (wheel, table) in tables.iter().enumerate() {
            table
                .unique
                .iter()
                .for_each(|(name, layout)| symbols.entry(*name).or_default().push((*layout, wheel)));
        }
        let mut unlike = BTreeSet::new();
        for all in symbols.values() {
            let met = |(layout, wheel): &&(u32, usize)| {
                all.iter().any(|(other, at)| other != layout && at != wheel)
            };
            unlike.extend(all.iter().filter(met).map(|(_, wheel)| *wheel));
        }
        unlike
    }
}

/// Of a hash of the file's content: RECORD's, which was verified when the wheel was installed, or one that is made now.
fn content(record: Option<&Record>, relative: &str, path: &Path) -> Result<[u8; 16], Error> {
    if let Some(hash) = record.and_then(|record| record.claim(relative)?.hash()) {
        return Ok(first(hash));
    }
    let (_, hash, _) = hash(path, u64::MAX)?;
    Ok(first(&HEXLOWER.decode(hash.as_bytes()).unwrap_or_default()))
}

/// The first bytes of a hash.
fn first<const N: usize>(hash: &[u8]) -> [u8; N] {
    hash.first_chunk().copied().unwrap_or([0; N])
}
