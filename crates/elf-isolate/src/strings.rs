//! Names that native code spells itself: what it opens by `dlopen`, finds loaded by `RTLD_NOLOAD`, or takes for its own.
//!
//! Such a string leads from a file to a library as DT_NEEDED does. It is not told by reading what is done with it: a name of
//! the same length takes its place in all of them, and the library is there under both names, so that this does no harm.
//! Deliberately not here: finding strings in files (`elf-facts`), and names that Python code spells.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use elf_facts::{Facts, Form, Name, Spelling, pieces, spellings};
use rayon::prelude::*;

use crate::graph::{File, FileId, Graph};
use crate::naming::{as_long, name};

/// Functions that take names of libraries, or give them.
const FUNCTIONS: [&str; 6] = ["dlopen", "dlmopen", "dladdr", "dladdr1", "dlinfo", "dl_iterate_phdr"];
/// Those that look for a library.
const OPENING: [&str; 2] = ["dlopen", "dlmopen"];

/// Why a library cannot have another name: a file spells it in a way in which no other can stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spelled {
    /// The file.
    pub file: PathBuf,
    /// How it spells it.
    pub how: How,
    /// The function that it imports, which takes such names or gives them.
    pub function: &'static str,
}

/// How a name is spelled that no other can take the place of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// As a string that is too short: another one of its length could not be told from others.
    Short(Name),
    /// As the end of this path or name.
    End(Name),
    /// By this format.
    Format(Name),
    /// By instructions.
    Pieces,
}

impl How {
    fn of(spelling: Spelling) -> Self {
        match spelling.form {
            Form::Whole | Form::Origin => Self::Short(spelling.text),
            Form::End => Self::End(spelling.text),
            Form::Format => Self::Format(spelling.text),
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(text) => {
                write!(formatter, "has \"{text}\", which is too short for another name of its length")
            }
            Self::End(text) => write!(formatter, "has it only as the end of the string \"{text}\""),
            Self::Format(text) => write!(formatter, "makes it of the string \"{text}\""),
            Self::Pieces => formatter.write_str("makes it by instructions, not of a string"),
        }
    }
}

impl Spelled {
    /// As a sentence about the library's `name`.
    pub fn refused(&self, name: &Name) -> String {
        format!("{name} cannot be given another name: {}", self.told())
    }

    /// As a sentence's end.
    pub(crate) fn told(&self) -> String {
        let Self { file, how, function } = self;
        format!("{} {how}, and imports {function}", file.display())
    }
}

/// What was found in the files of a graph.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    /// By file, the names that it spells and where they lead.
    pub(crate) opens: BTreeMap<FileId, BTreeMap<Name, FileId>>,
    /// Libraries that cannot have another name.
    pub(crate) stuck: BTreeMap<FileId, Spelled>,
}

/// Whether another name may take its place: it is a string of its own, the end of words for people, which are words as
/// well with another name, or that of a path from the file's own folder: a link under the new name is beside the copy.
/// glibc compares such a path as it is written with those that were opened before, whoever wrote it.
pub(crate) fn is_replaceable(spelling: &Spelling) -> bool {
    let before = spelling.text.as_bytes().strip_suffix(spelling.name.as_bytes()).and_then(<[u8]>::last);
    let ends_words = || before.is_some_and(|byte| b" \t\n\r'\"`:,;=()[]{}<>|".contains(byte));
    match spelling.form {
        Form::Whole | Form::Origin => true,
        Form::End => ends_words(),
        Form::Format => false,
    }
}

impl Strings {
    /// What the files of `graph` spell of the names that lead to more than one of them. A file that cannot be read spells
    /// nothing; who edits it says why.
    pub(crate) fn of(graph: &Graph) -> Self {
        let answers = Answers::of(graph);
        let Answers { names, .. } = &answers;
        let mut strings = Self::default();
        if names.is_empty() {
            return strings;
        }
        let worlds: BTreeSet<usize> =
            names.values().flatten().flat_map(|id| &graph.files[*id].worlds).copied().collect();
        let asked: BTreeSet<Name> = names.keys().cloned().collect();
        let files: Vec<(FileId, &File)> = graph.files.iter().enumerate().collect();
        let files =
            files.into_par_iter().filter(|(_, file)| !file.system && !file.worlds.is_disjoint(&worlds));
        let found: Vec<(FileId, Found)> = files
            .map(|(id, file)| (id, Found::of(file, &asked)))
            .filter(|(_, found)| !found.is_empty())
            .collect();
        for (id, Found { spellings, pieces, function }) in found {
            let mut stuck = |to: FileId, how: How| {
                let file = graph.files[id].path.clone();
                let spelled = function.map(|function| Spelled { file, how, function });
                strings
                    .stuck
                    .extend(spelled.filter(|_| !strings.stuck.contains_key(&to)).map(|one| (to, one)));
            };
            for spelling in spellings {
                let Some(to) = answers.from(graph, id, &spelling.name) else { continue };
                let is_long = as_long(&spelling.name, &blake3::hash(b"")).is_some();
                if is_replaceable(&spelling) && is_long {
                    strings.opens.entry(id).or_default().insert(spelling.name, to);
                } else {
                    stuck(to, How::of(spelling));
                }
            }
            for name in pieces {
                let to = answers.from(graph, id, &name);
                to.into_iter().for_each(|to| stuck(to, How::Pieces));
            }
        }
        strings
    }
}

