//! Bytecode of units' files: from the pack of their wheel, which is mapped, else from a file of its own.
//!
//! Both stand in the store, in `bytecode/TAG/WHEEL/`, and both are checked before they are unmarshalled. What was
//! not in a pack is packed when the process ends, so that the next one finds it there. Whoever writes makes a
//! whole file and renames it; a store that cannot be written costs time and nothing else. Deliberately not here:
//! the format of packs (`pinfold_core::pack`) and compiling (`pinfold._loaders`).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use pinfold_core::pack::{self, Pack};
use pinfold_core::places;
use pinfold_core::resolve::UnitIndex;

use crate::state::State;

/// The name of a wheel's pack, beside the folders of its single files.
const PACK: &str = "code.pack";

/// What comes before the code in a file of its own: the interpreter's magic; PEP 552's flags for "by hash, not
/// checked"; and in the place of the hash of the source, which nobody looks at, length and checksum of the code.
const HEADER: usize = 16;
const FLAGS: [u8; 4] = [1, 0, 0, 0];

/// Bytecode of all units that were asked for it.
pub(crate) struct Codes {
    /// `cpython-311`, with `.opt-1` behind it where asserts are left out.
    tag: String,
    /// The interpreter's magic number.
    magic: [u8; 4],
    units: RefCell<HashMap<UnitIndex, Option<&'static Wheel>>>,
    /// Bytes of packs that were read since their pages were last given back.
    resident: Cell<usize>,
}

/// So much of packs may stay in memory; code is unmarshalled once.
const RESIDENT: usize = 512 << 10;

/// The bytecode of one wheel.
pub(crate) struct Wheel {
    folder: PathBuf,
    pack: Option<Pack<'static>>,
    /// The bytes of the pack.
    mapped: &'static [u8],
    /// Files whose bytecode was read or written beside the pack.
    loose: RefCell<BTreeSet<String>>,
    packed: Cell<bool>,
}

/// Bytes of one code object.
pub(crate) enum Bytes {
    Mapped(&'static [u8]),
    Read(Vec<u8>),
}

impl Bytes {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Read(bytes) => &bytes[HEADER..],
        }
    }
}

impl Codes {
    pub(crate) fn new(tag: String, magic: [u8; 4]) -> Self {
        Codes { tag, magic, units: RefCell::default(), resident: Cell::new(0) }
    }

    /// The interpreter's magic number, with which its bytecode begins.
    pub(crate) fn magic(&self) -> [u8; 4] {
        self.magic
    }

    /// The bytecode of a unit's file, by its path relative to the unit's folder.
    pub(crate) fn read(&self, state: &State, unit: UnitIndex, relative: &str) -> Option<Bytes> {
        let wheel = self.wheel(state, unit)?;
        if let Some(bytes) = wheel.pack.and_then(|pack| pack.find(relative)) {
            self.count(bytes.len());
            return Some(Bytes::Mapped(bytes));
        }
        let bytes = read_file(&wheel.file(relative), self.magic)?;
        wheel.loose.borrow_mut().insert(relative.to_owned());
        Some(Bytes::Read(bytes))
    }

    /// Gives the pages of packs back to the system now and then. What is needed again is read from the file again.
    fn count(&self, bytes: usize) {
        let resident = self.resident.get() + bytes;
        self.resident.set(resident % RESIDENT);
        if resident >= RESIDENT {
            self.units.borrow().values().flatten().for_each(|wheel| give_back(wheel.mapped));
        }
    }

