//! What the resolver says of attached worlds: who is of which, and what stands in root's place there.
//!
//! Deliberately not here: how a world comes to be ([`crate::attach`]).

use super::{Importer, Resolver, Sides, UnitIndex, World};
use crate::names::top;
use std::collections::BTreeSet;

impl Resolver {
    /// The worlds that were attached.
    pub fn worlds(&self) -> &[World] {
        self.sides.worlds()
    }

    /// The world whose own code this pseudo-unit stands for.
    pub fn world_of_importer(&self, unit: UnitIndex) -> Option<&World> {
        self.worlds().iter().find(|world| world.importer == unit)
    }

    /// Whether the unit is of attached worlds only: it finds nothing of root's.
    pub fn is_foreign(&self, unit: UnitIndex) -> bool {
        self.foreign[unit]
    }

    /// Whether `name` is one that the unit's world takes from root as it is: a local module, say.
    pub fn is_roots(&self, unit: UnitIndex, name: &str) -> bool {
        self.foreign[unit]
            && self
                .sides
                .of(self.member(unit))
                .iter()
                .any(|&side| self.sides.takes_from_root(side, top(name)))
    }

    /// Where the unit stands when it is asked with this call stack: `None` on the host's side, where what is no
    /// unit's is found too; else the names that its world takes from the host.
    pub fn abroad(
        &self,
        unit: UnitIndex,
        stack: impl FnOnce() -> Vec<Importer>,
    ) -> Option<&BTreeSet<String>> {
        self.world_at(unit, stack).map(|world| &world.host_names)
    }

    /// The world on whose side the unit stands when it is asked with this call stack; `None` for the host's.
    pub fn world_at(&self, unit: UnitIndex, stack: impl FnOnce() -> Vec<Importer>) -> Option<&World> {
        let sides = self.sides.of(self.member(unit));
        let side = match sides[..] {
            [side] => side,
            _ if self.given[unit] => Sides::HOST,
            _ => {
                let on_one = |above: &Importer| {
                    let mut theirs =
                        sides.iter().filter(|side| self.is_on(*above, std::slice::from_ref(side)));
                    theirs.next().filter(|_| theirs.next().is_none()).copied()
                };
                stack().iter().find_map(on_one).unwrap_or(sides.first().copied().unwrap_or(Sides::HOST))
            }
        };
        side.checked_sub(1).map(|world| &self.worlds()[world])
    }

    /// Whether an importer is on one of these sides.
    pub(crate) fn is_on(&self, importer: Importer, sides: &[usize]) -> bool {
        match importer {
            Importer::Root => sides.contains(&Sides::HOST),
            Importer::Unit(unit) => self.sides.of(self.member(unit)).iter().any(|side| sides.contains(side)),
        }
    }
}