/// What one file spells.
struct Found {
    spellings: Vec<Spelling>,
    pieces: BTreeSet<Name>,
    /// The function that it imports.
    function: Option<&'static str>,
}

impl Found {
    fn of(file: &File, asked: &BTreeSet<Name>) -> Self {
        let function = imported(&file.facts, &FUNCTIONS);
        let spellings = spellings(&file.path, asked).unwrap_or_default();
        let pieces = function.and_then(|_| pieces(&file.path, asked).ok()).unwrap_or_default();
        Self { spellings, pieces, function }
    }

    fn is_empty(&self) -> bool {
        self.spellings.is_empty() && self.pieces.is_empty()
    }
}

/// The first of `functions` that a file takes from elsewhere.
fn imported(facts: &Facts, functions: &[&'static str]) -> Option<&'static str> {
    let asked = facts.references.iter().filter(|reference| !reference.is_defined_here());
    let names: HashSet<&[u8]> = asked.map(|reference| facts.name_of(reference)).collect();
    functions.iter().find(|function| names.contains(function.as_bytes())).copied()
}

/// Which file answers to a name for whom.
struct Answers {
    /// Names with more than one file, of more than one package.
    names: HashMap<Name, BTreeSet<FileId>>,
    /// Folders that a `dlopen` in a package looks in.
    folders: HashSet<(usize, PathBuf)>,
    /// What files need by which name.
    needed: HashSet<(Name, FileId)>,
    /// How many files each package loads.
    sizes: HashMap<usize, usize>,
}

impl Answers {
    fn of(graph: &Graph) -> Self {
        let mut names: HashMap<Name, BTreeSet<FileId>> = HashMap::new();
        let (mut folders, mut sizes) = (HashSet::new(), HashMap::new());
        let needs = graph.files.iter().flat_map(|file| &file.needs);
        let needed = needs.map(|(name, to)| (name.clone(), *to)).collect();
        for (id, file) in graph.files.iter().enumerate().filter(|(_, file)| !file.system) {
            names.entry(name(file)).or_default().insert(id);
            names.entry(file.last()).or_default().insert(id);
            file.worlds.iter().for_each(|world| *sizes.entry(*world).or_default() += 1);
            if imported(&file.facts, &OPENING).is_some() {
                let looked = crate::rpath::folders(file);
                folders.extend(looked.flat_map(|folder| {
                    file.worlds.iter().map(move |world| (*world, folder.clone())).collect::<Vec<_>>()
                }));
            }
        }
        names.retain(|_, files| {
            let worlds: BTreeSet<usize> =
                files.iter().flat_map(|id| &graph.files[*id].worlds).copied().collect();
            files.len() > 1 && worlds.len() > 1
        });
        Self { names, folders, needed, sizes }
    }

    /// The file that `name` leads to from the file `id`: that of the smallest package that loads it, else the only one.
    fn from(&self, graph: &Graph, id: FileId, name: &Name) -> Option<FileId> {
        let mut worlds: Vec<usize> = graph.files[id].worlds.iter().copied().collect();
        worlds.sort_by_key(|world| (self.sizes.get(world), *world));
        let nearest = worlds.first().and_then(|world| self.within(graph, *world, name));
        nearest.or_else(|| {
            let all: BTreeSet<FileId> =
                worlds.into_iter().filter_map(|world| self.within(graph, world, name)).collect();
            Some(all).filter(|all| all.len() == 1)?.pop_first()
        })
    }

    /// The file that answers to `name` in a process of one package: it has this SONAME, is needed by this name, or
    /// has this file name in a folder in which a `dlopen` looks.
    fn within(&self, graph: &Graph, world: usize, asked: &Name) -> Option<FileId> {
        let files = self.names.get(asked)?.iter().filter(|id| graph.files[**id].worlds.contains(&world));
        let key = |id: &&FileId| {
            let file = &graph.files[**id];
            let (named, placed) = (name(file) == *asked, file.last() == *asked);
            let folder = || file.path.parent().unwrap_or(Path::new("/")).to_owned();
            let is_found = file.facts.head.soname.is_some() && named
                || placed && self.folders.contains(&(world, folder()))
                || self.needed.contains(&(asked.clone(), **id));
            (!is_found, !named, !placed, **id)
        };
        files.min_by_key(key).filter(|id| !key(id).0).copied()
    }
}
