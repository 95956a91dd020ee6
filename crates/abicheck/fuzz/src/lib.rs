//! What must hold for every file that abicheck reads, one module for each kind.
//!
//! Each has `holds(data)`, which panics where it does not. The same functions run in two places: under
//! libFuzzer, by `cargo xtask fuzz`, and in the ordinary tests over the inputs in `seeds/` and damaged copies of
//! them (`crates/abicheck/tests/seeds.rs`). Deliberately not here: how inputs are made up.

pub mod elf;
pub mod installed;
pub mod ldcache;
pub mod loader;
pub mod python;
pub mod unpack;
pub mod writer;

/// A temporary folder, in memory where the system has such a place: properties write a file for every input.
fn scratch() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

/// A property by the name of its target.
pub type Property = fn(&[u8]);

/// Every property with its target's name, which is also the folder of its seeds.
pub const ALL: [(&str, Property); 6] = [
    ("elf", elf::holds),
    ("installed", installed::holds),
    ("ldcache", ldcache::holds),
    ("loader", loader::holds),
    ("python", python::holds),
    ("unpack", unpack::holds),
];
