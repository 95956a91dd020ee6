//! Libraries of one SONAME that two versions of one distribution bring, and that no import need load: code may open what
//! needs them when it is called, and then gets what is loaded under the name.
//!
//! Deliberately not here: what imports load (`shared`), and packages of different names, for which other bytes under one
//! name mean little.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use elf_facts::{ContentHash, Name};

use crate::analysis::Analysis;
use crate::environment::DistributionId;

/// By the two distributions, the lower number first, and the library's name: where each has it.
pub(crate) type ByPair = BTreeMap<(DistributionId, DistributionId), BTreeMap<Name, [PathBuf; 2]>>;

/// All that some file needs by its name.
pub(crate) fn unloaded_versions(analysis: &Analysis<'_>) -> ByPair {
    let all = &analysis.environment.distributions;
    let versions = |a: DistributionId| {
        (a + 1..all.len()).filter(move |b| all[a].is_version_of(&all[*b])).map(move |b| (a, b))
    };
    let pairs: Vec<_> = (0..all.len()).flat_map(versions).collect();
    let mut found = ByPair::new();
    // Nearly every environment has one version of everything.
    if pairs.is_empty() {
        return found;
    }
    let mut needed: BTreeSet<&Name> = BTreeSet::new();
    let mut libraries: BTreeMap<DistributionId, BTreeMap<&Name, (&Path, ContentHash)>> = BTreeMap::new();
    for file in analysis.files.all() {
        let Ok(facts) = &file.facts else { continue };
        needed.extend(&facts.head.needed);
        if let Some(soname) = &facts.head.soname {
            let library = (file.path.as_path(), facts.head.content);
            libraries.entry(file.owner).or_default().entry(soname).or_insert(library);
        }
    }
    for (a, b) in pairs {
        let Some((of_a, of_b)) = libraries.get(&a).zip(libraries.get(&b)) else { continue };
        for (name, (one, content)) in of_a.iter().filter(|(name, _)| needed.contains(**name)) {
            if let Some((other, _)) = of_b.get(name).filter(|(_, other)| other != content) {
                let paths = [one, other].map(|path| path.to_path_buf());
                found.entry((a, b)).or_default().insert((*name).clone(), paths);
            }
        }
    }
    found
}
