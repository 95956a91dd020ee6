//! The units of a lock as a tree from root, with marks where importers differ.
//!
//! Deliberately not here: reading the lock, and printing ([`crate::commands::tree`]).

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::closure::{Closure, Environment};
use pinfold_core::lock::{Lock, LockedUnit};
use pinfold_core::names::{ROOT, UnitId};
use serde::Serialize;

use crate::terminal::{Style, styled};

/// Another version of it is there, for other importers.
const DIFFERS: &str = "≠";
/// The same version is there again, with other dependencies.
const TWICE: &str = "≈";
/// Its dependencies stand above.
const ABOVE: &str = "(*)";
/// Its dependencies are its own affair.
const PINNED: &str = "[pin]";
const TRACK: &str = "[track]";
/// Libraries of it have names of their own in the environment.
const ISOLATED: &str = "[lib]";

/// A lock, prepared for looking things up.
pub struct Tree<'l> {
    lock: &'l Lock,
    names: BTreeMap<&'l str, Vec<&'l LockedUnit>>,
    /// By unit and the name that a library had, the one that it has in the environment.
    isolated: BTreeMap<UnitId, BTreeMap<String, String>>,
    /// Which packages of the environment still break each other, and why.
    left: Vec<String>,
}

/// A distribution of which there is more than one unit.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// Its units, by version.
    pub units: Vec<Variant>,
    /// Whether versions differ, or only what the units depend on.
    pub versions_differ: bool,
}

/// One of several units of a name.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Its version.
    pub version: String,
    /// Its identifier.
    pub unit: UnitId,
    /// The closures that have it.
    pub closures: Vec<String>,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Document<'l> {
    version: u32,
    python: &'l str,
    platform: &'l str,
    units: Vec<JsonUnit<'l>>,
    closures: &'l [Closure],
    differences: Vec<Difference>,
    /// Which packages of the environment still break each other, and why, in a sentence each.
    left: &'l [String],
}

#[derive(Serialize)]
struct JsonUnit<'l> {
    id: &'l UnitId,
    name: &'l str,
    version: &'l str,
    dependencies: &'l [UnitId],
    closures: Vec<&'l str>,
    /// The name of its own closure, if it is pinned.
    pin: Option<&'l str>,
    /// Libraries that have names of their own in the environment, by the names that they had.
    isolated: Option<&'l BTreeMap<String, String>>,
}

impl<'l> Tree<'l> {
    /// Prepares a lock.
    pub fn new(lock: &'l Lock) -> Self {
        let mut names: BTreeMap<&str, Vec<&LockedUnit>> = BTreeMap::new();
        for unit in &lock.units {
            names.entry(label(lock, unit).0).or_default().push(unit);
        }
        Tree { lock, names, isolated: BTreeMap::new(), left: Vec::new() }
    }

    /// Adds what only an environment that was made from the lock says, and what is left in it that breaks.
    #[must_use]
    pub fn with(mut self, environment: &Environment, left: Vec<String>) -> Self {
        self.left = left;
        let of_lock = environment.units.iter().filter(|unit| self.lock.unit(&unit.id).is_some());
        let isolated = of_lock.filter_map(|unit| Some((unit.id.clone(), unit.isolated.clone()?.libraries)));
        self.isolated = isolated.collect();
        self
    }

    /// The distributions of which there is more than one unit.
    pub fn differences(&self) -> Vec<Difference> {
        let several = self.names.iter().filter(|(_, units)| units.len() > 1);
        several
            .map(|(name, units)| {
                let mut variants: Vec<Variant> = units
                    .iter()
                    .map(|unit| Variant {
                        version: label(self.lock, unit).1.to_owned(),
                        unit: unit.id.clone(),
                        closures: self.closures(&unit.id).into_iter().map(str::to_owned).collect(),
                    })
                    .collect();
                // Root's first; it is what most people think of.
                variants.sort_by_key(|variant| !variant.closures.iter().any(|closure| closure == ROOT));
                let versions: BTreeSet<&str> =
                    variants.iter().map(|variant| variant.version.as_str()).collect();
                Difference { name: (*name).to_owned(), versions_differ: versions.len() > 1, units: variants }
            })
            .collect()
    }

