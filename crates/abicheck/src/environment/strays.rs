//! Native files that no RECORD names, in folders that distributions claim: built in place, copied in by hand, left
//! behind by an older version.
//!
//! Looked into are the folders that can be expected to have some: the top of each package, those with recorded native
//! files and all above them, and whole folders in these of which nothing is recorded.
//! Deliberately not here: folders that are claimed by nobody (`Distribution::unrecorded`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::distribution::{Distribution, is_native};

/// Who claims a folder: the place of a distribution in the list, or several do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    One(usize),
    Several,
}

/// What was found in one folder.
#[derive(Default)]
struct Listed {
    files: Vec<PathBuf>,
    /// Folders of which nothing is recorded.
    unknown: Vec<PathBuf>,
}

/// Gives each stray file in `folder` to the one of `found` that claims the folder it is in; those that several claim are
/// returned, relative to `folder`. Takes what it looks at from `left`.
pub(super) fn adopt(folder: &Path, found: &mut [Distribution], left: &mut usize) -> Vec<PathBuf> {
    let (claims, looked) = claims(folder, found);
    let recorded: FxHashSet<&Path> =
        found.iter().flat_map(|one| &one.native).filter_map(|file| file.strip_prefix(folder).ok()).collect();
    let listed: Vec<(Claim, Listed)> = looked
        .par_iter()
        .filter_map(|place| Some((*claims.get(*place)?, list(folder, place, &recorded, &claims))))
        .collect();
    let mut nobodys = Vec::new();
    let mut adopted: Vec<(usize, PathBuf)> = Vec::new();
    for (claim, Listed { mut files, unknown }) in listed {
        for place in unknown {
            files.extend(below(folder, &place, left));
        }
        match claim {
            Claim::One(owner) => adopted.extend(files.into_iter().map(|file| (owner, file))),
            Claim::Several => nobodys.extend(files),
        }
    }
    for (owner, file) in adopted {
        found[owner].adopt(&file);
    }
    nobodys
}

/// `one` with the stray files of `folder`, in which nothing is anybody else's: what its RECORD says nothing of at the top
/// is its own, too. Links lead to what others have.
pub(super) fn own(folder: &Path, one: Distribution, left: &mut usize) -> Distribution {
    let mut found = [one];
    drop(adopt(folder, &mut found, left));
    let [mut one] = found;
    let tops: FxHashSet<&str> =
        one.recorded.iter().map(|file| file.split_once('/').map_or(&**file, |(top, _)| top)).collect();
    let mut strays = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if tops.contains(&*text) || text.ends_with("-info") {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => strays.extend(below(folder, &name, left)),
            Ok(kind) if kind.is_file() && is_native(&text) => strays.push(name.into()),
            _ => {}
        }
    }
    strays.iter().for_each(|file| one.adopt(file));
    one
}

/// Each folder in which something is recorded, and those to look into, relative to `folder`.
fn claims<'a>(folder: &Path, found: &'a [Distribution]) -> (FxHashMap<&'a str, Claim>, BTreeSet<&'a str>) {
    let mut claims: FxHashMap<&str, Claim> = FxHashMap::default();
    let mut looked = BTreeSet::new();
    for (owner, one) in found.iter().enumerate() {
        let mut last = "";
        for file in &one.recorded {
            let Some((mut place, _)) = file.rsplit_once('/') else { continue };
            // A RECORD is sorted, more or less: most files are in the folder of the one before.
            if place == last || place.starts_with('/') || place.split('/').any(|part| part == "..") {
                continue;
            }
            last = place;
            // What is above a folder that is claimed already was claimed with it.
            loop {
                match claims.get_mut(place) {
                    None => drop(claims.insert(place, Claim::One(owner))),
                    Some(Claim::One(other)) if *other == owner => break,
                    Some(Claim::Several) => break,
                    Some(claim) => *claim = Claim::Several,
                }
                match place.rsplit_once('/') {
                    Some((above, _)) => place = above,
                    None => break,
                }
            }
        }
        let native = one.native.iter().filter_map(|file| file.strip_prefix(folder).ok()?.parent());
        for place in native.flat_map(Path::ancestors).filter_map(Path::to_str) {
            looked.extend(claims.get_key_value(place).map(|(known, _)| *known));
        }
    }
    let tops = claims.keys().filter(|place| !place.contains('/') && !place.ends_with("-info"));
    looked.extend(tops);
    (claims, looked)
}

/// The native files in `folder/place` that are not recorded, and the folders of which nothing is.
fn list(folder: &Path, place: &str, recorded: &FxHashSet<&Path>, claims: &FxHashMap<&str, Claim>) -> Listed {
    let mut listed = Listed::default();
    for entry in std::fs::read_dir(folder.join(place)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let (text, Ok(kind)) = (name.to_string_lossy(), entry.file_type()) else { continue };
        let path = Path::new(place).join(&name);
        if kind.is_dir() && is_native(&text) {
            listed.files.push(path);
        } else if kind.is_dir() {
            let known = path.to_str().is_some_and(|path| claims.contains_key(path));
            if !known && !text.starts_with('.') && text != "__pycache__" {
                listed.unknown.push(path);
            }
        } else if is_native(&text) && !recorded.contains(&*path) {
            listed.files.push(path);
        }
    }
    listed
}

/// The native files anywhere in `folder/place`.
fn below(folder: &Path, place: impl AsRef<Path>, left: &mut usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder.join(place)).into_iter().flatten() {
        let Some(rest) = left.checked_sub(1) else { break };
        *left = rest;
        if !entry.file_type().is_dir()
            && is_native(&entry.file_name().to_string_lossy())
            && let Ok(relative) = entry.path().strip_prefix(folder)
        {
            files.push(relative.to_owned());
        }
    }
    files
}
