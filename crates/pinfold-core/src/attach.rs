//! Joins a synced environment to the one that a process runs in, as a world of its own.
//!
//! Units that the process has already (equal hashes are equal wheels and dependencies) are the same units; the
//! others are appended, and so are the world's closures, as `WORLD/CLOSURE`. The world takes the distributions
//! that it shares from the host's root, with all that they need there; what is built on them becomes another unit.
//! Deliberately not here: anything that happens in the process, and the making of instances.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pep508_rs::MarkerEnvironment;
use sha2::{Digest, Sha256};

use crate::closure::{Closure, Environment, Pin, Unit};
use crate::modules::{ModuleTable, ModulesError};
use crate::names::{ROOT, UnitId, normalize};
use crate::resolve::{Importer, Resolver, UnitIndex};
use crate::units::{Node, hashes};
use crate::worlds::World;

mod domains;
mod fits;

/// What is to be attached.
pub struct Request<'a> {
    /// The world's name: unique, without a slash.
    pub name: &'a str,
    /// The generation of the environment, a folder.
    pub generation: &'a Path,
    /// What stands in it.
    pub env: &'a Environment,
    /// Distributions, or modules of distributions, that the world takes from the host's root.
    pub share: &'a [String],
    /// Top-level modules of the host's that are of no distribution, and that the world sees as they are.
    pub host_names: BTreeSet<String>,
    /// A folder of modules that are the world's own code, if there is one.
    pub code: Option<&'a Path>,
    /// What markers of requirements are evaluated with.
    pub markers: &'a MarkerEnvironment,
}

/// The running environment with the world in it.
#[derive(Debug)]
pub struct Joined {
    /// The environment: what was there keeps its position.
    pub env: Environment,
    /// All worlds, the new one last.
    pub worlds: Vec<World>,
    /// Folders to be made before the environment can be used: from, to.
    pub instances: Vec<(PathBuf, PathBuf)>,
}

/// Why an environment cannot be attached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// It was made for another Python.
    #[error(
        "it was made for Python {theirs}, and this process runs Python {ours}\nhint: say `python = \"{ours}\"` in its manifest (or take that line out), then `pinfold lock --python {ours}` and `pinfold sync --python {ours}`"
    )]
    Python {
        /// The environment's.
        theirs: String,
        /// The process's.
        ours: String,
    },
    /// It was made for another platform.
    #[error(
        "it was made for {theirs}, and this process runs on {ours}\nhint: `pinfold lock` and `pinfold sync` it on this machine"
    )]
    Platform {
        /// The environment's.
        theirs: String,
        /// The process's.
        ours: String,
    },
    /// Nothing in the host has this name.
    #[error(
        "it is to share `{0}`, and root of this process has no distribution and no module of that name\nhint: `pinfold tree` lists the distributions; a local module must be importable where the process was started"
    )]
    UnknownShare(String),
    /// A shared distribution is not what the world requires.
    #[error(
        "{theirs} does not accept {ours}, which this process would share with it as `{asked}`{because}\nhint: leave `{asked}` out of `share`; or lock one of the two environments so that they agree"
    )]
    Unfit {
        /// What `share` names: the distribution itself, or one that needs it.
        asked: String,
        /// The distribution, with the host's version.
        ours: String,
        /// What is required in the world, and by whom.
        theirs: String,
        /// Who requires it in the host, and as what, in words.
        because: String,
    },
    /// Two different units have one identifier.
    #[error("its unit {0} has the identifier of another one in this process")]
    Clash(UnitId),
    /// The folder of the world's own code cannot be read.
    #[error(transparent)]
    Code(#[from] ModulesError),
}

