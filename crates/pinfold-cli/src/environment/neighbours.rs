//! Folders of other distributions that a wheel's libraries look into, by lists of folders that start with `$ORIGIN`.
//!
//! Wheels are made for one `site-packages`: in PyQt6's modules stands `$ORIGIN/Qt6/lib`, a folder that another
//! distribution brings. Here each unit is a folder of its own, so such a unit gets one with links in it, to the folders
//! of those units that the distribution would find there: what it depends on, and the rest of its closures. The loader
//! takes `$ORIGIN` from the path that it opens and not from where links lead (`_dl_get_origin` in glibc), and knows a
//! library by its inode: it is one library, whoever comes to it by whose link.
//! Deliberately not here: making the folders ([`wheelsplit::Instance`]), and absolute lists.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pinfold_core::lock::{Lock, LockedUnit};
use pinfold_core::names::{UnitId, normalize};
use pinfold_core::units::memberships;
use sha2::{Digest, Sha256};
use wheelsplit::{Installed, Native};

use super::links::Tree;
use crate::digest::hex;

/// A link in a unit's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where it stands, relative to the unit's `site-packages`.
    pub at: PathBuf,
    /// The unit that it leads to, by its place in the lock.
    pub unit: usize,
    /// Where in that unit's `site-packages`.
    pub inside: PathBuf,
}

/// The links of units, by their places in the lock; most have none.
pub type Links = BTreeMap<usize, Vec<Link>>;

/// A unit's wheel and its table.
struct Seen<'a> {
    wheel: &'a Installed,
    site: PathBuf,
    table: OnceCell<Native>,
}

struct Plan<'a> {
    lock: &'a Lock,
    units: Vec<Seen<'a>>,
    native: &'a dyn Fn(&Installed) -> Result<Native, wheelsplit::Error>,
    places: HashMap<&'a UnitId, usize>,
    closures: BTreeMap<UnitId, Vec<String>>,
}

/// The links that the units of `lock` need; `wheels` has the wheel of each, and `native` makes its table.
///
/// # Errors
/// When a wheel cannot be listed.
pub fn links(
    lock: &Lock,
    wheels: &BTreeMap<String, Installed>,
    native: &dyn Fn(&Installed) -> Result<Native, wheelsplit::Error>,
) -> Result<Links> {
    let wheel = |unit: &LockedUnit| wheels.get(&unit.wheel);
    let units: Option<Vec<Seen<'_>>> = lock
        .units
        .iter()
        .map(|unit| wheel(unit).map(|wheel| Seen { wheel, site: wheel.site(), table: OnceCell::new() }))
        .collect();
    // A wheel that is missing is told by whoever puts the units together.
    let Some(units) = units else { return Ok(Links::new()) };
    let places = lock.units.iter().enumerate().map(|(place, unit)| (&unit.id, place)).collect();
    let plan = Plan { lock, units, native, places, closures: memberships(lock) };
    let mut links = Links::new();
    for unit in 0..lock.units.len() {
        let found = plan.of(unit).with_context(|| {
            format!(
                "could not tell which other distributions the libraries of {} look into",
                lock.units[unit].id
            )
        })?;
        if !found.is_empty() {
            links.insert(unit, found);
        }
    }
    Ok(links)
}

