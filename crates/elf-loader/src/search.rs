//! Which file a name leads to: the places of ld.so(8), in its order (`_dl_map_object` and `open_path` in
//! `elf/dl-load.c`).
//!
//! Deliberately not here: names that match what is loaded (`names`), and the file's identity (`map`).

use std::sync::Arc;

use elf_facts::{Class, FactsError, Name};

use crate::error::{Failure, Missing};
use crate::files::{Identity, Seen};
use crate::library::Library;
use crate::object::{Found, ObjectId};
use crate::paths::{self, Folders};
use crate::process::Process;

/// A file that was found and can be read.
pub(crate) struct Opened {
    pub(crate) path: Box<[u8]>,
    pub(crate) identity: Identity,
    pub(crate) library: Arc<Library>,
    pub(crate) found: Found,
}

/// What came of trying one path.
enum Tried {
    Opened(Identity, Arc<Library>),
    /// Go on.
    Nothing,
    /// Go on with the next list of folders.
    Refused(i32),
    /// The search is over (`_dl_signal_error` in `open_verify`).
    Failed(Failure),
}

/// What a search failed at: the path or name that the message starts with, and why.
pub(crate) type Fault = (Name, Failure);

/// One search.
struct Search<'a> {
    process: &'a Process,
    name: &'a [u8],
    /// A file of the other class was passed over.
    other_class: Option<Class>,
    refused: Option<i32>,
    /// A file was tried at all.
    tried: bool,
    /// Places that were looked at since the load began.
    places: &'a mut usize,
}

/// More places than any real load looks at; lists of folders of files that need one another multiply.
const MOST: usize = 500_000;

/// The file for `name`, which `loader` needs or, where `loader` is the caller of `dlopen`, asks for.
/// `places` counts where it looked.
pub(crate) fn search(
    process: &Process,
    name: &[u8],
    loader: ObjectId,
    places: &mut usize,
) -> Result<Opened, Fault> {
    let mut search = Search { process, name, other_class: None, refused: None, tried: false, places };
    let found = if name.contains(&b'/') { search.path(loader) } else { search.places(loader) };
    match found? {
        Some(opened) => Ok(opened),
        None => {
            let missing = match (search.other_class, search.refused) {
                (Some(class), _) => Missing::OtherClass(class),
                (None, Some(number)) => Missing::Refused(number),
                (None, None) if search.tried => Missing::NoSuchFile,
                (None, None) => Missing::Nowhere,
            };
            Err((Name::new(name), Failure::Missing(missing)))
        }
    }
}

/// A place that a search looks at.
pub(crate) enum Place<'a> {
    /// A list of folders.
    Folders(&'a Folders, Found),
    /// `ld.so.cache`.
    Cache,
}

impl Process {
    /// Where a name without a slash that `loader` needs or asks for is looked for, in order.
    pub(crate) fn places_for(&self, loader: ObjectId) -> Vec<Place<'_>> {
        let mut places = Vec::with_capacity(8);
        let mut add = |folders, found| places.push(Place::Folders(folders, found));
        let head = &self.object(loader).facts().head;
        if head.runpath.is_none() {
            // DT_RPATH of the object, of what loaded it, and on up; then of the program.
            let mut above = Some(loader);
            let mut saw_program = false;
            while let Some(of) = above {
                add(&self.object(of).rpath, Found::Rpath(of));
                saw_program |= of == ObjectId::PROGRAM;
                above = self.object(of).loader;
            }
            if !saw_program {
                add(&self.object(ObjectId::PROGRAM).rpath, Found::Rpath(ObjectId::PROGRAM));
            }
        }
        add(&self.library_path, Found::LibraryPath);
        // DT_RUNPATH is for the object's own needs only (gABI: "one object's DT_RUNPATH entry does not affect the
        // search for any other object's dependencies").
        add(&self.object(loader).runpath, Found::Runpath(loader));
        places.push(Place::Cache);
        if !head.flags.no_default_folders {
            places.push(Place::Folders(&self.default_folders, Found::Default));
        }
        places.retain(|place| !matches!(place, Place::Folders(folders, _) if folders.is_empty()));
        places
    }
}

