//! Whether what a distribution requires is what it gets: the check of one package that `pip check` is for all.
//!
//! Extras count only for what asks for them, and nothing here does. Deliberately not here: imports that nobody declares
//! ([`crate::check`]), and resolving.

use anyhow::{Result, anyhow};
use pep508_rs::MarkerEnvironment;
use pinfold_core::closure::{Environment, Unit};
use pinfold_core::names::normalize;

use super::assemble::Root;
use crate::failure::hinted;
use crate::interpreter::Interpreter;
use crate::locking::requirement::Requirement;

/// Checks the requirements of the distribution `name` of root's closure against the units that it depends on.
///
/// # Errors
/// Every requirement that is not met, in one sentence.
pub fn met(name: &str, environment: &Environment, roots: &[Root], interpreter: &Interpreter) -> Result<()> {
    let name = normalize(name);
    let unit = environment.units.iter().find(|unit| unit.name == name && !unit.closures.is_empty());
    let root = roots.iter().find(|root| normalize(&root.wheel.facts.name) == name);
    let (Some(unit), Some(root)) = (unit, root) else {
        return Err(anyhow!("the environment has no package `{name}` whose requirements could be checked"));
    };
    let markers: MarkerEnvironment = serde_json::from_value(serde_json::to_value(&interpreter.markers)?)?;
    let facts = &root.wheel.facts;
    let unmet: Vec<String> =
        facts.requires_dist.iter().filter_map(|text| unmet(text, unit, environment, &markers)).collect();
    if unmet.is_empty() {
        return Ok(());
    }
    Err(hinted(
        anyhow!("the requirements of {} {} are not met: {}", facts.name, facts.version, unmet.join("; ")),
        "give it the packages that it requires as dependencies, or pin them",
    ))
}

fn unmet(text: &str, unit: &Unit, environment: &Environment, markers: &MarkerEnvironment) -> Option<String> {
    let Ok(requirement) = Requirement::parse(text, &unit.name) else {
        return Some(format!("`{text}` cannot be compared with a version"));
    };
    if !requirement.holds(markers) {
        return None;
    }
    let units =
        unit.dependencies.iter().filter_map(|id| environment.units.iter().find(|unit| unit.id == *id));
    match units.into_iter().find(|unit| unit.name == requirement.name) {
        None => Some(format!("`{text}`, and it depends on no {}", requirement.name)),
        Some(found) if requirement.target.accepts(&found.version) => None,
        Some(found) => Some(format!("`{text}`, and it gets {} {}", found.name, found.version)),
    }
}
