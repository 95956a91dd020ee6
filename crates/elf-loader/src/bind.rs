//! Relocating one object: each reference is looked up in the object's scopes (`_dl_relocate_object` and `resolve_map`
//! in `elf/dl-reloc.c`).
//!
//! Deliberately not here: what is written where; a relocation is nothing here but its symbol and its class.

use std::sync::Arc;

use elf_facts::{Tls, Uses};

use crate::error::{Failure, LoadError, MissingSymbol};
use crate::load::Binding;
use crate::lookup::{Candidate, Flat};
use crate::object::{Object, ObjectId, Scope};
use crate::process::Process;
use crate::resolve::Resolved;
use crate::tls::NoRoom;
use crate::unique::Unique;

impl Process {
    /// Relocates object `id`, adding to `bindings`. `lazy`: calls are bound later, and may stay unbound.
    pub(crate) fn relocate(
        &mut self,
        id: ObjectId,
        lazy: bool,
        bindings: &mut Vec<Binding>,
    ) -> Result<(), LoadError> {
        let head = &self.object(id).facts().head;
        let (lazy, own_static_tls) = (lazy && !head.flags.bind_now, head.own_static_tls);
        let first = bindings.len();
        let missing = self.look_up(id, lazy, true, bindings);
        if !missing.is_empty() {
            let object = self.object(id).path.clone();
            return Err(LoadError { object, needed_by: None, failure: Failure::Symbols(missing) });
        }
        if own_static_tls {
            self.need_static_tls(id)?;
        }
        for binding in &bindings[first..] {
            if binding.uses.any(Uses::TLS_OFFSET) {
                self.need_static_tls(binding.to)?;
            } else if binding.uses.any(Uses::TLS_DESCRIPTOR) {
                // TRY_STATIC_TLS: faster if there is room, and fine without.
                let _ = self.take_static_tls(binding.to, true);
            }
        }
        self.change(id).relocated = true;
        Ok(())
    }

    /// What the references of object `id` would bind to if they were looked up now, as functions that are bound at
    /// their first call are.
    pub fn bindings_now(&self, id: ObjectId) -> Vec<Binding> {
        let mut bindings = Vec::new();
        self.clone().look_up(id, false, false, &mut bindings);
        bindings
    }

    /// Looks all references of object `id` up; returns the symbols that are missing.
    fn look_up(
        &mut self,
        id: ObjectId,
        lazy: bool,
        enters: bool,
        bindings: &mut Vec<Binding>,
    ) -> Vec<MissingSymbol> {
        let objects = self.objects.clone();
        let object = &objects[id.index()];
        let (facts, library) = (object.facts(), object.library());
        let scope = self.flat_scope(&objects, object, id);
        let resolution = self.system.resolution(library, id, &scope);
        let mut unique = Unique { table: &mut self.unique, objects: &objects, enters };
        bindings.extend(resolution.found.iter().map(|found| {
            let Resolved { reference, at, definition, uses, .. } = *found;
            let to = scope.candidates.get(at as usize).map_or(id, |candidate| candidate.id);
            let (mut to, mut definition) = (to, definition);
            if found.unique {
                let asked = &facts.references[reference as usize];
                let copy = found.copies.then_some((id, asked.own));
                (to, definition) = unique.enter(facts.name_of(asked), asked.hash, (to, definition), copy);
            }
            let lazy = lazy && uses == Uses::CALL;
            Binding { from: id, reference, to, definition, uses, lazy, unique: found.unique }
        }));
        let references = resolution.missing.iter().map(|at| &facts.references[*at as usize]);
        let missing =
            references.filter(|reference| !(lazy && reference.uses == Uses::CALL)).map(|reference| {
                let version = facts.version(reference.version).filter(|version| !version.base);
                MissingSymbol {
                    needed_by: object.path.clone(),
                    symbol: facts.names.name(reference.name),
                    version: version.map(|version| version.name.clone()),
                }
            });
        missing.collect()
    }

    /// The objects of all scopes of `object`, each once: a second look into one finds no more than the first.
    fn flat_scope<'a>(&self, objects: &'a [Arc<Object>], object: &Object, id: ObjectId) -> Flat<'a> {
        let mut seen = vec![false; objects.len()];
        let mut flat = Flat { candidates: Vec::new(), global: 0..0, filter: self.filter.clone() };
        for scope in &object.scopes {
            let own = [id];
            let list = match scope {
                Scope::Global => &self.global[..],
                Scope::Own => &own[..],
                Scope::Of(root) => objects[root.index()].search_list.as_deref().unwrap_or_default(),
            };
            let start = flat.candidates.len();
            for id in list {
                if !std::mem::replace(&mut seen[id.index()], true) {
                    let object = &objects[id.index()];
                    let library = &**object.library();
                    let facts = &*library.facts;
                    flat.candidates.push(Candidate { id: *id, role: object.role, library, facts });
                }
            }
            if *scope == Scope::Global {
                flat.global = start..flat.candidates.len();
            }
        }
        flat
    }

    /// CHECK_STATIC_TLS: the block of `id` must be static.
    fn need_static_tls(&mut self, id: ObjectId) -> Result<(), LoadError> {
        self.take_static_tls(id, false).map_err(|NoRoom { needed, left }| LoadError {
            object: self.object(id).path.clone(),
            needed_by: None,
            failure: Failure::StaticTls { needed, left },
        })
    }

    fn take_static_tls(&mut self, id: ObjectId, optional: bool) -> Result<(), NoRoom> {
        if self.object(id).static_tls {
            return Ok(());
        }
        // A file without PT_TLS that defines a thread-local symbol is damaged; it takes no room.
        let block = self.object(id).facts().head.tls.unwrap_or(Tls { size: 0, align: 1 });
        self.static_block.take(block, optional)?;
        self.change(id).static_tls = true;
        Ok(())
    }
}