/// Joins the environment of `request` to the one that `running` answers for.
///
/// # Errors
/// When the two do not fit together; `running` is what it was in any case.
pub fn join(running: &Resolver, request: &Request<'_>) -> Result<Joined, AttachError> {
    let (host, world) = (running.env(), request.env);
    if host.python != world.python {
        return Err(AttachError::Python { theirs: world.python.clone(), ours: host.python.clone() });
    }
    if host.platform != world.platform {
        return Err(AttachError::Platform { theirs: world.platform.clone(), ours: host.platform.clone() });
    }
    let asked = shared(running, request.share)?;
    let shared: BTreeMap<String, UnitIndex> =
        asked.iter().map(|(name, &(unit, _))| (name.clone(), unit)).collect();
    let replaced = replaced(running, world, &shared);
    let by_name = shared.iter().map(|(name, &unit)| (name.as_str(), &host.units[unit])).collect();
    let by_host = |unit: &Unit| world.find(&unit.id).is_some_and(|unit| replaced.contains_key(&unit));
    fits::check(world, &by_name, by_host, request.markers).map_err(|unfit| {
        let by = asked.get(&unfit.name);
        let version = by.map(|&(unit, _)| host.units[unit].version.as_str()).unwrap_or_default();
        AttachError::Unfit {
            asked: by.map(|&(_, word)| word.to_owned()).unwrap_or_default(),
            ours: format!("{} {version}", unfit.name),
            theirs: format!("`{}`, which {} requires,", unfit.requirement, unfit.who),
            because: fits::because(host, &shared, &unfit.name),
        }
    })?;

    let hashes = rehashed(running, world, &replaced);
    let mut joined = host.clone();
    let mut place: Vec<UnitIndex> = Vec::with_capacity(world.units.len());
    for (position, unit) in world.units.iter().enumerate() {
        let hash = &hashes[position];
        let id = if *hash == unit.hash { unit.id.clone() } else { UnitId::new(&unit.name, hash) };
        let appended = || (host.units.len()..joined.units.len()).find(|&there| joined.units[there].id == id);
        let there = replaced.get(&position).copied().or_else(|| running.find(id.as_str())).or_else(appended);
        if let Some(there) = there {
            if !replaced.contains_key(&position) && joined.units[there].hash != *hash {
                return Err(AttachError::Clash(id));
            }
            place.push(there);
            continue;
        }
        place.push(joined.units.len());
        joined.units.whole().push(Unit { id, hash: hash.clone(), closures: Vec::new(), ..unit.clone() });
    }
    let within = |closure: &str| format!("{}/{closure}", request.name);
    let ids = |units: &[UnitId], joined: &Environment| -> Vec<UnitId> {
        let positions = units.iter().filter_map(|id| world.find(id));
        positions.map(|position| joined.units[place[position]].id.clone()).collect()
    };
    for (position, unit) in world.units.iter().enumerate() {
        if place[position] < host.units.len() {
            continue;
        }
        let mut dependencies = ids(&unit.dependencies, &joined);
        dependencies.sort_unstable();
        let pin = unit.pin.as_ref().map(|pin| Pin { closure: within(&pin.closure), ..pin.clone() });
        let appended = &mut joined.units.whole()[place[position]];
        (appended.dependencies, appended.domain, appended.pin) = (dependencies, within(&unit.domain), pin);
    }
    let first = joined.closures.len();
    for closure in world.closures.iter() {
        let mut units = ids(&closure.units, &joined);
        if closure.name == ROOT {
            units.extend(shared.values().map(|&unit| host.units[unit].id.clone()));
        }
        let taken = closure.units.iter().filter_map(|id| replaced.get(&world.find(id)?));
        for &unit in taken {
            units.extend(running.sees(unit).values().map(|&unit| host.units[unit].id.clone()));
        }
        units.sort_unstable();
        units.dedup();
        let mut direct = ids(&closure.direct, &joined);
        direct.sort_unstable();
        let owner = closure.owner.as_ref().and_then(|owner| ids(std::slice::from_ref(owner), &joined).pop());
        let requires = closure.requires.clone();
        let name = within(&closure.name);
        let track = closure.track.as_deref().map(within);
        joined.closures.whole().push(Closure { name, owner, track, requires, direct, units });
    }
    let importer = joined.units.len();
    let pseudo = pseudo_unit(request, joined.closures[first].units.clone())?;
    joined.units.whole().push(pseudo);
    let position: BTreeMap<UnitId, UnitIndex> =
        joined.units.iter().enumerate().map(|(position, unit)| (unit.id.clone(), position)).collect();
    for closure in joined.closures.iter().skip(first) {
        for id in &closure.units {
            joined.units.whole()[position[id]].closures.push(closure.name.clone());
        }
    }
    domains::join(&mut joined, host.units.len(), &position);
    let instances = instances(&mut joined, host.units.len(), request.generation);
    let mut worlds = running.worlds().to_vec();
    worlds.push(World {
        name: request.name.to_owned(),
        closures: first..joined.closures.len(),
        importer,
        shared: shared.into_values().collect(),
        host_names: request.host_names.clone(),
    });
    Ok(Joined { env: joined, worlds, instances })
}

