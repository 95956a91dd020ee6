//! What glibc's dynamic loader does in one process, as a pure simulation: a [`Process`] starts with a program's file,
//! opens libraries in the order that it is told, and says of each which files were loaded, how each was found, and
//! what every symbol reference binds to.
//!
//! Phases of one [`Process::dlopen`], one file each: `search` finds a file for a name, `map` adds it and what it needs,
//! breadth first, `versions` checks the versions that it needs, `order` says in which order objects are relocated,
//! `bind` looks every reference up in the object's scopes (`resolve`, `lookup`, `unique`) and takes static TLS (`tls`). A failure
//! leaves the process as it was (`process`). Nothing is run and nothing is mapped: files are [`elf_facts::Facts`],
//! and the machine is a [`System`] that tests make up.
//!
//! Rules are those of glibc 2.36 and are cited beside the line. What other versions do otherwise: before 2.33 the loader
//! does not say where it looks (`--list-diagnostics`); before 2.35 objects that need one another are relocated in
//! another order; from 2.37 on there are no `tls/` and platform subfolders (both are simulated, by what the loader
//! says); from 2.41 on a library that wants an executable stack is refused, and one without any version table may be
//! the one that a version is needed of, which ends the process before; neither is simulated.
//! Deliberately not here: what code does when it runs (constructors, `dlsym`, IFUNC resolvers, `dlclose`), other
//! namespaces (`dlmopen`), auditing, set-user-ID programs, and what a binding is worth.

mod bind;
mod error;
mod files;
mod filter;
mod ld_so_cache;
mod library;
mod load;
mod lookup;
mod machine;
mod map;
mod names;
mod object;
mod order;
pub mod parity;
mod paths;
mod process;
mod resolve;
mod search;
mod symbols;
mod system;
mod tls;
mod trace;
mod unique;
mod versions;

pub use error::{Failure, LoadError, Missing, MissingSymbol, MissingVersion};
pub use files::{Disk, FactsResult, Files, Identity, Seen};
pub use ld_so_cache::LdSoCache;
pub use library::{Library, VersionId};
pub use load::{Binding, Edge, Load, Mode};
pub use machine::MachineError;
pub use object::{By, Found, Object, ObjectId, Role, Scope};
pub use paths::straight;
pub use process::{Ignored, Process};
pub use symbols::Symbol;
pub use system::{StaticTls, System};
pub use trace::{Looked, Unmet};
