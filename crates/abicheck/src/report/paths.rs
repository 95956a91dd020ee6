//! How paths are shown: without the folder that everything is in.
//!
//! Deliberately not here: which files matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use elf_loader::straight;

/// The folder that paths are shown without: the one that most of `folders` are, or else the one that all are in.
pub fn base_of<'a>(folders: impl IntoIterator<Item = &'a Path>) -> Option<PathBuf> {
    let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
    for folder in folders {
        *counts.entry(folder).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let (most, times) = counts.iter().max_by_key(|(_, times)| **times)?;
    if counts.len() == 1 || (*times * 2 > all && *times > 1) {
        return Some(most.to_path_buf());
    }
    let shared = most.ancestors().find(|folder| counts.keys().all(|other| other.starts_with(folder)))?;
    // `/` and `/usr` say nothing and save nothing.
    (shared.components().count() > 2).then(|| shared.to_owned())
}

/// `path` without `base`, where it is below it.
pub(super) fn below<'a>(path: &'a Path, base: Option<&Path>) -> &'a Path {
    base.and_then(|base| path.strip_prefix(base).ok())
        .filter(|rest| !rest.as_os_str().is_empty())
        .unwrap_or(path)
}

/// `path` as people read it: without `base`, and what could move a terminal's cursor made visible.
pub(super) fn shown(path: &Path, base: Option<&Path>) -> String {
    plain(&straight(below(path, base)).to_string_lossy())
}

/// A whole path as people read it.
pub(crate) fn plain_path(path: &Path) -> String {
    shown(path, None)
}

/// `text` without control characters, which names of files and symbols may have.
pub(crate) fn plain(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(folders: &[&str]) -> Option<String> {
        base_of(folders.iter().map(Path::new)).map(|base| base.display().to_string())
    }

    #[test]
    fn the_folder_that_most_packages_are_in() {
        let site = "/v/lib/python3.11/site-packages";
        assert_eq!(base(&[site, site, "/elsewhere/added"]).as_deref(), Some(site));
        assert_eq!(base(&["/s/store/a/site", "/s/store/b/site"]).as_deref(), Some("/s/store"));
        assert_eq!(base(&["/a/x", "/b/y"]), None);
        assert_eq!(base(&[]), None);
    }

    #[test]
    fn detours_are_not_shown() {
        let site = Some(Path::new("/v/site"));
        assert_eq!(shown(Path::new("/v/site/a/../a.libs/x.so"), site), "a.libs/x.so");
        assert_eq!(shown(Path::new("../../x.so"), site), "../../x.so");
    }

    #[test]
    fn a_path_cannot_write_to_the_terminal() {
        assert_eq!(shown(Path::new("/b/x\u{1b}[2J.so"), Some(Path::new("/b"))), "x\u{fffd}[2J.so");
    }
}
