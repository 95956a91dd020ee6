//! Units: their Merkle hashes, and the sharing domains of their C-level registries.
//!
//! Deliberately not here: which dependency a requirement resolved to; that comes in as edges.
