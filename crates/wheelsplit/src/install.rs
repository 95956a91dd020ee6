//! Installing: one small function between a source and the store.
//!
//! Everything that can be checked without writing is checked first; then the files are written to a temporary
//! folder, verified on their way, made durable, and the folder is renamed into place. Two processes that
//! install one wheel do the work twice, and the second to finish uses the folder of the first. Deliberately
//! not here: fetching, and the choice of a wheel.

use std::path::Path;

use crate::error::{Defect, Error};
use crate::facts::WheelFacts;
use crate::filename::{WheelName, identify, same_name, same_version};
use crate::source::Source;
use crate::source::file::{WheelFile, hash};
use crate::source::tree::WheelTree;
use crate::staging::Staging;
use crate::store::{Installed, Store, key};
use crate::wheel::Wheel;
use crate::{modules, write};

/// What the caller believes a wheel to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The distribution's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the wheel file, hexadecimal.
    pub sha256: Option<String>,
}

impl Expected {
    /// Whether the facts are those of the expected distribution.
    pub(crate) fn identify(&self, facts: &WheelFacts) -> Result<(), Defect> {
        identify("METADATA", "name", &self.name, &facts.name, same_name)?;
        identify("METADATA", "version", &self.version, &facts.version, same_version)
    }

    pub(crate) fn check_hash(&self, found: &str, size: u64) -> Result<(), Defect> {
        match &self.sha256 {
            Some(expected) if !expected.eq_ignore_ascii_case(found) => {
                Err(Defect::Hash { expected: expected.clone(), found: found.to_owned(), size })
            }
            _ => Ok(()),
        }
    }
}

impl Store {
    /// Installs a wheel file, unless the store has it already.
    ///
    /// # Errors
    /// When the wheel is not the expected one or not a proper one, or the store cannot take it; nothing of it
    /// is left behind then.
    pub fn install_file(&self, path: &Path, expected: &Expected) -> Result<Installed, Error> {
        let fail = |defect| Error::wheel(path, defect);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = WheelName::parse(&file_name).map_err(fail)?;
        let (file, sha256, size) = hash(path, self.limits().total)?;
        expected.check_hash(&sha256, size).map_err(fail)?;
        if let Some(installed) = self.already(path, &sha256, expected)? {
            name.identify(&installed.facts.name, &installed.facts.version).map_err(fail)?;
            return Ok(installed);
        }
        let source = WheelFile::new(path, file, size)?;
        let wheel = Wheel::read(&source, expected, Some(&name), self.limits())?;
        self.install(&source, wheel, &sha256)
    }

    /// Installs a wheel that another tool unpacked, changed in nothing, and whose hash it verified, unless the
    /// store has it already. Its RECORD is verified again.
    ///
    /// # Errors
    /// As for [`Self::install_file`].
    pub fn install_tree(
        &self,
        unpacked: &Path,
        sha256: &str,
        expected: &Expected,
    ) -> Result<Installed, Error> {
        let sha256 = key(sha256)?;
        let fail = |defect| Error::wheel(unpacked, defect);
        let stated = expected.sha256.as_deref().unwrap_or(&sha256);
        identify("cache entry", "sha256", stated, &sha256, str::eq_ignore_ascii_case).map_err(fail)?;
        if let Some(installed) = self.already(unpacked, &sha256, expected)? {
            return Ok(installed);
        }
        let source = WheelTree::new(unpacked)?;
        let wheel = Wheel::read(&source, expected, None, self.limits())?;
        self.install(&source, wheel, &sha256)
    }

    /// The wheel of that hash, if the store has it; it must be the expected one all the same.
    fn already(&self, path: &Path, sha256: &str, expected: &Expected) -> Result<Option<Installed>, Error> {
        let Some(installed) = self.wheel(sha256)? else { return Ok(None) };
        expected.identify(&installed.facts).map_err(|defect| Error::wheel(path, defect))?;
        Ok(Some(installed))
    }

    /// Source to store.
    fn install(&self, source: &dyn Source, wheel: Wheel, sha256: &str) -> Result<Installed, Error> {
        let staging = Staging::new(self, "wheel-")?;
        if source.packed().is_some() {
            let unpacked = source.entries().iter().fold(0u64, |sum, entry| sum.saturating_add(entry.size));
            staging.need(unpacked)?;
        }
        let facts = fill(source, wheel, sha256, staging.path())?;
        let dir = self.wheels().join(sha256);
        if staging.publish(&dir)? {
            return Ok(Installed { dir, sha256: sha256.to_owned(), facts });
        }
        let lost =
            || Error::Damaged { path: dir.clone(), reason: "it vanished while it was used".to_owned() };
        self.wheel(sha256)?.ok_or_else(lost)
    }
}

/// Writes the folder of a wheel: its files, their module table, and the facts.
pub(crate) fn fill(source: &dyn Source, wheel: Wheel, sha256: &str, dir: &Path) -> Result<WheelFacts, Error> {
    write::files(source, &wheel, dir)?;
    let facts = modules::describe(wheel.facts, &wheel.layout, source.entries(), dir)?;
    write::text(&dir.join(crate::facts::FILE), &facts.to_json(sha256))?;
    Ok(facts)
}
