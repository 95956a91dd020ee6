//! Wheel file names and compatibility tags (PEP 427 and 425, the binary distribution format).
//!
//! Deliberately not here: which tags an interpreter accepts, and in which order; callers know that.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use pep440_rs::Version;
use pinfold_core::names::normalize;

use crate::error::{Defect, Error};
use crate::store::Installed;

/// One compatibility tag: `cp312-cp312-manylinux_2_17_x86_64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The Python tag, `cp312`.
    pub python: String,
    /// The ABI tag, `cp312`, `abi3` or `none`.
    pub abi: String,
    /// The platform tag, `manylinux_2_17_x86_64` or `any`.
    pub platform: String,
}

/// The parts of a wheel's file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// The distribution's name, as the file name writes it.
    pub name: String,
    /// The version, as the file name writes it.
    pub version: String,
    /// The build tag.
    pub build: Option<String>,
    /// Every tag that the compressed tag set stands for.
    pub tags: Vec<Tag>,
}

/// More tags than this in one set are an attack: the parts multiply. The largest set known has some 20.
pub const MOST_TAGS: usize = 10_000;

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl Tag {
    /// Expands a compressed tag set, `py2.py3-none-any`; `None` if it does not have three parts, or more tags
    /// than [`MOST_TAGS`].
    pub fn expand(set: &str) -> Option<Vec<Tag>> {
        let parts: Vec<&str> = set.trim().split('-').collect();
        let [pythons, abis, platforms] = parts[..] else { return None };
        let count = |set: &str| set.split('.').count();
        let counts = [pythons, abis, platforms].map(count);
        if counts.iter().try_fold(1usize, |all, count| all.checked_mul(*count)).is_none_or(|n| n > MOST_TAGS)
        {
            return None;
        }
        let mut tags = Vec::new();
        for python in pythons.split('.') {
            for abi in abis.split('.') {
                for platform in platforms.split('.') {
                    let [python, abi, platform] = [python, abi, platform].map(str::to_owned);
                    if [&python, &abi, &platform].iter().any(|part| part.is_empty()) {
                        return None;
                    }
                    tags.push(Tag { python, abi, platform });
                }
            }
        }
        Some(tags)
    }

    /// Whether a file that is named with `self` may say `inner` in its WHEEL file.
    ///
    /// They need not be equal: builds are renamed from `linux_*` to `manylinux_*` after an audit, and some
    /// name one platform though they could run on any. What must not be is a name that promises more.
    fn covered_by(&self, inner: &Tag) -> bool {
        let python = self.python == inner.python || inner.python.starts_with("py");
        let abi = self.abi == inner.abi || inner.abi == "none";
        let platform = inner.platform == "any" || family(&self.platform) == family(&inner.platform);
        python && abi && platform
    }
}

/// The operating system and machine that a platform tag is about.
fn family(platform: &str) -> (&str, &str) {
    if platform.starts_with("macosx") {
        // Universal binaries are named after several machines.
        return ("macosx", "");
    }
    for (prefix, numbers) in [("manylinux_", 2), ("musllinux_", 2), ("manylinux", 1), ("linux_", 0)] {
        if let Some(rest) = platform.strip_prefix(prefix) {
            return ("linux", rest.splitn(numbers + 1, '_').last().unwrap_or(rest));
        }
    }
    (platform, "")
}

