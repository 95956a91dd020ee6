//! Which definition a reference finds: `check_match`, `do_lookup_x` and `_dl_lookup_symbol_x` in `elf/dl-lookup.c`.
//!
//! Deliberately not here: which scopes (`bind`), and what happens to the address.

use std::ops::Range;
use std::sync::Arc;

use elf_facts::{Definition, Facts};

use crate::filter::Filter;
use crate::library::{Library, VersionId};
use crate::object::{ObjectId, Role};

/// What the relocation is for (`elf_machine_type_class`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeClass {
    /// An address.
    Any,
    /// ELF_RTYPE_CLASS_PLT: a call, or thread-local data. A program's table entry for a function is no definition.
    Plt,
    /// ELF_RTYPE_CLASS_COPY: the program itself is not looked at.
    Copy,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) hash: u32,
    pub(crate) version: VersionId,
    pub(crate) class: TypeClass,
}

/// An object of a scope.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) id: ObjectId,
    pub(crate) role: Role,
    pub(crate) library: &'a Library,
    pub(crate) facts: &'a Facts,
}

/// A definition that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// The place of the object in the scope.
    pub(crate) at: u32,
    pub(crate) definition: u32,
    /// STB_GNU_UNIQUE: what the table of such symbols has counts.
    pub(crate) unique: bool,
    /// The definition is SHN_UNDEF with a value, which only an address may bind to.
    pub(crate) undefined: bool,
}

/// All objects that a lookup goes through.
pub(crate) struct Flat<'a> {
    pub(crate) candidates: Vec<Candidate<'a>>,
    /// Which of them are the global scope, and what those define at most.
    pub(crate) global: Range<usize>,
    pub(crate) filter: Arc<Filter>,
}

/// Looks `wanted` up in `scope`: the first object that defines it gives the definition, weak ones too.
pub(crate) fn lookup<'a>(scope: &Flat<'a>, wanted: Wanted<'a>) -> Option<Hit> {
    let Range { start, end } = scope.global;
    if !scope.filter.may_hold(wanted.hash) {
        return within(scope, 0..start, wanted)
            .or_else(|| within(scope, end..scope.candidates.len(), wanted));
    }
    within(scope, 0..scope.candidates.len(), wanted)
}

fn within<'a>(scope: &Flat<'a>, places: Range<usize>, wanted: Wanted<'a>) -> Option<Hit> {
    for at in places {
        let candidate = &scope.candidates[at];
        if wanted.class == TypeClass::Copy && candidate.role == Role::Program {
            continue;
        }
        let Some(symbol) = matching(candidate, &wanted) else { continue };
        // STB_LOCAL and the reserved bindings are "ignored", and the search goes on.
        let unique = match symbol.info >> 4 {
            1 | 2 => false,
            10 => true,
            _ => continue,
        };
        let definition = place(candidate.facts, symbol);
        return Some(Hit { at: at as u32, definition, unique, undefined: symbol.is_undefined() && !unique });
    }
    None
}

/// The definition of one object that matches (`check_match`, and the end of `do_lookup_x`'s walk).
fn matching<'a>(candidate: &Candidate<'a>, wanted: &Wanted<'a>) -> Option<&'a Definition> {
    let (facts, library) = (candidate.facts, candidate.library);
    let mut named = facts.definitions.named(&facts.names, wanted.name, wanted.hash);
    let (mut newest, mut versions) = (None, 0);
    let found = named.find(|symbol| {
        if !is_definition(symbol, wanted.class) {
            return false;
        }
        let number = symbol.version.number();
        if !library.has_versions() {
            return true;
        }
        if wanted.version != VersionId::NONE {
            // The version that is asked for, or a symbol without one that is not hidden.
            let has = library.version(symbol.version);
            return has == wanted.version || (has == VersionId::NONE && !symbol.version.is_hidden());
        }
        // Without a version: the base one or the first (the oldest) of the file's. Else one that is not hidden, if it
        // is the only one.
        if number < 3 {
            return true;
        }
        if !symbol.version.is_hidden() {
            versions += 1;
            newest = newest.or(Some(*symbol));
        }
        false
    });
    found.or(if versions == 1 { newest } else { None })
}

/// Whether a symbol defines anything for this class of relocation.
fn is_definition(symbol: &Definition, class: TypeClass) -> bool {
    // STT_NOTYPE, OBJECT, FUNC, COMMON, TLS and GNU_IFUNC; not sections and files.
    const ALLOWED: u16 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 | 1 << 6 | 1 << 10;
    let without_value = symbol.is_without_value() && !symbol.is_absolute() && !symbol.is_tls();
    let is_entry = class == TypeClass::Plt && symbol.is_undefined();
    !without_value && !is_entry && ALLOWED >> symbol.kind() & 1 != 0
}

/// The place of `symbol` in the table that it was taken from.
fn place(facts: &Facts, symbol: &Definition) -> u32 {
    let start = std::ptr::from_ref(facts.definitions.all()).addr();
    ((std::ptr::from_ref(symbol).addr() - start) / size_of::<Definition>()) as u32
}
