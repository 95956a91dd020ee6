//! Hashes as text, as they stand in names of folders, in locks and in keys.
//!
//! Deliberately not here: which hash, and of what.

/// Two lower-case digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
