//! A binding in words: names and versions, for reports and for comparison with the real loader.
//!
//! Deliberately not here: demangling.

use elf_facts::{Name, gnu_hash};

use crate::load::{Binding, Load};
use crate::object::ObjectId;
use crate::process::Process;

/// The symbol of a binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    /// Its name.
    pub name: Name,
    /// The version that the reference asks for.
    pub version: Option<Name>,
}

impl Load {
    /// The symbol that a binding is about.
    pub fn symbol(&self, process: &Process, binding: &Binding) -> Option<Symbol> {
        let facts = self.object(process, binding.from).facts();
        let reference = facts.references.get(binding.reference as usize)?;
        let version = facts.version(reference.version).filter(|version| !version.base);
        Some(Symbol {
            name: facts.names.name(reference.name),
            version: version.map(|version| version.name.clone()),
        })
    }
}

impl Process {
    /// The first object of the global scope that defines `name`, whatever the version: who calls `dlopen` for an
    /// import is where CPython's own functions are, the program or its libpython.
    pub fn global_definer(&self, name: &[u8]) -> Option<ObjectId> {
        let hash = gnu_hash(name);
        let defines = |id: &ObjectId| {
            let facts = self.object(*id).facts();
            facts.definitions.named(&facts.names, name, hash).any(|symbol| !symbol.is_undefined())
        };
        self.global_scope().iter().copied().find(defines)
    }
}
