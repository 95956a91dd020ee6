//! A file prepared for lookups: its facts, and its version table with every name replaced by a number, so that a
//! lookup compares numbers.
//!
//! Deliberately not here: what depends on who loads it.

use std::collections::HashMap;
use std::sync::Arc;

use elf_facts::{Facts, VersionIndex};

/// A version's name, as a number that is the same in all files of a [`crate::System`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(pub(crate) u32);

impl VersionId {
    /// No version: `hash` is 0 in an entry of `l_versions`.
    pub const NONE: Self = Self(0);
}

/// The numbers of version names.
pub(crate) struct Versions {
    ids: HashMap<Arc<[u8]>, u32>,
    names: Vec<Arc<[u8]>>,
}

impl Default for Versions {
    fn default() -> Self {
        Self { ids: HashMap::new(), names: vec![Arc::from(&b""[..])] }
    }
}

impl Versions {
    fn id(&mut self, name: &[u8]) -> VersionId {
        if let Some(id) = self.ids.get(name) {
            return VersionId(*id);
        }
        let (name, id) = (Arc::<[u8]>::from(name), self.names.len() as u32);
        self.names.push(name.clone());
        self.ids.insert(name, id);
        VersionId(id)
    }

    pub(crate) fn name(&self, id: VersionId) -> Arc<[u8]> {
        self.names.get(id.0 as usize).unwrap_or(&self.names[0]).clone()
    }
}

/// A file prepared for lookups.
#[derive(Debug)]
pub struct Library {
    /// What the file says.
    pub facts: Arc<Facts>,
    /// `l_versions`, by version index; empty where the file neither defines nor needs a version.
    versions: Box<[VersionId]>,
    /// Which version names it defines (DT_VERDEF), the base version included; sorted.
    defined: Box<[VersionId]>,
    /// Whether it has DT_VERDEF.
    pub(crate) defines_versions: bool,
}

impl Library {
    /// Prepares `facts`.
    pub(crate) fn new(facts: Arc<Facts>, names: &mut Versions) -> Self {
        let all = &facts.head.versions;
        let length = all.iter().map(|version| usize::from(version.index) + 1).max().unwrap_or(0);
        let mut versions = vec![VersionId::NONE; length].into_boxed_slice();
        let mut defined = Vec::new();
        for version in all {
            let id = names.id(version.name.as_bytes());
            // `_dl_check_map_versions`: the base version's name is not there to be matched by a symbol, but
            // `match_symbol` finds it in DT_VERDEF.
            if !version.base {
                versions[usize::from(version.index)] = id;
            }
            if version.file.is_none() {
                defined.push(id);
            }
        }
        defined.sort_unstable();
        let defines_versions = !defined.is_empty();
        Self { facts, versions, defined: defined.into(), defines_versions }
    }

    /// Whether glibc looks at DT_VERSYM (`l_versyms`): the file defines or needs a version.
    pub fn has_versions(&self) -> bool {
        !self.versions.is_empty()
    }

    /// The version that an entry of DT_VERSYM stands for.
    pub fn version(&self, index: VersionIndex) -> VersionId {
        self.versions.get(usize::from(index.number())).copied().unwrap_or(VersionId::NONE)
    }

    /// Whether DT_VERDEF has the version.
    pub(crate) fn defines(&self, version: VersionId) -> bool {
        self.defined.binary_search(&version).is_ok()
    }
}
