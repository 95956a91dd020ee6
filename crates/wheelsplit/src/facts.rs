//! What the rest of Pinfold wants to know about an installed wheel, kept beside it as `facts.json`.
//!
//! Deliberately not here: anything that depends on an interpreter or an environment.

use std::collections::BTreeMap;
use std::path::Path;

use pinfold_core::closure::Provided;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The version of `facts.json` that this code writes and reads.
const VERSION: u32 = 1;

/// The file's name, in the folder of the wheel.
pub(crate) const FILE: &str = "facts.json";

/// Facts about a wheel, all from its own files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WheelFacts {
    /// METADATA's `Name`, as written.
    pub name: String,
    /// METADATA's `Version`, as written.
    pub version: String,
    /// The tags of the WHEEL file (the file name's if it has none), expanded.
    pub tags: Vec<String>,
    /// METADATA's `Requires-Dist`, as written.
    pub requires_dist: Vec<String>,
    /// METADATA's `Requires-Python`.
    pub requires_python: Option<String>,
    /// METADATA's `Provides-Extra`.
    pub provides_extra: Vec<String>,
    /// Importable names.
    pub provides: BTreeMap<String, Provided>,
    /// Whether there are compiled files.
    pub native: bool,
    /// First-level entries of `site-packages`, sorted, without `__pycache__`.
    pub top: Vec<Top>,
    /// Entry points of the group `console_scripts`.
    pub console_scripts: Vec<Script>,
    /// Entry points of the group `gui_scripts`.
    pub gui_scripts: Vec<Script>,
    /// Files in `data/scripts`.
    pub data_scripts: Vec<String>,
    /// Whether there is a `data/data`.
    pub data: bool,
    /// Whether there is a `data/headers`.
    pub headers: bool,
    /// `.pth` files in `site-packages`.
    pub pth: Vec<String>,
    /// The name of the `*.dist-info` folder.
    pub dist_info: String,
    /// Bytes of all files, unpacked.
    pub unpacked_size: u64,
    /// Number of files.
    pub files: u64,
}

/// A first-level entry of `site-packages`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Top {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
}

/// A script to be made: calls `attr` of `module`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Script {
    /// The script's file name.
    pub name: String,
    /// The module to import.
    pub module: String,
    /// What to call in it, dotted.
    pub attr: String,
}

#[derive(Serialize, Deserialize)]
struct Document<F> {
    version: u32,
    /// The hash of the wheel file, for a folder whose name does not say it; older ones do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    facts: F,
}

impl WheelFacts {
    /// The text of `facts.json`.
    pub(crate) fn to_json(&self, sha256: &str) -> String {
        let document = Document { version: VERSION, sha256: Some(sha256.to_owned()), facts: self };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the facts of the wheel in `dir`.
    pub(crate) fn read(dir: &Path) -> Result<Self, Error> {
        Self::read_with_hash(dir).map(|(facts, _)| facts)
    }

    /// Reads the facts of the wheel in `dir`, and the hash of the wheel file where they have it.
    pub(crate) fn read_with_hash(dir: &Path) -> Result<(Self, Option<String>), Error> {
        let damaged = |reason: String| Error::Damaged { path: dir.to_owned(), reason };
        let text = std::fs::read_to_string(dir.join(FILE)).map_err(|e| damaged(format!("{FILE}: {e}")))?;
        let document: Document<WheelFacts> =
            serde_json::from_str(&text).map_err(|e| damaged(format!("{FILE}: {e}")))?;
        if document.version != VERSION {
            return Err(damaged(format!(
                "{FILE} has version {}, this pinfold reads {VERSION}",
                document.version
            )));
        }
        Ok((document.facts, document.sha256))
    }
}
