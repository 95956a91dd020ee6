//! Which distributions an importer sees: what `importlib.metadata` lists and finds by name.
//!
//! A name is answered as an import would be: what the importer sees, its closures, then what does not mix two
//! worlds. A list (for entry points: a host and its plugins) is the importer's view and root's direct
//! dependencies, of which only those that mix no versions with anything in the view. Deliberately not here:
//! modules (`resolve`) and files.

use std::collections::BTreeMap;

use crate::closure::Undeclared;
use crate::resolve::{Importer, Resolver, UnitIndex};

impl Resolver {
    /// The unit of a distribution, by normalised name, that `importer` sees, where `stack` is up the call stack.
    pub fn distribution(&self, importer: Importer, name: &str, stack: &[Importer]) -> Option<UnitIndex> {
        let Some(unit) = self.own_view(importer) else {
            return self.in_closure(0, name).or_else(|| self.up_the_stack(importer, name, stack));
        };
        if self.denies(unit) {
            return self.declared_units(unit).into_iter().find(|&u| self.env.units[u].name == name);
        }
        let any = self.undeclared(unit) == Undeclared::Any;
        let unmixed = |&found: &UnitIndex| any || self.mixes_unit(importer, found).is_none();
        let closures = self.closures_of(unit, stack);
        (self.sees(unit).get(name).copied())
            .or_else(|| closures.iter().find_map(|&closure| self.in_closure(closure, name)))
            .or_else(|| self.up_the_stack(importer, name, stack))
            .or_else(|| {
                let roots = self.roots(unit, &closures);
                roots.into_iter().find_map(|root| self.in_closure(root, name).filter(unmixed))
            })
    }

    /// The units that an importer sees as distributions, one of each name: those nearest to it first.
    pub fn distributions(&self, importer: Importer, stack: &[Importer]) -> Vec<UnitIndex> {
        let Some(unit) = self.own_view(importer) else { return self.units_of(0) };
        if self.denies(unit) {
            return self.declared_units(unit);
        }
        let mut listed = Vec::new();
        let mut names: BTreeMap<&str, UnitIndex> = BTreeMap::new();
        let seen = self.sees(unit);
        let mut near: Vec<UnitIndex> = seen.values().copied().filter(|&u| u != unit).collect();
        near.sort_unstable();
        let closures = self.closures_of(unit, stack);
        let members = closures.iter().flat_map(|&closure| self.units_of(closure));
        for found in std::iter::once(unit).chain(near).chain(members) {
            if !names.contains_key(self.env.units[found].name.as_str()) {
                names.insert(&self.env.units[found].name, found);
                listed.push(found);
            }
        }
        let any = self.undeclared(unit) == Undeclared::Any;
        let roots = self.roots(unit, &closures);
        let direct = roots.iter().flat_map(|&root| &self.env.closures[root].direct);
        let direct = direct.filter_map(|id| self.find(id.as_str()));
        for found in direct {
            let fits = |(name, theirs): (&String, &UnitIndex)| {
                names.get(name.as_str()).is_none_or(|ours| ours == theirs)
            };
            let new = !names.contains_key(self.env.units[found].name.as_str());
            if new && (any || self.sees(found).iter().all(fits)) {
                listed.push(found);
            }
        }
        // The code of an attached world is an importer, and no distribution.
        listed.retain(|&unit| self.world_of_importer(unit).is_none());
        listed
    }

    /// Root's closure, or that of the attached world: of the side that `unit` is on, whose `closures` answer.
    fn roots(&self, unit: UnitIndex, closures: &[usize]) -> Vec<usize> {
        let sides = self.sides.of(if self.given[unit] { self.member(unit) } else { closures });
        sides.into_iter().map(|side| self.sides.root(side)).collect()
    }

    /// Whether `importer` may find something by `above`, up the call stack: not in another attached world.
    fn is_beside(&self, importer: Importer, above: Importer) -> bool {
        match (importer, above) {
            (Importer::Unit(unit), _) if !self.is_rootlike(unit) => {
                self.is_on(above, &self.sides.of(self.member(unit)))
            }
            (_, Importer::Unit(above)) => !self.is_foreign(above),
            _ => true,
        }
    }

    /// Whether `unit` is what `importer`, or somebody up the call stack, sees under its name.
    pub fn has_in_view(
        &self,
        importer: Importer,
        unit: UnitIndex,
        stack: impl FnOnce() -> Vec<Importer>,
    ) -> bool {
        let name = &self.env.units[unit].name;
        if self.distribution(importer, name, &[]) == Some(unit) {
            return true;
        }
        let beside = |above: &Importer| self.is_beside(importer, *above);
        let mut above = stack().into_iter().filter(beside).filter_map(|above| self.own_view(above));
        above.any(|by| self.sees(by).get(name) == Some(&unit))
    }

    /// The closure of a pin, or the only one that a unit is in.
    pub fn only_closure(&self, unit: UnitIndex) -> Option<usize> {
        match *self.member(unit) {
            [closure] => Some(closure),
            _ => None,
        }
    }

    /// The importer, if it is a unit that does not see what root sees.
    pub fn own_view(&self, importer: Importer) -> Option<UnitIndex> {
        match importer {
            Importer::Unit(unit) if !self.is_rootlike(unit) => Some(unit),
            _ => None,
        }
    }

    fn undeclared(&self, unit: UnitIndex) -> Undeclared {
        self.env.units[unit].pin.as_ref().map(|pin| pin.undeclared).unwrap_or_default()
    }

    fn denies(&self, unit: UnitIndex) -> bool {
        self.undeclared(unit) == Undeclared::Deny
    }

    fn declared_units(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        let dependencies = self.env.units[unit].dependencies.iter().filter_map(|id| self.find(id.as_str()));
        std::iter::once(unit).chain(dependencies).collect()
    }

    fn units_of(&self, closure: usize) -> Vec<UnitIndex> {
        self.env.closures[closure].units.iter().filter_map(|id| self.find(id.as_str())).collect()
    }

    fn in_closure(&self, closure: usize, name: &str) -> Option<UnitIndex> {
        self.units_of(closure).into_iter().find(|&unit| self.env.units[unit].name == name)
    }

    /// What the nearest unit up the call stack that has one under this name sees, if it mixes no versions.
    fn up_the_stack(&self, importer: Importer, name: &str, stack: &[Importer]) -> Option<UnitIndex> {
        let beside = |above: &&Importer| **above != importer && self.is_beside(importer, **above);
        let above = stack.iter().filter(beside).filter_map(|&above| self.own_view(above));
        above
            .filter_map(|above| self.sees(above).get(name).copied())
            .find(|&found| self.mixes_unit(importer, found).is_none())
    }

    /// The closures whose distributions `unit` sees: the one that the call stack decides for, else root's,
    /// else all of them.
    fn closures_of(&self, unit: UnitIndex, stack: &[Importer]) -> Vec<usize> {
        let closures = self.member(unit);
        if closures.len() < 2 {
            return closures.to_vec();
        }
        match self.closure_by_stack(unit, stack) {
            Some(closure) => vec![closure],
            None => closures.to_vec(),
        }
    }
}