/// Reads what markers of requirements are evaluated with, from JSON.
///
/// # Errors
/// When it is not what PEP 508 lists.
pub fn markers(json: &str) -> Result<MarkerEnvironment, serde_json::Error> {
    serde_json::from_str(json)
}

impl Joined {
    /// The appended units of the last world whose folder, or the one it is to be copied from, is not there.
    pub fn missing(&self) -> Vec<String> {
        let Some(world) = self.worlds.last() else { return Vec::new() };
        let closure = format!("{}/{ROOT}", world.name);
        let prefix = closure.trim_end_matches(ROOT);
        let mine = |unit: &&Unit| unit.closures.iter().any(|closure| closure.starts_with(prefix));
        let made =
            |path: &Path| self.instances.iter().find(|(_, to)| to == path).map(|(from, _)| from.clone());
        let units = self.env.units.iter().take(world.importer).filter(mine);
        let gone = units.filter(|unit| !made(&unit.path).unwrap_or_else(|| unit.path.clone()).is_dir());
        gone.map(|unit| format!("{} {} ({})", unit.name, unit.version, unit.path.display())).collect()
    }
}

/// Whether root has a distribution of this name, or one that provides a module of it.
pub fn is_shareable(running: &Resolver, name: &str) -> bool {
    shared(running, &[name.to_owned()]).is_ok()
}

/// The host's units that the world takes, by name: those that are named, and all that they need there; each with the
/// name that asks for it, its own where that is among them.
fn shared<'n>(
    running: &Resolver,
    names: &'n [String],
) -> Result<BTreeMap<String, (UnitIndex, &'n str)>, AttachError> {
    let mut shared: BTreeMap<String, (UnitIndex, &str)> = BTreeMap::new();
    for name in names {
        let found = match running.distribution(Importer::Root, &normalize(name), &[]) {
            Some(unit) => vec![unit],
            None => {
                running.view(Importer::Root).get(name).map(|entry| entry.units.clone()).unwrap_or_default()
            }
        };
        if found.is_empty() {
            return Err(AttachError::UnknownShare(name.clone()));
        }
        for unit in found {
            for (needed, &there) in running.sees(unit) {
                if there == unit || !shared.contains_key(needed) {
                    shared.insert(needed.clone(), (there, name));
                }
            }
        }
    }
    Ok(shared)
}

/// Per unit of the world's root that the host's takes the place of: that one.
fn replaced(
    running: &Resolver,
    world: &Environment,
    shared: &BTreeMap<String, UnitIndex>,
) -> BTreeMap<UnitIndex, UnitIndex> {
    let root = world.closures[0].units.iter().filter_map(|id| world.find(id));
    let taken = root.filter_map(|unit| Some((unit, *shared.get(&world.units[unit].name)?)));
    taken.filter(|&(theirs, ours)| world.units[theirs].hash != running.env().units[ours].hash).collect()
}

