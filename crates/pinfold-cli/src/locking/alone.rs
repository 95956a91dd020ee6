//! Packages alone, without what they need: which wheel a release comes to, and whether it can be had.
//!
//! That tells what is wrong with a release where no resolution does. Deliberately not here: which releases are looked at
//! ([`crate::tracks`]).

use std::collections::BTreeMap;

use pinfold_core::lock::Wheel;

use super::Workspace;
use super::choose::{ChooseError, Chooser};
use crate::error::Error;
use crate::uv::fetch;
use crate::uv::project::QuestionError;
use crate::uv::releases::Releases;
use crate::uv::tags::Tags;

impl Workspace {
    /// The wheel of each of these releases, built where it has none, or what refuses it.
    ///
    /// # Errors
    /// When uv could not look, or something else than the release is in the way.
    pub fn alone(
        &self,
        releases: &Releases<'_>,
        versions: &BTreeMap<String, String>,
    ) -> Result<Vec<Result<Wheel, ChooseError>>, Error> {
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        let exactly = versions.iter().map(|(name, version)| (name.clone(), format!("=={version}")));
        let answer = match releases.files(&exactly.collect()) {
            Ok(answer) => answer,
            // One of them is gone by now: nothing is known of any.
            Err(QuestionError::NoSolution(_) | QuestionError::Culprit(..)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let engine = self.engine(self.options(), false)?;
        let tags = Tags::of_interpreter(&self.interpreter);
        let question = releases.question.clone();
        let chooser = Chooser {
            builder: engine.builder(),
            tags: &tags,
            question: &question,
            of_tools: false,
            locked: None,
        };
        let mut wheels = Vec::new();
        for package in answer.packages.iter().filter(|package| versions.contains_key(&package.name)) {
            match chooser.wheel(package, &[], "your project") {
                Err(error) if !error.is_refusal() => return Err(error.into()),
                wheel => wheels.push(wheel),
            }
        }
        Ok(wheels)
    }

    /// Brings one wheel into the store.
    ///
    /// # Errors
    /// When it cannot be had, or no store takes it.
    pub fn bring(&self, wheel: &Wheel) -> Result<(), Error> {
        let engine = self.engine(self.options(), false)?;
        fetch::into_store(&engine.builder(), std::slice::from_ref(wheel), &|| {}).map(drop)
    }
}
