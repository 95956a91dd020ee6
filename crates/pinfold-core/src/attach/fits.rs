//! Whether the host's version of a shared distribution fits what a world requires of it.
//!
//! Requirements are those of the wheels (`Requires-Dist` in `METADATA`, core metadata specification) and those
//! that the world's closures were resolved from. Deliberately not here: resolving; a version fits or it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use pep508_rs::{ExtraName, MarkerEnvironment, Requirement, VerbatimUrl, VersionOrUrl};

use crate::closure::{Environment, Unit};
use crate::names::normalize;
use crate::requires;

/// The host's units that take the place of the world's: by distribution name, name and version for people.
pub(super) type Replacing<'a> = BTreeMap<&'a str, &'a Unit>;

/// A requirement of the world's that the host's version does not meet.
pub(super) struct Unfit {
    pub(super) name: String,
    pub(super) requirement: String,
    pub(super) who: String,
}

/// Checks every requirement of `world` on a distribution that is replaced; `by_host` says whose requirements no
/// longer count, because the host's unit stands there.
pub(super) fn check(
    world: &Environment,
    replacing: &Replacing<'_>,
    by_host: impl Fn(&Unit) -> bool,
    markers: &MarkerEnvironment,
) -> Result<(), Unfit> {
    for closure in world.closures.iter() {
        let here = |name: &str| {
            let ids = closure.units.iter().filter_map(|id| world.find(id));
            ids.into_iter().any(|unit| world.units[unit].name == name && by_host(&world.units[unit]))
        };
        for requirement in closure.requires.iter().filter_map(|text| parse(text)) {
            if here(&normalize(requirement.name.as_ref())) && requirement.evaluate_markers(markers, &[]) {
                accepts(&requirement, replacing, || match (&closure.owner, &closure.track) {
                    (Some(owner), _) => {
                        format!("the pin of {}", owner.as_str().split('@').next().unwrap_or(""))
                    }
                    (None, Some(track)) => format!("its track `{track}`"),
                    (None, None) => "its own manifest".to_owned(),
                })?;
            }
        }
    }
    for unit in world.units.iter().filter(|unit| !by_host(unit)) {
        let dependencies: Vec<&Unit> =
            unit.dependencies.iter().filter_map(|id| world.find(id)).map(|i| &world.units[i]).collect();
        if !dependencies.iter().any(|dependency| by_host(dependency)) {
            continue;
        }
        let declared = declared(&unit.path, &unit.name);
        // What the world itself has under the name, and whether that is what is required.
        let satisfied = |requirement: &Requirement<VerbatimUrl>| {
            let name = normalize(requirement.name.as_ref());
            name == unit.name || dependencies.iter().any(|d| d.name == name && fits(requirement, d))
        };
        let extras: Vec<ExtraName> = declared
            .extras
            .iter()
            .filter(|extra| declared.is_chosen(extra, markers, satisfied))
            .cloned()
            .collect();
        for requirement in declared.requirements {
            let name = normalize(requirement.name.as_ref());
            let replaced = dependencies.iter().any(|unit| unit.name == name && by_host(unit));
            if replaced && requirement.evaluate_markers(markers, &extras) {
                accepts(&requirement, replacing, || format!("{} {}", unit.name, unit.version))?;
            }
        }
    }
    Ok(())
}

/// Whether the host's version is one that the requirement accepts.
fn accepts(
    requirement: &Requirement<VerbatimUrl>,
    replacing: &Replacing<'_>,
    who: impl FnOnce() -> String,
) -> Result<(), Unfit> {
    let name = normalize(requirement.name.as_ref());
    let Some(host) = replacing.get(name.as_str()) else { return Ok(()) };
    match &requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) if !fits(requirement, host) => {
            Err(Unfit { name: host.name.clone(), requirement: format!("{name}{specifiers}"), who: who() })
        }
        _ => Ok(()),
    }
}

/// Who requires distribution `name` in the host, and as what: those that are shared too, else the manifest.
pub(super) fn because(host: &Environment, shared: &BTreeMap<String, usize>, name: &str) -> String {
    let on_it = |text: &String| parse(text).is_some_and(|r| normalize(r.name.as_ref()) == name);
    let by_units = shared.values().map(|&unit| &host.units[unit]).find_map(|unit| {
        let mut ours = declared(&unit.path, &unit.name).requirements.into_iter();
        let ours = ours.find(|r| normalize(r.name.as_ref()) == name && unit.name != name)?;
        let versions = ours.version_or_url.map(|v| match v {
            VersionOrUrl::VersionSpecifier(specifiers) => specifiers.to_string(),
            VersionOrUrl::Url(_) => String::new(),
        });
        Some(format!("{} {} requires `{name}{}`", unit.name, unit.version, versions.unwrap_or_default()))
    });
    let by_manifest = || {
        let text = host.closures.first()?.requires.iter().find(|text| on_it(text))?;
        Some(format!("this process's manifest requires `{text}`"))
    };
    by_units.or_else(by_manifest).map(|who| format!("; here {who}")).unwrap_or_default()
}

/// Whether a unit's version is one that the requirement accepts.
fn fits(requirement: &Requirement<VerbatimUrl>, unit: &Unit) -> bool {
    requires::accepts(requirement, &unit.version)
}

/// What a wheel declares.
#[derive(Default)]
struct Declared {
    requirements: Vec<Requirement<VerbatimUrl>>,
    extras: Vec<ExtraName>,
}

impl Declared {
    /// Whether an extra was asked for, as far as the result shows: all that it adds is satisfied.
    fn is_chosen(
        &self,
        extra: &ExtraName,
        markers: &MarkerEnvironment,
        satisfied: impl Fn(&Requirement<VerbatimUrl>) -> bool,
    ) -> bool {
        let extra = std::slice::from_ref(extra);
        let added = |r: &&Requirement<VerbatimUrl>| {
            r.evaluate_markers(markers, extra) && !r.evaluate_markers(markers, &[])
        };
        let mut added = self.requirements.iter().filter(added).peekable();
        added.peek().is_some() && added.all(satisfied)
    }
}

/// The declarations of the distribution in `site`; none where its metadata cannot be read.
fn declared(site: &Path, name: &str) -> Declared {
    let mut declared = Declared::default();
    let Ok(entries) = fs::read_dir(site) else { return declared };
    for entry in entries.flatten() {
        let folder = entry.file_name();
        let Some(stem) = folder.to_str().and_then(|folder| folder.strip_suffix(".dist-info")) else {
            continue;
        };
        if stem.rsplit_once('-').is_none_or(|(found, _)| normalize(found) != name) {
            continue;
        }
        let Ok(text) = fs::read_to_string(entry.path().join("METADATA")) else { continue };
        // The header ends at the first empty line; what follows is the description.
        for line in text.lines().take_while(|line| !line.is_empty()) {
            match line.split_once(':') {
                Some(("Requires-Dist", requirement)) => {
                    declared.requirements.extend(parse(requirement.trim()))
                }
                Some(("Provides-Extra", extra)) => {
                    declared.extras.extend(ExtraName::from_str(extra.trim()).ok());
                }
                _ => {}
            }
        }
    }
    declared
}

/// `None` for what is not PEP 508, such as a local folder behind an `@`: it names no version.
fn parse(text: &str) -> Option<Requirement<VerbatimUrl>> {
    Requirement::from_str(text).ok()
}
