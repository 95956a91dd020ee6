//! Sharing domains of a world's units: the world's own, but for what is built on units that were there before.
//!
//! Deliberately not here: domains within one environment ([`crate::units::domains`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::closure::Environment;
use crate::names::UnitId;
use crate::resolve::UnitIndex;

/// Moves each appended unit that is built on a native unit of the process into that one's domain, where they
/// exchange types; unless the domain has a unit of its name already.
pub(super) fn join(joined: &mut Environment, appended: usize, position: &BTreeMap<UnitId, UnitIndex>) {
    let units = joined.units.whole();
    // The last is the pseudo-unit of the world's own code, which has no C code.
    let end = units.len() - 1;
    let mut names: BTreeSet<(String, String)> =
        units[..appended].iter().map(|unit| (unit.domain.clone(), unit.name.clone())).collect();
    // Units whose domain is settled: those that were there, and those that joined.
    let mut settled: BTreeSet<UnitIndex> = (0..appended).collect();
    loop {
        let joining = (appended..end).filter(|unit| !settled.contains(unit)).find_map(|unit| {
            let dependencies = units[unit].dependencies.iter().filter_map(|id| position.get(id));
            let mut native = dependencies.filter(|&d| settled.contains(d) && units[*d].native);
            let domain = native.find_map(|&d| {
                let domain = &units[d].domain;
                (!names.contains(&(domain.clone(), units[unit].name.clone()))).then(|| domain.clone())
            })?;
            Some((unit, domain))
        });
        let Some((unit, domain)) = joining else { return };
        names.insert((domain.clone(), units[unit].name.clone()));
        units[unit].domain = domain;
        settled.insert(unit);
    }
}
