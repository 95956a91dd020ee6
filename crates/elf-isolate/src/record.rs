//! What was copied and how, beside the copies: `isolated.json`.
//!
//! Deliberately not here: how it is shown to people.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use elf_facts::Name;
use serde::{Deserialize, Serialize};

use crate::graph::Graph;
use crate::plan::Plan;
use crate::rpath::Places;

/// The file's name.
pub const RECORD: &str = "isolated.json";
/// The version of the format, and of how copies are made: copies of another version are made anew.
const VERSION: u32 = 4;

/// What stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The format's version.
    pub version: u32,
    /// A hash of what was copied and how: equal ones are equal copies.
    pub key: String,
    /// Each copy, by its path.
    pub copies: Vec<Copy>,
    /// Names that lead to several files and stay, with the reason.
    pub kept: BTreeMap<String, String>,
}

/// One copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// Where it is, below the output.
    pub path: PathBuf,
    /// What it is a copy of; relative to the store, if it is there.
    pub original: PathBuf,
    /// The hash of that file's bytes (BLAKE3).
    pub content: String,
    /// The SONAME that it had, if it is asked for by another name now.
    pub soname: Option<String>,
    /// The name that it is asked for by now.
    pub name: Option<String>,
    /// What it needs under another name.
    pub needed: BTreeMap<String, String>,
    /// What its own strings say instead.
    pub strings: BTreeMap<String, String>,
    /// Its list of folders, if that is another one.
    pub rpath: Option<String>,
    /// Its symbols that have another name.
    pub symbols: Option<Symbols>,
}

/// Symbols that have another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbols {
    /// How many.
    pub count: usize,
    /// A hash of their old and new names: thousands of C++ names would be most of the record.
    pub hash: String,
}

impl Symbols {
    fn of(names: &BTreeMap<Name, Name>) -> Option<Self> {
        let mut hasher = blake3::Hasher::new();
        for name in names.iter().flat_map(|(old, new)| [old, new]) {
            // No name has a NUL.
            hasher.update(name.as_bytes()).update(&[0]);
        }
        let hash = hasher.finalize().to_hex().to_string();
        (!names.is_empty()).then_some(Self { count: names.len(), hash })
    }
}

impl Record {
    /// What `plan` does.
    pub fn of(graph: &Graph, plan: &Plan, places: &Places) -> Self {
        let copy = |(id, edit): (&usize, &crate::edit::Edit)| {
            let file = &graph.files[*id];
            let text = |name: &Name| name.to_text().into_owned();
            let both = |names: &BTreeMap<Name, Name>| {
                names.iter().map(|(old, new)| (text(old), text(new))).collect()
            };
            Copy {
                path: places.of(&file.path),
                original: file.path.clone(),
                content: file.facts.head.content.to_string(),
                soname: plan.new.get(id).and_then(|_| file.facts.head.soname.as_ref()).map(text),
                name: plan.new.get(id).map(text),
                needed: both(&edit.needed),
                strings: both(&edit.strings),
                rpath: edit.rpath.as_ref().map(text),
                symbols: Symbols::of(&edit.symbols),
            }
        };
        let mut copies: Vec<Copy> = plan.edits.iter().map(copy).collect();
        copies.sort_by(|a, b| a.path.cmp(&b.path));
        let kept = plan.kept.iter().map(|kept| {
            let (name, why) = kept.told();
            (name, why.to_owned())
        });
        Self { version: VERSION, key: key(&copies), copies, kept: kept.collect() }
    }

    /// The record in `out`; `None` where there is none that can be read.
    pub fn read(out: &Path) -> Option<Self> {
        let record: Self = serde_json::from_slice(&std::fs::read(out.join(RECORD)).ok()?).ok()?;
        (record.version == VERSION).then_some(record)
    }

    /// The part of it about what is below `place`, with paths from there; it has a key of its own.
    #[must_use]
    pub fn below(&self, place: &Path) -> Self {
        let part =
            |copy: &Copy| Some(Copy { path: copy.path.strip_prefix(place).ok()?.to_owned(), ..copy.clone() });
        let copies: Vec<Copy> = self.copies.iter().filter_map(part).collect();
        Self { version: VERSION, key: key(&copies), copies, kept: BTreeMap::new() }
    }

    /// The same where originals are below `folder`, named from there: wherever that is, equal copies have equal keys.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        for copy in &mut self.copies {
            if let Ok(inside) = copy.original.strip_prefix(folder) {
                copy.original = inside.to_owned();
            }
        }
        self.key = key(&self.copies);
        self
    }

    /// By the name that a library had, the one that it is asked for by now.
    pub fn libraries(&self) -> BTreeMap<String, String> {
        let renamed = self.copies.iter().filter_map(|copy| {
            let last = || Some(copy.path.file_name()?.to_string_lossy().into_owned());
            Some((copy.soname.clone().or_else(last)?, copy.name.clone()?))
        });
        renamed.collect()
    }

    /// The copy that answers to each new name; paths of copies are below `folder`.
    pub fn named(&self, folder: &Path) -> BTreeMap<String, PathBuf> {
        let named = |copy: &Copy| Some((copy.name.clone()?, folder.join(&copy.path)));
        self.copies.iter().filter_map(named).collect()
    }

    /// Its text.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn key(copies: &[Copy]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&VERSION.to_le_bytes());
    let mut put = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for copy in copies {
        put(copy.path.as_os_str().as_bytes());
        put(copy.original.as_os_str().as_bytes());
        put(copy.content.as_bytes());
        put(copy.name.as_deref().unwrap_or_default().as_bytes());
        for (old, new) in copy.needed.iter().chain(&copy.strings) {
            put(old.as_bytes());
            put(new.as_bytes());
        }
        put(copy.rpath.as_deref().unwrap_or_default().as_bytes());
        put(copy.symbols.as_ref().map_or("", |symbols| symbols.hash.as_str()).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
