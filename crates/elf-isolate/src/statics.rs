//! C++ statics: STB_GNU_UNIQUE symbols, of which a process has one of each name, whatever RTLD_LOCAL says.
//!
//! Two packages that are kept apart share none of them, and each shares with itself what it shares alone. So files that
//! define or ask for such a symbol are grouped: those that one package loads together are of one group. Where the group
//! of a package that gives way and that of the other have a symbol of one name, all files of the first get one new name
//! for it, and it stays unique. So it is one within the group, also for modules that are opened one after another.
//! A package that depends on one of these, and imports it later or leaves that to others, is of its group as well.
//!
//! A group keeps its names where one of its files is the system's (`std::locale::id` of libstdc++, which works on that one
//! object), is loaded by both packages, or answers to a name that leads elsewhere in other processes. Symbols
//! that are not unique but stand under such a name (a weak definition of another compiler, a reference) go with the others:
//! they find each other by it.
//! Deliberately not here: which packages are kept apart, and vtables, type information and functions: they are looked
//! up in what a file needs, as all ordinary symbols.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use elf_facts::{Facts, Name};

use crate::graph::{FileId, Graph};
use crate::plan::Conflict;
use crate::wanted::Wanted;

/// New names of symbols, by the old ones, of each file.
pub(crate) type Renamed = BTreeMap<FileId, BTreeMap<Name, Name>>;

/// The unique symbols that several files define.
pub(crate) struct Statics {
    all: Vec<Static>,
    /// Files that a name leads to.
    named: BTreeSet<FileId>,
    /// Of these, files of which another one may take the place, for their names stay.
    bound: BTreeSet<FileId>,
}

/// One object of C++, with the guard of its initialisation.
#[derive(Default)]
struct Static {
    /// Its symbols.
    symbols: BTreeSet<Name>,
    /// The files that define it or ask for it, and whether as a unique symbol.
    files: BTreeMap<FileId, bool>,
}

/// Files that have one object of C++ in common where packages are imported alone.
struct Group {
    files: BTreeSet<FileId>,
    worlds: BTreeSet<usize>,
}

/// Who gives way to whom.
struct Sides {
    /// Of two packages, the one that gives way first.
    gives: BTreeSet<(usize, usize)>,
    /// Packages that load the files of both sides: that they load two files says nothing about these.
    both: BTreeSet<usize>,
    /// Packages of one side, whichever.
    of_one: BTreeSet<usize>,
}

impl Statics {
    /// Those of `graph`, whose files `names` lead to.
    pub(crate) fn of(graph: &Graph, names: &BTreeMap<Name, BTreeSet<FileId>>, wanted: &Wanted) -> Self {
        let mut definitions: HashMap<Cow<'_, [u8]>, usize> = HashMap::new();
        for file in graph.files.iter().filter(|file| !file.system) {
            let unique: HashSet<Cow<'_, [u8]>> = unique(&file.facts).map(|(name, ..)| object(name)).collect();
            unique.into_iter().for_each(|name| *definitions.entry(name).or_default() += 1);
        }
        definitions.retain(|_, count| *count > 1);
        for facts in &graph.everyones {
            for (name, _) in symbols(facts) {
                definitions.remove(&object(name));
            }
        }
        let mut all: BTreeMap<Cow<'_, [u8]>, Static> = BTreeMap::new();
        for (id, file) in graph.files.iter().enumerate() {
            for (name, is_unique) in symbols(&file.facts) {
                let object = object(name);
                if definitions.contains_key(&object) {
                    let one = all.entry(object).or_default();
                    one.symbols.insert(Name::new(name));
                    *one.files.entry(id).or_default() |= is_unique;
                }
            }
        }
        let stays = |name: &Name, files: &BTreeSet<FileId>| {
            let system = || files.iter().any(|id| graph.files[*id].system);
            let opened = || graph.by_name.iter().any(|(asked, id)| asked == name && files.contains(id));
            let stuck = |id: &&FileId| graph.stuck.contains_key(id);
            let keep = |id: &&FileId| stuck(id) || wanted.is_fixed(graph, **id);
            let spelled = || files.iter().any(|id| stuck(&id)) && files.iter().filter(keep).count() > 1;
            files.len() > 1 && (system() || (wanted.stays_by_name() && opened()) || spelled())
        };
        let bound = names.iter().filter(|(name, files)| stays(name, files));
        Self {
            all: all.into_values().collect(),
            named: names.values().flatten().copied().collect(),
            bound: bound.flat_map(|(_, files)| files).copied().collect(),
        }
    }

