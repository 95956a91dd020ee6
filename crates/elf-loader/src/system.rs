//! The machine, as far as the loader looks at it. Everything is given from outside, so that a test makes a machine up
//! and an analysis asks about another one than it runs on.
//!
//! Deliberately not here: asking this machine (`machine`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use elf_facts::Name;

use crate::files::{Files, LibraryResult, Memory, Places, Seen, held};
use crate::ld_so_cache::LdSoCache;
use crate::library::{Library, VersionId};
use crate::lookup::Flat;
use crate::object::ObjectId;
use crate::resolve::{Key, Resolution, resolve};

/// What the loader of a process would find on its machine and in its environment.
///
/// Its answers about files are remembered for as long as it lives.
pub struct System {
    /// The folders that are searched last, such as `/usr/lib`, each with a slash at its end (`system_dirs`).
    pub default_folders: Vec<Name>,
    /// Folders below each searched folder that are looked into before it, each with a slash at its end, in order:
    /// `glibc-hwcaps/x86-64-v3/`, and before glibc 2.37 the older kind, such as `tls/haswell/`.
    pub subfolders: Vec<Name>,
    /// `ld.so.cache`.
    pub cache: LdSoCache,
    /// What `$LIB` stands for, such as `lib/x86_64-linux-gnu`.
    pub lib: Name,
    /// What `$PLATFORM` stands for; a path with it is left out where the machine has no name for it.
    pub platform: Option<Name>,
    /// LD_LIBRARY_PATH.
    pub library_path: Option<Name>,
    /// LD_PRELOAD, then the lines of the preload file, each with blanks or colons between names.
    pub preload: Vec<Name>,
    /// LD_BIND_NOW: the program's and its libraries' functions are bound at the start, not at their first call.
    pub bind_now: bool,
    /// The folder that relative paths start from, absolute.
    pub working_folder: Name,
    /// Room in the static TLS block.
    pub static_tls: StaticTls,
    files: Box<dyn Files>,
    memory: Memory,
    resolutions: Mutex<HashMap<Key, Arc<OnceLock<Arc<Resolution>>>>>,
}

/// What decides how much thread-local data of libraries opened later fits the static block (`elf/dl-tls.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticTls {
    /// The tunable `glibc.rtld.nns`: namespaces to leave room for.
    pub namespaces: u64,
    /// The tunable `glibc.rtld.optional_static_tls`: bytes for optimisations, which others may use too.
    pub optional: u64,
}

impl StaticTls {
    /// The tunables' defaults, by which the surplus is 1664 bytes.
    pub const DEFAULT: Self = Self { namespaces: 4, optional: 512 };

    /// Bytes beyond what the program starts with: `tls_static_surplus` and the part that keeps the old total.
    pub(crate) fn surplus(self) -> u64 {
        let of = |tunables: Self| {
            let namespaces = tunables.namespaces.max(1);
            namespaces.saturating_mul(2 * 144).saturating_sub(144).saturating_add(tunables.optional)
        };
        of(self).saturating_add(1664_u64.saturating_sub(of(Self::DEFAULT)))
    }
}

impl System {
    /// A machine with these files, and nothing else: no default folder, no cache, no environment.
    pub fn new(files: impl Files + 'static) -> Self {
        Self {
            default_folders: Vec::new(),
            subfolders: Vec::new(),
            cache: LdSoCache::default(),
            lib: Name::from("lib64"),
            platform: None,
            library_path: None,
            preload: Vec::new(),
            bind_now: false,
            working_folder: Name::from("/"),
            static_tls: StaticTls::DEFAULT,
            files: Box::new(files),
            memory: Memory::default(),
            resolutions: Mutex::default(),
        }
    }

    /// The name of a version number that [`crate::Library::version`] gave.
    pub fn version_name(&self, id: VersionId) -> Arc<[u8]> {
        self.memory.version(id)
    }

    /// What the references of `library`, the file of object `id`, find in `scope`; worked out once.
    pub(crate) fn resolution(&self, library: &Library, id: ObjectId, scope: &Flat<'_>) -> Arc<Resolution> {
        let key = Key::new(library, scope);
        let place = held(&self.resolutions).entry(key).or_default().clone();
        // Whoever asks for the same meanwhile waits.
        place.get_or_init(|| Arc::new(resolve(library, id, scope))).clone()
    }

    /// What lies at `path`.
    pub(crate) fn look(&self, path: &[u8]) -> Seen {
        self.memory.look(&*self.files, self.working_folder.as_bytes(), path)
    }

    /// The file at `path`; `None` where none is.
    pub(crate) fn library(&self, path: &[u8]) -> Option<(crate::files::Identity, LibraryResult)> {
        let Seen::File(identity) = self.look(path) else { return None };
        let folder = self.working_folder.as_bytes();
        Some((identity, self.memory.library(&*self.files, folder, path, identity)))
    }

    /// The subfolders that `folder` has, as places in [`System::subfolders`] (`r_dir_status` in `elf/dl-load.c`).
    pub(crate) fn subfolders_of(&self, folder: &[u8]) -> Places {
        self.memory.subfolders(folder, || {
            let is_folder = |parts: &[&[u8]]| matches!(self.look(&parts.concat()), Seen::Folder(_));
            let exists = |name: &Name| {
                // Most folders have none: the first part of the path answers for many at once.
                let name = name.as_bytes();
                let first = name.split(|byte| *byte == b'/').next().unwrap_or(name);
                is_folder(&[folder, first]) && is_folder(&[folder, name])
            };
            let all = self.subfolders.iter().enumerate().filter(|(_, name)| exists(name));
            all.map(|(at, _)| at as u16).collect()
        })
    }
}

impl fmt::Debug for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("System")
            .field("default_folders", &self.default_folders)
            .field("subfolders", &self.subfolders)
            .field("library_path", &self.library_path)
            .field("preload", &self.preload)
            .field("static_tls", &self.static_tls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surplus_is_the_historic_one_unless_a_tunable_says_otherwise() {
        assert_eq!(StaticTls::DEFAULT.surplus(), 1664);
        assert_eq!(StaticTls { optional: 2048, ..StaticTls::DEFAULT }.surplus(), 1664 - 512 + 2048);
        assert_eq!(StaticTls { namespaces: 5, ..StaticTls::DEFAULT }.surplus(), 1664 + 288);
    }
}
