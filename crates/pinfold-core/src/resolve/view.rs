//! A view: which units provide a name, for those who see one set of units.
//!
//! The view of a few units is put together at the first question. That of a closure of an index is not: each name
//! is looked up in the index when somebody asks for it. Deliberately not here: who has which view.

use std::collections::HashMap;
use std::sync::Arc;

use elsa::FrozenMap;

use super::{Entry, UnitIndex};
use crate::closure::Provided;
use crate::index::Image;

/// What some units provide, as one `site-packages` with all of them would.
pub struct View {
    known: FrozenMap<String, Box<Entry>>,
    /// The closure, and where to look up what is not known yet.
    of: Option<(Arc<Image>, usize)>,
}

impl View {
    pub(super) fn whole(known: HashMap<String, Box<Entry>>) -> Self {
        View { known: known.into(), of: None }
    }

    pub(super) fn of_closure(image: Arc<Image>, closure: usize) -> Self {
        View { known: FrozenMap::new(), of: Some((image, closure)) }
    }

    /// What stands under `name`.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        if let Some(known) = self.known.get(name) {
            return Some(known);
        }
        let (image, closure) = self.of.as_ref()?;
        let mut providers = image.providers(name).filter(|&(unit, _)| image.has(*closure, unit));
        let (unit, provided) = providers.next()?;
        let mut entry = Entry::new(unit, provided);
        providers.for_each(|(unit, provided)| entry.add(unit, provided));
        entry.deep = image.providers_below(name).any(|unit| image.has(*closure, unit));
        Some(self.known.insert(name.to_owned(), Box::new(entry)))
    }
}

impl Entry {
    pub(super) fn new(unit: UnitIndex, provided: Provided) -> Self {
        Entry { provided, units: vec![unit], deep: false }
    }

    pub(super) fn add(&mut self, unit: UnitIndex, provided: Provided) {
        // A folder with `__init__` wins over one without, whoever came first.
        if self.provided == Provided::Namespace && provided != Provided::Namespace {
            self.provided = provided;
            self.units.insert(0, unit);
        } else {
            self.units.push(unit);
        }
    }
}
