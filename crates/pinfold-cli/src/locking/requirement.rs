//! Requirements as a manifest writes them: PEP 508, and local folders and wheel files behind an `@`.
//!
//! Deliberately not here: which version satisfies one; that is uv's work.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use pep508_rs::{ExtraName, MarkerEnvironment, MarkerTree, VerbatimUrl, VersionOrUrl};
use pinfold_core::names::normalize;

use crate::error::Hint;

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Normalised.
    pub name: String,
    /// Normalised, as written otherwise.
    pub extras: Vec<String>,
    /// What it asks for.
    pub target: Target,
    /// When it holds.
    marker: MarkerTree,
}

/// What a requirement asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Versions on an index, PEP 440; empty for any.
    Index(String),
    /// A folder or a wheel file, as written.
    Local(String),
}

impl Target {
    /// Whether a version on an index is what is asked for.
    pub fn accepts(&self, version: &str) -> bool {
        match self {
            Target::Index(specifiers) if specifiers.is_empty() => true,
            Target::Index(specifiers) => {
                match (VersionSpecifiers::from_str(specifiers), Version::from_str(version)) {
                    (Ok(specifiers), Ok(version)) => specifiers.contains(&version),
                    _ => false,
                }
            }
            Target::Local(_) => false,
        }
    }
}

/// Why a requirement could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RequirementError {
    /// Not PEP 508.
    #[error("could not read the requirement `{text}` in {place}\n{reason}")]
    Syntax {
        /// As written.
        text: String,
        /// The key it stands under.
        place: String,
        /// What is wrong, with a pointer to it.
        reason: String,
    },
    /// An address, which a lock without hosts could not hold.
    #[error(
        "the requirement `{text}` in {place} names an address; Pinfold takes packages from indexes, local folders and wheel files"
    )]
    Address {
        /// As written.
        text: String,
        /// The key it stands under.
        place: String,
        /// The package.
        name: String,
    },
}

impl Hint for RequirementError {
    fn hints(&self) -> Vec<String> {
        match self {
            RequirementError::Syntax { .. } => {
                vec!["a requirement looks like `name`, `name[extra]>=1,<2 ; python_version < \"3.12\"` or `name @ ./folder`".to_owned()]
            }
            RequirementError::Address { name, .. } => {
                vec![format!("download it, and write `{name} @ ./folder` or `{name} @ ./file.whl`")]
            }
        }
    }
}

impl Requirement {
    /// Reads a requirement that stands in `place` (for messages).
    ///
    /// # Errors
    /// Shows what is wrong and where.
    pub fn parse(text: &str, place: &str) -> Result<Self, RequirementError> {
        let (front, local, marker) = split_local(text);
        let rest = if local.is_some() { format!("{front} {marker}") } else { text.to_owned() };
        let malformed = |reason: String| RequirementError::Syntax {
            text: text.to_owned(),
            place: place.to_owned(),
            reason,
        };
        if let Some(reason) = objection(&rest) {
            return Err(malformed(reason));
        }
        let parsed =
            pep508_rs::Requirement::<VerbatimUrl>::from_str(&rest).map_err(|e| malformed(e.to_string()))?;
        let name = normalize(parsed.name.as_ref());
        let target = match (local, parsed.version_or_url) {
            (Some(path), _) => Target::Local(path.to_owned()),
            (None, None) => Target::Index(String::new()),
            (None, Some(VersionOrUrl::VersionSpecifier(specifiers))) => Target::Index(specifiers.to_string()),
            (None, Some(VersionOrUrl::Url(url))) => match url.scheme() {
                "file" => Target::Local(
                    url.to_file_path().map_or_else(|()| url.path().to_owned(), |p| p.display().to_string()),
                ),
                _ => {
                    let (text, place) = (text.to_owned(), place.to_owned());
                    return Err(RequirementError::Address { text, place, name });
                }
            },
        };
        let extras = parsed.extras.iter().map(|extra| normalize(extra.as_ref())).collect();
        Ok(Requirement { name, extras, target, marker: parsed.marker })
    }

    /// Whether it holds in this environment.
    pub fn holds(&self, environment: &MarkerEnvironment) -> bool {
        self.marker.evaluate(environment, &[])
    }

