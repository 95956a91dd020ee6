//! Which files are copied, and what is different in each copy.
//!
//! A name that leads to different files in different processes is given up: each of these files gets a SONAME of its own,
//! and who needs it asks for that. Whoever is edited is another file than before, so that its own name may lead to
//! different files now: this goes on until nothing changes.
//! Deliberately not here: lists of folders (`rpath`), which depend on where copies go, and writing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use elf_facts::{Facts, Name};

use crate::edit::Edit;
use crate::graph::{FileId, Graph};
use crate::nowhere::{lacking, misled};
use crate::rpath::Places;
use crate::wanted::{Variant, Wanted};

/// Why a name that leads to several files stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// One of them is the system's, which others use too.
    System {
        /// The name.
        name: Name,
    },
    /// Code opens it by that bare name.
    ByName {
        /// The name.
        name: Name,
    },
}

impl Kept {
    /// The name, and the reason as a sentence's end.
    pub fn told(&self) -> (String, &'static str) {
        match self {
            Self::System { name } => (name.to_string(), "the system has one, too, which others use"),
            Self::ByName { name } => (name.to_string(), "Python code opens it by this name"),
        }
    }
}

/// What is different in which file.
#[derive(Debug, Default)]
pub struct Plan {
    pub(crate) edits: BTreeMap<FileId, Edit>,
    /// The names that isolated libraries are asked for by from now on.
    pub(crate) new: HashMap<FileId, Name>,
    /// Names that lead to several files and stay.
    pub kept: BTreeSet<Kept>,
}

impl Plan {
    /// Whether there is nothing to copy.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The files that are copied, and those that come to one by what they need.
    pub(crate) fn comes_to_copies(&self, graph: &Graph) -> BTreeSet<FileId> {
        let mut comes: BTreeSet<FileId> = self.edits.keys().copied().collect();
        loop {
            let needs = |id: &FileId| graph.files[*id].needs.values().any(|to| comes.contains(to));
            let more: Vec<FileId> = (0..graph.files.len()).filter(needs).collect();
            let before = comes.len();
            comes.extend(more);
            if comes.len() == before {
                return comes;
            }
        }
    }

    /// The plan for what of `graph` is `wanted` to be kept apart; copies go where `places` says.
    pub fn of(graph: &Graph, places: &Places, wanted: &Wanted) -> Self {
        let mut plan = Self::default();
        let mut isolated: BTreeSet<FileId> = BTreeSet::new();
        let mut edited = layouts(graph, wanted);
        let lacking = lacking(graph);
        loop {
            let before = (isolated.len(), edited.len());
            plan.kept.clear();
            for (name, files) in names(graph, &lacking) {
                let variants = files.iter().map(|id| (*id, variant(graph, &edited, *id))).collect();
                let mut moved = wanted.moved(graph, &variants);
                if let Some(lacking) = lacking.get(&name) {
                    moved.extend(misled(graph, wanted, lacking, &files));
                }
                if moved.is_empty() {
                    continue;
                }
                if files.iter().any(|id| graph.files[*id].system) {
                    plan.kept.insert(Kept::System { name });
                } else if wanted.stays_by_name()
                    && graph.by_name.iter().any(|(asked, id)| *asked == name && files.contains(id))
                {
                    plan.kept.insert(Kept::ByName { name });
                } else {
                    isolated.extend(moved);
                }
            }
            edited.extend(&isolated);
            for (id, file) in graph.files.iter().enumerate().filter(|(_, file)| !file.system) {
                let needs = file.needs.values().any(|to| isolated.contains(to));
                let list = || places.list(graph, &edited, id).is_some() && !wanted.is_fixed(graph, id);
                if needs || list() {
                    edited.insert(id);
                }
            }
            if before == (isolated.len(), edited.len()) {
                break;
            }
        }
        let new: HashMap<FileId, Name> =
            isolated.iter().map(|id| (*id, own_name(graph, &edited, *id))).collect();
        for id in &edited {
            let file = &graph.files[*id];
            let needed =
                file.needs.iter().filter_map(|(name, to)| Some((name.clone(), new.get(to)?.clone())));
            let edit = Edit {
                soname: new.get(id).filter(|_| file.facts.head.soname.is_some()).cloned(),
                needed: needed.collect(),
                rpath: places.list(graph, &edited, *id),
                ordinary: has_unique(&file.facts),
            };
            plan.edits.insert(*id, edit);
        }
        plan.new = new;
        plan
    }
}

