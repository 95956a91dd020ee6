//! Reads a wheel, checks every part of it, and installs it, once, into a folder of its own.
//!
//! Two ends and one small function between them: a [`source::Source`] (a wheel file, or the folder that
//! another tool unpacked it to) yields entries, a [`store::Store`] receives them, and [`install`] joins the
//! two. A folder of the store is complete or absent, read-only, and the same whatever else is installed:
//! nothing here knows about dependencies, environments or interpreters. Nor does anything here download,
//! resolve, or write a console script.

pub mod error;
pub mod facts;
pub mod filename;
pub mod folder;
pub mod gc;
pub mod install;
pub mod limits;
pub mod lock;
pub mod native;
pub mod pack;
pub mod plan;
pub mod source;
pub mod steps;
pub mod store;

mod entry_points;
mod headers;
mod hook;
mod instance;
pub mod isolated;
mod layout;
mod memory;
mod modules;
mod path;
mod record;
mod staging;
mod wheel;
mod write;

pub use error::{Defect, Error};
pub use facts::{Script, Top, WheelFacts};
pub use filename::{Tag, WheelName, check_platform};
pub use folder::install_alone;
pub use gc::{Collected, Live};
pub use install::Expected;
pub use instance::Instance;
pub use isolated::{Copied, Isolating, Left, Verdict};
pub use limits::Limits;
pub use lock::{Exclusive, Shared};
pub use native::Native;
pub use store::{Installed, Store};
pub use wheel::check_metadata;
