//! Which file a library is that `ctypes` opens, where the code says no more than a name in a folder that it computes.
//!
//! Deliberately not here: names without a folder, which the loader looks for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use python_facts::Place;

use crate::environment::Environment;

/// The native files of an environment, by name.
pub(super) struct Places<'a> {
    by_name: HashMap<&'a str, Vec<&'a Path>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(environment: &'a Environment) -> Self {
        let mut by_name: HashMap<&str, Vec<&Path>> = HashMap::new();
        for path in environment.distributions.iter().flat_map(|distribution| &distribution.native) {
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                by_name.entry(name).or_default().push(path);
            }
        }
        Self { by_name }
    }

    /// The file at `place`, as the code in `source` says: of several of one name, the one that shares most of its path
    /// with the source.
    pub(super) fn find(&self, place: &Place, source: &Path) -> Option<PathBuf> {
        match place {
            Place::Path(path) => Some(PathBuf::from(path)).filter(|path| path.is_absolute()),
            Place::File(name) => {
                let shared = |path: &&&Path| {
                    let both = path.components().zip(source.components());
                    both.take_while(|(a, b)| a == b).count()
                };
                self.by_name.get(name.as_str())?.iter().max_by_key(shared).map(|path| path.to_path_buf())
            }
            Place::Name(_) | Place::Stem(_) | Place::Program | Place::Unknown => None,
        }
    }
}
