//! The simulation beside the real loader: what `LD_DEBUG` reports (ld.so(8)) of a run is replayed, and every load,
//! every scope and every binding is compared, in both directions.
//!
//! Deliberately not here: running anything. What C code asks for at run time (`dlsym`, and what IFUNC resolvers bind)
//! is counted apart, since no file says it.

mod replay;
mod trace;

pub use replay::{Report, replay};
pub use trace::{Event, Real, read};

/// What LD_DEBUG must be set to for [`read`].
pub const LD_DEBUG: &str = "files,libs,bindings,versions,scopes,reloc";
