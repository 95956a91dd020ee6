//! Whether an edited copy says to the loader what the original says, but for what was asked for.
//!
//! Read by the reader that all rules rely on, not by the editor. Deliberately not here: loading it.

use std::collections::HashMap;
use std::path::Path;

use elf_facts::{Definition, Facts, Head, Name, Reference, Spelling, Version};

use crate::edit::Edit;
use crate::error::EditError;

/// Compares the copy at `copy` with `original`, the facts of the file at `path`, and `edit`.
pub(crate) fn check(path: &Path, original: &Facts, edit: &Edit, copy: &Path) -> Result<(), EditError> {
    let copy = elf_facts::read(copy).map_err(EditError::Unreadable)?;
    let differs = |what: &str| Err(EditError::Differs { path: path.to_owned(), what: what.to_owned() });
    let wanted = head(original, edit);
    // Which bytes these are, and how many, is what an edit changes.
    let mut got = Head { content: wanted.content, size: wanted.size, ..copy.head.clone() };
    let missing = versions(&wanted).into_iter().find(|version| !versions(&got).contains(version));
    if let Some((name, file, ..)) = missing {
        let of = file.map_or_else(String::new, |file| format!(" of {file}"));
        return differs(&format!("version {name}{of}"));
    }
    if versions(&got).len() != versions(&wanted).len() {
        return differs("the versions that it defines and needs");
    }
    // Which index a version has is the editor's affair: symbols are compared by its name.
    got.versions.clone_from(&wanted.versions);
    if got != wanted {
        return differs(part(&got, &wanted));
    }
    let renamed = edit.symbols.iter().map(|(old, new)| (old.as_bytes(), new.as_bytes())).collect();
    if symbols(&copy, &Renamed::new()) != symbols(original, &renamed) {
        return differs("its dynamic symbols");
    }
    if references(&copy, &Renamed::new()) != references(original, &renamed) {
        return differs("what its relocations ask for");
    }
    Ok(())
}

/// Whether the copy at `copy` has what was to stand in these places of the file at `path`.
pub(crate) fn spelled(path: &Path, spelled: &[(Spelling, Name)], copy: &Path) -> Result<(), EditError> {
    let places: Vec<(u64, usize)> =
        spelled.iter().map(|(spelling, new)| (spelling.address, new.as_bytes().len() + 1)).collect();
    let got = elf_facts::mapped(copy, &places).map_err(EditError::Unreadable)?;
    let wrong =
        spelled.iter().zip(got).find(|((_, new), got)| got.strip_suffix(&[0]) != Some(new.as_bytes()));
    let Some(((spelling, new), _)) = wrong else { return Ok(()) };
    let what = format!("its string {} should be {new}", spelling.text);
    Err(EditError::Differs { path: path.to_owned(), what })
}

/// What the copy should say.
fn head(original: &Facts, edit: &Edit) -> Head {
    let mut head = original.head.clone();
    let renamed = |name: &mut Name| {
        if let Some(new) = edit.needed.get(name) {
            *name = new.clone();
        }
    };
    head.soname = edit.soname.clone().or(head.soname);
    head.needed.iter_mut().for_each(renamed);
    head.versions.iter_mut().filter_map(|version| version.file.as_mut()).for_each(renamed);
    if let Some(rpath) = &edit.rpath {
        // The editor sets whichever there are.
        for there in [&mut head.rpath, &mut head.runpath].into_iter().filter(|there| there.is_some()) {
            *there = Some(rpath.clone());
        }
        if head.rpath.is_none() && head.runpath.is_none() {
            head.runpath = Some(rpath.clone());
        }
    }
    head
}

/// The first part that is not the same.
fn part(got: &Head, wanted: &Head) -> &'static str {
    let parts = [
        (got.soname == wanted.soname, "its SONAME"),
        (got.needed == wanted.needed, "what it needs"),
        ((&got.rpath, &got.runpath) == (&wanted.rpath, &wanted.runpath), "its RPATH"),
        (got.tls == wanted.tls, "its thread-local data"),
        (got.flags == wanted.flags, "its flags"),
        (got.executable_stack == wanted.executable_stack, "its stack"),
    ];
    parts.into_iter().find(|(same, _)| !same).map_or("its headers", |(_, part)| part)
}

/// The versions of a file without their indices.
fn versions(head: &Head) -> Vec<(&Name, Option<&Name>, bool, bool)> {
    let version = |one| {
        let Version { name, file, base, weak, .. }: &Version = one;
        (name, file.as_ref(), *base, *weak)
    };
    head.versions.iter().map(version).collect()
}

/// The version of a symbol: its name, whose it is, and whether only who names it finds it.
fn version(facts: &Facts, index: elf_facts::VersionIndex) -> (Option<&Name>, bool, bool) {
    let version: Option<&Version> = facts.version(index);
    (version.map(|version| &version.name), version.is_some_and(|one| one.file.is_some()), index.is_hidden())
}

/// New names of symbols, by the old ones.
type Renamed<'a> = HashMap<&'a [u8], &'a [u8]>;

type Symbol<'a> = (&'a [u8], (Option<&'a Name>, bool, bool), u8, u64, [bool; 4]);

/// The definitions, in an order of their own: the editor may keep another one.
fn symbols<'a>(facts: &'a Facts, renamed: &Renamed<'a>) -> Vec<Symbol<'a>> {
    let symbol = |one: &Definition| {
        let traits = [one.is_undefined(), one.is_absolute(), one.is_without_value(), one.is_protected()];
        let name = facts.names.bytes(one.name);
        let name = renamed.get(name).copied().unwrap_or(name);
        (name, version(facts, one.version), one.info, one.size, traits)
    };
    let mut symbols: Vec<Symbol<'a>> = facts.definitions.all().iter().map(symbol).collect();
    symbols.sort_unstable();
    symbols
}

type Asked<'a> = (&'a [u8], (Option<&'a Name>, bool, bool), u8, u8, u64, bool, [bool; 6]);

fn references<'a>(facts: &'a Facts, renamed: &Renamed<'a>) -> Vec<Asked<'a>> {
    use elf_facts::Uses;
    const USES: [Uses; 6] =
        [Uses::CALL, Uses::ADDRESS, Uses::COPY, Uses::TLS_MODULE, Uses::TLS_OFFSET, Uses::TLS_DESCRIPTOR];
    let asked = |one: &Reference| {
        let uses = USES.map(|each| one.uses.any(each));
        let name = facts.name_of(one);
        let name = renamed.get(name).copied().unwrap_or(name);
        (name, version(facts, one.version), one.info, one.other, one.size, one.is_defined_here(), uses)
    };
    let mut references: Vec<Asked<'a>> = facts.references.iter().map(asked).collect();
    references.sort_unstable();
    references
}
