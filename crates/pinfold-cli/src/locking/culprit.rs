//! The package that kept a lock from being made, and the step that it failed in, as data: a hold says it in one line.
//!
//! Deliberately not here: requirements that contradict each other, which are nobody's fault alone.

use super::choose::ChooseError;
use super::error::LockingError;
use super::local::LocalError;
use crate::build::BuildError;
use crate::refusal;
use crate::uv::{Building, UvError};

/// A package, and the step that it failed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Culprit {
    /// Normalised.
    pub name: String,
    /// The version that was tried; none for a local folder.
    pub version: Option<String>,
    /// `metadata`, `build`, `fetch` or `wheel`.
    pub step: &'static str,
    /// What is wrong with it, as what follows its name: `does not build`.
    pub what: String,
}

impl Culprit {
    /// `demo 2.0 does not build`
    pub fn sentence(&self) -> String {
        let version = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        format!("{}{version} {}", self.name, self.what)
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> Option<String> {
        let version = self.version.as_ref()?;
        Some(format!("`{}!={version}` among the requirements leaves this release out", self.name))
    }

    fn of(name: &str, version: Option<&str>, step: &'static str, what: &str) -> Self {
        let (name, version) = (name.to_owned(), version.map(str::to_owned));
        Culprit { name, version, step, what: what.to_owned() }
    }

    /// Of a package of which no wheel can be used.
    pub(crate) fn of_choice(error: &ChooseError) -> Self {
        match error {
            ChooseError::Build { name, version, source, .. } => {
                Culprit::of_build(name, Some(version), source)
            }
            ChooseError::NoneFits { name, version, lack, .. } => {
                let what = format!("{lack}, and has no source distribution");
                Culprit::of(name, Some(version), "wheel", &what)
            }
            ChooseError::NoHash { name, version, file, .. } => {
                Culprit::of(name, Some(version), "fetch", &format!("could not be fetched: {file}"))
            }
        }
    }

    pub(crate) fn of_build(name: &str, version: Option<&str>, error: &BuildError) -> Self {
        let (step, what) = match error {
            BuildError::Source { .. } => ("fetch", "could not be fetched".to_owned()),
            BuildError::Backend { late: Some(seconds), .. } => {
                ("build", format!("did not build within {seconds} seconds"))
            }
            BuildError::Tools { .. } => {
                ("build", "does not build: what it is built with cannot be had".to_owned())
            }
            BuildError::Before { what } => ("build", format!("does not build, because {what} does not")),
            BuildError::Backend { how, .. } => ("build", format!("does not build: {how}")),
            BuildError::Prepare { reason, .. } => match refusal::of(reason.as_std()) {
                Some(inner) => ("build", format!("does not build: {}", inner.sentence())),
                None => ("build", "does not build".to_owned()),
            },
            other => ("build", format!("does not build: {}", refusal::line(other))),
        };
        Culprit::of(name, version, step, &what)
    }

    /// What uv failed to build, by its first line: ``error: Failed to build `demo==2.0` ``.
    pub(crate) fn of_uv(said: &str) -> Option<Self> {
        let first = said.lines().find(|line| line.contains("ailed to "))?;
        let (step, what, rest) = match first.split_once("build `") {
            Some((_, rest)) => ("metadata", "does not build", rest),
            None => ("fetch", "could not be fetched", first.split_once("download `")?.1),
        };
        let (name, version) = rest.split_once('`')?.0.split_once("==")?;
        Some(Culprit::of(name, Some(version), step, what))
    }
}

impl LockingError {
    /// The package that is to blame, where it is one.
    pub fn culprit(&self) -> Option<Culprit> {
        match self {
            LockingError::Failed { culprit, .. } => culprit.as_deref().cloned(),
            LockingError::Late {
                late: UvError::Late { seconds, building: Some(Building { name: Some(name), version }) },
                ..
            } => {
                let what = format!("did not say what it requires within {seconds} seconds");
                Some(Culprit::of(name, version.as_deref(), "metadata", &what))
            }
            LockingError::Choose(error) => Some(Culprit::of_choice(error)),
            LockingError::Local(LocalError::Build { name, source, .. }) => {
                Some(Culprit::of_build(name, None, source))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_uv_failed_to_build_has_a_name_and_a_version() {
        let said = "  uv: Failed to build `demo==2.0`\n    cause: The build backend returned an error";
        let culprit = Culprit::of_uv(said).expect("a culprit");
        assert_eq!((culprit.sentence().as_str(), culprit.step), ("demo 2.0 does not build", "metadata"));
        assert_eq!(Culprit::of_uv("  uv: Failed to build `demo @ file:///x`"), None);
        assert_eq!(Culprit::of_uv("  No solution found when resolving dependencies"), None);
    }
}
