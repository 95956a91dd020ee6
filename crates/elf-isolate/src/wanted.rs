//! What is to be kept apart: everything, or what certain packages have of each other.
//!
//! Between two packages it is enough that one of them gets names of its own: the other keeps its files as they are.
//! Deliberately not here: how it is found out that two packages break each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use elf_facts::{ContentHash, Name};
use elf_loader::straight;

use crate::graph::{FileId, Graph};

/// A file's content; with itself where it is edited, since its needs are its own then.
pub(crate) type Variant = (ContentHash, Option<FileId>);

/// Which names are given up, and whose files get others.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Packages ([`crate::World::owner`]) that are to be kept apart, both ways; `None` for all, of which none keeps a name.
    apart: Option<BTreeSet<(usize, usize)>>,
    /// Packages whose files stay as they are.
    fixed: BTreeSet<usize>,
    /// Whether who opens a library by the name that it had gets the copy all the same.
    answered: bool,
    /// Whether a SONAME counts that no file needs.
    unneeded: bool,
    /// By the folder of a package, those that it depends on ([`Wanted::depending`]).
    dependencies: BTreeMap<PathBuf, Vec<BTreeSet<usize>>>,
}

impl Wanted {
    /// Every name that leads to different files, and new names for all of these.
    pub fn all() -> Self {
        Self::default()
    }

    /// What packages of these pairs have different files of; the package of the lowest number keeps its own, and those
    /// of `fixed` keep theirs whoever they are.
    pub fn pairs(pairs: impl IntoIterator<Item = (usize, usize)>, fixed: BTreeSet<usize>) -> Self {
        let both = |(a, b)| [(a, b), (b, a)];
        Self { apart: Some(pairs.into_iter().flat_map(both).collect()), fixed, ..Self::default() }
    }

    /// The same for processes with Pinfold's hook, which opens what code names by the name that it had.
    #[must_use]
    pub fn answered(self) -> Self {
        Self { answered: true, ..self }
    }

    /// The same, also for libraries that none of the files needs by the SONAME that several have.
    #[must_use]
    pub fn with_unneeded(self) -> Self {
        Self { unneeded: true, ..self }
    }

    /// The same, with what the package in each folder depends on, whether it imports that when it is imported, or later, or
    /// never: they go together. Of two that are kept apart the one in an earlier set counts.
    #[must_use]
    pub fn depending(self, dependencies: impl IntoIterator<Item = (PathBuf, Vec<BTreeSet<usize>>)>) -> Self {
        let straight = |(folder, on): (PathBuf, _)| (straight(&folder), on);
        Self { dependencies: dependencies.into_iter().map(straight).collect(), ..self }
    }

    /// What the package depends on that has the file at `path`.
    pub(crate) fn dependencies(&self, path: &Path) -> &[BTreeSet<usize>] {
        let on = path.ancestors().find_map(|folder| self.dependencies.get(folder));
        on.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a SONAME counts that no file needs.
    pub(crate) fn counts_unneeded(&self) -> bool {
        self.unneeded
    }

    /// Whether code that opens a library by its bare name finds it under no other.
    pub(crate) fn stays_by_name(&self) -> bool {
        !self.answered
    }

    /// Whether a package that loads the one file is to be kept apart from one that loads the other.
    pub(crate) fn apart(&self, graph: &Graph, one: FileId, other: FileId) -> bool {
        let worlds = |id: FileId| &graph.files[id].worlds;
        self.apart.is_none() || self.at_odds(graph, worlds(one), worlds(other))
    }

    /// Whether some of these packages are known not to go together: they are to be kept apart or, where all are, they bring
    /// different libraries of one name.
    pub(crate) fn at_odds(&self, graph: &Graph, one: &BTreeSet<usize>, other: &BTreeSet<usize>) -> bool {
        if let Some(pairs) = &self.apart {
            return one.iter().any(|a| other.iter().any(|b| pairs.contains(&(*a, *b))));
        }
        let theirs = |worlds: &BTreeSet<usize>, not: &BTreeSet<usize>| {
            let files = graph.files.iter().filter(|file| !file.system && file.worlds.is_disjoint(not));
            let files = files.filter(|file| !file.worlds.is_disjoint(worlds));
            let named =
                files.filter_map(|file| Some((file.facts.head.soname.clone()?, file.facts.head.content)));
            named.collect::<BTreeMap<Name, ContentHash>>()
        };
        let others = theirs(other, one);
        theirs(one, other).iter().any(|(name, content)| others.get(name).is_some_and(|it| it != content))
    }

    /// Whether the package is one of those that are named to be kept apart from others.
    pub(crate) fn names(&self, package: usize) -> bool {
        self.apart.iter().flatten().any(|(one, _)| *one == package)
    }

    /// Whether the file stays as it is.
    pub(crate) fn is_fixed(&self, graph: &Graph, id: FileId) -> bool {
        !self.fixed.is_disjoint(&graph.files[id].worlds)
    }

    /// Whether of two files with one symbol of two layouts the first one's copy is another.
    pub(crate) fn gives_way(&self, graph: &Graph, one: FileId, other: FileId) -> bool {
        let later = || self.is_fixed(graph, other) || rank(graph, one) > rank(graph, other);
        self.apart.is_none() || (self.apart(graph, one, other) && !self.is_fixed(graph, one) && later())
    }

    /// Those of the files of one name that get names of their own.
    ///
    /// # Errors
    /// When several would have to keep it, one of them because of how files spell it: that one, first of them all.
    pub(crate) fn moved(
        &self,
        graph: &Graph,
        files: &BTreeMap<FileId, Variant>,
    ) -> Result<BTreeSet<FileId>, Vec<FileId>> {
        let differ = |(one, variant): (&FileId, &Variant), (id, other): (&FileId, &Variant)| {
            // What is edited is nobody else's file any more.
            other != variant && (variant.1.is_some() || other.1.is_some() || self.apart(graph, *one, *id))
        };
        let contested = |one: &(&FileId, &Variant)| files.iter().any(|other| differ(*one, other));
        let contested: BTreeMap<&FileId, &Variant> = files.iter().filter(contested).collect();
        let is_stuck = |id: &FileId| graph.stuck.contains_key(id);
        let is_fixed = |id: &FileId| self.apart.is_some() && self.is_fixed(graph, *id);
        let fixed = contested.iter().filter(|(id, _)| is_stuck(id) || is_fixed(id));
        let mut stay: BTreeSet<&Variant> = fixed.map(|(_, variant)| *variant).collect();
        if stay.is_empty() && self.apart.is_some() {
            let first = contested.iter().min_by_key(|(id, _)| rank(graph, ***id));
            stay.extend(first.map(|(_, variant)| *variant));
        }
        let (staying, moved): (Vec<_>, Vec<_>) =
            contested.into_iter().partition(|(_, variant)| stay.contains(variant));
        for one in staying.iter().filter(|(id, _)| is_stuck(id)) {
            let others: Vec<_> = staying.iter().filter(|other| differ(*one, **other)).collect();
            if !others.is_empty() {
                return Err([one].into_iter().chain(others).map(|(id, _)| **id).collect());
            }
        }
        Ok(moved.into_iter().map(|(id, _)| *id).collect())
    }
}

/// Whose file it is, the lowest first: that one keeps its names.
fn rank(graph: &Graph, id: FileId) -> (Option<usize>, FileId) {
    (graph.files[id].worlds.first().copied(), id)
}
