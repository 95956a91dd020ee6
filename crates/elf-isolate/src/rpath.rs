//! Where copies go, and lists of folders that lead there.
//!
//! A tree (a folder on `sys.path`) is rebuilt as it is, so that lists with `$ORIGIN` lead from copy to copy. Others, with
//! absolute folders, or that lead out of the tree, get an element before each that names where its copies are.
//! Deliberately not here: writing.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use elf_facts::Name;
use elf_loader::straight;

use crate::graph::{File, FileId, Graph};
use crate::links::Links;

/// Copies of files that are in no tree.
const OUTSIDE: &str = "outside";

/// Where copies go.
#[derive(Clone, Debug)]
pub struct Places {
    /// Each tree, and its folder in the output, relative to that; the innermost come first.
    trees: Vec<(PathBuf, PathBuf)>,
    /// The folder in the output of copies of files that are in no tree.
    pub(crate) outside: PathBuf,
    /// Links from tree to tree.
    pub(crate) links: Links,
}

impl Places {
    /// Places for copies of files in `trees`. A single tree is the output itself.
    pub fn new(trees: &[PathBuf]) -> Self {
        let trees: BTreeSet<PathBuf> = trees.iter().map(|tree| straight(tree)).collect();
        if let [single] = &trees.iter().collect::<Vec<_>>()[..] {
            return Self {
                trees: vec![((*single).clone(), PathBuf::new())],
                outside: OUTSIDE.into(),
                links: Links::default(),
            };
        }
        let mut names: BTreeSet<PathBuf> = BTreeSet::from([OUTSIDE.into()]);
        let mut named: Vec<(PathBuf, PathBuf)> = Vec::new();
        for tree in trees {
            let last = tree.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let numbered = (2..).map(|number| format!("{last}-{number}"));
            let name = std::iter::once(last.clone()).chain(numbered).map(PathBuf::from);
            let name = name.into_iter().find(|name| names.insert(name.clone())).unwrap_or_default();
            named.push((tree, name));
        }
        Self::named(named, OUTSIDE.into(), Links::default())
    }

    /// The same where `links` lead from tree to tree.
    #[must_use]
    pub fn with_links(self, links: Links) -> Self {
        Self { links, ..self }
    }

    /// Places that the caller chose for each tree, and for copies of files that are in none; `links` lead from tree to tree.
    pub fn named(trees: Vec<(PathBuf, PathBuf)>, outside: PathBuf, links: Links) -> Self {
        let mut trees: Vec<_> = trees.into_iter().map(|(tree, place)| (straight(&tree), place)).collect();
        trees.sort_by_key(|(tree, _)| std::cmp::Reverse(tree.components().count()));
        Self { trees, outside, links }
    }

    /// The trees, with their folders in the output.
    pub fn trees(&self) -> impl Iterator<Item = (&Path, &Path)> {
        self.trees.iter().map(|(tree, place)| (tree.as_path(), place.as_path()))
    }

    /// The tree that `path` is in, with its folder in the output.
    pub(crate) fn tree_of(&self, path: &Path) -> Option<(&Path, &Path)> {
        self.trees().find(|(tree, _)| path.starts_with(tree))
    }

    /// The place of `path` in the output, relative to that.
    pub fn of(&self, path: &Path) -> PathBuf {
        let folder = path.parent().unwrap_or(Path::new("/"));
        self.of_folder(folder).join(path.file_name().unwrap_or_default())
    }

    /// The place of a folder.
    fn of_folder(&self, folder: &Path) -> PathBuf {
        let inside =
            self.trees.iter().find_map(|(tree, place)| Some(place.join(folder.strip_prefix(tree).ok()?)));
        inside.unwrap_or_else(|| {
            let hash = blake3::hash(folder.as_os_str().as_bytes()).to_hex();
            self.outside.join(&hash[..16])
        })
    }

    /// Whether the file is opened in the output, itself or by a link.
    fn is_rebuilt(&self, graph: &Graph, edited: &BTreeSet<FileId>, id: FileId) -> bool {
        let tree =
            |id: FileId| self.trees.iter().position(|(tree, _)| graph.files[id].path.starts_with(tree));
        edited.contains(&id)
            || tree(id).is_some_and(|own| edited.iter().any(|other| tree(*other) == Some(own)))
    }

