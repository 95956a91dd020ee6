//! Decisions in words: by which step of the rule a unit answers, and why a unit is in the environment at all.
//!
//! One wording for `pinfold why`, `pinfold check`, `PINFOLD_TRACE` and `pinfold.explain`. Deliberately not here:
//! the rule itself ([`crate::resolve`]), and requirements, which stand in the wheels' metadata.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::closure::{Closure, Environment, Unit};
use crate::names::UnitId;
use crate::resolve::{Importer, Resolver, Rule, UnitIndex};

impl Rule {
    /// The step's number in the rule of resolution.
    pub fn number(self) -> u8 {
        match self {
            Rule::Declared => 2,
            Rule::Closure(_) => 3,
            Rule::Stack(_) => 4,
            Rule::Root => 5,
        }
    }
}

impl Resolver {
    /// Why `provider` answers `importer` by `rule`.
    pub fn reason(&self, importer: Importer, provider: UnitIndex, rule: Rule) -> String {
        let env = self.env();
        let declares = |unit: UnitIndex| env.units[unit].dependencies.contains(&env.units[provider].id);
        match (rule, importer) {
            (Rule::Declared, Importer::Root) => "it is in root's closure".to_owned(),
            (Rule::Declared, Importer::Unit(unit)) if unit == provider => "its own module".to_owned(),
            (Rule::Declared, Importer::Unit(unit)) if self.world_of_importer(unit).is_some() => {
                "it is in the world's root closure".to_owned()
            }
            (Rule::Declared, Importer::Unit(unit)) if declares(unit) => {
                "a dependency that it declares".to_owned()
            }
            (Rule::Declared, Importer::Unit(_)) => {
                "it resolves as root does, and this is in root's closure".to_owned()
            }
            (Rule::Closure(closure), _) => {
                let name = env.closures.get(closure).map_or("?", |closure| closure.name.as_str());
                format!("not declared, but in closure `{name}`, which it belongs to")
            }
            (Rule::Stack(above), _) => {
                format!("{}, up the call stack, sees it", env.describe(above))
            }
            (Rule::Root, _) => {
                "neither declared nor in a closure of its own, but root has it, and nothing that it sees mixes"
                    .to_owned()
            }
        }
    }
}

impl Environment {
    /// Name and version of a unit; `root`.
    pub fn describe(&self, importer: Importer) -> String {
        match importer {
            Importer::Root => crate::names::ROOT.to_owned(),
            Importer::Unit(unit) => {
                // A world's own code has no version.
                let named = |u: &Unit| format!("{} {}", u.name, u.version).trim_end().to_owned();
                self.units.get(unit).map_or_else(|| "?".to_owned(), named)
            }
        }
    }

    /// The shortest way of declared dependencies from root to a unit, both ends of which are units: the first is one
    /// that root requires. Empty where nothing requires it.
    pub fn way_to(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        self.closures.first().map(|root| self.way_from(root, unit)).unwrap_or_default()
    }

    /// The same from what a closure requires.
    pub fn way_from(&self, closure: &Closure, unit: UnitIndex) -> Vec<UnitIndex> {
        let direct: HashSet<&UnitId> = closure.direct.iter().collect();
        let starts: Vec<UnitIndex> =
            (0..self.units.len()).filter(|&unit| direct.contains(&self.units[unit].id)).collect();
        self.way(&starts, unit, |_| true)
    }

    /// The shortest way from one of `starts` to a unit, over units that `passable` lets through.
    pub fn way(
        &self,
        starts: &[UnitIndex],
        to: UnitIndex,
        passable: impl Fn(UnitIndex) -> bool,
    ) -> Vec<UnitIndex> {
        // Not `find`: units that were attached stand behind the sorted ones.
        let position: HashMap<&UnitId, UnitIndex> =
            self.units.iter().enumerate().map(|(position, unit)| (&unit.id, position)).collect();
        let mut before: HashMap<UnitIndex, Option<UnitIndex>> = HashMap::new();
        let mut queue: VecDeque<UnitIndex> = VecDeque::new();
        for &start in starts {
            if before.insert(start, None).is_none() {
                queue.push_back(start);
            }
        }
        while let Some(here) = queue.pop_front() {
            if here == to {
                let mut way = vec![here];
                while let Some(Some(previous)) = way.last().and_then(|last| before.get(last)) {
                    way.push(*previous);
                }
                way.reverse();
                return way;
            }
            if !passable(here) {
                continue;
            }
            for next in self.units[here].dependencies.iter().filter_map(|id| position.get(id).copied()) {
                before.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    Some(here)
                });
            }
        }
        Vec::new()
    }
}
