//! What the answer depends on whether units of an environment break each other: under which name it is kept.
//!
//! Deliberately not here: the answer (`isolate`), and where it is kept ([`wheelsplit::Verdict`]).

use std::path::Path;

use abicheck::isolation;
use pinfold_core::closure::Environment;
use sha2::{Digest, Sha256};
use wheelsplit::{Native, Store};

use crate::digest::hex;
use crate::interpreter::Interpreter;

/// Raised when equal environments may come to other copies than before.
const VERSION: u32 = 8;

/// The units, wherever their store is, the interpreter that imports them, and the libraries outside of their wheels that
/// they need, or lack: a module that cannot be opened today breaks nothing, and may tomorrow.
pub fn key(environment: &Environment, tables: &[Native], store: &Store, interpreter: &Interpreter) -> String {
    let mut environment = environment.clone();
    let inside = |path: &Path| path.strip_prefix(store.root()).unwrap_or(path).to_owned();
    for unit in environment.units.whole() {
        unit.path = inside(&unit.path);
        unit.modules = unit.modules.as_deref().map(inside);
    }
    // Whoever looks at the environment says what is wrong with an interpreter.
    let system = isolation::seen(&interpreter.executable, &Native::outside(tables)).unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(VERSION.to_le_bytes());
    digest.update(env!("CARGO_PKG_VERSION"));
    digest.update(interpreter.executable.as_os_str().as_encoded_bytes());
    digest.update([0]);
    digest.update(&interpreter.version);
    digest.update([0]);
    digest.update(system);
    digest.update(environment.to_json());
    hex(&digest.finalize())
}