    fn closures(&self, id: &UnitId) -> Vec<&'l str> {
        self.lock
            .closures
            .iter()
            .filter(|closure| closure.units.contains(id))
            .map(|closure| closure.name.as_str())
            .collect()
    }

    /// The tree as JSON.
    pub fn json(&self) -> String {
        let units = self.lock.units.iter().map(|unit| {
            let (name, version) = label(self.lock, unit);
            JsonUnit {
                id: &unit.id,
                name,
                version,
                dependencies: &unit.dependencies,
                closures: self.closures(&unit.id),
                pin: unit.pin.as_ref().map(|pin| pin.closure.as_str()),
                isolated: self.isolated.get(&unit.id),
            }
        });
        let document = Document {
            version: 1,
            python: &self.lock.python,
            platform: &self.lock.platform,
            units: units.collect(),
            closures: &self.lock.closures,
            differences: self.differences(),
            left: &self.left,
        };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// The tree as text, no deeper than `depth`, with a legend of the marks that it has.
    pub fn text(&self, depth: usize, colour: bool) -> String {
        let mut drawing = Drawing {
            tree: self,
            depth,
            colour,
            shown: BTreeSet::new(),
            used: BTreeSet::new(),
            text: String::new(),
        };
        drawing.text.push_str(&styled(ROOT, Style::Strong, colour));
        let about = format!("  your own code, Python {} on {}", self.lock.python, self.lock.platform);
        drawing.text.push_str(&styled(&about, Style::Dim, colour));
        drawing.text.push('\n');
        if let Some(root) = self.lock.closures.first() {
            drawing.children(&root.direct, "", 1);
        }
        let Drawing { mut text, used, .. } = drawing;
        self.legend(&mut text, &used, colour);
        text
    }

    fn legend(&self, text: &mut String, used: &BTreeSet<&str>, colour: bool) {
        let differences = self.differences();
        if differences.iter().any(|difference| difference.versions_differ) {
            text.push_str(&format!(
                "\n{}\n",
                styled("Versions that differ between importers", Style::Strong, colour)
            ));
            let differing = || differences.iter().filter(|difference| difference.versions_differ);
            let name_width = differing().map(|difference| difference.name.len()).max().unwrap_or(0);
            for difference in differing() {
                for (index, (version, closures)) in by_version(difference).iter().enumerate() {
                    let name = if index == 0 { difference.name.as_str() } else { "" };
                    let version = styled(&format!("{version:<10}"), Style::Differs, colour);
                    text.push_str(&format!("  {name:<name_width$}  {version} {}\n", closures.join(", ")));
                }
            }
        }
        self.libraries(text, colour);
        if !self.left.is_empty() {
            text.push_str(&format!(
                "\n{}\n",
                styled("Packages that break each other", Style::Strong, colour)
            ));
            self.left.iter().for_each(|what| text.push_str(&format!("  {what}\n")));
        }
        let legend = [
            (DIFFERS, "other importers see another version of it"),
            (TWICE, "other importers see the same version, with other dependencies"),
            (PINNED, "its dependencies are its own affair"),
            (TRACK, "its dependencies are those of its track"),
            (ISOLATED, "libraries of it have names of their own, so that no other package gets them"),
            (ABOVE, "its dependencies stand above"),
        ];
        let lines: Vec<String> = legend
            .iter()
            .filter(|(mark, _)| used.contains(mark))
            .map(|(mark, meaning)| styled(&format!("{mark:<5} {meaning}\n"), Style::Dim, colour))
            .collect();
        if !lines.is_empty() {
            text.push('\n');
            text.push_str(&lines.concat());
        }
    }
}

