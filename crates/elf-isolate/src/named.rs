//! The names that libraries with names of their own answered to before: what code asks for that opens them by name.
//!
//! Deliberately not here: who answers that code (Pinfold's import hook).

use std::collections::BTreeMap;
use std::path::Path;

use elf_facts::Name;

use crate::graph::{FileId, Graph};
use crate::plan::Plan;
use crate::rpath::Places;

impl Plan {
    /// By each name that a library answered to whose copy is below `folder`, where that is there. glibc knows a library by
    /// its SONAME and by each name that it was asked for by (`_dl_name_match_p`).
    pub fn answered(&self, graph: &Graph, places: &Places, folder: &Path) -> BTreeMap<String, String> {
        let mut asked: BTreeMap<(&Name, FileId), bool> = BTreeMap::new();
        for (name, to) in graph.files.iter().flat_map(|file| &file.needs) {
            asked.insert((name, *to), false);
        }
        asked.extend(graph.by_name.iter().map(|(name, to)| ((name, *to), false)));
        let with_soname = graph.files.iter().enumerate();
        asked.extend(
            with_soname.filter_map(|(id, file)| Some(((file.facts.head.soname.as_ref()?, id), true))),
        );
        let mut found: BTreeMap<String, (bool, String)> = BTreeMap::new();
        for ((name, id), is_own) in asked.into_iter().filter(|((_, id), _)| self.new.contains_key(id)) {
            let place = places.of(&graph.files[id].path);
            let Some(place) = place.strip_prefix(folder).ok().and_then(Path::to_str) else { continue };
            let name = name.to_text();
            // A wheel has no links: of files under several names the one that is called so is the one that was loaded.
            let is_called = is_own && place.rsplit('/').next() == Some(&*name);
            if name.contains('/')
                || found.get(&*name).is_some_and(|(was_called, _)| *was_called || !is_called)
            {
                continue;
            }
            found.insert(name.into_owned(), (is_called, place.to_owned()));
        }
        found.into_iter().map(|(name, (_, place))| (name, place)).collect()
    }
}
