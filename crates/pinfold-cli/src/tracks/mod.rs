//! Moving tracks: what each could move to, whether it may, and what is held back.
//!
//! [`clock`] says which day it is, [`moving`] finds what moves ([`newest`], [`part`], [`whole`]), [`trial`] makes an environment
//! of a candidate and tries it, [`switch`](mod@switch) makes the result the project's. Deliberately not here: which packages share a
//! closure ([`crate::locking`]), and what is said about it all ([`crate::commands`]).

pub mod candidate;
pub mod clock;
pub mod heirs;
pub mod lag;
pub mod logs;
pub mod moving;
mod newest;
pub mod notify;
mod part;
pub mod standing;
pub mod switch;
pub mod together;
pub mod trial;
mod whole;
