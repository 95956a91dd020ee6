//! Whether what a distribution requires is there, for rules that tell what comes of it (PEP 440, PEP 508).
//!
//! Extras are not asked for: nothing says which were. Deliberately not here: resolving, and distributions that are not
//! there at all; what is imported in vain says so.

use std::str::FromStr;

use pep508_rs::pep440_rs::Version;
use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, Requirement, VerbatimUrl, VersionOrUrl};

use super::distribution::Distribution;
use super::interpreter::Interpreter;

impl Distribution {
    /// The specifiers that `version` of `project` does not meet, of what this distribution requires of it when
    /// `interpreter` runs it; what cannot be understood excludes nothing.
    pub fn excludes(&self, interpreter: &Interpreter, project: &str, version: &str) -> Option<String> {
        let (version, markers) = (Version::from_str(version).ok()?, interpreter.markers()?);
        let required =
            self.requires.iter().filter_map(|text| Requirement::<VerbatimUrl>::from_str(text).ok());
        let of_it = required.filter(|one| one.name.as_ref().eq_ignore_ascii_case(project));
        of_it.filter(|one| one.evaluate_markers(&markers, &[])).find_map(|one| match one.version_or_url {
            Some(VersionOrUrl::VersionSpecifier(specifiers)) if !specifiers.contains(&version) => {
                let text: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
                Some(text.join(","))
            }
            _ => None,
        })
    }
}

impl Interpreter {
    /// What markers ask of it, as far as its files say.
    fn markers(&self) -> Option<MarkerEnvironment> {
        let version = self.minor();
        let full = format!("{version}.0");
        let machine = self.machine();
        MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: "posix",
            platform_machine: &machine,
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: &full,
            python_version: &version,
            sys_platform: "linux",
        })
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_version_does_not_meet() {
        let suffixes = vec![".cpython-311-x86_64-linux-gnu.so".to_owned()];
        let python = Interpreter { executable: "".into(), version: (3, 11), suffixes, stdlib: "".into() };
        let excludes = |requires: &[&str], version: &str| {
            let requires = requires.iter().map(|text| (*text).to_owned()).collect();
            Distribution { requires, ..Distribution::default() }.excludes(&python, "numpy", version)
        };
        assert_eq!(excludes(&["numpy>=1.23.5,<2"], "1.20.3").as_deref(), Some(">=1.23.5,<2"));
        assert_eq!(excludes(&["NumPy (>=1.23.5)"], "1.26.4"), None);
        let by_python = ["numpy>=1.25; python_version >= '3.12'", "numpy>=1.21; python_version < '3.12'"];
        assert_eq!(excludes(&by_python, "1.22.0"), None);
        assert_eq!(excludes(&by_python, "1.20.0").as_deref(), Some(">=1.21"));
        assert_eq!(excludes(&["numpy>=9; sys_platform == 'win32'", "numpy>=9; extra == 'x'"], "1.20"), None);
        assert_eq!(excludes(&["numpy>=9; platform_machine == 'x86_64'"], "1.20").as_deref(), Some(">=9"));
        assert_eq!(excludes(&["scipy>=9", "numpy @ file:///x", "odd requirement ="], "1.20"), None);
        assert_eq!(excludes(&["numpy>=1"], "no version"), None);
    }
}
