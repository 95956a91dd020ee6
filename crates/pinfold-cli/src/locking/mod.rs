//! Manifest to lock: every closure resolved, units made of the results.
//!
//! Deliberately not here: resolving itself, which is uv's work ([`crate::uv`]).
