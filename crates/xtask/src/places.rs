//! Where things are: the checkout, and what these commands make under `target/`.
//!
//! Deliberately not here: making them.

use std::path::{Path, PathBuf};

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where the manifest is now; the path at compile time may be that of a moved checkout.
    let manifest =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.ancestors().nth(2).map(Path::to_owned).unwrap_or(manifest)
}

/// Cargo's target folder: everything that is made goes below it.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => root().join(folder),
        _ => root().join("target"),
    }
}

/// The store that these commands use: `PINFOLD_CACHE`, else one of their own.
pub(crate) fn store() -> PathBuf {
    match std::env::var_os("PINFOLD_CACHE") {
        Some(folder) if !folder.is_empty() => root().join(folder),
        _ => target().join("pinfold-cache"),
    }
}
