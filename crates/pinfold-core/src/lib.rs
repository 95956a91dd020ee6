//! The model of Pinfold: what a unit is, who sees what, and the files that say so.
//!
//! Nothing here talks to Python, to uv or to the network; the only input and output are this project's own
//! files. Everyone above (the hook, the command line, abicheck) shares these types, so that there is one
//! answer to "which file does this importer get".

pub mod attach;
pub mod closure;
pub mod distributions;
pub mod index;
pub mod instance;
pub mod list;
pub mod lock;
pub mod manifest;
pub mod modules;
pub mod names;
pub mod pack;
pub mod places;
pub mod reason;
pub mod requires;
pub mod resolve;
pub mod units;
pub mod worlds;
