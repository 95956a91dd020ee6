//! The tools of one package, resolved by uv: which wheels its requirements come to.
//!
//! Deliberately not here: what is frozen already, and whether anything may be resolved at all ([`super::tools`]).

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;

use pep508_rs::VerbatimUrl;
use pinfold_core::lock::Wheel;
use pinfold_core::names::normalize;
use wheelsplit::Expected;

use super::engine::Builder;
use super::error::BuildError;
use super::tools::{Asked, Tools};
use crate::error::{Error, Hint};
use crate::locking::choose::Chooser;
use crate::locking::graph::walk;
use crate::locking::local::Local;
use crate::locking::requirement::{Requirement, Target};
use crate::locking::wanted::{address, for_uv};
use crate::uv::project::{self, QuestionError};
use crate::uv::tags::Tags;

/// What is to be resolved.
pub(super) struct Question<'a> {
    pub(super) asked: &'a Asked,
    /// What narrows it.
    pub(super) constraints: Vec<Requirement>,
    /// Packages whose dependencies do not count.
    pub(super) leaves: Vec<(String, Option<String>)>,
    /// Versions to prefer.
    pub(super) preferences: BTreeMap<String, String>,
}

/// The wheels that the requirements come to.
pub(super) fn resolve(
    builder: &Builder<'_>,
    tools: &Tools,
    question: &Question<'_>,
) -> Result<Vec<Wheel>, BuildError> {
    let asked = question.asked;
    let _line =
        builder.lines.begin(&asked.name, &format!("Resolving what {} is {} with", asked.name, asked.done()));
    let place = format!("what {} is {} with", asked.words, asked.done());
    let mut requires = Vec::new();
    for text in asked.all() {
        let requirement = Requirement::parse(text, &place)?;
        if requirement.holds(&builder.markers) {
            requires.push(requirement);
        }
    }
    let locals = locals(builder, tools, asked, &requires)?;
    let mut project = empty(builder);
    project.requires = requires.iter().map(|requirement| for_uv(requirement, &locals)).collect();
    project.leaves.clone_from(&question.leaves);
    let files = locals.iter().map(|(name, local)| format!("{name} @ {}", address(&local.path)));
    let narrowed = question.constraints.iter().filter(|r| !locals.contains_key(&r.name));
    project.constraints = files.chain(narrowed.filter_map(constraint)).collect();
    project.preferences = question.preferences.clone().into_iter().collect();
    let settings = builder.settings.for_building();
    let prepare = |e: Error| BuildError::Prepare { what: asked.words.clone(), reason: Box::new(e) };
    let answer = project.ask(builder.uv, &settings).map_err(|e| refused(e, builder, asked))?;
    let tags = Tags::of_interpreter(builder.interpreter);
    let bare = empty(builder);
    let chooser = Chooser { builder: *builder, tags: &tags, question: &bare, of_tools: true, locked: None };
    let locals: Vec<Local> = locals.into_values().collect();
    let mut wheels = Vec::new();
    for (_, reached) in walk(&answer, &builder.markers)? {
        let wheel = chooser.wheel(reached.package, &locals, &place);
        wheels.push(wheel.map_err(|e| prepare(Error::from(e)))?);
    }
    wheels.sort();
    Ok(wheels)
}

/// Versions that satisfy all of `requires` at once.
pub(super) fn together(
    builder: &Builder<'_>,
    requires: &[String],
    narrowed: &[Requirement],
    preferences: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, QuestionError> {
    let mut project = empty(builder);
    project.requires = requires.to_vec();
    project.constraints = narrowed.iter().filter_map(constraint).collect();
    project.preferences = preferences.clone().into_iter().collect();
    let answer = project.ask(builder.uv, &builder.settings.for_building())?;
    let packages = answer.packages.into_iter().filter(|package| package.source.project.is_none());
    Ok(packages.filter_map(|package| Some((package.name, package.version?))).collect())
}

fn empty<'a>(builder: &'a Builder<'_>) -> project::Question<'a> {
    project::Question {
        python: &builder.interpreter.executable,
        version: &builder.interpreter.version,
        environment: &builder.environment,
        requires: Vec::new(),
        leaves: Vec::new(),
        constraints: Vec::new(),
        preferences: Vec::new(),
    }
}

/// A requirement as a constraint; a name alone constrains nothing.
fn constraint(requirement: &Requirement) -> Option<String> {
    match &requirement.target {
        Target::Index(versions) if versions.is_empty() => None,
        Target::Index(versions) => Some(format!("{}{versions}", requirement.name)),
        // An absolute path: a wheel that is here.
        Target::Local(path) if path.starts_with('/') => {
            Some(format!("{} @ {}", requirement.name, address(path.as_ref())))
        }
        Target::Local(_) => None,
    }
}

/// The local packages that the requirements come to, directly or by way of each other, built.
fn locals(
    builder: &Builder<'_>,
    tools: &Tools,
    asked: &Asked,
    requires: &[Requirement],
) -> Result<BTreeMap<String, Local>, BuildError> {
    let mut found = BTreeMap::new();
    let mut queue: VecDeque<String> = requires.iter().map(|requirement| requirement.name.clone()).collect();
    while let Some(name) = queue.pop_front() {
        if found.contains_key(&name) {
            continue;
        }
        let Some(local) = tools.local(builder, asked, &name)? else { continue };
        let Local { path, wheel } = &local;
        let expected = Expected {
            name: name.clone(),
            version: wheel.version.clone(),
            sha256: Some(wheel.sha256.clone()),
        };
        let installed = builder.store.install_file(path, &expected)?;
        for text in &installed.facts.requires_dist {
            // What is not PEP 508 is uv's to refuse.
            if let Ok(one) = pep508_rs::Requirement::<VerbatimUrl>::from_str(text) {
                queue.push_back(normalize(one.name.as_ref()));
            }
        }
        found.insert(name, local);
    }
    Ok(found)
}

fn refused(error: QuestionError, builder: &Builder<'_>, asked: &Asked) -> BuildError {
    let mut hints = match (&error, asked.unit.is_some()) {
        (QuestionError::NoSolution(_), false) => vec![format!(
            "`your project` is the build of {0}; [builds.{0}] and [build-set] in the manifest add to its requirements, and may name local packages",
            asked.name
        )],
        (QuestionError::NoSolution(_), true) => vec![format!(
            "`your project` is the check of {0}; `requires` in [checks.{0}] says what its tests need, and its closure's versions are given",
            asked.name
        )],
        (QuestionError::Uv(error), _) => error.hints(),
        (QuestionError::Culprit(..), _) => Vec::new(),
        _ => vec!["the index must be reachable; indexes and credentials are configured as for uv".to_owned()],
    };
    if builder.uv.is_offline() {
        hints.push("this was tried without the network (`--offline`): only what uv has in its cache could be looked at".to_owned());
    }
    let requires = asked.all().cloned().collect();
    BuildError::Tools {
        what: asked.words.clone(),
        done: asked.done(),
        requires,
        reason: error.to_string(),
        refused: matches!(error, QuestionError::NoSolution(_)),
        hints,
    }
}
