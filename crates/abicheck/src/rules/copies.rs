//! Families of libraries: which copies of one library the imports of an environment load.
//!
//! What belongs to a family stands in `copies.toml`. Deliberately not here: whether two copies are bad.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use elf_facts::{ContentHash, Facts, gnu_hash};
use serde::Deserialize;

use super::loaded::Loaded;
use crate::analysis::Analysis;
use crate::finding::{Evidence, Finding, Severity};

/// What reads a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Reader {
    /// `several-openmp`.
    OpenMp,
    /// `several-copies`.
    Copies,
    /// `one-variable-two-copies`.
    Variable,
}

/// One family.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Family {
    pub(super) name: String,
    rule: Reader,
    #[serde(default = "note")]
    pub(super) severity: Severity,
    files: Vec<String>,
    symbols: Vec<String>,
    versions: String,
    #[serde(default)]
    pub(super) variables: Vec<String>,
    pub(super) why: String,
}

#[derive(Deserialize)]
struct Families {
    family: Vec<Family>,
}

fn note() -> Severity {
    Severity::Note
}

/// The families that `reader` reads. A test reads the file, so that it is sound here.
pub(super) fn of(reader: Reader) -> impl Iterator<Item = &'static Family> {
    static ALL: OnceLock<Vec<Family>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let families = toml::from_str(include_str!("copies.toml")).map(|families: Families| families.family);
        families.unwrap_or_default()
    });
    all.iter().filter(move |family| family.rule == reader)
}

/// One copy of a family's library: files of one content.
pub(super) struct Copy<'a> {
    /// The files, the same in all that matters.
    pub(super) files: Vec<&'a Loaded<'a>>,
    /// Its SONAME, or its file's name.
    pub(super) name: String,
    /// What the loader tells it by: its SONAME, or its path where it has none.
    told_by: String,
    /// Its release, where it says one.
    pub(super) version: Option<String>,
}

impl Family {
    /// Whether the file belongs to it.
    fn has(&self, loaded: &Loaded<'_>) -> bool {
        let facts = loaded.object.facts();
        let named = |name: &str| self.files.iter().any(|file| is_named(name, file));
        named(&loaded.file_name())
            || facts.head.soname.as_ref().is_some_and(|soname| named(&soname.to_text()))
            || self.symbols.iter().any(|symbol| defines(facts, symbol.as_bytes()))
    }

    /// Its copies among `all`, by name and content.
    pub(super) fn copies<'a>(&self, all: &'a [Loaded<'a>]) -> Vec<Copy<'a>> {
        let mut by_content: BTreeMap<ContentHash, Copy<'a>> = BTreeMap::new();
        for loaded in all.iter().filter(|loaded| self.has(loaded)) {
            let head = &loaded.object.facts().head;
            let copy = by_content.entry(head.content).or_insert_with(|| Copy {
                files: Vec::new(),
                name: head.soname.as_ref().map_or_else(|| loaded.file_name(), ToString::to_string),
                told_by: head.soname.as_ref().unwrap_or(&loaded.object.path).to_string(),
                version: self.version(loaded),
            });
            copy.files.push(loaded);
        }
        let mut copies: Vec<Copy<'a>> = by_content.into_values().collect();
        copies.sort_by(|a, b| (&a.name, &a.files[0].object.path).cmp(&(&b.name, &b.files[0].object.path)));
        copies
    }

    /// The newest version that it defines, else what follows `.so.`.
    fn version(&self, loaded: &Loaded<'_>) -> Option<String> {
        let head = &loaded.object.facts().head;
        let defined = head.versions.iter().filter(|version| version.file.is_none() && !version.base);
        let told = defined.filter_map(|version| {
            let name = version.name.to_text().into_owned();
            let rest = name.strip_prefix(self.versions.as_str()).filter(|_| !self.versions.is_empty())?;
            let numbers = numbers(rest)?;
            Some((numbers, name))
        });
        let newest = told.max().map(|(_, name)| name);
        let file = loaded.file_name();
        let stated = || file.split_once(".so.").map(|(_, version)| version.to_owned());
        newest.or_else(stated)
    }
}

impl Copy<'_> {
    /// Some import at the top of a package loads it, and nothing catches its failure.
    pub(super) fn eager(&self) -> bool {
        self.files.iter().any(|file| file.eager)
    }

    /// `libhdf5-1a2b.so.310 (1.14.2) of a and b`.
    pub(super) fn described(&self, analysis: &Analysis<'_>) -> String {
        let owners: BTreeSet<String> = self.files.iter().map(|file| file.whose(analysis)).collect();
        let owners = owners.into_iter().collect::<Vec<_>>().join(" and ");
        format!("{} of {owners}", self.name)
    }
}

