//! Which files are copied, and what is different in each copy.
//!
//! A name that leads to different files in different processes is given up: each of these files gets a SONAME of its own,
//! and who needs it asks for that. Whoever is edited is another file than before, so that its own name may lead to
//! different files now: this goes on until nothing changes.
//! Deliberately not here: lists of folders (`rpath`), which depend on where copies go, which symbols get other names
//! (`statics`), and writing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use elf_facts::Name;

use crate::edit::Edit;
use crate::error::IsolateError;
use crate::graph::{File, FileId, Graph};
use crate::naming::{name, new_names};
use crate::nowhere::{lacking, misled};
use crate::rpath::Places;
use crate::statics::{self, Statics};
use crate::strings::Spelled;
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
    /// Native code spells it so that no other can take its place, and another file must not be edited or is spelled so, too.
    Spelled {
        /// The name.
        name: Name,
        /// Where, for each of these files.
        spelled: Vec<Spelled>,
        /// The packages that load one of them.
        worlds: BTreeSet<usize>,
    },
}

impl Kept {
    /// The name, and the reason as a sentence's end.
    pub fn told(&self) -> (String, String) {
        match self {
            Self::System { name } => (name.to_string(), "the system has one, too, which others use".into()),
            Self::ByName { name } => (name.to_string(), "Python code opens it by this name".into()),
            Self::Spelled { name, spelled, .. } => {
                let told: Vec<String> = spelled.iter().map(Spelled::told).collect();
                (name.to_string(), told.join("; "))
            }
        }
    }
}

/// Two files of which a process is to have both, and has one otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conflict {
    /// Stays as it is, if it is not the one that gives way to a third.
    pub(crate) keeps: FileId,
    /// Gets a name of its own.
    pub(crate) gives: FileId,
}

/// What is different in which file.
#[derive(Debug, Default)]
pub struct Plan {
    pub(crate) edits: BTreeMap<FileId, Edit>,
    /// The names that isolated libraries are asked for by from now on.
    pub(crate) new: HashMap<FileId, Name>,
    /// Other names that they are asked for by, by native code that spells their file names.
    pub(crate) aliases: BTreeMap<FileId, BTreeSet<Name>>,
    /// Names that lead to several files and stay.
    pub kept: BTreeSet<Kept>,
}

impl Plan {
    /// Refuses names that lead to several files of which more than one must keep it.
    ///
    /// # Errors
    /// When there are such names: for who would get copies of the rest, one of these packages works on the other's library.
    pub fn check(&self) -> Result<(), IsolateError> {
        let spelled = self.kept.iter().filter_map(|kept| match kept {
            Kept::Spelled { name, spelled, .. } => Some(spelled.iter().map(|one| one.refused(name))),
            _ => None,
        });
        let names: Vec<String> = spelled.flatten().collect();
        if names.is_empty() { Ok(()) } else { Err(IsolateError::Names(names)) }
    }

