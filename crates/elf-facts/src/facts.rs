//! The facts of one file.
//!
//! Deliberately not here: reading them (`read.rs`) and keeping them (`cache.rs`).

use std::fmt;

use serde::{Deserialize, Serialize};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::definitions::{Definitions, Version, VersionIndex};
use crate::name::{Name, Names, Span};

/// What one ELF file says to the loader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Everything but symbols.
    pub head: Head,
    /// The names that symbols and references point into.
    pub names: Names,
    /// The dynamic symbols that others may bind to.
    pub definitions: Definitions,
    /// What the file's relocations ask for, each symbol once, in the order of the symbol table.
    pub references: Vec<Reference>,
}

/// Everything but symbols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The hash of the whole file.
    pub content: ContentHash,
    /// Its size in bytes.
    pub size: u64,
    /// 32 or 64 bit.
    pub class: Class,
    /// Byte order.
    pub endian: Endian,
    /// `e_machine`, such as 62 for x86-64 (gABI, table of machines).
    pub machine: u16,
    /// `EI_OSABI`; 3 for files with GNU extensions.
    pub os_abi: u8,
    /// Program or library.
    pub kind: Kind,
    /// PT_INTERP: the dynamic loader that a program asks for.
    pub interpreter: Option<Name>,
    /// DT_SONAME.
    pub soname: Option<Name>,
    /// DT_NEEDED, in order, repetitions included.
    pub needed: Vec<Name>,
    /// DT_RPATH, unexpanded, with its colons.
    pub rpath: Option<Name>,
    /// DT_RUNPATH, unexpanded, with its colons.
    pub runpath: Option<Name>,
    /// DT_FLAGS, DT_FLAGS_1 and the tags that say the same.
    pub flags: Flags,
    /// PT_GNU_STACK: whether the stack must be executable; `None` where the file does not say, which the kernel
    /// reads as yes on x86.
    pub executable_stack: Option<bool>,
    /// PT_TLS.
    pub tls: Option<Tls>,
    /// Whether the file reaches thread-local data of its own at fixed offsets from the thread pointer: such data must
    /// be in the static block. DF_STATIC_TLS says the same of any data, and some linkers leave it out.
    pub own_static_tls: bool,
    /// NT_GNU_BUILD_ID.
    pub build_id: Option<Vec<u8>>,
    /// NT_GNU_ABI_TAG: the oldest Linux that it runs on; glibc refuses it on an older one.
    pub oldest_linux: Option<[u32; 3]>,
    /// Version definitions and needs, by index; several needs may share an index only in damaged files, where the
    /// last wins, as in glibc's table.
    pub versions: Vec<Version>,
    /// Strings that rules ask for, as `read/markers.rs` names them, each once.
    pub markers: Vec<Name>,
    /// Whether the relocation types of this machine are known; where not, `references` have [`Uses::ADDRESS`] only.
    pub machine_known: bool,
}

/// The BLAKE3 hash of a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ContentHash(pub [u8; 32]);

impl fmt::Display for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// EI_CLASS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// ELFCLASS32.
    Bits32,
    /// ELFCLASS64.
    Bits64,
}

/// EI_DATA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Endian {
    /// ELFDATA2LSB.
    Little,
    /// ELFDATA2MSB.
    Big,
}

/// What the file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// ET_EXEC: a program at a fixed address.
    Program,
    /// ET_DYN with DF_1_PIE, or with PT_INTERP and no soname: a program at any address.
    PieProgram,
    /// ET_DYN: a shared library or extension module.
    Shared,
}

