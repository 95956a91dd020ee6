//! Environments: what stands behind `.venv`, how it is built, switched and cleared away.
//!
//! Deliberately not here: resolving ([`crate::locking`]), and wheels and their store (wheelsplit).

pub mod layout;
pub mod links;
pub mod scripts;
