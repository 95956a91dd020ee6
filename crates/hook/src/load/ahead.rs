//! Whether anything that stands on `sys.path` ahead of the units answers for a top-level name.
//!
//! For root that is the current folder, `PYTHONPATH`, the standard library; for a unit with a view of its own,
//! folders of its own that it put there. Asks what `FileFinder` knows of its folder, as long as the folder has
//! not changed since; a folder that it does not know yet, or that another kind of finder searches, is a reason to
//! leave the import to importlib. Source: `PathFinder` and `FileFinder` in `Lib/importlib/_bootstrap_external.py`.
//! Deliberately not here: finding (`finder` does, by the same rule).

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;

use pinfold_core::resolve::{Importer, UnitIndex};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString};

use crate::finder;
use crate::paths;
use crate::state::State;

/// What an entry of `sys.path` is.
#[derive(Clone, Copy)]
enum Entry {
    /// The environment's own site-packages, or inside: what root finds behind it comes after the units.
    Site,
    /// In the folder of this unit.
    Unit(UnitIndex),
    Other,
}

/// The stems of the files of a folder, as its finder last listed them.
struct Listing {
    cache: Py<PyAny>,
    stems: HashSet<String>,
}

pub(super) struct Ahead {
    file_finder: Py<PyAny>,
    /// Entries of `sys.path` under the state that they were looked at with.
    entries: RefCell<HashMap<String, Entry>>,
    known_to: Cell<*const State>,
    listings: RefCell<HashMap<String, Listing>>,
}

impl Ahead {
    pub(super) fn new(external: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Ahead {
            file_finder: external.getattr("FileFinder")?.unbind(),
            entries: RefCell::default(),
            known_to: Cell::new(std::ptr::null()),
            listings: RefCell::default(),
        })
    }

    /// Whether the units' tables are the first to know `name`; false also where it cannot be told from here.
    pub(super) fn is_clear(
        &self,
        py: Python<'_>,
        state: &State,
        importer: Importer,
        name: &str,
    ) -> PyResult<bool> {
        let viewer = state.resolver.own_view(importer);
        let Some(path) = super::sys(py, c"path") else { return Ok(false) };
        let Some(path) = super::entries(&path) else { return Ok(false) };
        let units = &state.resolver.env().units;
        for entry in path.iter() {
            // `PathFinder` skips what is no string.
            let Ok(entry) = entry.cast_into_exact::<PyString>() else { return Ok(false) };
            let Ok(text) = entry.to_str() else { return Ok(false) };
            match (self.entry(state, text), viewer) {
                (Entry::Site, None) => return Ok(true),
                (Entry::Unit(unit), None) if !state.resolver.in_root(unit) => {}
                (Entry::Other, None) if paths::is_seen(state, text, None) == Some(false) => {}
                (Entry::Other, Some(_)) if paths::is_seen(state, text, None).is_some() => return Ok(false),
                (_, None) => {
                    if !self.folder_lacks(py, state, text, name)? {
                        return Ok(false);
                    }
                }
                (Entry::Unit(owner), Some(unit)) if units[owner].path == units[unit].path => {
                    if std::path::Path::new(text) != units[unit].path {
                        return Ok(false);
                    }
                }
                (_, Some(_)) => {}
            }
        }
        Ok(true)
    }

    fn entry(&self, state: &State, text: &str) -> Entry {
        let mut entries = self.entries.borrow_mut();
        if self.known_to.replace(state) != std::ptr::from_ref(state) {
            entries.clear();
        }
        if let Some(&known) = entries.get(text) {
            return known;
        }
        let entry = if state.is_in_site_packages(text) {
            Entry::Site
        } else {
            state.unit_of_origin(text).map_or(Entry::Other, Entry::Unit)
        };
        entries.insert(text.to_owned(), entry);
        entry
    }

    /// Whether the folder surely has no file or folder of this name.
    pub(super) fn folder_lacks(
        &self,
        py: Python<'_>,
        state: &State,
        folder: &str,
        name: &str,
    ) -> PyResult<bool> {
        let current;
        let folder = if folder.is_empty() {
            let Ok(path) = std::env::current_dir() else { return Ok(true) };
            let Some(path) = path.to_str() else { return Ok(false) };
            current = path.to_owned();
            current.as_str()
        } else if folder.starts_with('/') {
            folder
        } else {
            // Its finder remembers what it was relative to, which may not be the current folder any more.
            return Ok(false);
        };
        let Some(finders) = super::sys(py, c"path_importer_cache") else { return Ok(false) };
        let Ok(finders) = finders.cast_into_exact::<PyDict>() else { return Ok(false) };
        let Some(finder) = finders.get_item(folder)? else { return Ok(false) };
        if finder.is_none() {
            // No hook wants it: the zip file of the standard library, that is not there.
            return Ok(true);
        }
        if finder.get_type().as_ptr() != self.file_finder.as_ptr() {
            return Ok(false);
        }
        let Ok(known) = finder.getattr(intern!(py, "_path_mtime"))?.extract::<f64>() else {
            return Ok(false);
        };
        let Ok(metadata) = std::fs::metadata(folder) else { return Ok(false) };
        // As `os.stat` makes a float of it.
        let now = metadata.mtime() as f64 + 1e-9 * metadata.mtime_nsec() as f64;
        if now != known {
            // It would list the folder anew. What is not there now is not in the list.
            return Ok(is_free(state, folder, name));
        }
        let cache = finder.getattr(intern!(py, "_path_cache"))?;
        let mut listings = self.listings.borrow_mut();
        if let Some(listing) = listings.get(folder)
            && listing.cache.as_ptr() == cache.as_ptr()
        {
            return Ok(!listing.stems.contains(name));
        }
        if !cache.is_instance_of::<PySet>() {
            return Ok(false);
        }
        let files = finder::list(&cache)?;
        let stem = |file: Bound<'_, PyAny>| {
            let file = file.extract::<String>().ok()?;
            Some(file.split('.').next().unwrap_or_default().to_owned())
        };
        let stems: HashSet<String> = files.iter().filter_map(stem).collect();
        let lacks = !stems.contains(name);
        listings.insert(folder.to_owned(), Listing { cache: cache.unbind(), stems });
        Ok(lacks)
    }
}

/// Whether nothing in the folder could be this module: neither a folder of its name nor a file.
fn is_free(state: &State, folder: &str, name: &str) -> bool {
    let base = format!("{folder}/{name}");
    let suffixes = state.suffixes.iter().map(String::as_str).chain(["", ".py", ".pyc"]);
    suffixes.into_iter().all(|suffix| {
        let found = std::fs::symlink_metadata(format!("{base}{suffix}"));
        found.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    })
}