/// The hash of every unit of the world, with the host's units in place of those that are replaced.
fn rehashed(
    running: &Resolver,
    world: &Environment,
    replaced: &BTreeMap<UnitIndex, UnitIndex>,
) -> Vec<String> {
    let mut changed: BTreeSet<UnitIndex> = replaced.keys().copied().collect();
    loop {
        let built_on_one = |unit: &&UnitIndex| {
            let mut dependencies = world.units[**unit].dependencies.iter().filter_map(|id| world.find(id));
            !changed.contains(unit) && dependencies.any(|dependency| changed.contains(&dependency))
        };
        let positions: Vec<UnitIndex> = (0..world.units.len()).collect();
        let more: Vec<UnitIndex> = positions.iter().filter(built_on_one).copied().collect();
        if more.is_empty() {
            break;
        }
        changed.extend(more);
    }
    let old = |unit: UnitIndex| world.units[unit].hash.clone();
    if changed.is_empty() {
        return (0..world.units.len()).map(old).collect();
    }
    // One graph of both environments, so that a unit that comes to be the host's gets the host's hash.
    let host = &running.env().units;
    let node = |unit: &Unit, dependencies: BTreeSet<usize>| Node {
        name: unit.name.clone(),
        wheel: unit.wheel.clone().unwrap_or_else(|| unit.hash.clone()),
        dependencies,
    };
    let theirs = world.units.iter().map(|unit| {
        let dependencies = unit.dependencies.iter().filter_map(|id| world.find(id));
        node(
            unit,
            dependencies.map(|d| replaced.get(&d).map_or(d, |&ours| world.units.len() + ours)).collect(),
        )
    });
    let ours = host.iter().map(|unit| {
        let dependencies = unit.dependencies.iter().filter_map(|id| running.find(id.as_str()));
        node(unit, dependencies.map(|d| world.units.len() + d).collect())
    });
    let nodes: Vec<Node> = theirs.chain(ours).collect();
    let new = hashes(&nodes);
    (0..world.units.len()).map(|u| if changed.contains(&u) { new[u].clone() } else { old(u) }).collect()
}

/// The importer of what is neither the host's nor a unit's: the world's own code, which sees its root closure.
fn pseudo_unit(request: &Request<'_>, sees: Vec<UnitId>) -> Result<Unit, AttachError> {
    // Another folder of code is other code: a pickle of its objects must not load from it.
    let mut digest = Sha256::new();
    for path in std::iter::once(request.generation).chain(request.code) {
        digest.update(path.as_os_str().as_encoded_bytes());
        digest.update([0]);
    }
    let hash: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    // No distribution has a space in its name.
    let name = format!("world {}", request.name);
    let table = request.code.map(ModuleTable::scan).transpose()?.unwrap_or_default();
    let closure = format!("{}/{ROOT}", request.name);
    Ok(Unit {
        id: UnitId::new(&name, &hash),
        name,
        version: String::new(),
        hash,
        wheel: None,
        path: request.code.map_or_else(|| request.generation.join("world"), Path::to_owned),
        modules: None,
        dependencies: sees,
        closures: vec![closure.clone()],
        domain: closure,
        native: table.native(),
        provides: table.provides(),
        pin: None,
        isolated: None,
        own_scope: false,
    })
}

/// Gives every appended unit whose folder or files another unit has a folder of its own, an instance of it.
///
/// glibc would take two units' extensions in one folder for one library, and a file's folder says whose it is. Folders
/// of one wheel are of other files only where one is called after its unit: that is a copy.
fn instances(joined: &mut Environment, appended: usize, generation: &Path) -> Vec<(PathBuf, PathBuf)> {
    let (there, new) = joined.units.whole().split_at_mut(appended);
    let mut taken: BTreeSet<PathBuf> = there.iter().map(|unit| unit.path.clone()).collect();
    let is_copy = |unit: &Unit| unit.path.iter().any(|part| *part == *unit.hash);
    let wheel = |unit: &Unit| unit.wheel.clone().filter(|_| unit.native && !is_copy(unit));
    let mut wheels: BTreeSet<String> = there.iter().filter_map(wheel).collect();
    let mut instances = Vec::new();
    for unit in new {
        let shares_files = wheel(unit).is_some_and(|wheel| !wheels.insert(wheel));
        if !taken.insert(unit.path.clone()) || shares_files {
            let folder = generation.join("instances").join(&unit.hash).join("site-packages");
            instances.push((std::mem::replace(&mut unit.path, folder.clone()), folder));
        }
    }
    instances
}