    /// What is renamed where the files of `conflicts` are kept apart, and `edited` ones are copied.
    pub(crate) fn renamed(
        &self,
        graph: &Graph,
        wanted: &Wanted,
        conflicts: &[Conflict],
        edited: &BTreeSet<FileId>,
    ) -> Renamed {
        let (sides, mut renamed) = (Sides::of(graph, wanted, conflicts), Renamed::new());
        if sides.gives.is_empty() {
            return renamed;
        }
        // Most are in packages of one side only, or of none.
        let is_shared = |one: &&Static| {
            let files = one.files.keys().map(|id| &graph.files[*id]).filter(|file| !file.system);
            let worlds: BTreeSet<usize> = files.flat_map(|file| file.worlds.iter().copied()).collect();
            sides.gives.iter().any(|(one, other)| worlds.contains(one) && worlds.contains(other))
        };
        for one in self.all.iter().filter(is_shared) {
            let groups = one.groups(graph, wanted, &sides);
            let moves = |group: &&Group| {
                let stays = |id: &FileId| {
                    graph.files[*id].system || wanted.is_fixed(graph, *id) || self.bound.contains(id)
                };
                let from = |other: &Group| {
                    other.defines(one)
                        && sides.apart(group, other)
                        && !self.is_same(graph, (group, other), edited)
                };
                group.defines(one) && !group.files.iter().any(stays) && groups.iter().any(from)
            };
            let suffixes = suffixes(graph, one, &sides, groups.iter().filter(moves));
            for (group, suffix) in suffixes {
                let new =
                    |old: &Name| (old.clone(), Name::new([old.as_bytes(), b".", suffix.as_bytes()].concat()));
                for id in &group.files {
                    renamed.entry(*id).or_default().extend(one.symbols.iter().map(new));
                }
            }
        }
        renamed
    }

    /// Whether all files of the first group are libraries that the other one has, too, and under one name: a process
    /// loads one of each then, whose state both have.
    fn is_same(&self, graph: &Graph, (one, other): (&Group, &Group), edited: &BTreeSet<FileId>) -> bool {
        let content = |id: &FileId| {
            let as_it_is = self.named.contains(id) && !edited.contains(id);
            as_it_is.then(|| graph.files[*id].facts.head.content)
        };
        let others: BTreeSet<_> = other.files.iter().filter_map(content).collect();
        one.files.iter().all(|id| content(id).is_some_and(|content| others.contains(&content)))
    }
}

impl Static {
    /// The groups of its files. Packages that load both sides do not make two files one group.
    fn groups(&self, graph: &Graph, wanted: &Wanted, sides: &Sides) -> Vec<Group> {
        let (both, mut groups) = (&sides.both, Vec::<Group>::new());
        for id in self.files.keys() {
            let all = &graph.files[*id].worlds;
            let mut worlds: BTreeSet<usize> = all.difference(both).copied().collect();
            let mut files = BTreeSet::from([*id]);
            if worlds.is_empty() {
                // It is of the group of such a package's own files, and of that whose library it needs.
                worlds.clone_from(all);
                files.extend(needed(graph, *id).into_iter().filter(|need| self.files.contains_key(need)));
            }
            let mut group = Group { files, worlds };
            groups.retain_mut(|other| {
                let is_apart =
                    other.worlds.is_disjoint(&group.worlds) && other.files.is_disjoint(&group.files);
                if !is_apart {
                    group.files.append(&mut other.files);
                    group.worlds.append(&mut other.worlds);
                }
                is_apart
            });
            groups.push(group);
        }
        self.join_dependents(graph, wanted, sides, &mut groups);
        groups
    }

    /// Makes one group of that of a file and that of what its package depends on, unless they are to be kept apart: who
    /// depends on both sides goes on with what it loads.
    fn join_dependents(&self, graph: &Graph, wanted: &Wanted, sides: &Sides, groups: &mut Vec<Group>) {
        for id in self.files.keys() {
            for on in sides.undisputed(wanted.dependencies(&graph.files[*id].path)) {
                let place = |is_it: &dyn Fn(&Group) -> bool| groups.iter().position(is_it);
                let file = place(&|group| group.files.contains(id));
                let package = place(&|group| group.worlds.contains(&on));
                let Some((file, package)) = file.zip(package).filter(|(file, package)| file != package)
                else {
                    continue;
                };
                if !sides.at_odds(&groups[file], &groups[package]) {
                    let Group { files, worlds } = groups.remove(file.max(package));
                    let joined = &mut groups[file.min(package)];
                    joined.files.extend(files);
                    joined.worlds.extend(worlds);
                }
            }
        }
    }
}