    /// Whether it holds in this environment because one of these extras was asked for.
    pub fn holds_by(&self, environment: &MarkerEnvironment, extras: &[String]) -> bool {
        let extras: Vec<ExtraName> =
            extras.iter().filter_map(|extra| ExtraName::from_str(extra).ok()).collect();
        !self.holds(environment) && self.marker.evaluate(environment, &extras)
    }

    /// `name[extra,...]`
    pub fn subject(&self) -> String {
        subject(&self.name, &self.extras)
    }
}

/// `name[extra,...]`
pub fn subject<'a>(name: &str, extras: impl IntoIterator<Item = &'a String>) -> String {
    let extras: Vec<&str> = extras.into_iter().map(String::as_str).collect();
    if extras.is_empty() { name.to_owned() } else { format!("{name}[{}]", extras.join(",")) }
}

/// Deeper parentheses than this are nobody's marker; pep508_rs reads them by recursion.
const DEEPEST: usize = 64;

/// What pep508_rs panics on instead of refusing it, found by fuzzing.
fn objection(text: &str) -> Option<String> {
    let (mut depth, mut deepest) = (0usize, 0);
    for c in text.chars() {
        depth = match c {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        deepest = deepest.max(depth);
    }
    if deepest > DEEPEST {
        return Some(format!("its parentheses are nested {deepest} deep; the limit is {DEEPEST}"));
    }
    let inside = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let trimmed = text.trim_start();
    let (name, rest) = trimmed.split_at(trimmed.find(|c| !inside(c)).unwrap_or(trimmed.len()));
    let extras = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next());
    let mut words = std::iter::once(name).chain(extras.into_iter().flat_map(|list| list.split(',')));
    let wrong = words.find(|word| word.trim().ends_with(['-', '_', '.']))?;
    Some(format!("`{}` does not end with a letter or a digit, as names do", wrong.trim()))
}

/// Splits `name @ ./path ; marker`, where what stands behind the `@` is not an address.
fn split_local(text: &str) -> (&str, Option<&str>, &str) {
    let Some((front, behind)) = text.split_once('@') else { return (text, None, "") };
    let named = front.trim().chars().all(|c| c.is_alphanumeric() || "-_.[], ".contains(c))
        && !front.trim().is_empty();
    // PEP 508: the marker of a requirement with an address begins at ` ;`.
    let (path, marker) = match behind.find(" ;").or_else(|| behind.find("\t;")) {
        Some(at) => behind.split_at(at),
        None => (behind, ""),
    };
    let path = path.trim();
    let address = path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    if named && !address && !path.is_empty() {
        (front.trim(), Some(path), marker.trim())
    } else {
        (text, None, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Requirement::parse(text, "requires").expect("a requirement").target
    }

    #[test]
    fn paths_and_versions_are_told_apart() {
        assert_eq!(target("a @ ./folder"), Target::Local("./folder".into()));
        assert_eq!(target("a@../with space/x"), Target::Local("../with space/x".into()));
        assert_eq!(
            target("a[b] @ x-1-py3-none-any.whl ; os_name == 'posix'"),
            Target::Local("x-1-py3-none-any.whl".into())
        );
        assert_eq!(target("a @ file:///srv/x"), Target::Local("/srv/x".into()));
        assert_eq!(target("a >=2, <3 ; python_version > '3'"), Target::Index(">=2, <3".into()));
        assert_eq!(target("A.b_c"), Target::Index(String::new()));
    }

    #[test]
    fn what_is_wrong_is_shown() {
        let deep = format!("a ; {}", "(".repeat(100_000));
        let names = ["a.", "a-", "a_ >= 1", "a[b.]", "a[b, c-] @ ./x", "a. @ ./x", deep.as_str()];
        for text in ["numpy>>2", "num py", "", "./folder", "@ ./x", "a @ "].iter().chain(&names) {
            let error = Requirement::parse(text, "requires").expect_err(text).to_string();
            assert!(error.contains(&format!("`{text}` in requires")), "{error}");
        }
        let error =
            Requirement::parse("a @ https://example.invalid/a.whl", "requires").expect_err("an address");
        assert!(matches!(error, RequirementError::Address { .. }), "{error}");
    }
}
