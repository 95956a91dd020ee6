//! What must hold for every input of Pinfold's readers, one module for each.
//!
//! Each has `holds(data)`, which panics where it does not. The same functions run in two places: under
//! libFuzzer, by `cargo xtask fuzz`, and in the ordinary tests over the inputs in `seeds/` and damaged copies of
//! them (`crates/pinfold-cli/tests/seeds.rs`). Deliberately not here: how inputs are made up.

pub mod closure;
pub mod index;
pub mod lock;
pub mod manifest;
pub mod modules;
pub mod names;
pub mod requirement;
pub mod resolver;
pub mod wheel;

/// A property by the name of its target.
pub type Property = fn(&[u8]);

/// Every property with its target's name, which is also the folder of its seeds.
pub const ALL: [(&str, Property); 9] = [
    ("closure", closure::holds),
    ("index", index::holds),
    ("lock", lock::holds),
    ("manifest", manifest::holds),
    ("modules", modules::holds),
    ("names", names::holds),
    ("requirement", requirement::holds),
    ("resolver", resolver::holds),
    ("wheel", wheel::holds),
];
