//! PF101: types that may cross between two versions. PF102: names in `private` that nothing stands for.
//!
//! Where a unit and a pinned package that it uses see two units of one distribution, an object of one may come to
//! code that knows the other's classes only. Deliberately not here: whether any program ever does so.

use std::collections::BTreeMap;

use pinfold_core::closure::Provided;
use pinfold_core::names::ROOT;
use pinfold_core::resolve::{Importer, UnitIndex};

use super::{Case, Finding, Severity, list};
use crate::terminal;

impl Case<'_> {
    /// Findings for every unit, and root, that uses a pinned package.
    pub(super) fn crossings(&self) -> Vec<Finding> {
        let units = (0..self.env().units.len()).map(Importer::Unit);
        let mut findings = Vec::new();
        for user in std::iter::once(Importer::Root).chain(units) {
            for pinned in self.direct(user) {
                if self.env().units[pinned].pin.is_some() && user != Importer::Unit(pinned) {
                    findings.extend(self.between(user, pinned));
                }
            }
        }
        findings.extend(self.stale());
        findings
    }

    /// What crosses between `user` and the pinned package that it uses.
    fn between(&self, user: Importer, pinned: UnitIndex) -> Vec<Finding> {
        let env = self.env();
        let Some(pin) = &env.units[pinned].pin else { return Vec::new() };
        let (ours, theirs) = (self.world(user), self.world(Importer::Unit(pinned)));
        let (here, there) = (self.direct(user), self.dependencies(pinned));
        let mut findings = Vec::new();
        let mut rest: Vec<String> = Vec::new();
        for (name, &their) in theirs.iter().filter(|(name, _)| !pin.private.iter().any(|p| p == *name)) {
            let Some(&our) = ours.get(name).filter(|our| **our != their) else { continue };
            let shown = self.shown(pinned, their);
            let at_hand =
                here.contains(&our) || here.iter().any(|&d| d != pinned && self.shown(d, our).is_some());
            let likely = (there.contains(&their) || shown.is_some())
                && at_hand
                && (shown.is_some() || env.units[their].native || self.code[pinned].files == 0);
            if likely {
                findings.push(self.crossing(user, pinned, our, their, shown));
            } else {
                rest.push(format!("{name}: {} and {}", env.units[our].version, env.units[their].version));
            }
        }
        if !rest.is_empty() {
            let (who, number) = (env.describe(user), terminal::count(rest.len(), "distribution"));
            findings.push(Finding {
                code: "PF101",
                severity: Severity::Note,
                message: format!(
                    "{who} and {} see different units of {number}, and no type is seen to cross",
                    self.show(pinned)
                ),
                evidence: rest,
                hints: Vec::new(),
                units: vec![self.id(pinned)],
            });
        }
        findings
    }

    fn crossing(
        &self,
        user: Importer,
        pinned: UnitIndex,
        our: UnitIndex,
        their: UnitIndex,
        shown: Option<String>,
    ) -> Finding {
        let env = self.env();
        let name = &env.units[their].name;
        let pin = &env.units[pinned].name;
        let mut evidence = vec![self.way(user, &[our], our), self.way(user, &[pinned], their)];
        evidence.extend(shown);
        if env.units[our].version == env.units[their].version {
            evidence.push(
                "the same version twice, with other dependencies: its classes are two all the same"
                    .to_owned(),
            );
        }
        Finding {
            code: "PF101",
            severity: Severity::Warning,
            message: format!(
                "types of `{name}` may cross between {} and {}",
                env.describe(user),
                self.show(pinned)
            ),
            evidence,
            hints: self.remedies(pinned, our, their, pin),
            units: vec![self.id(pinned), self.id(our), self.id(their)],
        }
    }

    fn remedies(&self, pinned: UnitIndex, our: UnitIndex, their: UnitIndex, pin: &str) -> Vec<String> {
        let env = self.env();
        let name = &env.units[their].name;
        let closure = env.units[pinned]
            .pin
            .as_ref()
            .and_then(|pin| env.closures.iter().position(|c| c.name == pin.closure));
        let in_root = env.units[our].closures.iter().any(|closure| closure == ROOT);
        let mut hints = Vec::new();
        match closure.filter(|_| in_root).map(|closure| self.against_sharing(closure, our)) {
            Some(against) if against.is_empty() => hints.push(format!(
                "one for both: `share = [\"{name}\"]` in [pins.{pin}] (`pinfold pin {pin} --share {name}`); all that \
                 requires it there accepts {}",
                self.show(our)
            )),
            Some(against) => hints.push(format!("they cannot be one as it stands: {}", against.join("; "))),
            None => {}
        }
        hints.push(format!(
            "if they never cross, or only as what both understand (files, bytes, lists): `private = [\"{name}\"]` in [pins.{pin}]"
        ));
        hints
    }

    /// The way from root over `user` to a unit that one of `next` is or depends on.
    fn way(&self, user: Importer, next: &[UnitIndex], to: UnitIndex) -> String {
        let env = self.env();
        let direct = self.direct(user);
        // Where the user depends on it itself, that is the way; else the shortest that there is.
        let starts = if next.iter().all(|unit| direct.contains(unit)) { next } else { &direct };
        let mut way = match user {
            Importer::Root => Vec::new(),
            Importer::Unit(unit) => env.way_to(unit),
        };
        way.extend(env.way(starts, to, |unit| env.units[unit].pin.is_none() || starts.contains(&unit)));
        self.show_way(&way)
    }

    /// Units that a unit, or root, depends on itself.
    fn direct(&self, user: Importer) -> Vec<UnitIndex> {
        match user {
            Importer::Root => {
                self.env().closures[0].direct.iter().filter_map(|id| self.env().find(id)).collect()
            }
            Importer::Unit(unit) => self.dependencies(unit),
        }
    }

    /// By name, all that a unit sees by its dependencies; what those of a pinned package need is their own affair.
    fn world(&self, user: Importer) -> BTreeMap<&str, UnitIndex> {
        let mut world = BTreeMap::new();
        let mut queue = self.direct(user);
        while let Some(next) = queue.pop() {
            let unit = &self.env().units[next];
            if world.insert(unit.name.as_str(), next).is_none() && unit.pin.is_none() {
                queue.extend(self.dependencies(next));
            }
        }
        world
    }

    /// Where a unit's public code shows the types of another.
    fn shown(&self, unit: UnitIndex, other: UnitIndex) -> Option<String> {
        let provides = &self.env().units[other].provides;
        let tops = provides.iter().filter(|(_, what)| **what != Provided::Namespace);
        let mut tops = tops.map(|(name, _)| pinfold_core::names::top(name));
        let found = tops.find_map(|top| self.code[unit].exposed.get(top))?;
        Some(format!("{}, {}:{}: {}", self.show(unit), found.file, found.line, found.how))
    }

    /// Names in `private` of which the closure has no unit of its own.
    fn stale(&self) -> Vec<Finding> {
        let env = self.env();
        let mut findings = Vec::new();
        for (index, unit) in env.units.iter().enumerate() {
            let Some(pin) = &unit.pin else { continue };
            let world = self.world(Importer::Unit(index));
            let own = |name: &String| {
                world.get(name.as_str()).is_some_and(|&u| !env.units[u].closures.iter().any(|c| c == ROOT))
            };
            let stale: Vec<String> = pin.private.iter().filter(|name| !own(name)).cloned().collect();
            if !stale.is_empty() {
                let key = &unit.name;
                let plural = if stale.len() == 1 { "" } else { "s" };
                findings.push(Finding {
                    code: "PF102",
                    severity: Severity::Warning,
                    message: format!("`private` of [pins.{key}] names {}, of which that closure has no unit of its own", list(&stale, 9)),
                    evidence: Vec::new(),
                    hints: vec![format!("take the name{plural} out, or correct the spelling; `pinfold tree` shows what is there")],
                    units: vec![unit.id.clone()],
                });
            }
        }
        findings
    }
}
