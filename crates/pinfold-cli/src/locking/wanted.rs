//! What a manifest asks for here: its requirements as they hold in one environment, local packages found.
//!
//! Deliberately not here: resolving ([`super::closures`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pep508_rs::MarkerEnvironment;
use pinfold_core::manifest::{Build, Manifest, Track};
use pinfold_core::names::ROOT;
use sha2::{Digest, Sha256};
use url::Url;

use super::local::{self, Local, LocalError};
use super::requirement::{Requirement, RequirementError, Target};
use super::resolved::track_key;
use crate::build::source::content_hash;
use crate::build::{BuildError, Builder};
use crate::digest::hex;
use crate::uv::fetch::sha256;
use crate::uv::tags::Tags;

/// The requirements of every closure that the manifest names, those alone that hold here.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// By closure: `root`, the pinned name, or `tracks.NAME`, which has its pins' requirements too.
    pub closures: BTreeMap<String, Vec<Requirement>>,
    tracks: BTreeMap<String, Vec<Requirement>>,
}

/// The key of the manifest under which a closure's requirements stand.
pub fn place(closure: &str) -> String {
    match closure {
        ROOT => "the manifest's requirements".to_owned(),
        track if track.starts_with("tracks.") => format!("[{track}]"),
        pin => format!("[pins.{pin}]"),
    }
}

impl Wanted {
    /// Reads all requirements.
    ///
    /// # Errors
    /// When one is not PEP 508.
    pub fn read(manifest: &Manifest, environment: &MarkerEnvironment) -> Result<Self, RequirementError> {
        let held = |closure: &str, requires: &[String]| {
            let parsed = requires.iter().map(|text| Requirement::parse(text, &place(closure)));
            let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
            Ok(parsed.into_iter().filter(|requirement| requirement.holds(environment)).collect::<Vec<_>>())
        };
        let mut closures = BTreeMap::new();
        let mut tracks = BTreeMap::new();
        let pins = manifest.pins.iter().map(|(name, pin)| (name.as_str(), &pin.requires));
        for (closure, requires) in pins.chain([(ROOT, &manifest.requires)]) {
            closures.insert(closure.to_owned(), held(closure, requires)?);
        }
        for (name, track) in &manifest.tracks {
            let key = track_key(name);
            let own = held(&key, &track.requires)?;
            let pins = track.packages.iter().flat_map(|pin| closures.get(pin).cloned().unwrap_or_default());
            let all = own.iter().cloned().chain(pins).collect();
            tracks.insert(name.clone(), own);
            closures.insert(key, all);
        }
        Ok(Wanted { closures, tracks })
    }

    /// What a track itself requires, without its pins.
    pub fn of_track(&self, track: Option<&str>) -> &[Requirement] {
        track.and_then(|track| self.tracks.get(track)).map_or(&[], Vec::as_slice)
    }

    /// The requirements of a closure.
    pub fn of(&self, closure: &str) -> &[Requirement] {
        self.closures.get(closure).map_or(&[], Vec::as_slice)
    }

    /// Extras that anybody asks `name` for.
    pub fn extras(&self, name: &str) -> BTreeSet<String> {
        let all = self.closures.values().flatten().filter(|requirement| requirement.name == name);
        all.flat_map(|requirement| requirement.extras.iter().cloned()).collect()
    }

    /// The local package for every path that is named.
    ///
    /// # Errors
    /// When one is missing, cannot be built, or is not what it is required as.
    pub fn locals(&self, builder: &Builder<'_>, tags: &Tags) -> Result<Locals, LocalError> {
        let mut places: BTreeMap<(String, String), String> = BTreeMap::new();
        for (closure, requirement, path) in self.paths() {
            places.entry((requirement.name.clone(), path.to_owned())).or_insert_with(|| place(closure));
        }
        builder.prepare(self.folders().iter().map(|(name, path)| (name.as_str(), path.as_str())));
        let find =
            |(name, path): &(String, String), place: &String| local::find(builder, tags, name, path, place);
        let results = std::thread::scope(|scope| {
            let threads: Vec<_> =
                places.iter().map(|(key, place)| scope.spawn(move || find(key, place))).collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            threads.into_iter().map(join).collect::<Vec<Result<Local, LocalError>>>()
        });
        // One that only waited for another that failed has nothing to say.
        let (first, late): (Vec<_>, Vec<_>) = places
            .into_keys()
            .zip(results)
            .partition(|(_, result)| !matches!(result, Err(e) if e.is_of_another()));
        let each = first.into_iter().chain(late).map(|(key, result)| Ok((key, result?)));
        Ok(Locals { found: each.collect::<Result<_, LocalError>>()? })
    }