    /// Whether there is nothing to copy.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The files that are copied, and those that come to one by what they need.
    pub(crate) fn comes_to_copies(&self, graph: &Graph) -> BTreeSet<FileId> {
        let mut comes: BTreeSet<FileId> = self.edits.keys().copied().collect();
        loop {
            let needs = |id: &FileId| graph.files[*id].leads().any(|(_, to)| comes.contains(to));
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
        let mut edited: BTreeSet<FileId> = BTreeSet::new();
        let lacking = lacking(graph);
        let names = names(graph, &lacking, wanted);
        let (all_statics, unlike) = (Statics::of(graph, &names, wanted), statics::unlike(graph, wanted));
        let mut symbols = loop {
            let before = (isolated.len(), edited.len());
            plan.kept.clear();
            let mut conflicts = unlike.clone();
            for (name, files) in &names {
                let variants: BTreeMap<FileId, Variant> =
                    files.iter().map(|id| (*id, variant(graph, &edited, *id))).collect();
                let mut moved = match wanted.moved(graph, &variants) {
                    Ok(moved) => moved,
                    Err(stay) => {
                        plan.kept.insert(spelled(graph, name.clone(), &stay));
                        continue;
                    }
                };
                if let Some(lacking) = lacking.get(name) {
                    moved.extend(misled(graph, wanted, lacking, files));
                }
                if moved.is_empty() {
                    continue;
                }
                let name = name.clone();
                if files.iter().any(|id| graph.files[*id].system) {
                    plan.kept.insert(Kept::System { name });
                } else if wanted.stays_by_name()
                    && graph.by_name.iter().any(|(asked, id)| *asked == name && files.contains(id))
                {
                    plan.kept.insert(Kept::ByName { name });
                } else {
                    let unlike = |one: FileId, other: FileId| {
                        let content = |id: FileId| variants[&id].0;
                        content(one) != content(other) || wanted.apart(graph, one, other)
                    };
                    for gives in &moved {
                        let others = files.iter().filter(|id| *id != gives && unlike(**id, *gives));
                        conflicts.extend(others.map(|keeps| Conflict { keeps: *keeps, gives: *gives }));
                    }
                    isolated.extend(moved);
                }
            }
            let symbols = all_statics.renamed(graph, wanted, &conflicts, &edited);
            edited.extend(&isolated);
            edited.extend(symbols.keys());
            for (id, file) in graph.files.iter().enumerate().filter(|(_, file)| !file.system) {
                let needs = file.leads().any(|(_, to)| isolated.contains(to));
                let list = || places.list(graph, &edited, id).is_some() && !wanted.is_fixed(graph, id);
                if needs || list() {
                    edited.insert(id);
                }
            }
            if before == (isolated.len(), edited.len()) {
                break symbols;
            }
        };
        let new_names = new_names(graph, &edited, &isolated);
        let new: HashMap<FileId, Name> = isolated
            .iter()
            .filter_map(|id| Some((*id, new_names.get(&(*id, name(&graph.files[*id])))?.clone())))
            .collect();
        for id in &edited {
            let file = &graph.files[*id];
            let needed =
                file.needs.iter().filter_map(|(name, to)| Some((name.clone(), new.get(to)?.clone())));
            let opened = file.opens.iter().filter_map(|(name, to)| {
                let new = new_names.get(&(*to, name.clone()))?;
                plan.aliases.entry(*to).or_default().insert(new.clone());
                Some((name.clone(), new.clone()))
            });
            let strings = opened.collect();
            let edit = Edit {
                strings,
                soname: new.get(id).filter(|_| file.facts.head.soname.is_some()).cloned(),
                needed: needed.collect(),
                rpath: places.list(graph, &edited, *id),
                symbols: symbols.remove(id).unwrap_or_default(),
            };
            if !edit.is_empty() || new.contains_key(id) {
                plan.edits.insert(*id, edit);
            }
        }
        plan.new = new;
        plan
    }
}

/// Names, and the files that they lead to.
fn names(
    graph: &Graph,
    lacking: &BTreeMap<Name, Vec<FileId>>,
    wanted: &Wanted,
) -> BTreeMap<Name, BTreeSet<FileId>> {
    let mut names: BTreeMap<Name, BTreeSet<FileId>> = BTreeMap::new();
    for (name, to) in graph.files.iter().flat_map(File::leads) {
        names.entry(name.clone()).or_default().insert(*to);
    }
    for name in lacking.keys() {
        names.entry(name.clone()).or_default();
    }
    // Native code asks for these by their names, too, in a way in which no other can stand.
    for to in graph.stuck.keys() {
        names.entry(name(&graph.files[*to])).or_default().insert(*to);
    }
    for (name, to) in &graph.by_name {
        names.entry(name.clone()).or_default().insert(*to);
    }
    if wanted.counts_unneeded() {
        let sonames = graph.files.iter().filter_map(|file| file.facts.head.soname.clone());
        for soname in sonames {
            names.entry(soname).or_default();
        }
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

/// Why `name`, for which the files `stay` would all have to keep theirs, stays.
fn spelled(graph: &Graph, name: Name, stay: &[FileId]) -> Kept {
    let spelled = stay.iter().filter_map(|id| graph.stuck.get(id)).cloned().collect();
    let worlds = stay.iter().flat_map(|id| &graph.files[*id].worlds).copied().collect();
    Kept::Spelled { name, spelled, worlds }
}
