//! The embedded engine: from sources to wheels, and from installed packages to a verdict, step by step.
//!
//! | step | key over | where |
//! |---|---|---|
//! | build | source, frozen build tools, Python, platform, named variables | [`one`], in a [`workplace`], by [`backend`] |
//! | install | the wheel's hash | wheelsplit's store |
//! | check | installed unit and its closure, tests, test tools, command, variables | [`check`] |
//!
//! A build never sees the runtime closure; what it is built with is resolved apart, frozen in the lock ([`tools`]), and
//! the only thing in its environment ([`crate::environment::plain`]). Keys and results are wheelsplit's. Deliberately not
//! here: which packages are built, which the manifest and the closures say ([`crate::locking`]).

pub mod backend;
pub mod check;
pub mod confine;
pub mod engine;
pub mod error;
pub mod explain;
mod guard;
mod inputs;
pub mod limits;
pub mod one;
pub mod process;
pub mod progress;
mod resolve;
pub mod schedule;
pub mod sdist;
pub mod source;
pub mod system;
pub mod tools;
mod watch;
pub mod workplace;

pub use engine::{Builder, Engine, Options};
pub use error::BuildError;
pub(crate) use process::{LONG, Run, Started};
pub(crate) use progress::Lines;