impl WheelName {
    /// Parses the last component of a path.
    ///
    /// # Errors
    /// [`Defect::FileName`], which says which part is wrong.
    pub fn parse(file: &str) -> Result<Self, Defect> {
        let bad = |reason: &str| Defect::FileName(format!("`{file}` {reason}"));
        let stem = file.strip_suffix(".whl").ok_or_else(|| bad("does not end in `.whl`"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, tags) = match parts[..] {
            [name, version, py, abi, platform] => (name, version, None, [py, abi, platform]),
            [name, version, build, py, abi, platform] => (name, version, Some(build), [py, abi, platform]),
            _ => return Err(bad(&format!("has {} parts between its dashes, not 5 or 6", parts.len()))),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            return Err(bad("does not begin with a distribution's name"));
        }
        if version.is_empty() {
            return Err(bad("has no version"));
        }
        if build.is_some_and(|b| !b.starts_with(|c: char| c.is_ascii_digit())) {
            return Err(bad("has a build tag that does not begin with a digit"));
        }
        let tags = Tag::expand(&tags.join("-")).ok_or_else(|| bad("has an empty tag"))?;
        let (name, version, build) = (name.to_owned(), version.to_owned(), build.map(str::to_owned));
        Ok(WheelName { name, version, build, tags })
    }

    /// Whether the file has the given name and version.
    pub(crate) fn identify(&self, name: &str, version: &str) -> Result<(), Defect> {
        identify("file name", "name", name, &self.name, same_name)?;
        identify("file name", "version", version, &self.version, same_version)
    }

    /// Whether the file's name says this name and this version.
    pub fn is_of(&self, name: &str, version: &str) -> bool {
        self.identify(name, version).is_ok()
    }

    /// Whether the tags of the WHEEL file agree with the name's.
    pub(crate) fn agree(&self, wheel: &[Tag]) -> Result<(), Defect> {
        if wheel.is_empty() || self.tags.iter().any(|tag| wheel.iter().any(|inner| tag.covered_by(inner))) {
            return Ok(());
        }
        Err(Defect::Identity {
            place: "WHEEL file",
            what: "tag",
            expected: list(&self.tags),
            found: list(wheel),
        })
    }
}

/// Checks that one of a wheel's tags is among `accepted` (in the interpreter's order, best first).
///
/// # Errors
/// [`Defect::FileName`] and [`Defect::Platform`], for the file.
pub fn check_platform(file: &str, accepted: &[String]) -> Result<(), Error> {
    let check = || {
        let name = WheelName::parse(file)?;
        accept(&name.tags.iter().map(Tag::to_string).collect::<Vec<_>>(), accepted)
    };
    check().map_err(|defect| Error::wheel(Path::new(file), defect))
}

impl Installed {
    /// Checks that an interpreter that accepts the tags `accepted` can use this wheel.
    ///
    /// # Errors
    /// [`Defect::Platform`], for the folder.
    pub fn check_platform(&self, accepted: &[String]) -> Result<(), Error> {
        accept(&self.facts.tags, accepted).map_err(|defect| Error::wheel(&self.dir, defect))
    }
}

fn accept(tags: &[String], accepted: &[String]) -> Result<(), Defect> {
    if tags.iter().any(|tag| accepted.contains(tag)) {
        return Ok(());
    }
    let best = accepted.first().cloned().unwrap_or_else(|| "nothing".to_owned());
    Err(Defect::Platform { found: list(tags), best })
}

fn list<T: fmt::Display>(tags: &[T]) -> String {
    let shown: Vec<String> = tags.iter().take(4).map(T::to_string).collect();
    let more = if tags.len() > shown.len() { ", .." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Compares what one place of the wheel says with what was expected.
pub(crate) fn identify(
    place: &'static str,
    what: &'static str,
    expected: &str,
    found: &str,
    same: impl Fn(&str, &str) -> bool,
) -> Result<(), Defect> {
    if same(expected, found) {
        return Ok(());
    }
    Err(Defect::Identity { place, what, expected: expected.to_owned(), found: crate::path::shown(found) })
}

/// Equal under PEP 503.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    normalize(a) == normalize(b)
}

/// Equal under PEP 440, also where a file name had to escape `-` and `+`.
pub(crate) fn same_version(a: &str, b: &str) -> bool {
    let parse = |v: &str| Version::from_str(v).ok();
    match (parse(a), parse(b)) {
        (Some(a), Some(b)) => a == b,
        // Legacy versions, and `1.0_local` for `1.0+local` from old build tools.
        _ => {
            let plain = |v: &str| v.replace(['-', '_', '+'], ".").to_lowercase();
            plain(a) == plain(b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_five_or_six_parts() {
        let name =
            WheelName::parse("ruamel.yaml-0.18-1b-py2.py3-none-any.whl").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((name.name.as_str(), name.version.as_str()), ("ruamel.yaml", "0.18"));
        assert_eq!(name.build.as_deref(), Some("1b"));
        assert_eq!(list(&name.tags), "py2-none-any, py3-none-any");
        for bad in [
            "x-1-py3-none-any.zip",
            "x-1-py3-none.whl",
            "x-1-b-py3-none-any.whl",
            "-1-py3-none-any.whl",
            "x-1-py3--any.whl",
        ] {
            assert!(WheelName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn versions_are_equal_under_pep_440() {
        for (a, b) in
            [("1.0", "1.0.0"), ("1.0rc1", "1.0.RC1"), ("1.0+cu118", "1.0_cu118"), ("2004d", "2004D")]
        {
            assert!(same_version(a, b), "{a} {b}");
        }
        assert!(!same_version("1.0", "1.0.post1"));
    }

    #[test]
    fn a_file_name_may_not_promise_more_than_the_wheel_says() {
        let check = |file: &str, inner: &str| {
            let name = WheelName::parse(file).unwrap_or_else(|e| panic!("{e}"));
            name.agree(&Tag::expand(inner).unwrap_or_default()).is_ok()
        };
        assert!(check(
            "x-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "cp311-cp311-linux_x86_64"
        ));
        assert!(check("x-1-cp311-cp311-manylinux1_x86_64.whl", "py3-none-any"));
        assert!(!check("x-1-py3-none-any.whl", "cp311-cp311-linux_x86_64"));
        assert!(!check("x-1-cp312-cp312-linux_x86_64.whl", "cp311-cp311-linux_x86_64"));
        assert!(!check("x-1-cp311-cp311-manylinux_2_17_x86_64.whl", "cp311-cp311-manylinux_2_17_aarch64"));
        assert!(!check("x-1-cp311-cp311-linux_x86_64.whl", "cp311-cp311-win_amd64"));
    }

    #[test]
    fn a_platform_is_accepted_by_any_one_tag() {
        let accepted = ["cp311-cp311-manylinux_2_17_x86_64".to_owned(), "py3-none-any".to_owned()];
        assert!(check_platform("x-1-py2.py3-none-any.whl", &accepted).is_ok());
        let error = check_platform("x-1-cp311-cp311-win_amd64.whl", &accepted).map_err(|e| e.to_string());
        assert_eq!(
            error,
            Err("could not install `x-1-cp311-cp311-win_amd64.whl`: it is for cp311-cp311-win_amd64, and this \
                 interpreter accepts none of these (its own best is cp311-cp311-manylinux_2_17_x86_64)"
                .to_owned())
        );
    }
}
