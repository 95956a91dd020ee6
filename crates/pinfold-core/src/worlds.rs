//! Worlds: environments that were attached to a running process, each with its own code and its own root.
//!
//! A world's closures are appended to the environment's; which closure is of which world decides what stands
//! in root's place for a unit. Deliberately not here: how an environment is joined to another
//! ([`crate::attach`]).

use std::collections::BTreeSet;
use std::ops::Range;

use crate::resolve::UnitIndex;

/// An attached environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Its name, unique in the process and without a slash; its closures are called `NAME/CLOSURE`.
    pub name: String,
    /// Its closures in [`crate::closure::Environment::closures`]; the first is its root's.
    pub closures: Range<usize>,
    /// The pseudo-unit that stands for the world's own code: whatever the host imports on its behalf.
    pub importer: UnitIndex,
    /// The host's units that the world takes because they are named to be shared, or needed by those.
    pub shared: BTreeSet<UnitIndex>,
    /// Top-level module names that the world takes from the host as they are.
    pub host_names: BTreeSet<String>,
}

/// Which closure is on which side: the host's, or a world's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sides {
    worlds: Vec<World>,
    /// Per closure.
    side: Vec<usize>,
}

impl Sides {
    /// The side of the process's own environment. The others are worlds, counted from one.
    pub(crate) const HOST: usize = 0;

    pub(crate) fn new(worlds: Vec<World>, closures: usize) -> Self {
        let side = |closure: usize| {
            let world = worlds.iter().position(|world| world.closures.contains(&closure));
            world.map_or(Self::HOST, |world| world + 1)
        };
        Sides { side: (0..closures).map(side).collect(), worlds }
    }

    pub(crate) fn worlds(&self) -> &[World] {
        &self.worlds
    }

    /// The sides of closures, each once.
    pub(crate) fn of(&self, closures: &[usize]) -> Vec<usize> {
        let mut sides: Vec<usize> = closures.iter().map(|&closure| self.side[closure]).collect();
        // Closures are appended world by world.
        sides.dedup();
        sides
    }

    /// Whether none of these closures is the host's.
    pub(crate) fn are_foreign(&self, closures: &[usize]) -> bool {
        !self.worlds.is_empty() && !self.of(closures).contains(&Self::HOST)
    }

    /// The closure that is root's on a side.
    pub(crate) fn root(&self, side: usize) -> usize {
        side.checked_sub(1).map_or(0, |world| self.worlds[world].closures.start)
    }

    /// Whether a side is a world that takes the module `top` from the host.
    pub(crate) fn takes_from_root(&self, side: usize, top: &str) -> bool {
        side.checked_sub(1).is_some_and(|world| self.worlds[world].host_names.contains(top))
    }
}