impl Search<'_> {
    /// A name with a slash is a path, in which tokens are replaced.
    fn path(&mut self, loader: ObjectId) -> Result<Option<Opened>, Fault> {
        let system = &self.process.system;
        let origin = &self.process.object(loader).origin;
        let Some(path) = paths::expand(self.name, origin, system) else { return Ok(None) };
        self.open(path, Found::Path)
    }

    fn places(&mut self, loader: ObjectId) -> Result<Option<Opened>, Fault> {
        let process = self.process;
        for place in process.places_for(loader) {
            let opened = match place {
                Place::Folders(folders, found) => self.folders(folders, found)?,
                Place::Cache => self.cache(loader)?,
            };
            if opened.is_some() {
                return Ok(opened);
            }
        }
        Ok(None)
    }

    fn cache(&mut self, loader: ObjectId) -> Result<Option<Opened>, Fault> {
        let system = &self.process.system;
        let Some(path) = system.cache.find(self.name) else { return Ok(None) };
        // DF_1_NODEFLIB: the cache's other folders stay.
        let defaults = !self.process.object(loader).facts().head.flags.no_default_folders;
        let is_default = || system.default_folders.iter().any(|folder| path.starts_with(folder.as_bytes()));
        if defaults || !is_default() { self.open(path.to_vec(), Found::Cache) } else { Ok(None) }
    }

    /// `open_path`: each folder, its subfolders first.
    fn folders(&mut self, folders: &Folders, found: Found) -> Result<Option<Opened>, Fault> {
        let system = &self.process.system;
        let mut path = Vec::new();
        for folder in folders.iter() {
            let below = system.subfolders_of(folder);
            let subfolders = below.iter().filter_map(|at| system.subfolders.get(usize::from(*at)));
            let subfolders = subfolders.map(|name| name.as_bytes()).chain([&b""[..]]);
            let mut refused = None;
            for subfolder in subfolders {
                path.clear();
                path.extend_from_slice(folder);
                path.extend_from_slice(subfolder);
                path.extend_from_slice(self.name);
                refused = None;
                match self.try_one(&path) {
                    Tried::Opened(identity, library) => {
                        return Ok(Some(Opened { path: path.into(), identity, library, found }));
                    }
                    Tried::Nothing => {}
                    Tried::Refused(number) => refused = Some(number),
                    Tried::Failed(failure) => return Err((Name::new(&*path), failure)),
                }
            }
            // "The file exists and is readable, but something went wrong": the rest of this list is skipped.
            if refused.is_some() && (folder.is_empty() || matches!(system.look(folder), Seen::Folder(_))) {
                self.refused = refused;
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn open(&mut self, path: Vec<u8>, found: Found) -> Result<Option<Opened>, Fault> {
        match self.try_one(&path) {
            Tried::Opened(identity, library) => {
                Ok(Some(Opened { path: path.into(), identity, library, found }))
            }
            Tried::Nothing => Ok(None),
            Tried::Refused(number) => {
                self.refused = Some(number);
                Ok(None)
            }
            Tried::Failed(failure) => Err((Name::new(path), failure)),
        }
    }

    /// `open_verify`: only a file of another class or machine is passed over; any other fault is the end.
    fn try_one(&mut self, path: &[u8]) -> Tried {
        let system = &self.process.system;
        *self.places += 1;
        if *self.places > MOST {
            return Tried::Failed(Failure::Endless(MOST));
        }
        // The message has the error number of the last file that was tried.
        self.refused = None;
        self.tried = true;
        match system.look(path) {
            Seen::Nothing => return Tried::Nothing,
            Seen::Refused(number) => return Tried::Refused(number),
            Seen::Folder(_) => return Tried::Failed(Failure::Missing(Missing::Folder)),
            Seen::File(_) => {}
        }
        let Some((identity, read)) = system.library(path) else { return Tried::Nothing };
        let library = match read {
            Ok(library) => library,
            Err(error) => match denied(&error) {
                Some(number) => {
                    self.refused = Some(number);
                    return Tried::Nothing;
                }
                None => return Tried::Failed(Failure::Unreadable(error)),
            },
        };
        let (head, own) = (&library.facts.head, &self.process.object(ObjectId::PROGRAM).facts().head);
        if head.class != own.class {
            self.other_class = Some(head.class);
            return Tried::Nothing;
        }
        // `VALID_ELF_OSABI`: System V or GNU.
        if !matches!(head.os_abi, 0 | 3) {
            return Tried::Failed(Failure::OsAbi);
        }
        if head.machine != own.machine || head.endian != own.endian {
            return Tried::Nothing;
        }
        Tried::Opened(identity, library)
    }
}

/// EACCES: passed over as if nothing were there, but for the message.
fn denied(error: &FactsError) -> Option<i32> {
    match error {
        FactsError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
            source.raw_os_error()
        }
        _ => None,
    }
}