    /// The list of folders that the copy of `id` needs; `None` where its own does.
    pub(crate) fn list(&self, graph: &Graph, edited: &BTreeSet<FileId>, id: FileId) -> Option<Name> {
        let file = &graph.files[id];
        let head = &file.facts.head;
        // DT_RUNPATH makes DT_RPATH void (ld.so(8)).
        let list = head.runpath.as_ref().or(head.rpath.as_ref())?;
        let origin = file.path.parent()?;
        let place = self.of(&file.path);
        let place = place.parent()?;
        let mut changed = false;
        let elements = list.as_bytes().split(|byte| *byte == b':').map(|element| {
            let Some(folder) = folder(element, origin) else { return vec![element.to_vec()] };
            let has_copies = edited.iter().any(|id| graph.files[*id].path.parent() == Some(&folder));
            let is_used = file.leads().any(|(_, to)| graph.files[*to].path.parent() == Some(&folder));
            let is_relative = element.first() == Some(&b'$');
            let there = self.of_folder(&folder);
            // From the copy, such an element leads to the copies already.
            if is_relative && straight(&place.join(relative(origin, &folder))) == there {
                return vec![element.to_vec()];
            }
            // Where the tree is not rebuilt, the original stays in its place.
            let moves = is_relative && is_used && self.is_rebuilt(graph, edited, id);
            if !has_copies && !moves {
                return vec![element.to_vec()];
            }
            changed = true;
            let original = folder.as_os_str().as_bytes().to_vec();
            let copies = relative(place, &there);
            let copies = [b"$ORIGIN/".as_slice(), copies.as_os_str().as_bytes()].concat();
            if has_copies { vec![copies, original] } else { vec![original] }
        });
        let elements: Vec<Vec<u8>> = elements.collect::<Vec<_>>().concat();
        changed.then(|| Name::new(elements.join(&b':')))
    }
}

/// The folders that a file's own list names.
pub(crate) fn folders(file: &File) -> impl Iterator<Item = PathBuf> {
    let head = &file.facts.head;
    let list = head.runpath.as_ref().or(head.rpath.as_ref());
    let origin = file.path.parent().unwrap_or(Path::new("/"));
    list.into_iter()
        .flat_map(|list| list.as_bytes().split(|byte| *byte == b':'))
        .filter_map(|one| folder(one, origin))
}

/// The folder that an element of a file in `origin` names; `None` for other tokens, and for the working folder.
fn folder(element: &[u8], origin: &Path) -> Option<PathBuf> {
    let text = std::ffi::OsStr::from_bytes;
    let rest = element.strip_prefix(b"$ORIGIN").or_else(|| element.strip_prefix(b"${ORIGIN}"));
    let path = match rest {
        Some(rest) => origin.join(text(rest.strip_prefix(b"/").unwrap_or(rest))),
        None => PathBuf::from(text(element)),
    };
    let plain = path.is_absolute() && !path.as_os_str().as_bytes().contains(&b'$');
    // A trailing slash or a dot names the same folder.
    plain.then(|| straight(&path).components().collect())
}

/// The way from the folder `from` to the folder `to`; both are absolute, or both relative to one place.
pub(crate) fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to.components().skip(shared)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_folders() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to)).display().to_string();
        assert_eq!(way("/a/b", "/a/c/d"), "../c/d");
        assert_eq!(way("a/b/c", "a"), "../..");
        assert_eq!(way("", "outside/1"), "outside/1");
        assert_eq!(way("/a", "/a"), ".");
    }

    #[test]
    fn folders_of_elements() {
        let of = |element: &str| folder(element.as_bytes(), Path::new("/v/a"));
        assert_eq!(of("$ORIGIN/../a.libs/"), Some("/v/a.libs".into()));
        assert_eq!(of("${ORIGIN}"), Some("/v/a".into()));
        assert_eq!(of("/n/lib/."), Some("/n/lib".into()));
        assert_eq!(of("/n/$LIB"), None);
        assert_eq!(of("lib"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn trees_of_one_name_are_told_apart() {
        let places = Places::new(&["/u/1/site".into(), "/u/2/site".into()]);
        assert_eq!(places.of(Path::new("/u/1/site/a/x.so")), Path::new("site/a/x.so"));
        assert_eq!(places.of(Path::new("/u/2/site/a/x.so")), Path::new("site-2/a/x.so"));
        assert!(places.of(Path::new("/lib/x.so")).starts_with("outside"));
        assert_eq!(Places::new(&["/s".into()]).of(Path::new("/s/a/x.so")), Path::new("a/x.so"));
    }
}
