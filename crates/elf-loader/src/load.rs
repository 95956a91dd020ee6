//! What one `dlopen` did, or the start of the program.
//!
//! Deliberately not here: how it is shown.

use std::sync::Arc;

use elf_facts::{Definition, Reference, Uses};

use crate::error::LoadError;
use crate::object::{Found, Object, ObjectId};
use crate::process::Process;

/// The mode of a `dlopen`. The default is what CPython asks for extension modules: RTLD_NOW and RTLD_LOCAL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// RTLD_GLOBAL: what was opened and what it needs go to the global scope.
    pub global: bool,
    /// RTLD_LAZY: functions are bound at their first call.
    pub lazy: bool,
    /// RTLD_DEEPBIND: the new objects' own scope comes before the global one.
    pub deep: bool,
}

/// What one `dlopen` did.
#[derive(Clone, Debug)]
pub struct Load {
    /// The object that was asked for, or why nothing was loaded.
    pub result: Result<ObjectId, LoadError>,
    /// The id of the first of [`Load::objects`].
    pub first: ObjectId,
    /// What was loaded for it, breadth first; what a failure unloaded again, too.
    pub objects: Vec<Arc<Object>>,
    /// How each name came to its object: the opened one first, then each DT_NEEDED of each new object.
    pub edges: Vec<Edge>,
    /// What the references of the new objects bound to, by object in the order of relocation. References that stay
    /// without a definition (weak ones) have no entry.
    pub bindings: Vec<Binding>,
}

/// A name and what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The object that needs it; `None` for the name that was opened.
    pub from: Option<ObjectId>,
    /// Which of the object's DT_NEEDED.
    pub needed: u32,
    /// The object.
    pub to: ObjectId,
    /// How it was found.
    pub found: Found,
}

/// One reference of one object, and the definition that it is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The object whose relocations ask.
    pub from: ObjectId,
    /// Which of its [`elf_facts::Facts::references`].
    pub reference: u32,
    /// The object that defines the symbol.
    pub to: ObjectId,
    /// Which of its definitions ([`elf_facts::Definitions::get`]).
    pub definition: u32,
    /// The relocations that are bound so: most references have one binding for all of their uses.
    pub uses: Uses,
    /// Bound at the first call only, and then to what the scopes hold by then; this is what they hold now.
    pub lazy: bool,
    /// The table of unique symbols decided, not the scopes.
    pub unique: bool,
}

impl Load {
    /// An object of the load or of the process that it was made in.
    pub fn object<'a>(&'a self, process: &'a Process, id: ObjectId) -> &'a Arc<Object> {
        let new = id.index().checked_sub(self.first.index()).and_then(|at| self.objects.get(at));
        new.unwrap_or_else(|| process.object(id))
    }

    /// The new objects with their ids.
    pub fn new_objects(&self) -> impl Iterator<Item = (ObjectId, &Arc<Object>)> {
        let first = self.first.0;
        self.objects.iter().zip(first..).map(|(object, id)| (ObjectId(id), object))
    }

    /// The reference of a binding.
    pub fn reference<'a>(&'a self, process: &'a Process, binding: &Binding) -> Option<&'a Reference> {
        self.object(process, binding.from).facts().references.get(binding.reference as usize)
    }

    /// The definition of a binding.
    pub fn definition<'a>(&'a self, process: &'a Process, binding: &Binding) -> Option<&'a Definition> {
        self.object(process, binding.to).facts().definitions.get(binding.definition)
    }
}
