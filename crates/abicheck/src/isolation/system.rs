//! What packages find outside of packages: the interpreter's process, and the system's libraries that they need.
//!
//! Which files are copied has nothing to do with it, but what breaks has: a module that cannot be opened today breaks
//! nothing. Deliberately not here: what packages bring.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use elf_facts::Name;
use sha2::{Digest, Sha256};

use crate::analysis::Machine;
use crate::commands::caches::facts;
use crate::environment::Interpreter;
use crate::failure::Failure;

/// A hash of the files that `names` lead to, and come to, in a process of the interpreter `python`, and of the names that lead
/// nowhere.
///
/// # Errors
/// When the interpreter's process cannot be told.
pub fn seen<'n>(python: &Path, names: impl IntoIterator<Item = &'n Name>) -> Result<Vec<u8>, Failure> {
    let cache = Arc::new(facts(false));
    let interpreter = Interpreter::at(python).map_err(Failure::new)?;
    let machine = Machine::of(&interpreter, Arc::default(), cache.clone()).map_err(Failure::new)?;
    let (mut process, mut nowhere) = (machine.start.clone(), BTreeSet::new());
    for name in names {
        let (load, unmet) = process.trace(name.as_bytes(), machine.caller);
        if load.result.is_err() {
            nowhere.insert(name.clone());
        }
        nowhere.extend(unmet.into_iter().map(|unmet| unmet.error.object));
    }
    // A cache that cannot be written costs time on the next run, and nothing now.
    let _ = cache.finish();
    let files = process.objects().map(|(_, object)| (object.path.clone(), object.facts().head.content.0));
    let mut digest = Sha256::new();
    for (path, content) in files.collect::<BTreeSet<_>>() {
        digest.update(path.as_bytes());
        digest.update(content);
    }
    for name in nowhere {
        digest.update(name.as_bytes());
        digest.update([0]);
    }
    Ok(digest.finalize().to_vec())
}