/// Names, and the files that they lead to.
fn names(graph: &Graph, lacking: &BTreeMap<Name, Vec<FileId>>) -> BTreeMap<Name, BTreeSet<FileId>> {
    let mut names: BTreeMap<Name, BTreeSet<FileId>> = BTreeMap::new();
    for (name, to) in graph.files.iter().flat_map(|file| &file.needs) {
        names.entry(name.clone()).or_default().insert(*to);
    }
    for name in lacking.keys() {
        names.entry(name.clone()).or_default();
    }
    for (name, to) in &graph.by_name {
        names.entry(name.clone()).or_default().insert(*to);
    }
    // A library that code opens by its path answers to its SONAME as well.
    for (id, file) in graph.files.iter().enumerate() {
        if let Some(files) = file.facts.head.soname.as_ref().and_then(|soname| names.get_mut(soname)) {
            files.insert(id);
        }
    }
    names
}

/// Files of one content do the same, unless one of them is edited for what it needs.
fn variant(graph: &Graph, edited: &BTreeSet<FileId>, id: FileId) -> Variant {
    (graph.files[id].facts.head.content, edited.contains(&id).then_some(id))
}

fn has_unique(facts: &Facts) -> bool {
    facts.definitions.all().iter().any(elf_facts::Definition::is_unique)
}

/// Files with a unique symbol of which another package has one with another layout.
fn layouts(graph: &Graph, wanted: &Wanted) -> BTreeSet<FileId> {
    let mut symbols: HashMap<&[u8], Vec<(FileId, u64, u8)>> = HashMap::new();
    for (id, file) in graph.files.iter().enumerate().filter(|(_, file)| !file.system) {
        for one in file.facts.definitions.all().iter().filter(|one| one.is_unique()) {
            let name = file.facts.names.bytes(one.name);
            symbols.entry(name).or_default().push((id, one.size, one.kind()));
        }
    }
    let mut found = BTreeSet::new();
    for defined in symbols.values() {
        for (id, size, kind) in defined {
            let worlds = &graph.files[*id].worlds;
            let other = defined.iter().any(|(other, other_size, other_kind)| {
                (size, kind) != (other_size, other_kind)
                    && graph.files[*other].worlds.is_disjoint(worlds)
                    && wanted.gives_way(graph, *id, *other)
            });
            if other {
                found.insert(*id);
            }
        }
    }
    found
}

/// The library's name with a hash of its content, and of those that it comes to and that are edited too: a copy of one
/// content with other needs is another one. `libfoo.so.1` becomes `libfoo-1a2b3c4d.so.1`, as tools name copies in
/// wheels.
fn own_name(graph: &Graph, edited: &BTreeSet<FileId>, id: FileId) -> Name {
    let mut reached = BTreeSet::from([id]);
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        next.extend(graph.files[id].needs.values().filter(|to| edited.contains(to) && reached.insert(**to)));
    }
    let content = |id: FileId| graph.files[id].facts.head.content.0;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&content(id));
    let mut others: Vec<[u8; 32]> = reached.into_iter().filter(|other| *other != id).map(content).collect();
    others.sort_unstable();
    hasher.update(others.as_flattened());
    let hash = hasher.finalize().to_hex();
    let file = &graph.files[id];
    let last = || Name::from(std::path::Path::new(file.path.file_name().unwrap_or_default()));
    let old = file.facts.head.soname.clone().unwrap_or_else(last);
    // A SONAME with a slash is looked for as it stands: the last part is the name.
    let old = old.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let at = old.windows(3).position(|three| three == b".so").unwrap_or(old.len());
    let (stem, rest) = old.split_at(at);
    Name::new([stem, b"-", &hash.as_bytes()[..8], rest].concat())
}
