//! What a wheel says about itself: its file's name, RECORD, METADATA, WHEEL and entry_points.txt.

use wheelsplit::{Tag, WheelName, check_metadata};

/// The first line is a file's name; what follows is read as each kind of metadata.
pub fn holds(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    if let Ok(text) = std::str::from_utf8(&data[..end]) {
        match WheelName::parse(text) {
            Ok(name) => assert!(!name.name.is_empty() && !name.version.is_empty() && !name.tags.is_empty()),
            Err(defect) => assert!(!defect.to_string().is_empty()),
        }
        if let Some(tags) = Tag::expand(text) {
            assert!(
                tags.iter()
                    .all(|tag| Tag::expand(&tag.to_string()).as_deref() == Some(std::slice::from_ref(tag)))
            );
        }
    }
    for file in ["RECORD", "METADATA", "WHEEL", "entry_points.txt"] {
        if let Err(defect) = check_metadata(file, data.get(end + 1..).unwrap_or_default()) {
            assert!(!defect.to_string().contains('\u{1b}'), "nothing of a wheel's reaches the terminal raw");
        }
    }
}