/// What DT_FLAGS, DT_FLAGS_1, DT_SYMBOLIC, DT_TEXTREL and DT_BIND_NOW say (gABI; Solaris' linker guide for FLAGS_1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// DF_SYMBOLIC or DT_SYMBOLIC: its own definitions are looked at first.
    pub symbolic: bool,
    /// DF_BIND_NOW, DF_1_NOW or DT_BIND_NOW.
    pub bind_now: bool,
    /// DF_TEXTREL or DT_TEXTREL: the code itself is relocated.
    pub text_relocations: bool,
    /// DF_STATIC_TLS: its thread-local data must be in the block made at the start of a thread.
    pub static_tls: bool,
    /// DF_1_NODEFLIB: not looked for in the cache and the default folders.
    pub no_default_folders: bool,
    /// DF_1_NODELETE: never unloaded.
    pub no_delete: bool,
    /// DF_1_GLOBAL: its symbols go to the global scope.
    pub global: bool,
    /// DF_1_INITFIRST.
    pub init_first: bool,
    /// DF_1_NOOPEN: `dlopen` refuses it.
    pub no_open: bool,
    /// DF_1_PIE: `dlopen` refuses it too.
    pub pie: bool,
}

/// PT_TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// Bytes of thread-local data, `.tbss` included.
    pub size: u64,
    /// Their alignment in bytes.
    pub align: u64,
}

/// How relocations use a symbol: a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Uses(u16);

impl Uses {
    /// A slot of the procedure linkage table: JUMP_SLOT.
    pub const CALL: Self = Self(1);
    /// An address: GLOB_DAT, a pointer in data.
    pub const ADDRESS: Self = Self(2);
    /// COPY: the program's own copy of a library's variable.
    pub const COPY: Self = Self(4);
    /// Thread-local by module and offset (DTPMOD, DTPOFF): the general dynamic model.
    pub const TLS_MODULE: Self = Self(8);
    /// Thread-local at a fixed offset from the thread pointer (TPOFF): the initial exec model, static TLS.
    pub const TLS_OFFSET: Self = Self(16);
    /// Thread-local by descriptor (TLSDESC).
    pub const TLS_DESCRIPTOR: Self = Self(32);

    /// Whether any of `other` is in the set.
    pub fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether no relocation uses it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A symbol that relocations of the file ask the loader for.
///
/// Symbols that glibc binds to the file itself without looking (STB_LOCAL, STV_HIDDEN, STV_INTERNAL) are no
/// references.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Reference {
    /// [`crate::gnu_hash`] of the name.
    pub hash: u32,
    /// The name, in [`Facts::names`].
    pub name: Span,
    /// The file's own definition of it in [`Definitions::all`], or [`Reference::NO_DEFINITION`].
    pub own: u32,
    /// `st_size`: what the file thinks that the thing is large, in bytes.
    pub size: u64,
    /// The version that it asks for.
    pub version: VersionIndex,
    /// How relocations use it.
    pub uses: Uses,
    /// STB_WEAK, STB_GLOBAL, ...: `st_info`.
    pub info: u8,
    /// `st_other`.
    pub other: u8,
    pub(crate) padding: u16,
}

impl Reference {
    /// In [`Reference::own`]: the file does not define it.
    pub const NO_DEFINITION: u32 = u32::MAX;

    /// STB_WEAK: may stay without a definition.
    pub fn is_weak(&self) -> bool {
        self.info >> 4 == goblin::elf::sym::STB_WEAK
    }

    /// STT_TLS: thread-local.
    pub fn is_tls(&self) -> bool {
        self.info & 0xf == goblin::elf::sym::STT_TLS
    }

    /// STV_PROTECTED: binds to the file's own definition, whatever the search finds first.
    pub fn is_protected(&self) -> bool {
        self.other & 3 == goblin::elf::sym::STV_PROTECTED
    }

    /// Whether the file defines it itself, so that it is a reference only because others may come first.
    pub fn is_defined_here(&self) -> bool {
        self.own != Self::NO_DEFINITION
    }
}

impl Facts {
    /// The name of a reference.
    pub fn name_of(&self, reference: &Reference) -> &[u8] {
        self.names.bytes(reference.name)
    }

    /// The version with index `index`, if the file has one there. 0 and 1 stand for no version.
    pub fn version(&self, index: VersionIndex) -> Option<&Version> {
        // By index, as `Definitions` keeps them sorted on reading.
        let found = self.head.versions.binary_search_by_key(&index.number(), |version| version.index);
        found.ok().and_then(|at| self.head.versions.get(at))
    }
}
