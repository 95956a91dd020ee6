//! A wheel in a folder of its own, without a store around it: what one step of another engine (Nix) makes.
//!
//! The folder has what a wheel's folder in a store has, and the hash of the wheel in `facts.json` besides, because
//! its name does not say it. Deliberately not here: durability and atomicity, which whoever asks for it has.

use std::fs;
use std::path::Path;

use crate::error::{Defect, Error};
use crate::facts::WheelFacts;
use crate::filename::WheelName;
use crate::install::{Expected, fill};
use crate::limits::Limits;
use crate::source::file::{WheelFile, hash};
use crate::store::Installed;
use crate::wheel::Wheel;

/// Installs the wheel file `path` into the folder `out`, which must not be there yet.
///
/// # Errors
/// When the wheel is not the expected one or not a proper one, or `out` cannot be written; nothing is left behind
/// then.
pub fn install_alone(path: &Path, expected: &Expected, out: &Path) -> Result<Installed, Error> {
    let limits = Limits::default();
    let fail = |defect: Defect| Error::wheel(path, defect);
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = WheelName::parse(&file_name).map_err(fail)?;
    let (file, sha256, size) = hash(path, limits.total)?;
    expected.check_hash(&sha256, size).map_err(fail)?;
    let source = WheelFile::new(path, file, size)?;
    let wheel = Wheel::read(&source, expected, Some(&name), &limits)?;
    fs::create_dir(out).map_err(|e| Error::store("create", out, e))?;
    match fill(&source, wheel, &sha256, out) {
        Ok(facts) => Ok(Installed { dir: out.to_owned(), sha256, facts }),
        Err(error) => {
            // The error that counts is the first one.
            let _ = crate::staging::remove(out);
            Err(error)
        }
    }
}

impl Installed {
    /// The wheel that [`install_alone`] put into the folder `dir`.
    ///
    /// # Errors
    /// When it cannot be read, or does not say of which wheel it is.
    pub fn read_alone(dir: &Path) -> Result<Self, Error> {
        let (facts, sha256) = WheelFacts::read_with_hash(dir)?;
        let missing = || Error::Damaged {
            path: dir.to_owned(),
            reason: "facts.json does not say the hash of the wheel".to_owned(),
        };
        let sha256 = crate::store::key(&sha256.ok_or_else(missing)?)?;
        Ok(Installed { dir: dir.to_owned(), sha256, facts })
    }
}
