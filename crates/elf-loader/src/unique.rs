//! The table of STB_GNU_UNIQUE symbols: one definition of each name for the whole process, whatever the scopes
//! (`do_lookup_unique` in `elf/dl-lookup.c`).
//!
//! Deliberately not here: NODELETE, which such a symbol puts on its library; nothing is unloaded here but what failed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::object::{Object, ObjectId};

/// An object and the place of a definition in it.
pub(crate) type Place = (ObjectId, u32);

/// Each name's hash with the definitions of such names, the first that was looked up of each.
pub(crate) type Table = HashMap<u32, Vec<Place>>;

/// The table during one relocation.
pub(crate) struct Unique<'a> {
    pub(crate) table: &'a mut Arc<Table>,
    pub(crate) objects: &'a [Arc<Object>],
    /// Whether new names are entered; not when it is only asked what would be.
    pub(crate) enters: bool,
}

impl Unique<'_> {
    /// The definition for all, when a lookup of `name` came to `found`. `copy`: the lookup is a copy relocation's, and
    /// the copy is there.
    pub(crate) fn enter(&mut self, name: &[u8], hash: u32, found: Place, copy: Option<Place>) -> Place {
        let known = self.table.get(&hash).into_iter().flatten();
        let known = known.copied().find(|place| self.name(*place) == name);
        match known {
            // "We possibly have to initialize the central copy from the copy addressed through the relocation."
            Some(known) if copy.is_none() => return known,
            None if self.enters => {
                // A copied variable lives in the program from now on.
                Arc::make_mut(self.table).entry(hash).or_default().push(copy.unwrap_or(found));
            }
            _ => {}
        }
        found
    }

    fn name(&self, (object, definition): Place) -> &[u8] {
        let Some(object) = self.objects.get(object.index()) else { return b"" };
        let facts = object.facts();
        facts.definitions.get(definition).map_or(&b""[..], |symbol| facts.names.bytes(symbol.name))
    }
}