impl Plan<'_> {
    fn table(&self, unit: usize) -> Result<&Native> {
        let seen = &self.units[unit];
        if let Some(table) = seen.table.get() {
            return Ok(table);
        }
        let table = match seen.wheel.facts.native {
            true => (self.native)(seen.wheel)?,
            false => Native::default(),
        };
        Ok(seen.table.get_or_init(|| table))
    }

    /// The links of one unit.
    fn of(&self, unit: usize) -> Result<Vec<Link>> {
        let mut lists: BTreeSet<(String, String)> = lists(self.table(unit)?).collect();
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        let near = self.near(unit);
        // Folders and files of which units are to stand where they stand there.
        let mut shown: BTreeSet<(PathBuf, usize)> = BTreeSet::new();
        let mut done: BTreeSet<PathBuf> = BTreeSet::new();
        while let Some((folder, list)) = lists.pop_first() {
            for place in folders(&folder, &list) {
                if !done.insert(place.clone()) {
                    continue;
                }
                for &other in near.iter().filter(|other| self.has(**other, &place)) {
                    let new = self.shown(unit, other, &place, &near)?;
                    for (path, whose) in new {
                        if shown.insert((path.clone(), whose)) {
                            // These files are opened by paths in this unit's folder.
                            lists.extend(self.below(whose, &path)?);
                        }
                    }
                }
            }
        }
        let mut tree = Tree::default();
        for &other in &near {
            for (path, _) in shown.iter().filter(|(_, whose)| *whose == other) {
                let source = self.units[other].site.join(path);
                let folder = source.is_dir();
                tree.add_at(path, source, folder)?;
            }
        }
        let links = tree.links().into_iter().filter_map(|(at, to)| self.link(at, &to, &near));
        Ok(links.collect())
    }

    fn has(&self, unit: usize, folder: &Path) -> bool {
        self.units[unit].site.join(folder).is_dir()
    }

    /// What is to be shown in `unit`'s folder since `other` has the folder `place`, which a list names: paths, and whose.
    fn shown(
        &self,
        unit: usize,
        other: usize,
        place: &Path,
        near: &[usize],
    ) -> Result<Vec<(PathBuf, usize)>> {
        let own = &self.units[unit];
        let Some(missing) = missing(&own.site, place) else {
            return Ok(self.libraries(unit, other, place)?.into_iter().map(|path| (path, other)).collect());
        };
        if own.site.join(&missing).exists() {
            return Ok(Vec::new());
        }
        // As a merged folder would have it: from the first folder on that the wheel itself has not, whoever has it.
        let all = near.iter().copied().filter(|other| self.has(*other, &missing));
        let mut shown: Vec<(PathBuf, usize)> = all.map(|other| (missing.clone(), other)).collect();
        // And what stands beside that, up to the package that it is in: a library looks for its data by `..`.
        for folder in missing.ancestors().skip(1).take_while(|folder| !is_package(&own.site, folder)) {
            let entries = fs::read_dir(self.units[other].site.join(folder)).into_iter().flatten().flatten();
            let paths = entries.map(|entry| folder.join(entry.file_name()));
            shown.extend(paths.filter(|path| !own.site.join(path).exists()).map(|path| (path, other)));
        }
        Ok(shown)
    }

    /// A link to a path in the wheel of one of these units.
    fn link(&self, at: PathBuf, to: &Path, near: &[usize]) -> Option<Link> {
        let inside = |unit: &usize| Some((*unit, to.strip_prefix(&self.units[*unit].site).ok()?.to_owned()));
        let (unit, inside) = near.iter().find_map(inside)?;
        Some(Link { at, unit, inside })
    }

    /// The libraries that another unit has in a folder that both have, where one of them is needed here.
    fn libraries(&self, unit: usize, other: usize, place: &Path) -> Result<Vec<PathBuf>> {
        let (own, theirs) = (self.table(unit)?, self.table(other)?);
        let is_needed = |name: &_| own.needed.contains(name) || theirs.needed.contains(name);
        let provided: BTreeSet<_> = own.libraries.iter().flat_map(|one| one.names(is_needed)).collect();
        let there = theirs.libraries.iter().filter(|one| Path::new(&one.path).parent() == Some(place));
        // What nobody asks for by a name is a module.
        let there: Vec<_> = there.filter(|one| !one.names(is_needed).is_empty()).collect();
        let mut names = there.iter().flat_map(|library| library.names(is_needed));
        if !names.any(|name| own.needed.contains(&name) && !provided.contains(&name)) {
            return Ok(Vec::new());
        }
        let paths = there.into_iter().map(|library| PathBuf::from(&library.path));
        Ok(paths.filter(|path| !self.units[unit].site.join(path).exists()).collect())
    }

    /// The lists of a unit's files at a path.
    fn below(&self, unit: usize, path: &Path) -> Result<Vec<(String, String)>> {
        let folder = if self.has(unit, path) { path } else { path.parent().unwrap_or(path) };
        Ok(lists(self.table(unit)?).filter(|(of, _)| Path::new(of).starts_with(folder)).collect())
    }

    /// The units that a unit finds beside it, were all merged: what it depends on first, then what its closures have of
    /// which they all have the same. A pinned unit has its own closure alone.
    fn near(&self, unit: usize) -> Vec<usize> {
        let mut near: Vec<usize> = Vec::new();
        let mut next = vec![unit];
        while let Some(from) = next.pop() {
            for id in &self.lock.units[from].dependencies {
                if let Some(&to) = self.places.get(id)
                    && to != unit
                    && !near.contains(&to)
                {
                    near.push(to);
                    next.push(to);
                }
            }
        }
        let locked = &self.lock.units[unit];
        let own: Vec<&str> = match &locked.pin {
            Some(pin) => vec![&pin.closure],
            None => self.closures.get(&locked.id).into_iter().flatten().map(String::as_str).collect(),
        };
        let mut by_name: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for closure in self.lock.closures.iter().filter(|closure| own.contains(&closure.name.as_str())) {
            for id in &closure.units {
                if let Some(&place) = self.places.get(id) {
                    let name = normalize(&self.units[place].wheel.facts.name);
                    by_name.entry(name).or_default().insert(place);
                }
            }
        }
        let name = |place: &usize| normalize(&self.units[*place].wheel.facts.name);
        let known: BTreeSet<String> = near.iter().map(name).collect();
        let mates = by_name.into_iter().filter(|(name, places)| places.len() == 1 && !known.contains(name));
        near.extend(mates.flat_map(|(_, places)| places).filter(|&place| place != unit));
        near
    }
}

