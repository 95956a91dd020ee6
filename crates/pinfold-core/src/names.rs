//! Names: PEP 503 normal forms, unit identifiers, and qualified module names.
//!
//! Deliberately not here: parsing of requirements or versions; that is uv's work.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Separates the unit from the module in a qualified name: `numpy@3f9a0c12d4e5:numpy.core`.
///
/// A colon cannot stand in a module name that an `import` statement could write, and the part before it has
/// no dot, so that `name.rpartition(".")`, which importlib applies to find a parent, stays inside the unit.
pub const QUALIFIER: char = ':';

/// How many hexadecimal digits of a unit's hash its identifier shows.
pub const ID_DIGITS: usize = 12;

/// The name of the closure of the user's own code.
pub const ROOT: &str = "root";

/// PEP 503: runs of `-`, `_` and `.` become one `-`, letters become lower case.
pub fn normalize(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// Whether it is the name of a distribution, as PEP 508 has them, however it is spelled.
pub fn is_name(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|c| ends(c) || matches!(c, '-' | '_' | '.'))
}

/// The one of `known` that looks most like `asked`, if one looks like a slip of the pen.
pub fn nearest<T: AsRef<str>>(asked: &str, known: impl IntoIterator<Item = T>) -> Option<T> {
    let asked = asked.to_lowercase();
    let likeness = |other: &T| {
        let other = other.as_ref().to_lowercase();
        // Two letters that changed places make a short name look like another to measures of likeness.
        if strsim::osa_distance(&asked, &other) == 1 { 1.0 } else { strsim::jaro_winkler(&asked, &other) }
    };
    let near = known.into_iter().map(|other| (likeness(&other), other)).filter(|near| near.0 > 0.8);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|near| near.1)
}

/// Identifies a unit inside an environment and in qualified names: `numpy@3f9a0c12d4e5`.
///
/// Invariant: a normalised distribution name (which has no dot and no colon), `@`, and the first
/// [`ID_DIGITS`] digits of the unit's Merkle hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(String);

impl UnitId {
    /// The identifier of distribution `name` with Merkle hash `hash` (hexadecimal, at least 12 digits).
    pub fn new(name: &str, hash: &str) -> Self {
        let digits = hash.get(..ID_DIGITS).unwrap_or(hash);
        UnitId(format!("{}@{digits}", normalize(name)))
    }

    /// The identifier that was written down as this text.
    pub(crate) fn stored(text: &str) -> Self {
        UnitId(text.to_owned())
    }

    /// Whether it is what a qualified name can be split after: a name and a hash around an `@`, without a dot
    /// or a colon.
    pub fn is_well_formed(&self) -> bool {
        let parts = self.0.split_once('@');
        parts.is_some_and(|(name, hash)| !name.is_empty() && !hash.is_empty() && !hash.contains('@'))
            && !self.0.contains(['.', QUALIFIER])
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name under which `module` of `unit` can be asked for from anywhere.
pub fn qualify(unit: &str, module: &str) -> String {
    format!("{unit}{QUALIFIER}{module}")
}

/// Splits a qualified name into unit and module; `None` for an ordinary name.
pub fn split_qualified(name: &str) -> Option<(&str, &str)> {
    let (unit, module) = name.split_once(QUALIFIER)?;
    (unit.contains('@') && !unit.contains('.')).then_some((unit, module))
}

/// The first component of a dotted module name.
pub fn top(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_forms_follow_pep_503() {
        for (given, normal) in [("Flask", "flask"), ("ruamel.yaml", "ruamel-yaml"), ("a__b-.c", "a-b-c")] {
            assert_eq!(normalize(given), normal);
        }
    }

    #[test]
    fn a_qualified_name_splits_where_it_was_joined() {
        let id = UnitId::new("Ruamel.YAML", "3f9a0c12d4e5ffff");
        assert_eq!(id.as_str(), "ruamel-yaml@3f9a0c12d4e5");
        let name = qualify(id.as_str(), "ruamel.yaml");
        assert_eq!(split_qualified(&name), Some((id.as_str(), "ruamel.yaml")));
        assert_eq!(split_qualified("a.b"), None);
        assert_eq!(split_qualified("pkg.mod:attr"), None, "an entry point is not a qualified name");
    }
}
