//! Redirects the C API calls of loaded shared objects, object by object, through their relocations.
//!
//! After an extension was loaded and before its init function runs, every object under a unit's folder that
//! was not seen before is walked (`dl_iterate_phdr(3)`), and its global offset table entries for the
//! functions that `shims` knows are pointed at thunks of its unit: `JUMP_SLOT`, `GLOB_DAT` and absolute
//! relocations (System V ABI, ELF for x86-64 and AArch64). Pages that RELRO made read-only are opened for
//! the writes and closed again. Deliberately not here: reading ELF files; this is about memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::{CStr, c_int, c_void};
use std::sync::{Mutex, PoisonError};

use crate::libraries;
use crate::panics;
use crate::shims;
use crate::state::State;
use crate::thunks;
use crate::types;

#[cfg(target_arch = "x86_64")]
mod relocation {
    pub(super) const ABSOLUTE: u32 = 1; // R_X86_64_64
    pub(super) const GLOB_DAT: u32 = 6;
    pub(super) const JUMP_SLOT: u32 = 7;
}
// Not exercised by the project's tests: no machine of that kind was at hand.
#[cfg(target_arch = "aarch64")]
mod relocation {
    pub(super) const ABSOLUTE: u32 = 257; // R_AARCH64_ABS64
    pub(super) const GLOB_DAT: u32 = 1025;
    pub(super) const JUMP_SLOT: u32 = 1026;
}

const DT_NULL: u64 = 0;
const DT_PLTRELSZ: u64 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_RELA: u64 = 7;
const DT_RELASZ: u64 = 8;
const DT_JMPREL: u64 = 23;
const PT_GNU_RELRO: u32 = 0x6474_e552;

#[repr(C)]
struct Dynamic {
    tag: u64,
    value: u64,
}

#[repr(C)]
struct Relocation {
    offset: u64,
    info: u64,
    addend: i64,
}

/// Objects that were walked, by load address and the address of their name, which the loader keeps: whether they
/// were of a unit.
static WALKED: Mutex<Option<HashMap<(usize, usize), bool>>> = Mutex::new(None);

/// An object that is loaded.
struct Loaded {
    base: usize,
    name: String,
    dynamic: *const Dynamic,
    /// Segments: start, end, flags as `mprotect` wants them.
    segments: Vec<(usize, usize, c_int)>,
    /// The part that RELRO made read-only.
    relro: Option<(usize, usize)>,
}

/// Redirects the calls of every unit's object that came since the last time. The GIL is held.
pub(crate) fn redirect_new(state: &State) -> Result<(), String> {
    let mut search = Search { state, found: Vec::new(), failed: None };
    // SAFETY: the callback gets the pointer to `search`, which lives through the call, and does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    if let Some(reason) = search.failed {
        return Err(reason);
    }
    for (object, unit) in search.found {
        // SAFETY: the object is loaded and cannot be unloaded while this thread, which holds the GIL, works:
        // CPython never closes an extension.
        unsafe { redirect(state, &object, unit)? };
        for &(start, end, _) in &object.segments {
            types::note_segment(start, end, unit);
        }
    }
    Ok(())
}

/// Points every entry for `function` that the object around `address` has at `value`. That object must stay loaded.
pub(crate) fn redirect_at(address: usize, function: &CStr, value: usize) -> Result<(), String> {
    let Some(object) = object_at(address) else { return Ok(()) };
    // SAFETY: the object is loaded and stays so, says the caller.
    let entries = unsafe { entries(&object, |name| (name == function).then_some(())) };
    // SAFETY: as above; the entries are the object's own.
    entries.into_iter().try_for_each(|(place, ())| unsafe { write_entry(&object, place, value) })
}

/// Start and end of the segment that holds `address`.
pub(crate) fn segment_at(address: usize) -> Option<(usize, usize)> {
    let held = |&(start, end, _): &(usize, usize, c_int)| (start..end).contains(&address);
    object_at(address)?.segments.into_iter().find(held).map(|(start, end, _)| (start, end))
}

fn object_at(address: usize) -> Option<Loaded> {
    let mut wanted = (address, None);
    // SAFETY: the callback gets the pointer to `wanted`, which lives through the call, and does not unwind.
    unsafe { libc::dl_iterate_phdr(Some(visit_until), (&raw mut wanted).cast()) };
    wanted.1
}

