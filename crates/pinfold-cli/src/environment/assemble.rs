//! From a lock and installed wheels to the model of an environment, `closure.json`.
//!
//! Deliberately not here: fetching what is missing, and links on disk ([`super::generation`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use pinfold_core::closure::{Environment, Unit, VERSION};
use pinfold_core::lock::{Lock, LockedUnit};
use pinfold_core::names::{ROOT, UnitId};
use pinfold_core::units::{domains, memberships};
use wheelsplit::{Installed, Instance, Native, Store};

use super::neighbours;

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

/// Where instances of wheels are, and the tables of wheels: in a store, or in an environment of its own.
pub trait Place {
    /// Makes an instance; the `site-packages` of it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn instance(&self, wheel: &Installed, wanted: &Instance<'_>) -> Result<PathBuf, wheelsplit::Error>;

    /// Where the `site-packages` of the instance with this key is, or will be.
    fn instance_site(&self, key: &str) -> PathBuf;

    /// The table of a wheel.
    ///
    /// # Errors
    /// When the wheel cannot be listed.
    fn native(&self, wheel: &Installed) -> Result<Native, wheelsplit::Error>;
}

impl Place for Store {
    fn instance(&self, wheel: &Installed, wanted: &Instance<'_>) -> Result<PathBuf, wheelsplit::Error> {
        Store::instance(self, wheel, wanted)
    }

    fn instance_site(&self, key: &str) -> PathBuf {
        Store::instance_site(self, key)
    }

    fn native(&self, wheel: &Installed) -> Result<Native, wheelsplit::Error> {
        Store::native(self, wheel)
    }
}

/// Puts an environment together; `wheels` has every wheel of the lock, by hash.
///
/// # Errors
/// When a wheel is missing, or an instance cannot be made.
pub fn assemble(lock: &Lock, place: &dyn Place, wheels: &BTreeMap<String, Installed>) -> Result<Assembled> {
    let in_root: BTreeSet<&UnitId> =
        lock.closures.iter().filter(|c| c.name == ROOT).flat_map(|c| &c.units).collect();
    let sites = sites(lock, &in_root, place, wheels)?;
    let native = |id: &UnitId| {
        let wheel = lock.unit(id).and_then(|unit| wheels.get(&unit.wheel));
        wheel.is_some_and(|wheel| wheel.facts.native)
    };
    let domains = domains(lock, native);
    let memberships = memberships(lock);
    let mut units = Vec::with_capacity(lock.units.len());
    let mut roots = Vec::new();
    for (unit, site) in lock.units.iter().zip(sites) {
        let wheel = found(wheels, unit)?;
        let modules = site.with_file_name("modules.idx");
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
            isolated: None,
            own_scope: false,
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

fn found<'w>(wheels: &'w BTreeMap<String, Installed>, unit: &LockedUnit) -> Result<&'w Installed> {
    wheels.get(&unit.wheel).ok_or_else(|| anyhow!("there is no wheel {} of unit {}", unit.wheel, unit.id))
}

/// The `site-packages` of each unit: its wheel's, or that of an instance, which is made.
fn sites(
    lock: &Lock,
    in_root: &BTreeSet<&UnitId>,
    place: &dyn Place,
    wheels: &BTreeMap<String, Installed>,
) -> Result<Vec<PathBuf>> {
    let owners = owners(lock, in_root);
    let links = neighbours::links(lock, wheels, &|wheel| place.native(wheel))?;
    let alone = |unit: usize| {
        let unit = &lock.units[unit];
        owners.get(unit.wheel.as_str()) == Some(&&unit.id)
    };
    let key = |unit: usize| match (links.contains_key(&unit), alone(unit)) {
        (true, _) => Some(neighbours::key(lock, &links, &alone, unit)),
        (false, false) => Some(lock.units[unit].hash.clone()),
        (false, true) => None,
    };
    let keys: Vec<Option<String>> = (0..lock.units.len()).map(key).collect();
    let mut sites = Vec::with_capacity(keys.len());
    for (unit, key) in lock.units.iter().zip(&keys) {
        let wheel = found(wheels, unit)?;
        sites.push(key.as_ref().map_or_else(|| wheel.site(), |key| place.instance_site(key)));
    }
    for (at, key) in keys.iter().enumerate() {
        let Some(key) = key else { continue };
        let links = links.get(&at).into_iter().flatten();
        let links: Vec<_> =
            links.map(|link| (link.at.clone(), sites[link.unit].join(&link.inside))).collect();
        let wanted = Instance { key, alone: alone(at), links: &links };
        place.instance(found(wheels, &lock.units[at])?, &wanted)?;
    }
    Ok(sites)
}

/// Per wheel the unit that has the wheel's own files; any other unit of that wheel gets an instance with copies.
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