/// Copies that one process has at once: of several with one name, the first that is loaded stands for all.
pub(super) fn at_once(copies: &[Copy<'_>]) -> usize {
    copies.iter().map(|copy| &copy.told_by).collect::<BTreeSet<_>>().len()
}

/// Whether all copies are one distribution's, which knows what it does.
pub(super) fn of_one_owner(copies: &[Copy<'_>]) -> bool {
    let owners: BTreeSet<_> = copies.iter().flat_map(|copy| &copy.files).map(|file| file.owner).collect();
    owners.len() < 2
}

/// Fills packages, libraries and evidence of a finding about `copies`.
pub(super) fn describe(analysis: &Analysis<'_>, copies: &[Copy<'_>], finding: &mut Finding) {
    let files: Vec<_> =
        copies.iter().flat_map(|copy| copy.files.iter().map(move |file| (copy, *file))).collect();
    let mut packages: BTreeSet<String> = files
        .iter()
        .filter_map(|(_, file)| file.owner)
        .map(|owner| analysis.name(owner).to_owned())
        .collect();
    // What is the system's comes into the process by those who load it.
    let of_system = files.iter().filter(|(_, file)| file.owner.is_none());
    packages.extend(of_system.flat_map(|(_, file)| file.loaders(analysis)));
    finding.packages = packages.into_iter().collect();
    finding.libraries = files.iter().map(|(_, file)| file.path()).collect();
    finding.evidence = files.iter().map(|(copy, file)| evidence(analysis, copy, file)).collect();
}

fn evidence(analysis: &Analysis<'_>, copy: &Copy<'_>, file: &Loaded<'_>) -> Evidence {
    let version = copy.version.as_ref().map(|version| format!(", version {version}")).unwrap_or_default();
    let loaders = file.loaders(analysis);
    let by = match loaders.len() {
        0 => "the interpreter".to_owned(),
        1..=4 => loaders.join(", "),
        more => format!("{} and {} others", loaders[..3].join(", "), more - 3),
    };
    Evidence {
        path: PathBuf::from(file.object.path.as_path()),
        text: format!("{}{version}, loaded by {by}", copy.name),
    }
}

/// Whether `libfoo-1a2b3c4d.so.1.2` is `libfoo`: tools that copy libraries into wheels add to their names.
fn is_named(name: &str, library: &str) -> bool {
    let stem = name.split_once(".so").map_or(name, |(stem, _)| stem);
    stem.strip_prefix(library).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The numbers of `3.4.30` or `1_1_1d`; `None` where it does not start with one.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let parts = text.split(['.', '_']).map_while(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().ok()
    });
    Some(parts.collect::<Vec<u32>>()).filter(|numbers| !numbers.is_empty())
}

fn defines(facts: &Facts, name: &[u8]) -> bool {
    let mut found = facts.definitions.named(&facts.names, name, gnu_hash(name));
    found.any(|symbol| !symbol.is_undefined())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_can_be_read_and_recognised() {
        let families: Families = toml::from_str(include_str!("copies.toml")).expect("the file is sound");
        for family in &families.family {
            assert!(!family.files.is_empty() && family.why.len() > 20, "{}", family.name);
            assert!(family.rule != Reader::Variable || !family.variables.is_empty(), "{}", family.name);
            for file in &family.files {
                assert!(
                    is_named(&format!("{file}-0a1b2c3d.so.1.2"), file)
                        && is_named(&format!("{file}.so"), file)
                );
            }
        }
        let readers = [Reader::OpenMp, Reader::Copies, Reader::Variable].map(|reader| of(reader).count());
        assert_eq!(readers.iter().sum::<usize>(), families.family.len());
        assert!(readers.iter().all(|count| *count > 0), "{readers:?}");
    }

    #[test]
    fn names_and_versions() {
        assert!(is_named("libgomp-a34b3233.so.1.0.0", "libgomp") && is_named("libgomp.so.1", "libgomp"));
        assert!(!is_named("libhdf5_hl-123198ff.so.310.0.2", "libhdf5"));
        assert!(!is_named("libcryptopp.so.8", "libcrypto"));
        assert_eq!(numbers("3.4.30"), Some(vec![3, 4, 30]));
        assert_eq!(numbers("1_1_1d"), Some(vec![1, 1, 1]));
        assert_eq!(numbers("PRIVATE_API"), None);
        assert!(numbers("3.4.9") < numbers("3.4.30"));
    }
}
