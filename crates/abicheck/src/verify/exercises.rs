//! What packages are tried with after their import: a few lines each, on made-up data.
//!
//! Many conflicts show only when a library is used. The user's own come first, then those of `exercises.toml`.
//! Rules never look here: which packages are in the table changes no finding.
//! Deliberately not here: running them.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::config::{UserExercise, bare};

/// An exercise of the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// Names of distributions.
    distributions: Vec<String>,
    /// What of them it uses, and why that.
    #[cfg_attr(not(test), expect(dead_code, reason = "for those who read the table"))]
    reason: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    exercise: Vec<Known>,
}

/// A defect in the table leaves it empty; a test sees it.
static TABLE: LazyLock<Vec<Known>> = LazyLock::new(|| {
    toml::from_str::<Table>(include_str!("exercises.toml"))
        .map_or_else(|_| Vec::new(), |table| table.exercise)
});

/// Code by the normalised name of a distribution.
#[derive(Default)]
pub(super) struct Exercises {
    by_name: HashMap<String, String>,
}

impl Exercises {
    /// Those of the table, and the user's `own`, which win.
    pub(super) fn new(own: &[UserExercise]) -> Self {
        let known = TABLE
            .iter()
            .flat_map(|one| one.distributions.iter().map(|name| (name.clone(), one.code.clone())));
        let own = own.iter().map(|one| (one.distribution.clone(), one.code.clone()));
        Self { by_name: known.chain(own).collect() }
    }

    /// The code for the package that findings call `name`.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.by_name.get(&bare(name)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_read_and_says_why() {
        assert!(TABLE.len() > 10, "exercises.toml is not read: {} entries", TABLE.len());
        let mut names = BTreeSet::new();
        for one in TABLE.iter() {
            assert!(one.reason.len() > 20 && one.code.contains("import "), "{:?}", one.distributions);
            for name in &one.distributions {
                assert_eq!(*name, bare(name), "names are normalised");
                assert!(names.insert(name), "{name} is there twice");
            }
        }
    }

    #[test]
    fn the_users_own_wins() {
        let own = UserExercise {
            distribution: "h5py".into(),
            code: "import h5py".into(),
            place: "abicheck.toml:2".into(),
        };
        let exercises = Exercises::new(std::slice::from_ref(&own));
        assert_eq!(exercises.of("H5py==3.11.0"), Some("import h5py"));
        assert_ne!(Exercises::default().of("h5py"), Some("import h5py"));
        assert_eq!(Exercises::new(&[]).of("nothing-of-this-name"), None);
    }
}
