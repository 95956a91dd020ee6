//! The files that a lock has: a version that stays keeps them, whatever an index has under that version by now.
//!
//! An index may have other bytes under the same name, another file that would fit better, or no file any more: what was
//! locked, reviewed and tried was the one in the lock. Deliberately not here: which versions stay ([`super::preferences`]).

use pinfold_core::lock::{Lock, Wheel};

use super::preferences::Upgrade;
use crate::terminal;
use crate::uv::fetch::sha256;
use crate::uv::lockfile::{File, Package};

/// The files of a lock.
#[derive(Clone, Copy, Debug)]
pub struct Locked<'a> {
    /// The lock that was.
    pub lock: &'a Lock,
    /// What may move.
    pub upgrade: &'a Upgrade,
}

impl<'a> Locked<'a> {
    /// What the lock has of this very version, from the same index; nothing of a package of which other files were asked
    /// for. `fits` is whether there is a wheel now that would do.
    pub(super) fn wheel(&self, package: &Package, index: Option<&str>, fits: bool) -> Option<&'a Wheel> {
        let is_it = |wheel: &&Wheel| {
            wheel.name == package.name
                && Some(&wheel.version) == package.version.as_ref()
                && wheel.path.is_none()
                && wheel.index.as_deref() == index
        };
        let wheel = self.lock.wheels.iter().find(is_it)?;
        let stays = match self.upgrade {
            Upgrade::Nothing | Upgrade::Tracks(_) => true,
            Upgrade::Packages(names) => !names.contains(&wheel.name),
            Upgrade::Everything => false,
        };
        self.compare(package, wheel, stays);
        // It was built because there was no wheel, or because a setting asked for that, which may have gone since.
        let asked = wheel.source.is_some() && fits && !matches!(self.upgrade, Upgrade::Tracks(_));
        Some(wheel).filter(|_| stays && !asked)
    }

    /// Says where the index has other bytes under the name of the file.
    fn compare(&self, package: &Package, wheel: &Wheel, stays: bool) {
        let (file, locked) = match &wheel.source {
            Some(source) => (&source.file, &source.sha256),
            None => (&wheel.file, &wheel.sha256),
        };
        let mut there = package.wheels.iter().chain(&package.sdist);
        let Some(there) = there.find(|one| one.name().as_ref() == Some(file)) else { return };
        if hash(there).is_none_or(|hash| hash == *locked) {
            return;
        }
        let Wheel { name, version, .. } = wheel;
        terminal::warn_once(&match stays {
            true => format!(
                "the index has other bytes of {name} {version} than pinfold.lock ({file}): those in the lock stay\n\
                 hint: find out why; `pinfold lock --upgrade-package {name}` takes the new ones"
            ),
            false => format!(
                "the index has other bytes of {name} {version} than pinfold.lock had ({file}): they were asked for, \
                 and are taken\nhint: find out why before you commit the lock"
            ),
        });
    }
}

/// What is known without a download.
fn hash(file: &File) -> Option<String> {
    let computed = || sha256(file.path.as_deref()?.as_ref()).ok();
    file.sha256().map(str::to_owned).or_else(computed)
}