impl Group {
    /// Whether one of its files defines `one` as a unique symbol.
    fn defines(&self, one: &Static) -> bool {
        self.files.iter().any(|id| one.files.get(id) == Some(&true))
    }
}

impl Sides {
    fn of(graph: &Graph, wanted: &Wanted, conflicts: &[Conflict]) -> Self {
        let (mut gives, mut both) = (BTreeSet::new(), BTreeSet::new());
        let mut users: HashMap<FileId, BTreeSet<usize>> = HashMap::new();
        for Conflict { keeps, gives: way } in conflicts {
            let [keep, give] = [*keeps, *way].map(|id| &graph.files[id].worlds);
            for one in give.difference(keep) {
                gives.extend(keep.difference(give).map(|other| (*one, *other)));
            }
            // Who opens what needs either: in one process the second gets the first one's library.
            let mut users = |id: FileId| users.entry(id).or_insert_with(|| who_uses(graph, id)).clone();
            let users = [users(*keeps), users(*way)];
            both.extend(users[0].intersection(&users[1]).filter(|world| !wanted.names(**world)));
        }
        gives.retain(|(one, other)| !both.contains(one) && !both.contains(other));
        let of_one = gives.iter().flat_map(|(one, other)| [*one, *other]).collect();
        Self { gives, both, of_one }
    }

    /// Whether the first one gives way to the other.
    fn apart(&self, group: &Group, other: &Group) -> bool {
        group.worlds.iter().any(|one| other.worlds.iter().any(|other| self.gives.contains(&(*one, *other))))
    }

    /// Whether either gives way to the other.
    fn at_odds(&self, group: &Group, other: &Group) -> bool {
        self.apart(group, other) || self.apart(other, group)
    }

    /// Those of `packages` that are of one side, and none before them or beside them is of the other.
    fn undisputed(&self, packages: &[BTreeSet<usize>]) -> Vec<usize> {
        let (mut known, mut undisputed) = (BTreeSet::new(), Vec::new());
        for beside in packages {
            known.extend(beside.intersection(&self.of_one).copied());
            let is_against = |one: usize, other: usize| {
                self.gives.contains(&(one, other)) || self.gives.contains(&(other, one))
            };
            let is_one = |package: &usize| !known.iter().any(|other| is_against(*package, *other));
            undisputed.extend(beside.intersection(&self.of_one).copied().filter(is_one));
        }
        undisputed
    }
}

/// What is added to the names of `one` in each of `groups`: by content, so that other environments come to the same
/// copies. Groups that are not apart from each other shared it before, and go on.
fn suffixes<'g>(
    graph: &Graph,
    one: &Static,
    sides: &Sides,
    groups: impl Iterator<Item = &'g Group>,
) -> Vec<(&'g Group, String)> {
    let mut worlds: Vec<Vec<&Group>> = Vec::new();
    for group in groups {
        let is_one = |known: &&mut Vec<&Group>| !known.iter().any(|other| sides.at_odds(group, other));
        match worlds.iter_mut().find(is_one) {
            Some(known) => known.push(group),
            None => worlds.push(vec![group]),
        }
    }
    let content = |id: &FileId| graph.files[*id].facts.head.content.0;
    let (mut taken, mut suffixes) = (BTreeSet::new(), Vec::new());
    for world in worlds {
        let files: BTreeSet<&FileId> = world.iter().flat_map(|group| &group.files).collect();
        // That which the smallest process loads first; where another world has it, too, all of them say which world it is.
        let first = files.iter().find(|id| one.files.get(id) == Some(&true));
        let mut hasher = blake3::Hasher::new();
        first.map(|id| hasher.update(&content(id)));
        let mut suffix = hasher.finalize().to_hex()[..8].to_owned();
        while !taken.insert(suffix.clone()) {
            let mut all: Vec<[u8; 32]> = files.iter().map(|id| content(id)).collect();
            all.sort_unstable();
            hasher.update(all.as_flattened());
            suffix = hasher.finalize().to_hex()[..8].to_owned();
        }
        suffixes.extend(world.into_iter().map(|group| (group, suffix.clone())));
    }
    suffixes
}

