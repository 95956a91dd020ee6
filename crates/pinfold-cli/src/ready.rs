//! What an environment is made from: a lock that fits the manifest, an interpreter that fits the lock, and the
//! wheels of the lock in the store.
//!
//! Deliberately not here: resolving ([`crate::locking`]) and the environment ([`crate::environment`]).

use anyhow::{Result, anyhow};
use pinfold_core::lock::{FILE, Lock, Wheel};
use wheelsplit::{Expected, Store};

use crate::context::Context;
use crate::error::Error;
use crate::interpreter::{self, Interpreter};

/// A lock that fits the manifest, and the interpreter that it is for.
pub struct Ready {
    /// The lock.
    pub lock: Lock,
    /// The interpreter.
    pub interpreter: Interpreter,
}

/// Reads the lock.
///
/// # Errors
/// When there is none.
pub fn ready(context: &Context, store: &Store) -> Result<Ready, Error> {
    let path = context.project.join(FILE);
    let lock = Lock::read(&path)?.ok_or_else(|| anyhow!("there is no lock {}", path.display()))?;
    let interpreter = interpreter::choose(context, store.root(), None, Some(&lock.python), None)?;
    Ok(Ready { lock, interpreter })
}

/// Brings wheels into the store.
///
/// # Errors
/// When one cannot be had.
pub fn fetch(context: &Context, store: &Store, _interpreter: &Interpreter, wheels: &[Wheel]) -> Result<()> {
    for wheel in wheels {
        let path = wheel.path.as_ref().ok_or_else(|| anyhow!("{} is not local", wheel.file))?;
        let expected = Expected { name: wheel.name.clone(), version: wheel.version.clone(), sha256: Some(wheel.sha256.clone()) };
        store.install_file(&context.project.join(path), &expected)?;
    }
    Ok(())
}