/// The hash that names the folder of a unit with links: of all that it is made of and of all that it leads to, since
/// links lead to folders that may have links themselves. `alone` says of units whether their wheels are theirs alone.
pub fn key(lock: &Lock, links: &Links, alone: &dyn Fn(usize) -> bool, unit: usize) -> String {
    let mut reached = BTreeSet::from([unit]);
    let mut next = vec![unit];
    while let Some(from) = next.pop() {
        let to = links.get(&from).into_iter().flatten().map(|link| link.unit);
        next.extend(to.filter(|to| reached.insert(*to)));
    }
    let mut lines: Vec<String> = Vec::new();
    for &one in &reached {
        lines.push(format!("{} {}", lock.units[one].hash, if alone(one) { "alone" } else { "copied" }));
        for Link { at, unit, inside } in links.get(&one).into_iter().flatten() {
            let (from, to) = (&lock.units[one].hash, &lock.units[*unit].hash);
            lines.push(format!("{from} {} -> {to} {}", at.display(), inside.display()));
        }
    }
    lines.sort();
    let mut hasher = Sha256::new();
    hasher.update(format!("pinfold instance 1\n{}\n{}", lock.units[unit].hash, lines.join("\n")));
    hex(&hasher.finalize())
}

/// The lists of a table as text; one that is no text names no folder that a wheel could have.
fn lists(table: &Native) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |list: &[u8]| std::str::from_utf8(list).ok().map(str::to_owned);
    table.lists.iter().filter_map(move |(folder, list)| Some((folder.clone(), text(list.as_bytes())?)))
}

/// The folders below `site-packages` that a list of a file in `folder` names by `$ORIGIN`.
fn folders(folder: &str, list: &str) -> Vec<PathBuf> {
    let origin = |element: &str| {
        let rest = element.strip_prefix("$ORIGIN").or_else(|| element.strip_prefix("${ORIGIN}"))?;
        if !(rest.is_empty() || rest.starts_with('/')) || rest.contains('$') {
            return None;
        }
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in rest.split('/').filter(|part| !part.is_empty() && *part != ".") {
            match part {
                ".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(parts.iter().collect())
    };
    list.split(':').filter_map(origin).collect()
}

/// Whether modules are found in `folder` of `site` by its being a package or the top.
fn is_package(site: &Path, folder: &Path) -> bool {
    folder.as_os_str().is_empty() || site.join(folder).join("__init__.py").exists()
}

/// The first part of `place` that `site` has no folder for.
fn missing(site: &Path, place: &Path) -> Option<PathBuf> {
    let mut so_far = PathBuf::new();
    place.components().find_map(|part| {
        so_far.push(part);
        (!site.join(&so_far).is_dir()).then(|| so_far.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_name_folders_from_where_the_file_is() {
        let named = |folder, list| -> Vec<String> {
            folders(folder, list).iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(named("PyQt6", "$ORIGIN/Qt6/lib"), ["PyQt6/Qt6/lib"]);
        assert_eq!(
            named("torch/lib", "$ORIGIN/../../nvidia/cublas/lib:$ORIGIN"),
            ["nvidia/cublas/lib", "torch/lib"]
        );
        assert_eq!(named("a/b", "${ORIGIN}/./..//c/:/usr/lib:$ORIGINAL/x:$ORIGIN/$LIB"), ["a/c"]);
        assert_eq!(named("a", "$ORIGIN/../..:$ORIGIN/.."), [""], "out of site-packages is nobody's");
    }
}
