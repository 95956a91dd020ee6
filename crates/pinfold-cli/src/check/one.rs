//! Whether a closure could take a name from root: `share`, and if not, which requirement refuses.
//!
//! Judged by the versions that are chosen now; the resolver may find more. Deliberately not here: resolving.

use std::collections::BTreeSet;

use pep508_rs::MarkerEnvironment;
use pinfold_core::resolve::UnitIndex;

use super::Case;
use crate::locking::requirement::Requirement;

impl Case<'_> {
    /// What stands against it that `closure` uses root's `unit`, one sentence each; nothing, if nothing does.
    ///
    /// What is shared brings what it needs in root, so that those versions must fit as well.
    pub(super) fn against_sharing(&self, closure: usize, unit: UnitIndex) -> Vec<String> {
        let env = self.env();
        let markers = serde_json::to_value(&self.interpreter.markers).and_then(serde_json::from_value);
        let Ok(markers): Result<MarkerEnvironment, _> = markers else { return Vec::new() };
        let mut brought: BTreeSet<UnitIndex> = BTreeSet::new();
        let mut queue = vec![unit];
        while let Some(next) = queue.pop() {
            if brought.insert(next) {
                queue.extend(self.dependencies(next));
            }
        }
        let named = |name: &str| brought.iter().copied().find(|&b| env.units[b].name == name);
        let closure = &env.closures[closure];
        let table = match &closure.track {
            Some(track) => format!("[tracks.{track}]"),
            None => format!("[pins.{}]", super::key(&closure.name)),
        };
        let mut against = Vec::new();
        let mut refuse = |who: &str, text: &str| {
            let Ok(requirement) = Requirement::parse(text, who) else { return };
            let Some(root) = named(&requirement.name).filter(|_| requirement.holds(&markers)) else { return };
            if !requirement.target.accepts(&env.units[root].version) {
                against.push(format!("{who} requires `{text}`, and root has {}", self.show(root)));
            }
        };
        for text in &closure.requires {
            refuse(&table, text);
        }
        for id in &closure.units {
            let Some(member) = env.find(id) else { continue };
            // What comes from root needs nothing of the closure; a pinned member's needs are its own affair.
            let foreign = env.units[member].pin.as_ref().is_some_and(|pin| pin.closure != closure.name);
            if named(&env.units[member].name).is_some() || foreign {
                continue;
            }
            for text in &self.requires[member] {
                refuse(&self.show(member), text);
            }
        }
        against
    }
}
