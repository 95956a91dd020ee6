//! Whether requirements are met by the versions that are there (PEP 508, PEP 440).
//!
//! Deliberately not here: resolving, and what the extras of what is there ask for.

use std::collections::BTreeMap;
use std::str::FromStr;

use pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, Requirement, VerbatimUrl, VersionOrUrl};

use crate::names::normalize;

/// Those of `requires` that hold in the environment `markers` and that `there`, versions by normalised names, does not
/// meet: for people, each with what there is.
pub fn unmet(
    requires: &[String],
    there: &BTreeMap<String, String>,
    markers: &MarkerEnvironment,
) -> Vec<String> {
    let unmet = |text: &String| {
        let requirement = match Requirement::<VerbatimUrl>::from_str(text) {
            Ok(requirement) => requirement,
            Err(error) => return Some(format!("`{text}`, which is no requirement ({})", error.message)),
        };
        if !requirement.evaluate_markers(markers, &[]) {
            return None;
        }
        let name = normalize(requirement.name.as_ref());
        match there.get(&name) {
            None => Some(match requirement.version_or_url {
                None => name,
                Some(_) => format!("{name} (`{text}`)"),
            }),
            Some(version) if !accepts(&requirement, version) => Some(format!("`{text}` (it is {version})")),
            Some(_) => None,
        }
    };
    requires.iter().filter_map(unmet).collect()
}

/// Whether a version is one that the requirement accepts; what is no version is not compared.
pub(crate) fn accepts(requirement: &Requirement<VerbatimUrl>, version: &str) -> bool {
    let Some(VersionOrUrl::VersionSpecifier(specifiers)) = &requirement.version_or_url else { return true };
    Version::from_str(version).map_or(true, |version| specifiers.contains(&version))
}

#[cfg(test)]
mod tests {
    use pep508_rs::MarkerEnvironmentBuilder;

    use super::*;

    #[test]
    fn by_name_version_and_marker() {
        let markers = MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.11.2",
            os_name: "posix",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: "3.11.2",
            python_version: "3.11",
            sys_platform: "linux",
        })
        .unwrap();
        let there = [("setuptools", "66.1.1"), ("odd-name", "host")];
        let there = there.map(|(name, version)| (name.to_owned(), version.to_owned())).into();
        let check = |text: &str| unmet(&[text.to_owned()], &there, &markers).join("");
        assert_eq!(check("setuptools>=61"), "");
        assert_eq!(check("Setuptools[x] >=61 ; python_version >= '3.8'"), "");
        assert_eq!(check("setuptools>=99"), "`setuptools>=99` (it is 66.1.1)");
        assert_eq!(check("numpy; python_version >= '3.8'"), "numpy");
        assert_eq!(check("numpy>=2; python_version < '3.8'"), "");
        assert_eq!(check("tomli>=1"), "tomli (`tomli>=1`)");
        assert_eq!(check("Odd_Name==2"), "");
        assert!(check("setuptools >> 9").contains("no requirement"));
    }
}
