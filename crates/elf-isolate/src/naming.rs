//! The new names of libraries: the old one and a hash, or one of the same length.
//!
//! A name of the same length can stand where the old one is spelled. Deliberately not here: which libraries get one.

use std::collections::{BTreeMap, BTreeSet};

use blake3::Hash;
use elf_facts::Name;

use crate::graph::{File, FileId, Graph};

/// What the hash of a name of the same length has, where there is room.
const USUAL: usize = 8;
/// Fewer are soon another library's.
const FEWEST: usize = 4;
/// How often a name that something has already is made anew.
const MOST_TRIED: usize = 64;
const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a file is asked for by: its SONAME, else its file name. A SONAME with a slash is looked for as it stands, and its
/// last part is the name.
pub(crate) fn name(file: &File) -> Name {
    let name = file.facts.head.soname.clone().unwrap_or_else(|| file.last());
    Name::new(name.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default())
}

/// The new names of the files `isolated`: for their own, and for those that code spells, which stay as long as they are.
pub(crate) fn new_names(
    graph: &Graph,
    edited: &BTreeSet<FileId>,
    isolated: &BTreeSet<FileId>,
) -> BTreeMap<(FileId, Name), Name> {
    let opened = graph.files.iter().flat_map(|file| &file.opens);
    let opened: BTreeSet<(FileId, &Name)> = opened.map(|(name, to)| (*to, name)).collect();
    // Where one of them is to be as long as the old one, all are: files of one content have one name.
    let spelled: BTreeSet<&Name> = opened.iter().map(|(_, name)| *name).collect();
    let own = isolated.iter().map(|id| (*id, name(&graph.files[*id])));
    let others = opened.iter().map(|(id, name)| (*id, (*name).clone()));
    let all: BTreeSet<_> = own.chain(others.filter(|(id, _)| isolated.contains(id))).collect();
    let mut taken: BTreeMap<Name, Option<(Name, [u8; 32])>> = names(graph).map(|name| (name, None)).collect();
    let mut new_names = BTreeMap::new();
    for (id, old) in all {
        let hash = hash(graph, edited, id);
        let whose = Some((old.clone(), *hash.as_bytes()));
        let is_free = |new: &Name| taken.get(new).is_none_or(|other| *other == whose);
        // Few letters could be another library's, and are not when they are chosen.
        let salted = std::iter::successors(Some(hash), |hash| Some(blake3::hash(hash.as_bytes())));
        let mut salted = salted.take(if spelled.contains(&old) { MOST_TRIED } else { 0 });
        let new = salted.find_map(|hash| as_long(&old, &hash).filter(is_free));
        let new = new.unwrap_or_else(|| longer(&old, &hash));
        taken.insert(new.clone(), whose);
        new_names.insert((id, old), new);
    }
    new_names
}

/// The names that there are.
fn names(graph: &Graph) -> impl Iterator<Item = Name> {
    let of = |file: &File| {
        let needed = file.facts.head.needed.iter().cloned();
        needed.chain([file.last()]).chain(file.facts.head.soname.clone()).collect::<Vec<_>>()
    };
    graph.files.iter().flat_map(of)
}

/// A hash of a file's content, and of those that it comes to and that are edited too: a copy of one content with other needs
/// is another one.
fn hash(graph: &Graph, edited: &BTreeSet<FileId>, id: FileId) -> Hash {
    let mut reached = BTreeSet::from([id]);
    let mut next = vec![id];
    while let Some(id) = next.pop() {
        let leads = graph.files[id].leads().map(|(_, to)| to);
        next.extend(leads.filter(|to| edited.contains(to) && reached.insert(**to)));
    }
    let content = |id: FileId| graph.files[id].facts.head.content.0;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&content(id));
    let mut others: Vec<[u8; 32]> = reached.into_iter().filter(|other| *other != id).map(content).collect();
    others.sort_unstable();
    hasher.update(others.as_flattened());
    hasher.finalize()
}

/// The name, up to and from `.so`.
fn parts(name: &[u8]) -> (&[u8], &[u8]) {
    let at = name.windows(3).position(|three| three == b".so").unwrap_or(name.len());
    name.split_at(at)
}

/// `libfoo.so.1` becomes `libfoo-1a2b3c4d.so.1`, as tools name copies in wheels.
fn longer(old: &Name, hash: &Hash) -> Name {
    let (stem, rest) = parts(old.as_bytes());
    Name::new([stem, b"-", &hash.to_hex().as_bytes()[..8], rest].concat())
}

/// `libcaffe2_nvrtc.so` becomes `libcaff1a2b3c4d.so`: the hash takes the place of the stem's end, or of all of it, and is
/// shorter and of more letters where that is short. `None` where it would be too short to be only this library's.
pub(crate) fn as_long(old: &Name, hash: &Hash) -> Option<Name> {
    let (stem, rest) = parts(old.as_bytes());
    let digits = match stem.len() {
        ..FEWEST => return None,
        short @ FEWEST..USUAL => short,
        long => USUAL.min(long - 3),
    };
    let base = if digits < 6 { DIGITS.len() } else { 36 };
    let digit = |byte: &u8| DIGITS[usize::from(*byte) % base];
    let hash: Vec<u8> = hash.as_bytes().iter().take(digits).map(digit).collect();
    Some(Name::new([&stem[..stem.len() - digits], &hash, rest].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_same_length() {
        let new = |old: &str| as_long(&Name::from(old), &blake3::hash(b"x")).map(|name| name.to_string());
        for old in ["libcaffe2_nvrtc.so", "libcore.so.1", "libz.so.1", "liblongs.so", "core"] {
            let new = new(old).expect("it is long enough");
            assert!(new.len() == old.len() && new != old, "{old} becomes {new}");
            assert_eq!(new.split_once('.').map(|(_, rest)| rest), old.split_once('.').map(|(_, rest)| rest));
        }
        assert!(new("libcaffe2_nvrtc.so").is_some_and(|new| new.starts_with("libcaff")));
        assert_eq!(new("ab.so"), None);
    }
}
