//! What the references of a file find in a scope: a function of files alone, so that it is worked out once for all
//! processes, whatever else differs between them.
//!
//! Deliberately not here: the table of unique symbols, which depends on what came before (`bind` asks it).

use elf_facts::{Reference, Uses};

use crate::library::Library;
use crate::lookup::{Flat, Hit, TypeClass, Wanted, lookup};
use crate::object::ObjectId;

/// A reference and what it finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    /// The place in [`elf_facts::Facts::references`].
    pub(crate) reference: u32,
    /// The place in the scope; [`ITSELF`] for the asking object.
    pub(crate) at: u32,
    /// The place in the definitions of that object.
    pub(crate) definition: u32,
    /// The relocations that find it.
    pub(crate) uses: Uses,
    /// The lookup of a copy relocation.
    pub(crate) copies: bool,
    /// The table of unique symbols has the last word.
    pub(crate) unique: bool,
}

/// In [`Resolved::at`].
pub(crate) const ITSELF: u32 = u32::MAX;

/// Everything that a file's references find in one scope.
#[derive(Debug)]
pub(crate) struct Resolution {
    pub(crate) found: Vec<Resolved>,
    /// The references that find nothing, but for weak ones.
    pub(crate) missing: Vec<u32>,
}

/// What makes two resolutions the same: the file and the files of the scope, by their address. Files live as long as
/// their [`crate::System`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key(Box<[usize]>);

impl Key {
    pub(crate) fn new(library: &Library, scope: &Flat<'_>) -> Self {
        let files = scope.candidates.iter().map(|candidate| candidate.library);
        Self(std::iter::once(library).chain(files).map(|file| std::ptr::from_ref(file).addr()).collect())
    }
}

/// Looks all references of `library`, the file of object `id`, up in `scope`.
pub(crate) fn resolve(library: &Library, id: ObjectId, scope: &Flat<'_>) -> Resolution {
    let facts = &*library.facts;
    let mut found = Vec::with_capacity(facts.references.len());
    let mut missing = Vec::new();
    for (at, reference) in facts.references.iter().enumerate() {
        let wanted = Wanted {
            name: facts.name_of(reference),
            hash: reference.hash,
            version: library.version(reference.version),
            class: TypeClass::Any,
        };
        for (class, uses) in classes(reference.uses) {
            let Some(hit) = one(scope, reference, Wanted { class, ..wanted }, id) else {
                if !reference.is_weak() {
                    missing.push(at as u32);
                }
                break;
            };
            // A call finds what an address finds, unless that is a program's table entry for a function.
            let same = class == TypeClass::Any && !hit.undefined;
            found.push(Resolved {
                reference: at as u32,
                at: hit.at,
                definition: hit.definition,
                uses: if same { reference.uses } else { uses },
                copies: class == TypeClass::Copy,
                unique: hit.unique,
            });
            if same {
                break;
            }
        }
    }
    Resolution { found, missing }
}

/// One lookup, and what STV_PROTECTED makes of it (the end of `_dl_lookup_symbol_x`).
fn one<'a>(scope: &Flat<'a>, reference: &Reference, wanted: Wanted<'a>, asker: ObjectId) -> Option<Hit> {
    let hit = lookup(scope, wanted)?;
    let is_own =
        |hit: &Hit| scope.candidates.get(hit.at as usize).is_some_and(|candidate| candidate.id == asker);
    if !reference.is_protected() || !reference.is_defined_here() || is_own(&hit) {
        return Some(hit);
    }
    let itself = Hit { at: ITSELF, definition: reference.own, unique: false, undefined: false };
    if wanted.class == TypeClass::Plt {
        return Some(itself);
    }
    // An address that a program's table entry stands for stays that, unless a call would go elsewhere too.
    match lookup(scope, Wanted { class: TypeClass::Plt, ..wanted }) {
        Some(call) if !is_own(&call) => Some(itself),
        _ => Some(hit),
    }
}

/// The lookups that the uses of a reference take, in order: thread-local data is looked up as calls are
/// (`elf_machine_type_class`).
fn classes(uses: Uses) -> impl Iterator<Item = (TypeClass, Uses)> {
    let parts = [Uses::CALL, Uses::TLS_MODULE, Uses::TLS_OFFSET, Uses::TLS_DESCRIPTOR];
    let calls = parts.into_iter().filter(|part| uses.any(*part)).fold(Uses::default(), Uses::and);
    let copy = uses.any(Uses::COPY).then_some((TypeClass::Copy, Uses::COPY));
    let address = uses.any(Uses::ADDRESS).then_some((TypeClass::Any, Uses::ADDRESS));
    let calls = (!calls.is_empty()).then_some((TypeClass::Plt, calls));
    [copy, address, calls].into_iter().flatten()
}
