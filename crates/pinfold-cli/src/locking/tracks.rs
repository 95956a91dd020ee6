//! The versions of a track's packages, chosen together before any closure is resolved.
//!
//! In root's closure they are leaves, so that root alone could choose versions that do not go together. What root
//! itself requires of them counts; what root's packages require of them is not known yet. Where root has no solution
//! with what was chosen, it is asked what it would choose, and the tracks choose again, nothing later than that.
//! Deliberately not here: the closure that they share, which prefers what root has by then.

use std::collections::{BTreeMap, BTreeSet};

use pinfold_core::names::ROOT;

use super::LockingError;
use super::closures::{Asked, Resolver, exactly};
use super::requirement::{Target, subject};
use super::resolved::{Extras, Resolved, Whom, track_key};
use super::wanted::{address, for_uv};

impl Resolver<'_> {
    /// Root's closure, with versions of the tracks' packages that it accepts.
    ///
    /// # Errors
    /// When there are none; says what root does not accept.
    pub(super) fn root_and_tracks(
        &self,
        extras: &Extras,
    ) -> Result<(Resolved, BTreeMap<String, String>), LockingError> {
        let chosen = self.choose_tracks(extras, &BTreeMap::new())?;
        match self.root(&chosen) {
            Err(refused @ LockingError::NoSolution { .. }) if !chosen.is_empty() => {
                let Ok(free) = self.root(&BTreeMap::new()) else { return Err(refused) };
                let latest = free.members.into_iter().filter(|(name, _)| chosen.contains_key(name));
                let latest = latest.map(|(name, member)| (name, member.wheel.version)).collect();
                let Ok(chosen) = self.choose_tracks(extras, &latest) else { return Err(refused) };
                Ok((self.root(&chosen)?, chosen))
            }
            root => Ok((root?, chosen)),
        }
    }

    /// The version of every package that is in a track, none later than those of `latest`.
    ///
    /// # Errors
    /// When the packages of a track do not go together.
    pub(super) fn choose_tracks(
        &self,
        extras: &Extras,
        latest: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, LockingError> {
        let mut chosen = BTreeMap::new();
        for (name, track) in self.manifest.tracks.iter().filter(|(_, track)| !track.packages.is_empty()) {
            let key = track_key(name);
            let locals = self.locals.of(self.wanted, &key);
            let (mut requires, mut with) = (Vec::new(), BTreeMap::new());
            for package in &track.packages {
                let extras = self.extras(package, extras);
                let subject = subject(package, &extras);
                requires.push(match locals.get(package) {
                    Some(local) => format!("{subject} @ {}", address(&local.path)),
                    None => subject,
                });
                with.insert(package.clone(), extras);
            }
            requires.extend(self.wanted.of(&key).iter().map(|requirement| for_uv(requirement, &locals)));
            // What one track has chosen is a fact for the next.
            let tracks = exactly(&chosen, &locals.keys().collect::<Vec<_>>());
            let mut constraints = Vec::new();
            let of_root = self.wanted.of(ROOT).iter().filter(|one| track.packages.contains(&one.name));
            let bounds = of_root.filter_map(|one| match &one.target {
                Target::Index(versions) => Some(format!("{}{versions}", one.name)),
                Target::Local(_) => None,
            });
            constraints.extend(bounds);
            let most = latest.iter().filter(|(name, _)| track.packages.contains(name));
            constraints.extend(most.map(|(name, version)| format!("{name}<={version}")));
            let whom = Whom::Track(name.clone());
            let asked = Asked { whom, with, requires, constraints, shared: BTreeSet::new(), apart: false };
            let resolved = self.with_tracks_or_apart(asked, tracks, &locals, &[])?;
            let versions = resolved.owners.into_iter().map(|owner| (owner.name, owner.version));
            chosen.extend(versions.filter(|(name, _)| !locals.contains_key(name)));
        }
        Ok(chosen)
    }
}
