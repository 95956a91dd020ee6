//! Which NumPy a package sees, and whether it needs one.
//!
//! Deliberately not here: what a module was built for (`numpy_c_api.rs`).

use std::path::{Path, PathBuf};

use crate::analysis::Analysis;
use crate::environment::{Distribution, DistributionId};

/// The module whose C API it is.
const MODULE: &str = "numpy";

/// The NumPy that a package sees.
pub(super) struct Seen {
    /// Its distribution, where one has it.
    pub(super) distribution: Option<DistributionId>,
    /// The folder of its modules.
    pub(super) folder: PathBuf,
    /// 2 and 0 of 2.0.2.
    pub(super) release: (u32, u32),
}

impl Seen {
    /// The packages of a finding about `package` and this NumPy.
    pub(super) fn packages(&self, analysis: &Analysis<'_>, package: &str) -> Vec<String> {
        let numpy = self.distribution.map(|numpy| analysis.name(numpy));
        std::iter::once(package).chain(numpy).map(str::to_owned).collect()
    }
}

/// The NumPy that the modules of `importer` see, if any.
pub(super) fn by(analysis: &Analysis<'_>, importer: DistributionId) -> Option<Seen> {
    let environment = analysis.environment;
    let folders = environment.views.folders(Some(importer), MODULE);
    let folder = folders.into_iter().find(|folder| folder.join(MODULE).join("__init__.py").is_file())?;
    let distributions = environment.distributions.iter().enumerate().filter(|(_, one)| one.folder == folder);
    let rank = |one: &Distribution| (holds_core(&one.recorded), one.name.eq_ignore_ascii_case(MODULE));
    let distribution = distributions
        .filter(|(_, one)| rank(one) != (false, false))
        .max_by_key(|(_, one)| rank(one))
        .map(|(id, _)| id);
    let stated = distribution.and_then(|id| release(&environment.distributions[id].version));
    let release = stated.or_else(|| generation(&folder.join(MODULE)))?;
    Some(Seen { distribution, folder: folder.join(MODULE), release })
}

/// Other distributions may have files under `numpy/` too: the one with the C code is it, or the one of its name.
fn holds_core(recorded: &[String]) -> bool {
    recorded.iter().any(|file| {
        ["numpy/_core/_multiarray_umath.", "numpy/core/_multiarray_umath."]
            .iter()
            .any(|start| file.strip_prefix(start).is_some_and(|rest| rest.ends_with("so")))
    })
}

/// Where no metadata say the release: the C code moved to `_core` with NumPy 2.
fn generation(package: &Path) -> Option<(u32, u32)> {
    let holds = |folder: &str| {
        let entries = std::fs::read_dir(package.join(folder)).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .any(|name| name.starts_with("_multiarray_umath.") && name.ends_with(".so"))
    };
    match (holds("_core"), holds("core")) {
        (true, _) => Some((2, 0)),
        (false, true) => Some((1, 0)),
        (false, false) => None,
    }
}

/// 2 and 0 of `2.0.2`.
pub(super) fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse().ok()
    });
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

/// Whether the package requires NumPy, not only for an extra; one without metadata says nothing and counts as if.
pub(super) fn required(analysis: &Analysis<'_>, package: DistributionId) -> bool {
    let distribution = &analysis.environment.distributions[package];
    let names = |requirement: &String| {
        let end = requirement.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
        let name = &requirement[..end.unwrap_or(requirement.len())];
        let extra = requirement.split_once(';').is_some_and(|(_, marker)| marker.contains("extra"));
        name.eq_ignore_ascii_case(MODULE) && !extra
    };
    distribution.version.is_empty() || distribution.requires.iter().any(names)
}

/// What the package requires of NumPy that the one which it sees does not meet.
pub(super) fn excluded(analysis: &Analysis<'_>, package: DistributionId, seen: &Seen) -> Option<String> {
    let distributions = &analysis.environment.distributions;
    let version = &distributions[seen.distribution.filter(|numpy| *numpy != package)?].version;
    distributions[package].excludes(&analysis.environment.interpreter, MODULE, version)
}

/// Whether importing the package imports that NumPy, and not below a `try`.
pub(super) fn imported(analysis: &Analysis<'_>, package: DistributionId, seen: &Seen) -> bool {
    let Some(package) = analysis.package_of(package) else { return false };
    analysis.alone[package]
        .openings
        .iter()
        .any(|opening| opening.eager && !opening.guarded && opening.path.starts_with(&seen.folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_two_numbers() {
        assert_eq!(release("2.0.2"), Some((2, 0)));
        assert_eq!(release("1.26.4"), Some((1, 26)));
        assert_eq!(release("2.1rc1"), Some((2, 1)));
        assert_eq!(release("3"), Some((3, 0)));
        assert_eq!(release("0+unknown"), Some((0, 0)));
        assert_eq!(release("dev"), None);
    }

    #[test]
    fn the_generation_shows_in_the_folder_of_the_c_code() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (made, expected) in [("core", (1, 0)), ("_core", (2, 0))] {
            std::fs::create_dir(folder.path().join(made)).expect("the folder can be written to");
            assert_ne!(generation(folder.path()), Some(expected), "a folder alone says nothing");
            let file = folder.path().join(made).join("_multiarray_umath.cpython-311-x86_64-linux-gnu.so");
            std::fs::write(file, "").expect("the folder can be written to");
            assert_eq!(generation(folder.path()), Some(expected));
        }
    }
}
