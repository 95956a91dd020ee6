//! Environments: what stands behind `.venv`, how it is built, switched and cleared away.
//!
//! [`sync`] orders the steps: the wheels are put together to the model ([`assemble`]), units that break each other
//! get libraries under names of their own ([`isolate`]), the model becomes a generation ([`generation`], of [`links`], [`scripts`] and [`activation`]), and one rename makes it current
//! ([`switch`]). [`alone`] goes from folders of wheels to one environment, for Nix. Deliberately not here: resolving ([`crate::locking`]), and wheels and their store (wheelsplit).

pub(crate) mod activation;
pub mod alone;
pub mod assemble;
pub mod changes;
pub mod clash;
pub mod difference;
pub mod durable;
pub mod gc;
pub mod generation;
pub mod history;
pub mod hook;
pub mod isolate;
pub mod journal;
pub mod layout;
pub mod left;
pub mod links;
pub mod neighbours;
pub mod plain;
pub mod registry;
pub mod requirements;
pub mod scripts;
pub mod switch;
pub mod sync;
pub mod verdict;
