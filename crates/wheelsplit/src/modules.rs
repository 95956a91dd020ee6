//! What only the unpacked files can tell: the module table, and the facts that follow from the layout.
//!
//! The one place that calls [`ModuleTable`]. Deliberately not here: what the table means.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use elf_facts::Kind;
use pinfold_core::instance;
use pinfold_core::modules::{ModuleTable, ModulesError};

use crate::error::Error;
use crate::facts::{Top, WheelFacts};
use crate::layout::{DATA, Layout, SITE};
use crate::source::Entry;

/// The file of the module table, beside `site-packages`.
pub(crate) const FILE: &str = "modules.idx";

/// Completes the facts of the wheel in `dir` and writes its module table.
pub(crate) fn describe(
    mut facts: WheelFacts,
    layout: &Layout,
    entries: &[Entry],
    dir: &Path,
) -> Result<WheelFacts, Error> {
    let file = dir.join(FILE);
    let table = ModuleTable::scan(&dir.join(SITE)).map_err(|e| failed("list the modules of", dir, e))?;
    table.write(&file).map_err(|e| failed("write", &file, e))?;
    let read_only = std::fs::Permissions::from_mode(0o444);
    std::fs::set_permissions(&file, read_only).map_err(|e| Error::store("make read-only", &file, e))?;
    facts.provides = table.provides();
    facts.native = table.native() || holds_library(layout, dir)?;
    let mut top = BTreeMap::new();
    for placed in &layout.files {
        let Some(to) = &placed.to else { continue };
        facts.files += 1;
        facts.unpacked_size += entries[placed.index].size;
        match to.split_once('/') {
            Some((SITE, rest)) => {
                let (name, is_dir) = rest.split_once('/').map_or((rest, false), |(name, _)| (name, true));
                top.insert(name.to_owned(), is_dir);
            }
            Some((DATA, rest)) => match rest.split_once('/') {
                Some(("scripts", name)) => facts.data_scripts.push(name.to_owned()),
                Some(("headers", _)) => facts.headers = true,
                _ => facts.data = true,
            },
            _ => {}
        }
    }
    facts.data_scripts.sort();
    facts.top = top.into_iter().map(|(name, is_dir)| Top { name, is_dir }).collect();
    let pth = facts.top.iter().filter(|top| !top.is_dir && top.name.ends_with(".pth"));
    facts.pth = pth.map(|top| top.name.clone()).collect();
    Ok(facts)
}

/// Whether there is a shared object that has no name of one: only its first bytes tell.
fn holds_library(layout: &Layout, dir: &Path) -> Result<bool, Error> {
    let files = layout.files.iter().filter_map(|placed| placed.to.as_ref());
    for to in files.filter(|to| to.starts_with(SITE)) {
        let path = dir.join(to);
        let is_elf = instance::is_elf(&path).map_err(|error| Error::store("read", &path, error))?;
        if is_elf && elf_facts::outline(&path).is_ok_and(|outline| outline.kind == Kind::Shared) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Looks for what the system said, so that a full disk is called one here as well.
fn failed(doing: &'static str, path: &Path, error: ModulesError) -> Error {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            let io = io
                .raw_os_error()
                .map_or_else(|| io::Error::new(io.kind(), io.to_string()), io::Error::from_raw_os_error);
            return Error::store(doing, path, io);
        }
        cause = inner.source();
    }
    Error::store(doing, path, io::Error::other(error))
}
