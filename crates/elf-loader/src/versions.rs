//! Whether every version that an object needs is defined by the library that must define it
//! (`_dl_check_map_versions` in `elf/dl-version.c`; LSB, "Symbol Versioning").
//!
//! Deliberately not here: versions of symbols (`lookup`). A file that is all right here may still miss a symbol.

use std::sync::Arc;

use elf_facts::VersionIndex;

use crate::error::{Failure, LoadError, MissingVersion};
use crate::names::Names;
use crate::object::{Object, ObjectId};

/// Whether the objects `new` have the versions that they need; all that are missing, in the order in which glibc checks,
/// which stops at the first.
pub(crate) fn check(objects: &[Arc<Object>], names: &Names, new: &[ObjectId]) -> Result<(), LoadError> {
    let mut missing = Vec::new();
    for object in new.iter().filter_map(|id| objects.get(id.index())) {
        check_one(objects, names, object, &mut missing)?;
    }
    let Some(first) = missing.first() else { return Ok(()) };
    let (object, needed_by) = (first.library.clone(), Some(first.needed_by.clone()));
    Err(LoadError { object, needed_by, failure: Failure::Versions(missing) })
}

fn check_one(
    objects: &[Arc<Object>],
    names: &Names,
    object: &Object,
    missing: &mut Vec<MissingVersion>,
) -> Result<(), LoadError> {
    let versions = object.facts().head.versions.iter();
    for (version, file) in versions.filter_map(|version| Some((version, version.file.as_ref()?))) {
        // `find_needed`: "Should never happen", and an assertion ends the process.
        let found = names.get(file.as_bytes()).and_then(|id| objects.get(id.index()));
        let Some(library) = found else {
            let why = format!("a version is needed of {file}, which no DT_NEEDED brought");
            let failure = Failure::Inconsistent(why);
            return Err(LoadError { object: object.path.clone(), needed_by: None, failure });
        };
        // Without DT_VERDEF, "the file has no symbol versioning": a warning at the start, nothing in `dlopen`. A weak
        // need is one too.
        let wanted = object.library().version(VersionIndex(version.index));
        if library.library().defines_versions && !library.library().defines(wanted) && !version.weak {
            missing.push(MissingVersion {
                library: library.path.clone(),
                version: version.name.clone(),
                needed_by: object.path.clone(),
            });
        }
    }
    Ok(())
}
