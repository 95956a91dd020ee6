//! What is said when a module is not found: who asked, what was searched, why it may not be used, what to do.
//!
//! Deliberately not here: the search.

use pinfold_core::names;
use pinfold_core::resolve::{Denial, Importer};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::{Question, path_finder, sys_path};
use crate::frames;
use crate::owner;
use crate::paths::search_path;

impl Question<'_, '_> {
    /// What an import error says: the importer, the name, what was searched.
    pub(super) fn message(&self, denial: Option<&Denial>) -> String {
        let who = owner::describe(self.state, self.importer);
        let units = &self.state.resolver.env().units;
        let searched = match self.viewer {
            Some(unit) => {
                let names: Vec<&str> = units[unit]
                    .dependencies
                    .iter()
                    .map(|id| id.as_str().split('@').next().unwrap_or(""))
                    .collect();
                let declared = if names.is_empty() {
                    "no dependencies".to_owned()
                } else {
                    format!("its dependencies ({})", names.join(", "))
                };
                if denial == Some(&Denial::Undeclared) {
                    format!("its own modules and {declared}")
                } else if self.state.resolver.is_foreign(unit) {
                    "its world's units, what it shares with root, and sys.meta_path".to_owned()
                } else {
                    format!(
                        "its own modules, {declared}, its closures, the units that called it, root, and sys.meta_path"
                    )
                }
            }
            None => "sys.path and the units of root's closure".to_owned(),
        };
        let mut message = format!("No module named '{}' for importer {who}; searched: {searched}", self.text);
        if let Some(denial) = denial {
            message.push_str("; ");
            message.push_str(&self.state.resolver.explain(denial));
        }
        if let Some(what) = self.what_the_host_has() {
            let top = names::top(self.text);
            message.push_str(&format!(
                "\nhint: the process has {what}: `pinfold.attach(..., share=[\"{top}\"])` gives it to the world, or \
                 add it to the world's own environment"
            ));
        }
        message
    }

    /// For an importer of an attached world: what root has under the name.
    fn what_the_host_has(&self) -> Option<String> {
        let state = self.state;
        let unit = self.viewer?;
        state.resolver.abroad(unit, || frames::stack(state))?;
        let top = names::top(self.text);
        if let Some(entry) = state.resolver.view(Importer::Root).get(top) {
            let unit = &state.resolver.env().units[*entry.units.first()?];
            return Some(format!("{} {}", unit.name, unit.version));
        }
        let key = PyString::new(self.py, top);
        let loaded = !owner::item(state.storage, key.as_ptr()).is_null();
        let there = || {
            let path = search_path(self.py, state, Importer::Root).ok()?;
            let path = path.or_else(|| sys_path(self.py).ok().map(Bound::into_any))?;
            path_finder(self.py, state, &key, &path).ok()?
        };
        (loaded || there().is_some()).then(|| format!("a module `{top}`"))
    }
}
