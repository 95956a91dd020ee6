//! Files that two distributions of root's closure both have: only one of them can be in site-packages.
//!
//! In an ordinary virtual environment the one installed last is there and nobody hears of the other. Deliberately
//! not here: which of them is used ([`super::links`]: the first).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::assemble::Root;

/// A path that two sources have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// What is used.
    pub used: PathBuf,
    /// What is not.
    pub hidden: PathBuf,
}

/// A folder of modules that paths of clashes may be in.
#[derive(Clone, Debug)]
pub struct Site {
    /// What to call it.
    pub label: String,
    /// The folder.
    pub path: PathBuf,
}

/// Two sites with files of the same name and different content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The label of the one that is used.
    pub used: String,
    /// The label of the other.
    pub hidden: String,
    /// The files, relative to both.
    pub files: BTreeSet<PathBuf>,
}

/// The pairs of sites that have files of the same name and different content.
pub fn overlaps(clashes: &[Clash], sites: &[Site]) -> Vec<Overlap> {
    let mut pairs: BTreeMap<(String, String), BTreeSet<PathBuf>> = BTreeMap::new();
    for clash in clashes.iter().filter(|clash| differ(&clash.used, &clash.hidden)) {
        if let (Some((used, file)), Some((hidden, _))) =
            (owner(&clash.used, sites), owner(&clash.hidden, sites))
        {
            pairs.entry((used, hidden)).or_default().insert(file);
        }
    }
    pairs.into_iter().map(|((used, hidden), files)| Overlap { used, hidden, files }).collect()
}

/// One warning for each pair of root's distributions that have files of the same name and different content.
pub fn warnings(clashes: &[Clash], roots: &[Root]) -> Vec<String> {
    let sites: Vec<Site> =
        roots.iter().map(|root| Site { label: label(root), path: root.site.clone() }).collect();
    overlaps(clashes, &sites).iter().map(|o| sentence(&o.used, &o.hidden, &o.files)).collect()
}

/// One sentence for each program that two of root's distributions bring: the first has it.
pub fn programs(roots: &[Root]) -> Vec<String> {
    let mut owners: BTreeMap<&str, &Root> = BTreeMap::new();
    let mut sentences = Vec::new();
    for root in roots {
        let facts = &root.wheel.facts;
        let made = facts.console_scripts.iter().chain(&facts.gui_scripts).map(|script| script.name.as_str());
        let names: BTreeSet<&str> = made.chain(facts.data_scripts.iter().map(String::as_str)).collect();
        for name in names {
            match owners.get(name) {
                Some(owner) => sentences.push(format!(
                    "{} and {} both have the program `{name}`; bin/ has that of {}",
                    label(owner),
                    label(root),
                    label(owner)
                )),
                None => drop(owners.insert(name, root)),
            }
        }
    }
    sentences
}

fn label(root: &Root) -> String {
    format!("{} {}", root.wheel.facts.name, root.wheel.facts.version)
}

fn sentence(used: &str, hidden: &str, files: &BTreeSet<PathBuf>) -> String {
    let first = files.first().map(|file| file.display().to_string()).unwrap_or_default();
    let more = match files.len() {
        0 | 1 => String::new(),
        many => format!(" and {}", crate::terminal::count(many - 1, "other file")),
    };
    format!("{used} and {hidden} both have `{first}`{more}; site-packages shows those of {used}")
}

/// The label of the site that a path is in, and the path inside it.
fn owner(path: &Path, sites: &[Site]) -> Option<(String, PathBuf)> {
    sites.iter().find_map(|site| Some((site.label.clone(), path.strip_prefix(&site.path).ok()?.to_owned())))
}

/// Two empty `__init__.py`, or two copies of one licence, are no loss.
fn differ(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file);
    match (file(one), file(other)) {
        // By a link into the other's folder.
        (Some(one), Some(other)) if (one.dev(), one.ino()) == (other.dev(), other.ino()) => false,
        (Some(one_is), Some(other_is)) if one_is.len() == other_is.len() => {
            !matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => true,
    }
}
