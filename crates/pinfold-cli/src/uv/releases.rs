//! Which releases of a package there are between two versions, asked of uv one after the other.
//!
//! uv is the only one who knows indexes, credentials and dates, and it names no list: so it is asked for the newest
//! below the last one it named, for all packages at once. What it would not take (yanked, a pre-release, for another
//! Python) does not count. Deliberately not here: what packages need, for which each is a leaf here.

use std::collections::BTreeMap;

use super::Uv;
use super::lockfile::{File, UvLock};
use super::project::{Question, QuestionError};
use super::settings::Settings;

/// So many releases are looked for; who is further behind is far behind.
pub const MOST: usize = 50;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version.
    pub version: String,
    /// When the first of its files was uploaded (RFC 3339), where the index says it.
    pub uploaded: Option<String>,
}

/// Asks about packages alone.
pub struct Releases<'a> {
    /// uv.
    pub uv: &'a Uv,
    /// Where packages come from.
    pub settings: Settings,
    /// A question without requirements.
    pub question: Question<'a>,
}

impl<'a> Releases<'a> {
    /// For the newest releases, whatever the settings prefer.
    pub fn new(uv: &'a Uv, settings: &Settings, question: Question<'a>) -> Self {
        let mut table = settings.table();
        table.remove("resolution");
        Releases { uv, settings: settings.with_table(table), question }
    }

    /// The newest release that fits each requirement; a package of which none fits is left out.
    ///
    /// # Errors
    /// When uv could not look.
    pub fn newest(
        &self,
        requires: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, Release>, QuestionError> {
        if requires.is_empty() {
            return Ok(BTreeMap::new());
        }
        match self.ask(requires) {
            // One of them has none; uv does not say which in a way that could be read.
            Err(QuestionError::NoSolution(_) | QuestionError::Culprit(..)) if requires.len() > 1 => {
                let mut found = BTreeMap::new();
                for (name, bounds) in requires {
                    found.extend(self.newest(&BTreeMap::from([(name.clone(), bounds.clone())]))?);
                }
                Ok(found)
            }
            Err(QuestionError::NoSolution(_) | QuestionError::Culprit(..)) => Ok(BTreeMap::new()),
            found => found,
        }
    }

    /// The releases of each package that are above the first version and below the second, newest first; at most
    /// [`MOST`] of each.
    ///
    /// # Errors
    /// When uv could not look.
    pub fn between(
        &self,
        spans: &BTreeMap<String, (String, String)>,
    ) -> Result<BTreeMap<String, Vec<Release>>, QuestionError> {
        let mut found: BTreeMap<String, Vec<Release>> =
            spans.keys().map(|name| (name.clone(), Vec::new())).collect();
        let mut open = spans.clone();
        for _ in 0..MOST {
            let bounds = |(name, (low, high)): (&String, &(String, String))| {
                (name.clone(), format!(">={},<{}", public(low), public(high)))
            };
            let next = self.newest(&open.iter().map(bounds).collect())?;
            open.retain(|name, (low, high)| {
                let Some(release) = next.get(name) else { return false };
                // What the settings say of the package may count for more than what is asked.
                let inside = later(&release.version, low) && later(high, &release.version);
                if inside {
                    high.clone_from(&release.version);
                    found.entry(name.clone()).or_default().push(release.clone());
                }
                inside
            });
            if open.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn ask(&self, requires: &BTreeMap<String, String>) -> Result<BTreeMap<String, Release>, QuestionError> {
        let answer = self.files(requires)?;
        Ok(requires.keys().filter_map(|name| Some((name.clone(), release(&answer, name)?))).collect())
    }

    /// Of each package the newest release that fits its requirement, with its files, and nothing that it needs.
    ///
    /// # Errors
    /// When one has none, or uv could not look.
    pub fn files(&self, requires: &BTreeMap<String, String>) -> Result<UvLock, QuestionError> {
        let mut question = self.question.clone();
        question.requires = requires.iter().map(|(name, bounds)| format!("{name}{bounds}")).collect();
        question.leaves = requires.keys().map(|name| (name.clone(), None)).collect();
        question.ask(self.uv, &self.settings)
    }
}

fn release(answer: &UvLock, name: &str) -> Option<Release> {
    let package = answer.packages.iter().find(|package| package.name == name)?;
    let files = package.wheels.iter().chain(&package.sdist);
    Some(Release { version: package.version.clone()?, uploaded: files.filter_map(File::uploaded).min() })
}

/// A version without what is local to whoever built it, which no bound can name (PEP 440).
fn public(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

/// Whether one version is later than another, by PEP 440.
fn later(one: &str, other: &str) -> bool {
    crate::environment::difference::order(one, other).is_gt()
}
