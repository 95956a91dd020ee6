//! The command line `pinfold`, as a library: everything but the process itself.
//!
//! A manifest becomes a lock ([`locking`], which asks uv), a lock becomes an environment. Deliberately not
//! here: reading and unpacking of wheels (wheelsplit), and what an import does (the hook).

pub mod build;
pub mod check;
pub mod cli;
pub mod commands;
pub mod context;
mod digest;
pub mod environment;
pub mod error;
pub mod failure;
pub mod ignore;
pub mod interpreter;
pub mod locking;
pub mod manifests;
pub mod output;
pub mod plan;
pub mod project;
pub mod ready;
pub mod refusal;
pub mod terminal;
pub mod tracks;
pub mod tree;
pub mod uv;
pub mod why;
