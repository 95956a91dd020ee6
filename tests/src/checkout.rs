//! The files of the checkout that people wrote, and the manifests among them.
//!
//! Deliberately not here: what is generated (`target/`, environments), and Cargo.lock, which is cargo's.

use std::path::{Path, PathBuf};

use toml::Table;
use walkdir::{DirEntry, WalkDir};

/// A file that somebody wrote.
pub struct Source {
    /// Its path from the root of the checkout.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// A crate of the workspace.
pub struct Crate {
    /// Its package name.
    pub name: String,
    /// Its manifest.
    pub manifest: Table,
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every text file that somebody wrote, sorted by path.
pub fn sources() -> Vec<Source> {
    let walk =
        WalkDir::new(root()).sort_by_file_name().into_iter().filter_entry(|entry| !is_generated(entry));
    let files = walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    files
        .filter_map(|entry| {
            let path = entry.path().strip_prefix(root()).ok()?.to_str()?.to_owned();
            // What is not UTF-8 is no text, and nobody wrote it by hand.
            let text = std::fs::read_to_string(entry.path()).ok()?;
            Some(Source { path, text })
        })
        .collect()
}

/// Every crate below `crates/`, sorted by folder.
///
/// # Panics
/// When a manifest cannot be read: then the test that asks has nothing to say.
pub fn crates() -> Vec<Crate> {
    let manifests = sources()
        .into_iter()
        .filter(|file| file.path.strip_prefix("crates/").is_some_and(|rest| rest.ends_with("/Cargo.toml")));
    let crates = manifests.map(|file| {
        let manifest: Table = file.text.parse().unwrap_or_else(|e| panic!("{}: {e}", file.path));
        let name = manifest["package"]["name"].as_str().unwrap_or_default().to_owned();
        Crate { name, manifest }
    });
    crates.collect()
}

impl Crate {
    /// Names of everything that it depends on, in any table but `dev-dependencies`.
    pub fn dependencies(&self) -> Vec<String> {
        let targets =
            self.manifest.get("target").and_then(|t| t.as_table()).into_iter().flat_map(|t| t.values());
        let tables = std::iter::once(&self.manifest).chain(targets.filter_map(|t| t.as_table()));
        let kinds = ["dependencies", "build-dependencies"];
        let dependencies = tables.flat_map(|t| kinds.iter().filter_map(|kind| t.get(*kind)?.as_table()));
        let named = dependencies.flatten().map(|(name, value)| {
            // `other = { package = "name" }` depends on `name`.
            value.get("package").and_then(|p| p.as_str()).unwrap_or(name).to_owned()
        });
        named.collect()
    }
}

fn is_generated(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let folders = ["target", ".git", ".venv", ".pinfold", "__pycache__", ".pytest_cache", "pinfold.data"];
    // In a second working tree of one repository, `.git` is a file.
    folders.contains(&name.as_ref()) || name == "Cargo.lock"
}