unsafe extern "C" fn visit_until(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
    // SAFETY: libc passes a valid info; `data` is the pair of `object_at`.
    let (wanted, info) = unsafe { (&mut *data.cast::<(usize, Option<Loaded>)>(), &*info) };
    // SAFETY: as above. What panicked is not the object that is looked for.
    let Ok(object) = panics::caught(|| unsafe { Loaded::read(info) }) else { return 0 };
    if object.segments.iter().any(|(start, end, _)| (*start..*end).contains(&wanted.0)) {
        wanted.1 = Some(object);
    }
    c_int::from(wanted.1.is_some())
}

/// Has objects that were of no unit looked at again: they may be of one now.
pub(crate) fn forget_strangers() {
    let mut walked = WALKED.lock().unwrap_or_else(PoisonError::into_inner);
    walked.get_or_insert_default().retain(|_, of_a_unit| *of_a_unit);
}

struct Search<'s> {
    state: &'s State,
    /// Each with its unit.
    found: Vec<(Loaded, usize)>,
    /// Why the walk was ended early.
    failed: Option<String>,
}

unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
    // SAFETY: libc passes a valid info; `data` is the Search of `redirect_new`, which nobody else uses now.
    let (search, info) = unsafe { (&mut *data.cast::<Search<'_>>(), &*info) };
    match panics::caught(|| search.see(info)) {
        Ok(()) => 0,
        Err(reason) => {
            search.failed = Some(reason);
            1
        }
    }
}

impl Search<'_> {
    /// Notes an object, if it is new and a unit's.
    fn see(&mut self, info: &libc::dl_phdr_info) {
        if info.dlpi_name.is_null() {
            return;
        }
        let mut walked = WALKED.lock().unwrap_or_else(PoisonError::into_inner);
        let walked = walked.get_or_insert_default();
        let Entry::Vacant(entry) = walked.entry((info.dlpi_addr as usize, info.dlpi_name.addr())) else {
            return;
        };
        // SAFETY: the loader keeps the name as long as the object.
        let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_str();
        let unit = name.ok().and_then(|name| self.state.unit_of_object(name));
        entry.insert(unit.is_some());
        if let Some(unit) = unit {
            // SAFETY: the info is libc's, and the object is loaded.
            self.found.push((unsafe { Loaded::read(info) }, unit));
        }
    }
}

impl Loaded {
    /// # Safety
    /// The info is as libc gave it, and its object is loaded.
    unsafe fn read(info: &libc::dl_phdr_info) -> Loaded {
        let base = info.dlpi_addr as usize;
        let mut object = Loaded {
            base,
            name: String::new(),
            dynamic: std::ptr::null(),
            segments: Vec::new(),
            relro: None,
        };
        // SAFETY: the program headers and the name belong to the object, and are there as long as it is.
        let headers = unsafe {
            if !info.dlpi_name.is_null() {
                object.name = CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned();
            }
            std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize)
        };
        for header in headers {
            let start = base + header.p_vaddr as usize;
            let end = start + header.p_memsz as usize;
            match header.p_type {
                libc::PT_DYNAMIC => object.dynamic = start as *const Dynamic,
                libc::PT_LOAD => {
                    let flag = |elf: u32, protection| if header.p_flags & elf != 0 { protection } else { 0 };
                    let protection = flag(libc::PF_R, libc::PROT_READ)
                        | flag(libc::PF_W, libc::PROT_WRITE)
                        | flag(libc::PF_X, libc::PROT_EXEC);
                    object.segments.push((start, end, protection));
                }
                PT_GNU_RELRO => object.relro = Some((start, end)),
                _ => {}
            }
        }
        object
    }
}

/// # Safety
/// The object is loaded and stays so.
unsafe fn redirect(state: &State, object: &Loaded, unit: usize) -> Result<(), String> {
    let registries = state.has_own_registries(unit);
    // SAFETY: the caller's promise.
    for (place, shim) in unsafe { entries(object, |name| shims::shim(name, registries)) } {
        let Some(thunk) = thunks::thunk(unit, shim) else {
            let (name, count) = (&object.name, thunks::COUNT);
            return Err(format!("{name}: more than {count} redirected functions in one process"));
        };
        // SAFETY: the entry is the object's own.
        unsafe { write_entry(object, place, thunk)? };
    }
    Ok(())
}

