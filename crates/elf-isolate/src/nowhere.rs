//! Needs that lead nowhere where a package is imported alone, such as those of plugins for another library that is not
//! installed.
//!
//! In one process with another package such a name may find *its* library, and the file is opened after all, with a part
//! of each. It is to fail as it does alone, or to find what the system has by then: so it keeps its name, and it is the
//! other package's library that gets another one.
//! Deliberately not here: names that lead to several files (`plan`).

use std::collections::{BTreeMap, BTreeSet};

use elf_facts::Name;

use crate::graph::{FileId, Graph};
use crate::wanted::Wanted;

/// Takes out needs that something does meet: what another process of the package found, or loads by then.
pub(crate) fn settle(graph: &mut Graph) {
    for id in 0..graph.files.len() {
        let file = &mut graph.files[id];
        file.nowhere.retain(|name| !file.needs.contains_key(name));
        for name in file.nowhere.clone() {
            if let Some(to) = beside(graph, id, &name) {
                graph.files[id].needs.insert(name.clone(), to);
                graph.files[id].nowhere.remove(&name);
            }
        }
    }
}

/// The library that answers to `name` once everything of the package is loaded that needs the file `id`, or of those that
/// load files with it.
fn beside(graph: &Graph, id: FileId, name: &Name) -> Option<FileId> {
    let own = &graph.files[id].worlds;
    let answers = |other: &FileId| graph.files[*other].facts.head.soname.as_ref() == Some(name);
    let all: Vec<FileId> = (0..graph.files.len()).filter(answers).collect();
    if all.is_empty() {
        return None;
    }
    let shared = graph.files.iter().filter(|file| !file.system && !file.worlds.is_disjoint(own));
    let near: BTreeSet<usize> = shared.flat_map(|file| &file.worlds).copied().collect();
    let of = |worlds: &BTreeSet<usize>| {
        all.iter().copied().find(|other| !graph.files[*other].worlds.is_disjoint(worlds))
    };
    of(own).or_else(|| of(&near))
}

/// The names that lead nowhere, with the files that need them.
pub(crate) fn lacking(graph: &Graph) -> BTreeMap<Name, Vec<FileId>> {
    let mut lacking: BTreeMap<Name, Vec<FileId>> = BTreeMap::new();
    for (id, file) in graph.files.iter().enumerate() {
        file.nowhere.iter().for_each(|name| lacking.entry(name.clone()).or_default().push(id));
    }
    lacking
}

/// Of `files`, which answer to a name, those that would answer to a package of which `lacking` need it, which gets nothing
/// by it alone.
pub(crate) fn misled(
    graph: &Graph,
    wanted: &Wanted,
    lacking: &[FileId],
    files: &BTreeSet<FileId>,
) -> BTreeSet<FileId> {
    let is_wrong = |id: &FileId| {
        let stays = graph.files[*id].system || graph.stuck.contains_key(id) || wanted.is_fixed(graph, *id);
        !stays && lacking.iter().any(|other| wanted.at_odds(graph, *other, *id))
    };
    files.iter().copied().filter(is_wrong).collect()
}
