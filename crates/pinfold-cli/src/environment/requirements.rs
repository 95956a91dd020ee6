//! Whether what a distribution requires is what it gets: the check of one package that `pip check` is for all.
//!
//! An extra that it asks for counts with what that adds, whoever brings it. Deliberately not here: imports that nobody declares
//! ([`crate::check`]), and resolving.

use std::str::FromStr;

use anyhow::{Result, anyhow};
use pep440_rs::{Version, VersionSpecifiers};
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
    let world = World { environment, roots, markers };
    let mut unmet = Vec::new();
    let python = facts.requires_python.as_deref().unwrap_or_default();
    // Old wheels have what no standard knows (`>=3.6.*`): that says nothing against anybody.
    if let (Ok(wanted), Ok(version)) =
        (VersionSpecifiers::from_str(python), Version::from_str(&interpreter.version))
        && !wanted.contains(&version)
    {
        unmet.push(format!("Python {python}, and this is {version}"));
    }
    for text in &facts.requires_dist {
        world.check(text, unit, &mut unmet);
    }
    if unmet.is_empty() {
        return Ok(());
    }
    Err(hinted(
        anyhow!("the requirements of {} {} are not met: {}", facts.name, facts.version, unmet.join("; ")),
        "give it the packages that it requires as dependencies, or pin them",
    ))
}

/// Where requirements are compared.
struct World<'a> {
    environment: &'a Environment,
    roots: &'a [Root],
    markers: MarkerEnvironment,
}

impl World<'_> {
    /// Adds what is not met of one requirement of `unit`, and of the extras that it asks for.
    fn check(&self, text: &str, unit: &Unit, unmet: &mut Vec<String>) {
        let Ok(requirement) = Requirement::parse(text, &unit.name) else {
            return unmet.push(format!("`{text}` cannot be compared with a version"));
        };
        if !requirement.holds(&self.markers) {
            return;
        }
        let Some(found) = self.given(unit, &requirement.name) else {
            return unmet.push(format!("`{text}`, and it depends on no {}", requirement.name));
        };
        if !requirement.target.accepts(&found.version) {
            unmet.push(format!("`{text}`, and it gets {} {}", found.name, found.version));
        }
        let root = self.roots.iter().find(|root| normalize(&root.wheel.facts.name) == found.name);
        for added in root.map(|root| root.wheel.facts.requires_dist.as_slice()).unwrap_or_default() {
            let Ok(more) = Requirement::parse(added, &found.name) else { continue };
            if !more.holds_by(&self.markers, &requirement.extras) {
                continue;
            }
            match self.given(found, &more.name).or_else(|| self.given(unit, &more.name)) {
                None => {
                    unmet.push(format!("`{text}` asks for `{added}`, and nobody depends on {}", more.name))
                }
                Some(got) if more.target.accepts(&got.version) => {}
                Some(got) => {
                    unmet.push(format!(
                        "`{text}` asks for `{added}`, and it gets {} {}",
                        got.name, got.version
                    ));
                }
            }
        }
    }

    /// The unit of a name that a unit depends on.
    fn given(&self, unit: &Unit, name: &str) -> Option<&Unit> {
        let units = &self.environment.units;
        let mut found = unit.dependencies.iter().filter_map(|id| units.iter().find(|unit| unit.id == *id));
        found.find(|unit| unit.name == name)
    }
}
