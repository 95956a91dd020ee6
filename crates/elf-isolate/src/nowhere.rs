//! Needs that lead nowhere where a package is imported alone, such as those of plugins for another library that is not
//! installed.
//!
//! In one process with another package such a name may find *its* library, and the file is opened after all, with a part
//! of each. It is to fail as it does alone, or to find what the system has by then: so it keeps its name, and it is the
//! other package's library that gets another one.
//! Deliberately not here: names that lead to several files (`plan`).

use std::collections::{BTreeMap, BTreeSet};

use elf_facts::Name;

use crate::graph::{File, FileId, Graph};
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

/// The library that answers to `name` once everything is loaded: one of the package that needs the file `id`, or one beside
/// another that it loads, of what it depends on.
fn beside(graph: &Graph, id: FileId, name: &Name) -> Option<FileId> {
    let is_own = |file: &&File| !file.system && !file.worlds.is_disjoint(&graph.files[id].worlds);
    let answers = |file: &File| file.facts.head.soname.as_ref() == Some(name);
    let all = graph.files.iter().enumerate().filter(|(_, file)| answers(file));
    let all: Vec<(FileId, &File)> = all.collect();
    let own = all.iter().find(|(_, file)| is_own(file));
    let near = || {
        let folders: BTreeSet<_> = graph.files.iter().filter(is_own).map(|file| file.path.parent()).collect();
        all.iter().find(|(_, file)| folders.contains(&file.path.parent()))
    };
    own.or_else(|| if all.is_empty() { None } else { near() }).map(|(id, _)| *id)
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
        !stays && lacking.iter().any(|other| at_odds(graph, wanted, *other, *id))
    };
    files.iter().copied().filter(is_wrong).collect()
}

/// Whether packages that load the two files do not go together, or such that they were made for: nobody loads a plugin of
/// PyQt6-Qt6 by importing it, but it needs what PyQt6 loads.
fn at_odds(graph: &Graph, wanted: &Wanted, one: FileId, other: FileId) -> bool {
    let worlds = |id: FileId| &graph.files[id].worlds;
    let made_for = || {
        let (one, other) = (kin(graph, one), kin(graph, other));
        one.is_disjoint(&other) && wanted.at_odds(graph, &one, &other)
    };
    wanted.at_odds(graph, worlds(one), worlds(other)) || made_for()
}

/// The packages that load a file, or something that it comes to.
fn kin(graph: &Graph, id: FileId) -> BTreeSet<usize> {
    let (mut reached, mut next, mut worlds) = (BTreeSet::from([id]), vec![id], BTreeSet::new());
    while let Some(id) = next.pop() {
        let file = &graph.files[id];
        worlds.extend(&file.worlds);
        let needs = file.needs.values().filter(|to| !graph.files[**to].system);
        next.extend(needs.copied().filter(|to| reached.insert(*to)));
    }
    worlds
}