    /// Keeps the bytecode of a unit's file for the next process.
    pub(crate) fn write(&self, state: &State, unit: UnitIndex, relative: &str, code: &[u8]) {
        let Some(wheel) = self.wheel(state, unit) else { return };
        let mut bytes = Vec::with_capacity(HEADER + code.len());
        bytes.extend(self.magic);
        bytes.extend(FLAGS);
        bytes.extend((code.len() as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(code).to_le_bytes());
        bytes.extend(code);
        // A read-only or full store costs the next start some time, and nothing else.
        if replace(&wheel.file(relative), &bytes).is_ok() {
            wheel.loose.borrow_mut().insert(relative.to_owned());
        }
    }

    /// Packs what this process found beside the packs. A few files beside a large pack are left where they are.
    pub(crate) fn pack(&self) {
        let units = self.units.borrow();
        for wheel in units.values().flatten().filter(|wheel| !wheel.packed.replace(true)) {
            let loose = wheel.loose.borrow();
            let few = wheel.pack.is_some_and(|pack| loose.len() * 4 < pack.len());
            let damaged = wheel.pack.is_some_and(|pack| loose.iter().any(|name| pack.has(name)));
            if loose.is_empty() || few && !damaged {
                continue;
            }
            let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
            // Another process may have packed since: what it has is kept.
            let current = map(&wheel.folder.join(PACK)).and_then(|bytes| Pack::open(bytes, self.magic).ok());
            for pack in [wheel.pack, current].into_iter().flatten() {
                bodies.extend(pack.iter().map(|(name, body)| (name.to_owned(), body.to_vec())));
            }
            for relative in loose.iter() {
                if let Some(bytes) = read_file(&wheel.file(relative), self.magic) {
                    bodies.insert(relative.clone(), bytes[HEADER..].to_vec());
                }
            }
            if let Some(bytes) = pack::build(&bodies, self.magic) {
                // As above: it is only time.
                let _ = replace(&wheel.folder.join(PACK), &bytes);
            }
        }
    }

    /// The bytecode of a unit's wheel: in the store around its folder; where that is none, because another engine
    /// installed the wheel (Nix), in the user's. `None` for what was no wheel.
    fn wheel(&self, state: &State, unit: UnitIndex) -> Option<&'static Wheel> {
        if let Some(&known) = self.units.borrow().get(&unit) {
            return known;
        }
        let described = state.resolver.env().units.get(unit)?;
        let key = described.wheel.as_ref().unwrap_or(&described.hash);
        let path = described.path.to_str()?;
        let store = path
            .rsplit_once(&format!("/wheels/{key}/"))
            .or_else(|| path.rsplit_once("/instances/"))
            .or_else(|| path.rsplit_once("/isolated/"))
            .map(|(store, _)| PathBuf::from(store))
            .or_else(|| {
                described.wheel.as_ref().and_then(|_| places::store()).filter(|store| store.is_absolute())
            });
        let wheel = store.map(|store| {
            let folder = store.join("bytecode").join(&self.tag).join(key);
            let mapped = map(&folder.join(PACK)).unwrap_or_default();
            let pack = Pack::open(mapped, self.magic).ok();
            &*Box::leak(Box::new(Wheel {
                folder,
                pack,
                mapped,
                loose: RefCell::default(),
                packed: Cell::new(false),
            }))
        });
        self.units.borrow_mut().insert(unit, wheel);
        wheel
    }
}

impl Wheel {
    fn file(&self, relative: &str) -> PathBuf {
        self.folder.join(format!("{relative}c"))
    }
}

/// A file of bytecode with its header, if it is there and what was written.
fn read_file(path: &Path, magic: [u8; 4]) -> Option<Vec<u8>> {
    let bytes = fs::read(path).ok()?;
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let code = &bytes[HEADER..];
    let right = header[..4] == magic
        && header[4..8] == FLAGS
        && header[8..12] == (code.len() as u32).to_le_bytes()
        && header[12..] == crc32fast::hash(code).to_le_bytes();
    right.then_some(bytes)
}

/// Writes a file beside its place and renames it there.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Threads of one process take turns: the GIL is held.
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What could not be written whole is nobody's; a second failure changes nothing.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Maps a file for the rest of the process. Packs are replaced by renaming, never changed or shortened in place,
/// and of the store nobody else writes there.
pub(crate) fn map(path: &Path) -> Option<&'static [u8]> {
    let file = File::open(path).ok()?;
    let length = usize::try_from(file.metadata().ok()?.len()).ok().filter(|&length| length > 0)?;
    // SAFETY: a new private mapping of an open file, which stays when the file is closed, and is never unmapped;
    // a file that is mapped is not shortened (see above), so that its pages stay readable.
    unsafe {
        let start =
            libc::mmap(std::ptr::null_mut(), length, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), 0);
        if start == libc::MAP_FAILED {
            return None;
        }
        Some(std::slice::from_raw_parts(start.cast::<u8>(), length))
    }
}

/// Takes the pages of a mapping out of memory.
fn give_back(mapped: &'static [u8]) {
    if !mapped.is_empty() {
        // SAFETY: a whole private mapping of a file that nobody writes to (`map`): its pages are read again from
        // the file when they are touched again.
        unsafe { libc::madvise(mapped.as_ptr().cast_mut().cast(), mapped.len(), libc::MADV_DONTNEED) };
    }
}
