//! Manifest to lock: every closure resolved, units made of the results.
//!
//! The steps, one file each: [`requirement`]s are read, [`local`] packages found and built ([`wanted`]), [`closures`] ([`resolved`]) answered
//! by uv with [`preferences`] for what is chosen already, each answer walked ([`graph`]) and a wheel of each package
//! chosen ([`choose`]), and the lock put together ([`assemble`]); [`unfit`] explains a `share` that cannot be, [`alone`] looks at single releases. Deliberately not here: resolving itself ([`crate::uv`]).

mod alone;
pub mod assemble;
pub mod choose;
pub mod closures;
pub mod culprit;
pub mod error;
pub mod graph;
pub mod local;
mod locked;
pub mod preferences;
pub mod requirement;
pub mod resolved;
mod tracks;
mod unfit;
pub mod wanted;
mod workspace;

pub use culprit::Culprit;
pub use error::LockingError;
pub use preferences::{Moving, Upgrade};
pub use workspace::Workspace;