    /// Names and paths of the local packages that may be folders.
    pub fn folders(&self) -> BTreeSet<(String, String)> {
        self.paths().map(|(_, requirement, path)| (requirement.name.clone(), path.to_owned())).collect()
    }

    fn paths(&self) -> impl Iterator<Item = (&str, &Requirement, &str)> {
        self.closures.iter().flat_map(|(closure, requirements)| {
            requirements.iter().filter_map(move |requirement| match &requirement.target {
                Target::Local(path) => Some((closure.as_str(), requirement, path.as_str())),
                Target::Index(_) => None,
            })
        })
    }

    /// A digest of all that the lock depends on: another digest means that the lock is stale.
    ///
    /// # Errors
    /// When a local folder or file cannot be read.
    pub fn digest(&self, manifest: &Manifest, project: &Path) -> Result<String, BuildError> {
        let mut locals = BTreeMap::new();
        for (_, _, path) in self.paths() {
            let whole = project.join(path);
            let content =
                if whole.is_dir() { content_hash(&whole)? } else { sha256(&whole).unwrap_or_default() };
            locals.insert(path.to_owned(), content);
        }
        // When versions move, and what must pass before, says nothing of which ones are right.
        let mut inputs = manifest.clone();
        inputs.tracks.retain(|_, track| !track.packages.is_empty());
        for track in inputs.tracks.values_mut() {
            *track = Track {
                packages: track.packages.clone(),
                requires: track.requires.clone(),
                ..Track::default()
            };
        }
        // How something is checked is nothing that a lock's wheels depend on.
        inputs.checks.clear();
        // Nor is how long a build may take.
        inputs.build_set.timeout = None;
        inputs.builds.retain(|_, build| build.timeout.take().is_none() || *build != Build::default());
        inputs.python = None;
        // Indexes are configuration: a changed password or mirror makes no other lock.
        for key in
            ["index", "index-url", "extra-index-url", "find-links", "keyring-provider", "allow-insecure-host"]
        {
            inputs.uv.remove(key);
        }
        let text = serde_json::to_string(&(inputs, locals)).unwrap_or_default();
        Ok(hex(&Sha256::digest(text.as_bytes())))
    }
}

/// The local packages, by name and path as written.
#[derive(Clone, Debug, Default)]
pub struct Locals {
    found: BTreeMap<(String, String), Local>,
}

impl Locals {
    /// The local package that each name means in `closure`: what the closure itself says, else root, else other pins.
    pub fn of(&self, wanted: &Wanted, closure: &str) -> BTreeMap<String, Local> {
        let others = wanted.closures.keys().map(String::as_str);
        let mut meant: BTreeMap<String, Local> = BTreeMap::new();
        for closure in [closure, ROOT].into_iter().chain(others) {
            for requirement in wanted.of(closure) {
                if let Target::Local(path) = &requirement.target
                    && let Some(local) = self.found.get(&(requirement.name.clone(), path.clone()))
                {
                    meant.entry(requirement.name.clone()).or_insert_with(|| local.clone());
                }
            }
        }
        // A closure that asks an index for a name does not mean a folder that another closure names.
        for requirement in wanted.of(closure) {
            let own = matches!(&requirement.target, Target::Local(_));
            let also = wanted
                .of(closure)
                .iter()
                .any(|o| o.name == requirement.name && matches!(o.target, Target::Local(_)));
            if !own && !also && closure != ROOT && !in_root(wanted, &requirement.name) {
                meant.remove(&requirement.name);
            }
        }
        meant
    }
}

fn in_root(wanted: &Wanted, name: &str) -> bool {
    wanted.of(ROOT).iter().any(|requirement| requirement.name == name)
}

/// A requirement as uv reads it, PEP 508, without its marker, which holds.
pub fn for_uv(requirement: &Requirement, locals: &BTreeMap<String, Local>) -> String {
    match (&requirement.target, locals.get(&requirement.name)) {
        (Target::Local(_), Some(local)) => format!("{} @ {}", requirement.subject(), address(&local.path)),
        (Target::Local(_), None) => requirement.subject(),
        (Target::Index(versions), _) => format!("{}{versions}", requirement.subject()),
    }
}

/// A path as an address.
pub fn address(path: &Path) -> String {
    Url::from_file_path(path).map_or_else(|()| path.display().to_string(), |url| url.to_string())
}
