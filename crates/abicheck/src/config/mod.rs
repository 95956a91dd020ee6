//! What the user already knows: `[tool.abicheck]` in a `pyproject.toml`, or `abicheck.toml`, and a baseline.
//!
//! Deliberately not here: severities; a rule's are the same for everyone, so that a report reads the same everywhere.

mod baseline;
mod error;
mod exercises;
mod find;
mod fingerprint;
mod read;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use baseline::replace;
pub use baseline::{Baseline, write as write_baseline};
pub use error::ConfigError;
pub use exercises::UserExercise;
pub(crate) use fingerprint::bare;
pub use fingerprint::fingerprint;
pub use read::{Config, Ignore};

use crate::finding::Finding;
use crate::rules::Rule;
use crate::terminal::count;

/// Findings, sorted by whether they count.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Those that count.
    pub findings: Vec<Finding>,
    /// Those that do not, each with its reason.
    pub ignored: Vec<(Finding, String)>,
    /// What the user should know about the configuration.
    pub notes: Vec<String>,
}

impl Config {
    /// The configuration for `inputs`: the file `named` if there is one, else the nearest; it may name
    /// `rules`.
    ///
    /// # Errors
    /// When a file that counts is wrong; each says where.
    pub fn find(
        named: Option<&Path>,
        inputs: &[PathBuf],
        working: &Path,
        rules: &[&'static Rule],
    ) -> Result<Self, ConfigError> {
        match named {
            Some(path) => find::at(path, rules),
            None => Ok(find::near(inputs, working, rules)?.unwrap_or_default()),
        }
    }

    /// Takes away what `ignore` names and what the baseline knows.
    pub fn sort(&self, findings: Vec<Finding>, baseline: Option<&Baseline>) -> Sorted {
        let mut sorted = Sorted::default();
        let mut used = vec![false; self.ignore.len()];
        let mut seen = BTreeSet::new();
        for finding in findings {
            let fingerprint = fingerprint(&finding);
            let names: BTreeSet<String> = finding.packages.iter().map(|name| bare(name)).collect();
            let matches = |ignore: &Ignore| {
                ignore.code == finding.code && ignore.packages.iter().all(|package| names.contains(package))
            };
            let known = baseline.is_some_and(|baseline| baseline.knows(&fingerprint));
            seen.insert(fingerprint);
            let mut reason = None;
            // Every entry that matches is of use, not only the first.
            for (ignore, used) in self.ignore.iter().zip(&mut used).filter(|(ignore, _)| matches(ignore)) {
                *used = true;
                reason.get_or_insert_with(|| ignore.reason.clone());
            }
            match reason.or_else(|| known.then(|| "in the baseline".to_owned())) {
                Some(reason) => sorted.ignored.push((finding, reason)),
                None => sorted.findings.push(finding),
            }
        }
        let file = self.path.as_deref().unwrap_or(Path::new("")).display().to_string();
        for (ignore, _) in self.ignore.iter().zip(&used).filter(|(_, used)| !**used) {
            let packages = match ignore.packages.as_slice() {
                [] => String::new(),
                packages => format!(" for {}", packages.join(", ")),
            };
            let line = ignore.line;
            sorted.notes.push(format!(
                "{file}:{line}: nothing was found that `ignore` of {}{packages} matches; it can go",
                ignore.code
            ));
        }
        if let Some(gone) = baseline.map(|baseline| baseline.gone(&seen)).filter(|gone| *gone > 0) {
            let path = self.baseline.as_deref().unwrap_or(Path::new("")).display();
            let verb = if gone == 1 { "is" } else { "are" };
            sorted.notes.push(format!(
                "{} of the baseline {path} {verb} gone; `--write-baseline` writes it anew",
                count(gone, "finding")
            ));
        }
        sorted
    }
}

#[cfg(test)]
mod tests;
