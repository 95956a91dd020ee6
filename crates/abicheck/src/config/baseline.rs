//! A baseline: the findings that a project had on a day, so that only new ones count.
//!
//! A file of fingerprints, with the words beside each for people who review it.
//! Deliberately not here: reasons; what is accepted for good stands in `ignore`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::fingerprint::fingerprint;
use crate::failure::Failure;
use crate::finding::Finding;

/// The format of the file.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    code: String,
    packages: Vec<String>,
    title: String,
}

/// Fingerprints of what is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: BTreeSet<String>,
}

impl Baseline {
    /// What is known when all of `findings` are.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        Self { fingerprints: findings.into_iter().map(fingerprint).collect() }
    }

    /// The baseline in the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |why: String| ConfigError::Baseline { path: path.to_owned(), why };
        let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        let file: File = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("it is no baseline of abicheck: {error}")))?;
        if file.version != VERSION {
            return Err(wrong(format!("its version is {}, and this abicheck reads {VERSION}", file.version)));
        }
        Ok(Self { fingerprints: file.findings.into_iter().map(|entry| entry.fingerprint).collect() })
    }

    /// Whether the finding with this fingerprint is known.
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.fingerprints.contains(fingerprint)
    }

    /// How many known ones are none of `seen`.
    pub fn gone(&self, seen: &BTreeSet<String>) -> usize {
        self.fingerprints.difference(seen).count()
    }
}

/// Writes `findings` as the baseline at `path`; in whole, or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write<'a>(path: &Path, findings: impl IntoIterator<Item = &'a Finding>) -> Result<usize, Failure> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for finding in findings {
        let fingerprint = fingerprint(finding);
        let entry = Entry {
            fingerprint: fingerprint.clone(),
            code: finding.code.to_owned(),
            packages: finding.packages.clone(),
            title: finding.title.clone(),
        };
        entries.insert(fingerprint, entry);
    }
    // By rule and package, so that a review shows what came and what went.
    let mut findings: Vec<Entry> = entries.into_values().collect();
    findings
        .sort_by(|a, b| (&a.code, &a.packages, &a.fingerprint).cmp(&(&b.code, &b.packages, &b.fingerprint)));
    let count = findings.len();
    let mut text = serde_json::to_string_pretty(&File { version: VERSION, findings })
        .map_err(|error| Failure::new(format!("could not write the baseline {}: {error}", path.display())))?;
    text.push('\n');
    replace(path, text.as_bytes(), "the baseline")?;
    Ok(count)
}

/// Puts `bytes` at `path`, where nobody ever sees half of them; `what` they are is told when it fails.
pub(crate) fn replace(path: &Path, bytes: &[u8], what: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        // The name of a file that was to be renamed says nothing to anyone.
        let why = match error.raw_os_error() {
            Some(_) => error.to_string(),
            None => error.kind().to_string(),
        };
        Failure::new(format!("could not write {what} {}: {why}", path.display()))
    };
    // A device or a pipe (`/dev/stdout`) is written to, not replaced.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::write(path, bytes).map_err(failed);
    }
    // Through a link: the link stays.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let why =
            format!("could not write {what} {}: there is no folder {}", path.display(), folder.display());
        return Err(Failure::new(why).hint("make it first"));
    }
    let mut made = tempfile::Builder::new();
    use std::os::unix::fs::PermissionsExt;
    // The permissions that any file of the user's gets: the system takes the umask away.
    made.permissions(std::fs::Permissions::from_mode(0o666));
    let mut file = made.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
