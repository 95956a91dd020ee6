//! Holds: which tracks stay behind, why and since when, as lines that a person can review.
//!
//! Deliberately not here: who decides it (`pinfold update`).

use serde::{Deserialize, Serialize};

/// A track that stays behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The track; `main` is root's.
    pub track: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// Why, in a sentence.
    pub reason: String,
    /// What it would have moved to: `numpy 1.26.4 -> 2.0.0`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidate: Vec<String>,
    /// What was said when it failed, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// Checks that holds are sorted, one for each track.
///
/// # Errors
/// A sentence that says what is wrong.
pub(super) fn check(holds: &[Hold]) -> Result<(), String> {
    match holds.windows(2).find(|pair| pair[0].track >= pair[1].track) {
        Some(pair) => Err(format!("its holds are not sorted and unique at track `{}`", pair[1].track)),
        None => Ok(()),
    }
}
