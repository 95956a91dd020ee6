//! Which loaded object a name or a file is already: by name, by SONAME, by device and inode (`_dl_map_object` and
//! `_dl_map_object_from_fd` in `elf/dl-load.c`).
//!
//! glibc walks its list and takes the first object that matches. A name is only ever given to a new object when
//! no object has it, so a table that keeps the first says the same.
//! Deliberately not here: looking for a file.

use std::collections::HashMap;
use std::sync::Arc;

use crate::files::Identity;
use crate::object::{By, Object, ObjectId};

/// The names and identities of what is loaded.
#[derive(Clone, Default)]
pub(crate) struct Names {
    ids: HashMap<Arc<[u8]>, ObjectId>,
    identities: HashMap<Identity, ObjectId>,
}

impl Names {
    /// Adds all names of `object`.
    pub(crate) fn add(&mut self, id: ObjectId, object: &Object) {
        for name in &object.names {
            self.add_name(id, name.clone());
        }
        // The program's path is not known to glibc, so that it matches nothing.
        if id != ObjectId::PROGRAM {
            self.add_name(id, object.path.as_bytes().into());
        }
        if let Some(soname) = object.soname() {
            self.add_name(id, soname.as_bytes().into());
        }
        if let Some(identity) = object.identity {
            self.identities.entry(identity).or_insert(id);
        }
    }

    /// Adds one more name (`add_name_to_object`).
    pub(crate) fn add_name(&mut self, id: ObjectId, name: Arc<[u8]>) {
        self.ids.entry(name).or_insert(id);
    }

    /// The object that `name` is.
    pub(crate) fn get(&self, name: &[u8]) -> Option<ObjectId> {
        self.ids.get(name).copied()
    }

    /// The object that is this file.
    pub(crate) fn file(&self, identity: Identity) -> Option<ObjectId> {
        self.identities.get(&identity).copied()
    }
}

/// By what `name` matched `object`. A name that is also its SONAME counts as that, which is what a reader looks for.
pub(crate) fn matched(object: &Object, name: &[u8]) -> By {
    if object.soname().is_some_and(|soname| soname.as_bytes() == name) { By::Soname } else { By::Name }
}