/// Where the object's offset tables have addresses of functions that `choose` knows, each with its answer.
///
/// # Safety
/// The object is loaded and stays so.
unsafe fn entries<T>(object: &Loaded, choose: impl Fn(&CStr) -> Option<T>) -> Vec<(usize, T)> {
    let mut found = Vec::new();
    let (mut symbols, mut strings, mut rela, mut jmprel) = (0, 0, (0, 0), (0, 0));
    // SAFETY: the dynamic section ends with DT_NULL; its tables are mapped with the object. glibc has already
    // added the load address to most addresses in it, where the section is writable.
    unsafe {
        let mut entry = object.dynamic;
        if entry.is_null() {
            return found;
        }
        let address = |value: u64| {
            let value = value as usize;
            if value < object.base { value + object.base } else { value }
        };
        while (*entry).tag != DT_NULL {
            let value = (*entry).value;
            match (*entry).tag {
                DT_SYMTAB => symbols = address(value),
                DT_STRTAB => strings = address(value),
                DT_RELA => rela.0 = address(value),
                DT_RELASZ => rela.1 = value as usize,
                DT_JMPREL => jmprel.0 = address(value),
                DT_PLTRELSZ => jmprel.1 = value as usize,
                _ => {}
            }
            entry = entry.add(1);
        }
        if symbols == 0 || strings == 0 {
            return found;
        }
        for (table, size) in [rela, jmprel] {
            if table == 0 {
                continue;
            }
            let count = size / size_of::<Relocation>();
            for relocation in std::slice::from_raw_parts(table as *const Relocation, count) {
                let kind = (relocation.info & 0xffff_ffff) as u32;
                let known =
                    [relocation::JUMP_SLOT, relocation::GLOB_DAT, relocation::ABSOLUTE].contains(&kind);
                if !known || relocation.addend != 0 {
                    continue;
                }
                let symbol = symbols + (relocation.info >> 32) as usize * size_of::<libc::Elf64_Sym>();
                let symbol = &*(symbol as *const libc::Elf64_Sym);
                let name = CStr::from_ptr((strings + symbol.st_name as usize) as *const _);
                if let Some(chosen) = choose(name) {
                    found.push((object.base + relocation.offset as usize, chosen));
                }
            }
        }
    }
    found
}

/// # Safety
/// `place` is an aligned pointer-sized entry of the loaded object.
unsafe fn write_entry(object: &Loaded, place: usize, value: usize) -> Result<(), String> {
    let segment = object.segments.iter().find(|(start, end, _)| (*start..*end).contains(&place));
    let Some(&(.., protection)) = segment else { return Ok(()) };
    // SAFETY: asking for the page size has no conditions.
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let page = place & !(page_size - 1);
    let in_relro = object.relro.is_some_and(|(start, end)| {
        // Whole pages only, as the loader protects them.
        (start & !(page_size - 1)..end & !(page_size - 1)).contains(&place)
    });
    let closed = in_relro || protection & libc::PROT_WRITE == 0;
    let protect = |protection: c_int| {
        // SAFETY: the page belongs to the object's segment.
        let failed = unsafe { libc::mprotect(page as *mut c_void, page_size, protection) } != 0;
        if failed {
            let reason = std::io::Error::last_os_error();
            return Err(format!(
                "{}: could not open its offset table for a redirection: {reason}",
                object.name
            ));
        }
        Ok(())
    };
    if closed {
        protect(libc::PROT_READ | libc::PROT_WRITE)?;
    }
    // SAFETY: the entry is pointer-sized and aligned (the ABI says so) and writable now; other threads read
    // either the old or the new address, both of which are good.
    unsafe {
        (*(place as *const std::sync::atomic::AtomicUsize)).store(value, std::sync::atomic::Ordering::Release)
    };
    if closed {
        protect(if in_relro { libc::PROT_READ } else { protection })?;
    }
    Ok(())
}

/// Loads `path` as CPython will, so that its calls can be redirected before its init function runs.
///
/// The handle is never closed: CPython opens the same object once more and keeps it.
pub(crate) fn load(path: &CStr, flags: c_int) -> Result<(), String> {
    libraries::open(path, flags).map(drop)
}
