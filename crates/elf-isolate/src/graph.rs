//! Which file each name leads to, as processes that import one package alone have it.
//!
//! A package is to get what it gets alone. Where two processes disagree about a file's need, the one that loads less
//! counts: it is nearer to the file's own package.
//! Deliberately not here: what is to be done about names that lead to several files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_facts::{Facts, Name};
use elf_loader::{Found, Load, Object, Process, Unmet, straight};

use crate::links::Links;
use crate::nowhere;
use crate::strings::{Spelled, Strings};

/// A file: its place in [`Graph::files`].
pub(crate) type FileId = usize;

/// A file that some process loads.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is, without detours.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) facts: Arc<Facts>,
    /// The system's own: found where the loader looks for everyone.
    pub(crate) system: bool,
    /// What each of its needs leads to.
    pub(crate) needs: BTreeMap<Name, FileId>,
    /// Needs that lead nowhere, so that it cannot be opened.
    pub(crate) nowhere: BTreeSet<Name>,
    /// What names that it spells lead to ([`Graph::read_strings`]).
    pub(crate) opens: BTreeMap<Name, FileId>,
    /// Who loads it ([`World::owner`]).
    pub(crate) worlds: BTreeSet<usize>,
}

impl File {
    /// The name of the file itself.
    pub(crate) fn last(&self) -> Name {
        Name::from(Path::new(self.path.file_name().unwrap_or_default()))
    }

    /// Which file each name leads to.
    pub(crate) fn leads(&self) -> impl Iterator<Item = (&Name, &FileId)> {
        self.needs.iter().chain(&self.opens)
    }
}

/// The files of all processes.
#[derive(Debug, Default)]
pub struct Graph {
    pub(crate) files: Vec<File>,
    /// Libraries that code opens by a bare name: a copy under another name does not answer to it.
    pub(crate) by_name: BTreeSet<(Name, FileId)>,
    /// Libraries that cannot have another name.
    pub(crate) stuck: BTreeMap<FileId, Spelled>,
    /// What the interpreter has loaded before any package: every package works with it.
    pub(crate) everyones: Vec<Arc<Facts>>,
    places: HashMap<PathBuf, FileId>,
    links: Links,
}

/// One process that imported one package, for [`Graph::of`].
pub struct World<'a> {
    /// Whose process it is: the caller's number of a package, which may have several.
    pub owner: usize,
    /// The process.
    pub process: &'a Process,
    /// What it loaded before any import.
    pub start: usize,
    /// Each opening, in order, with what was asked for: a path or a bare name.
    pub loads: Vec<(&'a Path, &'a Load)>,
    /// Needs that were passed over, so that the rest of what a file needs is known: which file a name leads to has nothing
    /// to do with whether all of them are there.
    pub unmet: Vec<&'a Unmet>,
}

impl Graph {
    /// The files of `worlds`; `links` lead from tree to tree.
    pub fn of(mut worlds: Vec<World<'_>>, links: &Links) -> Self {
        worlds.sort_by_key(|world| world.process.len());
        let begun = worlds.first().map(|world| world.process.objects().take(world.start));
        let everyones = begun.into_iter().flatten().map(|(_, object)| object.facts().clone()).collect();
        let mut graph = Self { links: links.clone(), everyones, ..Self::default() };
        for world in worlds {
            graph.add(&world);
        }
        nowhere::settle(&mut graph);
        graph
    }

    /// Reads which names of libraries files spell themselves; it takes a look at all their bytes, and so is not done before
    /// something is to be copied.
    pub fn read_strings(&mut self) {
        let Strings { opens, stuck } = Strings::of(self);
        opens.into_iter().for_each(|(id, opens)| self.files[id].opens = opens);
        self.stuck = stuck;
    }

    /// The packages that load the file at `path` ([`World::owner`]).
    pub fn loads(&self, path: &Path) -> BTreeSet<usize> {
        self.places.get(path).map(|id| self.files[*id].worlds.clone()).unwrap_or_default()
    }

    fn add(&mut self, world: &World<'_>) {
        for (opened, load) in world.loads.iter().filter(|(_, load)| load.result.is_ok()) {
            for edge in &load.edges {
                // What the interpreter has loaded already is everyone's.
                if edge.to.index() < world.start {
                    continue;
                }
                let object = load.object(world.process, edge.to);
                let to = self.file(object, world.owner);
                let Some(from) = edge.from.filter(|from| from.index() >= world.start) else {
                    if opened.components().count() == 1 && !opened.has_root() {
                        self.by_name.insert((Name::from(*opened), to));
                    }
                    continue;
                };
                let from = self.file(load.object(world.process, from), world.owner);
                let needed = self.files[from].facts.head.needed.get(edge.needed as usize).cloned();
                if let Some(name) = needed {
                    self.files[from].needs.entry(name).or_insert(to);
                }
            }
        }
        for Unmet { from, needed, .. } in world.unmet.iter().filter(|unmet| unmet.from.index() >= world.start)
        {
            let id = self.file(world.process.object(*from), world.owner);
            let name = self.files[id].facts.head.needed.get(*needed as usize).cloned();
            self.files[id].nowhere.extend(name);
        }
    }

    fn file(&mut self, object: &Arc<Object>, owner: usize) -> FileId {
        let path = settled(self.links.follow(straight(object.path.as_path())));
        let next = self.files.len();
        let id = *self.places.entry(path.clone()).or_insert(next);
        if id == next {
            let system = matches!(
                object.found,
                Found::Program
                    | Found::Interpreter
                    | Found::LibraryPath
                    | Found::Preload
                    | Found::Cache
                    | Found::Default
            );
            let (facts, needs) = (object.facts().clone(), BTreeMap::new());
            let (nowhere, opens, worlds) = Default::default();
            self.files.push(File { path, facts, system, needs, nowhere, opens, worlds });
        }
        self.files[id].worlds.insert(owner);
        id
    }
}

/// `path` past links from a release's name to the file beside it (`libx.so.1` to `libx.so.1.2`).
fn settled(mut path: PathBuf) -> PathBuf {
    for _ in 0..8 {
        let beside = std::fs::read_link(&path).ok().filter(|target| target.components().count() == 1);
        let Some(target) = beside.filter(|target| target.file_name().is_some()) else { break };
        path.set_file_name(target);
    }
    path
}
