//! `pinfold.toml` and `pyproject.toml`: any text is a manifest, or an error with a line that is there.

use pinfold_core::manifest::{Kind, Manifest, ManifestError};

/// The data is the file, read as either kind.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for kind in [Kind::Pinfold, Kind::Pyproject] {
        match Manifest::parse(text, kind) {
            Ok(manifest) => {
                for (name, pin) in &manifest.pins {
                    assert_eq!(*name, pinfold_core::names::normalize(name), "pins have normal names");
                    let track = pin.track.as_ref();
                    assert!(track.is_none_or(|track| manifest.tracks.contains_key(track)), "{track:?}");
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty() && error.hint().is_none_or(|hint| !hint.is_empty()));
                let line = match error {
                    ManifestError::UnknownKey { line, .. }
                    | ManifestError::WrongType { line, .. }
                    | ManifestError::PinnedTwice { line, .. }
                    | ManifestError::UnknownTrack { line, .. } => line,
                    _ => 1,
                };
                assert!((1..=text.split('\n').count()).contains(&line), "line {line} is in the file");
            }
        }
    }
}