/// Files of which one has a unique symbol that the other, of another package, has with another layout.
pub(crate) fn unlike(graph: &Graph, wanted: &Wanted) -> Vec<Conflict> {
    let mut layouts: HashMap<&[u8], Vec<(FileId, u64, u8)>> = HashMap::new();
    for (id, file) in graph.files.iter().enumerate().filter(|(_, file)| !file.system) {
        for (name, size, kind) in unique(&file.facts) {
            layouts.entry(name).or_default().push((id, size, kind));
        }
    }
    let mut found = BTreeSet::new();
    for defined in layouts.into_values() {
        let Some((_, size, kind)) = defined.first().copied() else { continue };
        if defined.iter().all(|one| (one.1, one.2) == (size, kind)) {
            continue;
        }
        for (id, size, kind) in &defined {
            let worlds = &graph.files[*id].worlds;
            let others = defined.iter().filter(|(other, other_size, other_kind)| {
                (size, kind) != (other_size, other_kind)
                    && graph.files[*other].worlds.is_disjoint(worlds)
                    && wanted.gives_way(graph, *id, *other)
            });
            found.extend(others.map(|(other, ..)| (*other, *id)));
        }
    }
    found.into_iter().map(|(keeps, gives)| Conflict { keeps, gives }).collect()
}

/// The unique symbols that a file defines: name, size and type.
fn unique(facts: &Facts) -> impl Iterator<Item = (&[u8], u64, u8)> {
    let unique = facts.definitions.all().iter().filter(|one| one.is_unique());
    unique.map(|one| (facts.names.bytes(one.name), one.size, one.kind()))
}

/// The names of all that a file defines or asks for, and whether it defines that as a unique symbol.
fn symbols(facts: &Facts) -> impl Iterator<Item = (&[u8], bool)> {
    let defined = facts.definitions.all().iter().map(|one| (facts.names.bytes(one.name), one.is_unique()));
    defined.chain(facts.references.iter().map(|one| (facts.name_of(one), false)))
}

/// The object that a symbol is, or is the guard of: one without the other would be set up twice, or not at all
/// (Itanium C++ ABI, "Guard Variables"). A variable of no namespace has its plain name.
fn object(symbol: &[u8]) -> Cow<'_, [u8]> {
    let Some(rest) = symbol.strip_prefix(b"_ZGV") else { return Cow::Borrowed(symbol) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (length, plain) = rest.split_at(digits);
    let length = std::str::from_utf8(length).ok().and_then(|length| length.parse().ok());
    if length == Some(plain.len()) {
        return Cow::Borrowed(plain);
    }
    Cow::Owned([b"_Z", rest].concat())
}

/// The packages that load a file which comes to the file `id`.
fn who_uses(graph: &Graph, id: FileId) -> BTreeSet<usize> {
    let mut users = BTreeSet::from([id]);
    loop {
        let uses = |at: &FileId| graph.files[*at].leads().any(|(_, to)| users.contains(to));
        let more: Vec<FileId> =
            (0..graph.files.len()).filter(|at| !users.contains(at)).filter(uses).collect();
        if more.is_empty() {
            return users.into_iter().flat_map(|user| graph.files[user].worlds.iter().copied()).collect();
        }
        users.extend(more);
    }
}

/// What a file needs, with what that needs.
fn needed(graph: &Graph, id: FileId) -> BTreeSet<FileId> {
    let (mut found, mut next) = (BTreeSet::new(), vec![id]);
    while let Some(id) = next.pop() {
        next.extend(graph.files[id].leads().map(|(_, to)| *to).filter(|to| found.insert(*to)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_go_with_what_they_guard() {
        let is = |symbol: &str, expected: &str| {
            assert_eq!(object(symbol.as_bytes()), expected.as_bytes(), "{symbol}");
        };
        is("_ZGVZN3RegIiE3getEvE1m", "_ZZN3RegIiE3getEvE1m");
        is("_ZGVN3RegIiE5slotsE", "_ZN3RegIiE5slotsE");
        is("_ZGV7counter", "counter");
        is("_ZGV3", "_Z3");
        is("_ZGV", "_Z");
        is("counter", "counter");
    }
}
