//! From a lock and installed wheels to the model of an environment, `closure.json`.
//!
//! Deliberately not here: fetching what is missing, and links on disk ([`super::generation`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use pinfold_core::closure::{Environment, Unit, VERSION};
use pinfold_core::lock::Lock;
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::units::{domains, memberships};
use wheelsplit::Installed;

/// A unit of root's closure, as site-packages shows it.
pub struct Root {
    /// Its wheel.
    pub wheel: Installed,
    /// Its `site-packages`: the wheel's, or that of an instance.
    pub site: PathBuf,
}

/// The model, and what root's part of it is linked from.
pub struct Assembled {
    /// The model.
    pub environment: Environment,
    /// The units of root's closure, in the order of their identifiers.
    pub roots: Vec<Root>,
}

/// Makes an instance of a wheel for the unit with a hash: the `site-packages` of a second copy.
pub type Instance<'a> = &'a dyn Fn(&Installed, &str) -> Result<PathBuf, wheelsplit::Error>;

/// Puts an environment together; `wheels` has every wheel of the lock, by hash.
///
/// # Errors
/// When a wheel is missing, or an instance cannot be made.
pub fn assemble(
    lock: &Lock,
    instance: Instance<'_>,
    wheels: &BTreeMap<String, Installed>,
) -> Result<Assembled> {
    let in_root: BTreeSet<&UnitId> =
        lock.closures.iter().filter(|c| c.name == ROOT).flat_map(|c| &c.units).collect();
    let owners = owners(lock, &in_root);
    let native = |id: &UnitId| {
        let wheel = lock.unit(id).and_then(|unit| wheels.get(&unit.wheel));
        wheel.is_some_and(|wheel| wheel.facts.native)
    };
    let domains = domains(lock, native);
    let memberships = memberships(lock);
    let mut units = Vec::with_capacity(lock.units.len());
    let mut roots = Vec::new();
    for unit in &lock.units {
        let wheel = wheels
            .get(&unit.wheel)
            .ok_or_else(|| anyhow!("there is no wheel {} of unit {}", unit.wheel, unit.id))?;
        let (site, modules) = if owners.get(unit.wheel.as_str()) == Some(&&unit.id) {
            (wheel.site(), wheel.modules())
        } else {
            let site = instance(wheel, &unit.hash)?;
            let modules = site.with_file_name("modules.idx");
            (site, modules)
        };
        if in_root.contains(&unit.id) {
            roots.push(Root { wheel: wheel.clone(), site: site.clone() });
        }
        units.push(Unit {
            id: unit.id.clone(),
            name: pinfold_core::names::normalize(&wheel.facts.name),
            version: wheel.facts.version.clone(),
            hash: unit.hash.clone(),
            wheel: Some(unit.wheel.clone()),
            path: site,
            modules: Some(modules),
            dependencies: unit.dependencies.clone(),
            closures: memberships.get(&unit.id).cloned().unwrap_or_default(),
            domain: domains.get(&unit.id).cloned().unwrap_or_else(|| ROOT.to_owned()),
            native: wheel.facts.native,
            provides: wheel.facts.provides.clone(),
            pin: unit.pin.clone(),
        });
    }
    let environment = Environment {
        version: VERSION,
        python: lock.python.clone(),
        platform: lock.platform.clone(),
        units: units.into(),
        closures: lock.closures.clone().into(),
    };
    environment.check().map_err(|reason| anyhow!("the lock contradicts itself: {reason}"))?;
    Ok(Assembled { environment, roots })
}

/// Per wheel the unit that uses the wheel's own folder; any other unit of that wheel gets an instance.
///
/// glibc would take two units' extensions in one folder for one library, and a file in a folder of its own says
/// which unit it belongs to, so that units without compiled files get one too.
fn owners<'l>(lock: &'l Lock, in_root: &BTreeSet<&UnitId>) -> BTreeMap<&'l str, &'l UnitId> {
    let mut owners: BTreeMap<&str, &UnitId> = BTreeMap::new();
    let (root, others): (Vec<_>, Vec<_>) = lock.units.iter().partition(|unit| in_root.contains(&unit.id));
    for unit in root.into_iter().chain(others) {
        owners.entry(&unit.wheel).or_insert(&unit.id);
    }
    owners
}
