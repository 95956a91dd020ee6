//! The table of what reading does not tell (`known.toml`): extension modules whose flags depend on more than their
//! importer's code, and libraries whose path is computed.
//!
//! Deliberately not here: opening anything.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

/// The table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    module: Vec<KnownModule>,
    library: Vec<KnownLibrary>,
}

/// An extension module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownModule {
    /// Its full name.
    name: String,
    /// Whether it is opened with RTLD_GLOBAL.
    global: bool,
    /// A file beside it that must have `says` in it for this to hold.
    file: Option<String>,
    says: Option<String>,
    /// Why reading does not tell.
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the table; a test asks for it"))]
    reason: String,
}

/// A library that importing a module opens first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownLibrary {
    /// The full name of a package.
    module: String,
    /// The file, from the package's folder.
    path: String,
    /// RTLD_GLOBAL.
    global: bool,
    /// Why reading does not tell.
    #[cfg_attr(not(test), expect(dead_code, reason = "for who reads the table; a test asks for it"))]
    reason: String,
}

impl Known {
    /// The table that this program has.
    pub(super) fn table() -> &'static Self {
        static TABLE: OnceLock<Known> = OnceLock::new();
        // The file is part of the program; a test reads it.
        TABLE.get_or_init(|| toml::from_str(include_str!("known.toml")).unwrap_or_default())
    }

    /// Whether the extension module `name` in the file at `path` is opened with RTLD_GLOBAL, where the table knows.
    pub(super) fn global(&self, name: &str, path: &Path) -> Option<bool> {
        let known = self.module.iter().find(|known| known.name == name)?;
        let holds = match (&known.file, &known.says) {
            (Some(file), Some(says)) => {
                let text = std::fs::read_to_string(path.with_file_name(file)).ok()?;
                text.contains(says.as_str())
            }
            _ => true,
        };
        holds.then_some(known.global)
    }

    /// The libraries that importing the package `name` in `folder` opens first, with whether each goes to everyone.
    pub(super) fn libraries(&self, name: &str, folder: &Path) -> impl Iterator<Item = (PathBuf, bool)> {
        let known = self.library.iter().filter(move |known| known.module == name);
        known.map(|known| (folder.join(&known.path), known.global)).filter(|(path, _)| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn the_table_is_read_and_each_line_has_a_reason() {
        let known = Known::table();
        assert!(!known.module.is_empty() && !known.library.is_empty());
        let reasons = known.module.iter().map(|one| &one.reason);
        assert!(reasons.chain(known.library.iter().map(|one| &one.reason)).all(|reason| reason.len() > 20));
    }

    #[test]
    fn a_line_holds_where_the_file_beside_says_so() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let table = "library = []\n[[module]]\nname = \"a._c\"\nglobal = false\nfile = \"flags.py\"\nsays = \"WIDE = False\"\nreason = \"a test\"\n";
        let known: Known = toml::from_str(table).expect("a table");
        let module = folder.path().join("_c.so");
        assert_eq!(known.global("a._c", &module), None, "no such file");
        for (text, expect) in [("WIDE = True\n", None), ("WIDE = False\n", Some(false))] {
            std::fs::write(folder.path().join("flags.py"), text).expect("the folder can be written to");
            assert_eq!(known.global("a._c", &module), expect, "{text}");
        }
        assert_eq!(known.global("a._d", &module), None);
    }
}
