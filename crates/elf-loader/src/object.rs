//! One loaded file: glibc's `struct link_map`, as far as it decides anything.
//!
//! Deliberately not here: addresses.

use std::fmt;
use std::sync::Arc;

use elf_facts::{Facts, Name};

use crate::files::Identity;
use crate::library::Library;
use crate::paths::Folders;

/// An object of a [`crate::Process`]: its place in the order of loading. After a `dlopen` that failed, the ids of
/// what it had loaded are given to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub(crate) u32);

impl ObjectId {
    /// The program itself.
    pub const PROGRAM: Self = Self(0);
    /// The dynamic loader, which the kernel maps beside the program.
    pub const LOADER: Self = Self(1);

    /// The place in the order of loading; 0 is the program.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a file was found for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the program.
    Program,
    /// The program's PT_INTERP names it.
    Interpreter,
    /// An object that was there already matched; nothing was looked for or only its identity was.
    AlreadyLoaded(By),
    /// In a folder of DT_RPATH of this object: the one that needs it, one that loaded that one, or the program.
    Rpath(ObjectId),
    /// In a folder of DT_RUNPATH of this object, the one that needs it.
    Runpath(ObjectId),
    /// In a folder of LD_LIBRARY_PATH.
    LibraryPath,
    /// LD_PRELOAD or the preload file names it.
    Preload,
    /// In `ld.so.cache`.
    Cache,
    /// In a default folder.
    Default,
    /// The name has a slash: it is a path.
    Path,
}

/// By what a name matched an object that was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A name that it was asked for by before, or its path.
    Name,
    /// Its DT_SONAME.
    Soname,
    /// A search found a file of the same device and inode.
    Inode,
}

/// `l_type`: since when an object is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `lt_executable`.
    Program,
    /// `lt_library`: loaded with the program.
    Startup,
    /// `lt_loaded`: by `dlopen`.
    Opened,
}

/// An element of `l_scope`: one list of objects that references are looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The program, what was loaded with it, and what RTLD_GLOBAL added.
    Global,
    /// The object alone: DT_SYMBOLIC.
    Own,
    /// What the object was opened with, breadth first from it.
    Of(ObjectId),
}

/// A loaded file.
#[derive(Clone, Debug)]
pub struct Object {
    /// `l_name`: the path as the loader made it, not normalised.
    pub path: Name,
    /// How it came to be loaded.
    pub found: Found,
    /// The object whose DT_NEEDED loaded it first; `None` for the program and for what was opened.
    pub loader: Option<ObjectId>,
    /// Since when it is there.
    pub role: Role,
    /// Device and inode; the program's and the loader's stay unknown to glibc.
    pub identity: Option<Identity>,
    /// The scopes that its references are looked up in, in order.
    pub scopes: Vec<Scope>,
    /// Whether it is in the global scope.
    pub global: bool,
    /// How often it was opened itself.
    pub opened: u32,
    pub(crate) library: Arc<Library>,
    /// `l_libname`: names that it was asked for by.
    pub(crate) names: Vec<Arc<[u8]>>,
    /// `l_origin`: its folder, absolute.
    pub(crate) origin: Arc<[u8]>,
    /// DT_RPATH, which a DT_RUNPATH makes void, and DT_RUNPATH.
    pub(crate) rpath: Folders,
    pub(crate) runpath: Folders,
    /// DT_NEEDED resolved, in order; `None` for one that was left out.
    pub(crate) needed: Option<Arc<[Option<ObjectId>]>>,
    /// `l_searchlist`: breadth first from here; only of the program and of what was opened.
    pub(crate) search_list: Option<Arc<[ObjectId]>>,
    /// `l_initfini` without the object itself: its NEEDED, or once it was opened, all that it reaches, sorted.
    pub(crate) dependencies: Option<Arc<[ObjectId]>>,
    /// Whether its relocations were done.
    pub(crate) relocated: bool,
    /// `l_tls_offset`: whether its thread-local block lies in the static block.
    pub(crate) static_tls: bool,
}

impl Object {
    /// What its file says.
    pub fn facts(&self) -> &Arc<Facts> {
        &self.library.facts
    }

    /// Its file, prepared for lookups.
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Which file it is, for comparing and for maps: the same in all processes of one [`crate::System`], and never 0.
    pub fn key(&self) -> usize {
        Arc::as_ptr(&self.library).addr()
    }

    /// DT_SONAME.
    pub fn soname(&self) -> Option<&Name> {
        self.facts().head.soname.as_ref()
    }

    /// What its DT_NEEDED entries came to, in order; `None` for one whose tokens have no value, which is left out.
    pub fn needed(&self) -> &[Option<ObjectId>] {
        self.needed.as_deref().unwrap_or_default()
    }

    /// Breadth first from here, if it was opened itself or is the program.
    pub fn search_list(&self) -> Option<&[ObjectId]> {
        self.search_list.as_deref()
    }

    /// Whether its thread-local block lies in the static block of each thread.
    pub fn has_static_tls(&self) -> bool {
        self.static_tls
    }

    /// Whether `name` is one that it was asked for by, or its path (`_dl_name_match_p`).
    pub(crate) fn is_named(&self, name: &[u8]) -> bool {
        self.path.as_bytes() == name || self.names.iter().any(|known| **known == *name)
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Program => "program",
            Self::Interpreter => "PT_INTERP",
            Self::AlreadyLoaded(By::Name) => "already loaded under this name",
            Self::AlreadyLoaded(By::Soname) => "already loaded under this SONAME",
            Self::AlreadyLoaded(By::Inode) => "already loaded from the same file",
            Self::Rpath(_) => "RPATH",
            Self::Runpath(_) => "RUNPATH",
            Self::LibraryPath => "LD_LIBRARY_PATH",
            Self::Preload => "LD_PRELOAD",
            Self::Cache => "ld.so.cache",
            Self::Default => "default folder",
            Self::Path => "path",
        })
    }
}
