//! The command line `pinfold`, as a library: everything but the process itself.
//!
//! A manifest becomes a lock ([`locking`], which asks uv), a lock becomes an environment. Deliberately not
//! here: reading and unpacking of wheels (wheelsplit), and what an import does (the hook).

pub mod commands;
pub mod context;
pub mod error;
pub mod locking;
pub mod manifests;
pub mod uv;
