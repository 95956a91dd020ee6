//! The interpreter that a source is read for.
//!
//! Deliberately not here: finding one.

use serde::{Deserialize, Serialize};

/// What decides branches on the interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// `sys.version_info[:2]`.
    pub version: (u32, u32),
}

impl Target {
    /// `sys.platform`: the only one whose loader is simulated.
    pub const PLATFORM: &'static str = "linux";
    /// `os.name`.
    pub const OS: &'static str = "posix";
    /// `platform.system()`.
    pub const SYSTEM: &'static str = "Linux";
    /// `sys.implementation.name`.
    pub const IMPLEMENTATION: &'static str = "cpython";
}