impl Tree<'_> {
    /// Which libraries have names of their own.
    fn libraries(&self, text: &mut String, colour: bool) {
        let named = self.isolated.iter().filter(|(_, libraries)| !libraries.is_empty());
        let named: Vec<_> = named.filter_map(|(id, all)| Some((self.lock.unit(id)?, all))).collect();
        if named.is_empty() {
            return;
        }
        let title = styled("Libraries that have names of their own", Style::Strong, colour);
        text.push_str(&format!("\n{title}\n"));
        for (unit, libraries) in named {
            let (name, version) = label(self.lock, unit);
            text.push_str(&format!("  {name} {version}\n"));
            for (had, has) in libraries {
                let now = styled("now", Style::Dim, colour);
                text.push_str(&format!("    {} {now} {}\n", printable(had), printable(has)));
            }
        }
    }
}

/// Names of files of a wheel are what somebody wrote into it.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Versions in order of [`Difference::units`], each with the closures that have it.
fn by_version(difference: &Difference) -> Vec<(&str, Vec<&str>)> {
    let mut versions: Vec<(&str, Vec<&str>)> = Vec::new();
    for variant in &difference.units {
        let closures = variant.closures.iter().map(String::as_str);
        match versions.iter_mut().find(|(version, _)| *version == variant.version) {
            Some((_, all)) => all.extend(closures),
            None => versions.push((&variant.version, closures.collect())),
        }
    }
    versions
}

/// Name and version of a unit.
fn label<'l>(lock: &'l Lock, unit: &LockedUnit) -> (&'l str, &'l str) {
    lock.wheel(&unit.wheel).map_or(("?", "?"), |wheel| (wheel.name.as_str(), wheel.version.as_str()))
}

struct Drawing<'t, 'l> {
    tree: &'t Tree<'l>,
    depth: usize,
    colour: bool,
    shown: BTreeSet<&'l UnitId>,
    used: BTreeSet<&'static str>,
    text: String,
}

impl<'l> Drawing<'_, 'l> {
    fn children(&mut self, ids: &'l [UnitId], indent: &str, depth: usize) {
        if depth > self.depth {
            return;
        }
        let units: Vec<&'l LockedUnit> = ids.iter().filter_map(|id| self.tree.lock.unit(id)).collect();
        for (index, unit) in units.iter().enumerate() {
            let (branch, below) =
                if index + 1 == units.len() { ("└── ", "    ") } else { ("├── ", "│   ") };
            self.text.push_str(&styled(&format!("{indent}{branch}"), Style::Dim, self.colour));
            let new = self.shown.insert(&unit.id);
            self.unit(unit, new);
            if new {
                self.children(&unit.dependencies, &format!("{indent}{below}"), depth + 1);
            }
        }
    }

    fn unit(&mut self, unit: &'l LockedUnit, new: bool) {
        let (name, version) = label(self.tree.lock, unit);
        let others = self.tree.names.get(name).map_or(&[][..], Vec::as_slice);
        let mut marks = Vec::new();
        if others.iter().any(|other| label(self.tree.lock, other).1 != version) {
            marks.push(DIFFERS);
        } else if others.len() > 1 {
            marks.push(TWICE);
        }
        let differs = !marks.is_empty();
        if let Some(pin) = &unit.pin {
            let of_track = |closure: &&Closure| closure.name == pin.closure && closure.track.is_some();
            marks.push(if self.tree.lock.closures.iter().any(|c| of_track(&c)) { TRACK } else { PINNED });
        }
        if self.tree.isolated.contains_key(&unit.id) {
            marks.push(ISOLATED);
        }
        if !new && !unit.dependencies.is_empty() {
            marks.push(ABOVE);
        }
        let version = if differs { styled(version, Style::Differs, self.colour) } else { version.to_owned() };
        self.text.push_str(&format!("{} {version}", styled(name, Style::Strong, self.colour)));
        for mark in marks {
            self.used.insert(mark);
            let style = if matches!(mark, DIFFERS | TWICE) { Style::Differs } else { Style::Dim };
            self.text.push_str(&format!(" {}", styled(mark, style, self.colour)));
        }
        self.text.push('\n');
    }
}
