//! An environment from folders of installed wheels: no store, no lock, no network, no generations. What Nix builds.
//!
//! A [`Plan`] says which units there are, in names of its own; their identities are computed here, from the wheels'
//! hashes, as `pinfold lock` computes them, so that one environment has one `closure.json`, whoever made it.
//! Deliberately not here: how a plan comes about (`nix/lib`), and anything that [`super::assemble`] and
//! [`super::generation`] do for `pinfold sync` already.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use pinfold_core::closure::{self, Closure, Pin};
use pinfold_core::lock::{Lock, LockedUnit, Wheel};
use pinfold_core::names::{UnitId, normalize};
use pinfold_core::units::{Node, hashes};
use serde::Deserialize;
use wheelsplit::{Installed, Instance, Native};

use super::assemble::{Assembled, Place, assemble};
use super::generation::{self, Blueprint};
use super::{isolate, requirements};
use crate::failure::{WithHint, hinted};
use crate::interpreter::Interpreter;
use crate::terminal;
use crate::uv::tags::Tags;

/// The version of the format that this code reads.
const VERSION: u32 = 1;

/// What an environment is to be made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Plan {
    /// The format's version: 1.
    pub version: u32,
    /// What the shell's prompt shows.
    pub name: String,
    /// The interpreter.
    pub python: PathBuf,
    /// Its minor version, as whoever made the plan believes.
    pub python_version: String,
    /// The folder `pinfold` with the import hook, as `pinfold assemble --hook` makes it.
    pub hook: PathBuf,
    /// What two distributions with one file or program are.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// Whether units may get libraries under names of their own.
    #[serde(default)]
    pub native: closure::Native,
    /// Names of units of root's closure whose own requirements must be met.
    #[serde(default)]
    pub required: Vec<String>,
    /// The lock that it comes from.
    #[serde(default)]
    pub lock: Option<PathBuf>,
    /// The units.
    pub units: Vec<PlannedUnit>,
    /// The closures, root's first; units are named by their keys.
    pub closures: Vec<PlannedClosure>,
}

/// What is done where two distributions have one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// No environment.
    #[default]
    Error,
    /// The first one's is used, and that is said.
    Warn,
}

/// A unit of a plan. Two that come to one hash are one unit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedUnit {
    /// The plan's name for it.
    pub key: String,
    /// The folder of the installed wheel.
    pub installed: PathBuf,
    /// The keys of the units that its dependencies are.
    pub dependencies: Vec<String>,
    /// Present when it is pinned.
    #[serde(default)]
    pub pin: Option<Pin>,
    /// The hash that it must have, where a lock says it.
    #[serde(default)]
    pub hash: Option<String>,
}

/// A closure of a plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedClosure {
    /// Its name.
    pub name: String,
    /// The key of the pinned unit; none for root's.
    #[serde(default)]
    pub owner: Option<String>,
    /// The track that it is of, in the place of an owner.
    #[serde(default)]
    pub track: Option<String>,
    /// The requirements it was resolved from.
    pub requires: Vec<String>,
    /// The keys of the units that those name.
    pub direct: Vec<String>,
    /// The keys of all its units.
    pub units: Vec<String>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// When it cannot be read or is not one.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("could not read the plan {}", path.display()))?;
        let plan: Plan = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a plan of version {VERSION}", path.display()))
            .hint("docs/nix.md says what a plan is; nix/lib/plan.nix writes one")?;
        match plan.version {
            VERSION => Ok(plan),
            other => bail!("{} is a plan of version {other}, this pinfold reads {VERSION}", path.display()),
        }
    }
}

/// Makes the environment `out`, which must not be there yet, of what `plan` says.
///
/// # Errors
/// When something in the plan is not what it says, does not fit the interpreter, or cannot be written.
pub fn build(plan: &Plan, out: &Path) -> Result<()> {
    let out = std::path::absolute(out)?;
    let interpreter = Interpreter::ask(&plan.python)?;
    interpreter.supported()?;
    if interpreter.minor != plan.python_version {
        bail!(
            "{} is Python {}, and the plan is for {}",
            plan.python.display(),
            interpreter.version,
            plan.python_version
        );
    }
    let installed = installed(plan)?;
    let accepted: Vec<String> =
        Tags::of_interpreter(&interpreter).list().into_iter().map(str::to_owned).collect();
    for wheel in &installed {
        wheel.check_platform(&accepted)?;
    }
    let lock = lock(plan, &installed, &interpreter)?;
    let text = match &plan.lock {
        None => None,
        Some(path) => {
            Some(fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?)
        }
    };
    fs::create_dir(&out).with_context(|| format!("could not make {}", out.display()))?;
    let wheels = installed.into_iter().map(|wheel| (wheel.sha256.clone(), wheel)).collect();
    let mut assembled = assemble(&lock, &Alone(out.clone()), &wheels)?;
    isolate::isolate_alone(&mut assembled, plan.native, &out.join("own-libraries"), &interpreter, &wheels)?;
    let Assembled { environment, roots } = assembled;
    for name in &plan.required {
        requirements::met(name, &environment, &roots, &interpreter)?;
    }
    let blueprint = Blueprint {
        link: &out,
        interpreter: &interpreter,
        environment: &environment,
        roots: &roots,
        hook: &plan.hook,
        lock: text.as_deref(),
        prompt: &plan.name,
    };
    let clashes = generation::fill(&blueprint, &out)?;
    match (plan.on_conflict, clashes.as_slice()) {
        (_, []) => Ok(()),
        (OnConflict::Warn, clashes) => {
            clashes.iter().for_each(|clash| terminal::warn(clash));
            Ok(())
        }
        (OnConflict::Error, clashes) => Err(hinted(
            anyhow!("could not assemble the environment {}: {}", plan.name, clashes.join("; ")),
            "leave one of them out, pin the one that needs the other, or say onConflict = \"warn\"",
        )),
    }
}

