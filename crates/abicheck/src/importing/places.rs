//! Which files a place is that code names: a path from where the environment has its start, or all that a pattern
//! stands for.
//!
//! Deliberately not here: names without a folder, which the loader looks for, and where a module is (`graph.rs`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use python_facts::Text;

use crate::environment::{DistributionId, Environment};

/// The native files of an environment.
pub(super) struct Places<'a> {
    by_name: HashMap<&'a str, Vec<(&'a Path, DistributionId)>>,
    /// All of them, sorted.
    paths: Vec<&'a str>,
    /// The folders that packages are installed in.
    folders: Vec<&'a Path>,
}

/// What reading a folder may come to.
const MOST: usize = 1000;

impl<'a> Places<'a> {
    pub(super) fn of(environment: &'a Environment) -> Self {
        let mut by_name: HashMap<&str, Vec<(&Path, DistributionId)>> = HashMap::new();
        let (mut paths, mut folders): (Vec<&str>, Vec<&Path>) = Default::default();
        for (owner, distribution) in environment.distributions.iter().enumerate() {
            if !folders.contains(&distribution.folder.as_path()) {
                folders.push(&distribution.folder);
            }
            for path in &distribution.native {
                if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                    by_name.entry(name).or_default().push((path, owner));
                }
                paths.extend(path.to_str());
            }
        }
        paths.sort_unstable();
        paths.dedup();
        Self { by_name, paths, folders }
    }

    /// `site-packages`, each of them.
    pub(super) fn folders(&self) -> impl Iterator<Item = &'a Path> {
        self.folders.iter().copied()
    }

    /// The environments' own folders: that which `lib/python3.x/site-packages` stands in.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &'a Path> {
        self.folders().filter_map(|folder| folder.ancestors().nth(3))
    }

    /// The files at `text`, which starts at one of `bases`, as the code in `source` says.
    pub(super) fn find<'b>(
        &self,
        text: &Text,
        bases: impl Iterator<Item = &'b Path>,
        source: &Path,
    ) -> Vec<PathBuf> {
        let mut first = None;
        for base in bases.filter_map(Path::to_str) {
            let path = text.below(base);
            let found = self.at(&path, text);
            if !found.is_empty() {
                return found;
            }
            first.get_or_insert(path);
        }
        let Some(first) = first.filter(|_| !text.is_pattern() && !text.has_hole()) else { return Vec::new() };
        // A file of this name elsewhere in the same package: how the folder is put together was not told rightly.
        let name = first.rsplit('/').next().unwrap_or_default();
        let near = self.nearest(name, source).filter(|path| self.is_of_one(path, source));
        vec![near.unwrap_or_else(|| first.into())]
    }

    /// The file of the name that `text` ends with, in a folder that is not told: of several, the one that shares most
    /// of its path with the source.
    pub(super) fn anywhere(&self, text: &Text, source: &Path) -> Vec<PathBuf> {
        let path = text.below("");
        let name = path.rsplit('/').next().unwrap_or_default();
        self.nearest(name, source).into_iter().collect()
    }

    fn nearest(&self, name: &str, source: &Path) -> Option<PathBuf> {
        let shared = |(path, _): &&(&Path, DistributionId)| {
            let both = path.components().zip(source.components());
            both.take_while(|(a, b)| a == b).count()
        };
        self.by_name.get(name)?.iter().max_by_key(shared).map(|(path, _)| path.to_path_buf())
    }

    /// Whether both stand below one folder of those that packages are installed in, such as a package.
    fn is_of_one(&self, path: &Path, source: &Path) -> bool {
        let below = |path: &'_ Path| {
            let folders = self.folders().filter_map(|folder| path.strip_prefix(folder).ok());
            folders.filter_map(|rest| rest.components().next().map(|top| top.as_os_str().to_owned())).next()
        };
        below(path).is_some_and(|top| {
            let own = below(source);
            // `pkg.libs` stands beside `pkg`.
            own.is_some_and(|own| {
                let (top, own) = (top.to_string_lossy(), own.to_string_lossy());
                *top == *own || top.strip_suffix(".libs").is_some_and(|stem| stem == own)
            })
        })
    }

    /// The files at `path`, in which a pattern may stand.
    fn at(&self, path: &str, text: &Text) -> Vec<PathBuf> {
        if !text.is_pattern() && !text.has_hole() {
            return Path::new(path).is_file().then(|| path.into()).into_iter().collect();
        }
        let special = |letter: char| [Text::ANY, Text::ONE, Text::DEEP, Text::HOLE].contains(&letter);
        let start = path.split(special).next().unwrap_or_default();
        let from = self.paths.partition_point(|known| *known < start);
        let near = self.paths[from..].iter().take_while(|known| known.starts_with(start));
        let mut found: Vec<PathBuf> =
            near.filter(|known| Text::matches(path, known)).take(MOST).map(PathBuf::from).collect();
        if found.is_empty() {
            found = listed(path);
        }
        // One file that is not told is not each of several, nor any one that happens to be alone there.
        let told = path.rsplit('/').next().unwrap_or_default().starts_with("lib");
        if text.has_hole() && !text.is_pattern() && (found.len() > 1 || !told) {
            found.clear();
        }
        found
    }
}

/// Shared objects that no distribution records, in the folder that `pattern` names.
fn listed(pattern: &str) -> Vec<PathBuf> {
    let Some((folder, name)) = pattern.rsplit_once('/') else { return Vec::new() };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_library = |name: &String| name.ends_with(".so") || name.contains(".so.");
    let mut found: Vec<PathBuf> = names
        .filter(|entry| is_library(entry) && Text::matches(name, entry))
        .map(|entry| Path::new(folder).join(entry))
        .collect();
    found.sort();
    found
}
