//! The loader, asked: opening a library, and what answers to a name without opening anything.
//!
//! Deliberately not here: whose a library is, and who gets it (`by_name`).

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

/// `dlopen(3)`. The handle is the caller's, who may never close it.
///
/// # Errors
/// What the loader says.
pub(crate) fn open(name: &CStr, flags: c_int) -> Result<*mut c_void, String> {
    // SAFETY: the name is a C string; the object's constructors run, as they would under Python's own call.
    let handle = unsafe { libc::dlopen(name.as_ptr(), flags) };
    if !handle.is_null() {
        return Ok(handle);
    }
    // SAFETY: after a failed dlopen, dlerror returns a string of this thread.
    let reason = unsafe {
        let reason = libc::dlerror();
        if reason.is_null() { String::new() } else { CStr::from_ptr(reason).to_string_lossy().into_owned() }
    };
    Err(reason)
}

/// The file that answers to a name now, by the path that it was loaded by; `None` where none is loaded.
pub(crate) fn answering(name: &CStr) -> Option<PathBuf> {
    let handle = open(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD).ok()?;
    let mut map: *const LinkMap = ptr::null();
    // SAFETY: the handle is open until below; `dlinfo(3)` writes a pointer to what is loaded, whose path is copied.
    unsafe {
        let asked = libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, (&raw mut map).cast());
        let known = asked == 0 && !map.is_null() && !(*map).name.is_null();
        let path = known.then(|| OsStr::from_bytes(CStr::from_ptr((*map).name).to_bytes()).into());
        libc::dlclose(handle);
        path
    }
}

/// Where the loader looks for a bare name that nothing answers to: `LD_LIBRARY_PATH` as it was at the start, and the
/// system's folders. Those that only the loader's cache knows are not among them.
pub(crate) fn folders() -> Vec<PathBuf> {
    // SAFETY: the handle is the program's own; the room is as large as the loader says, and aligned for its struct.
    unsafe {
        let handle = libc::dlopen(ptr::null(), libc::RTLD_LAZY);
        let mut size = SearchInfo { size: 0, count: 0, first: [] };
        if handle.is_null() || libc::dlinfo(handle, libc::RTLD_DI_SERINFOSIZE, (&raw mut size).cast()) != 0 {
            return Vec::new();
        }
        let mut room = vec![0u64; size.size.div_ceil(size_of::<u64>())];
        let info = room.as_mut_ptr().cast::<SearchInfo>();
        (*info).size = size.size;
        (*info).count = size.count;
        if libc::dlinfo(handle, libc::RTLD_DI_SERINFO, info.cast()) != 0 {
            return Vec::new();
        }
        let paths =
            std::slice::from_raw_parts((&raw const (*info).first).cast::<SearchPath>(), size.count as usize);
        let text =
            |path: &SearchPath| Path::new(OsStr::from_bytes(CStr::from_ptr(path.name).to_bytes())).to_owned();
        paths.iter().filter(|path| !path.name.is_null()).map(text).collect()
    }
}

/// The path of a file as C has it.
pub(crate) fn c_path(path: &Path) -> Option<CString> {
    CString::new(path.as_os_str().as_bytes()).ok()
}

/// `struct link_map` as far as `link.h` makes it public.
#[repr(C)]
struct LinkMap {
    base: usize,
    name: *const c_char,
}

/// `Dl_serinfo` (`dlfcn.h`): so many paths follow.
#[repr(C)]
struct SearchInfo {
    size: usize,
    count: c_uint,
    first: [SearchPath; 0],
}

/// `Dl_serpath`.
#[repr(C)]
struct SearchPath {
    name: *const c_char,
    flags: c_uint,
}