/// An environment that has its instances itself.
struct Alone(PathBuf);

impl Alone {
    /// Not `instances/`: by that name the hook would know a store.
    fn copy(&self, key: &str) -> PathBuf {
        self.0.join("copies").join(key)
    }
}

impl Place for Alone {
    fn instance(&self, wheel: &Installed, wanted: &Instance<'_>) -> Result<PathBuf, wheelsplit::Error> {
        wheel.instance_alone(&self.copy(wanted.key), wanted)
    }

    fn instance_site(&self, key: &str) -> PathBuf {
        self.copy(key).join("site-packages")
    }

    fn native(&self, wheel: &Installed) -> Result<Native, wheelsplit::Error> {
        Native::of(wheel)
    }
}

/// The installed wheels of the units, in their order.
fn installed(plan: &Plan) -> Result<Vec<Installed>> {
    let read = |unit: &PlannedUnit| {
        Installed::read_alone(&unit.installed)
            .with_context(|| format!("could not use the unit `{}` of the plan", unit.key))
    };
    plan.units.iter().map(read).collect()
}

/// What `pinfold lock` would have written: the same units, named by their hashes.
fn lock(plan: &Plan, installed: &[Installed], interpreter: &Interpreter) -> Result<Lock> {
    let positions: BTreeMap<&str, usize> =
        plan.units.iter().enumerate().map(|(i, unit)| (unit.key.as_str(), i)).collect();
    let position = |key: &String, by: &str| {
        positions
            .get(key.as_str())
            .copied()
            .ok_or_else(|| anyhow!("`{by}` of the plan names `{key}`, which it lacks"))
    };
    let node = |(unit, wheel): (&PlannedUnit, &Installed)| -> Result<Node> {
        let dependencies =
            unit.dependencies.iter().map(|key| position(key, &unit.key)).collect::<Result<_>>()?;
        Ok(Node { name: normalize(&wheel.facts.name), wheel: wheel.sha256.clone(), dependencies })
    };
    let nodes: Vec<Node> = plan.units.iter().zip(installed).map(node).collect::<Result<_>>()?;
    let hashes = hashes(&nodes);
    let ids: Vec<UnitId> =
        nodes.iter().zip(&hashes).map(|(node, hash)| UnitId::new(&node.name, hash)).collect();
    let name = |keys: &[String], by: &str| -> Result<Vec<UnitId>> {
        let ids: BTreeSet<UnitId> =
            keys.iter().map(|key| Ok(ids[position(key, by)?].clone())).collect::<Result<_>>()?;
        Ok(ids.into_iter().collect())
    };
    let mut units: BTreeMap<UnitId, LockedUnit> = BTreeMap::new();
    for ((unit, id), (hash, wheel)) in plan.units.iter().zip(&ids).zip(hashes.iter().zip(installed)) {
        if let Some(expected) = &unit.hash
            && expected != hash
        {
            return Err(hinted(
                anyhow!("the unit `{}` has the hash {hash}, and the lock says {expected}", unit.key),
                "the wheels are not those of the lock. What is built from source has other bytes after a change to it \
                 (`pinfold lock` writes them anew), by another compiler or Pinfold, and where its backend asks git, which \
                 a build by Nix does not have: there, `wheels.NAME = buildWheel { ... }` takes the wheel as it is built",
            ));
        }
        let dependencies = name(&unit.dependencies, &unit.key)?;
        let made = units.entry(id.clone()).or_insert_with(|| LockedUnit {
            id: id.clone(),
            hash: hash.clone(),
            wheel: wheel.sha256.clone(),
            dependencies,
            pin: None,
        });
        made.pin = made.pin.take().or_else(|| unit.pin.clone());
    }
    let closure = |closure: &PlannedClosure| -> Result<Closure> {
        let owner = closure.owner.as_ref().map(|key| position(key, &closure.name)).transpose()?;
        Ok(Closure {
            name: closure.name.clone(),
            owner: owner.map(|position| ids[position].clone()),
            track: closure.track.clone(),
            requires: closure.requires.clone(),
            direct: name(&closure.direct, &closure.name)?,
            units: name(&closure.units, &closure.name)?,
        })
    };
    let wheels: BTreeSet<Wheel> = installed.iter().map(wheel).collect();
    Ok(Lock {
        version: pinfold_core::lock::VERSION,
        python: interpreter.minor.clone(),
        platform: interpreter.platform.clone(),
        manifest: String::new(),
        native: plan.native,
        wheels: wheels.into_iter().collect(),
        units: units.into_values().collect(),
        closures: plan.closures.iter().map(closure).collect::<Result<_>>()?,
        holds: Vec::new(),
        build_set: Default::default(),
        check_set: Default::default(),
    })
}

fn wheel(installed: &Installed) -> Wheel {
    let facts = &installed.facts;
    Wheel {
        name: normalize(&facts.name),
        version: facts.version.clone(),
        file: facts.dist_info.clone(),
        sha256: installed.sha256.clone(),
        size: None,
        index: None,
        path: None,
        uploaded: None,
        source: None,
    }
}
