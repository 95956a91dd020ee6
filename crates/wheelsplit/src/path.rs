//! Names of entries, as they stand in zip files and in RECORD: which ones may be written.
//!
//! Deliberately stricter than a file system: whatever two tools could read differently is refused. Not here:
//! where an entry goes ([`crate::layout`]).

/// Longer paths fit no file system once they are below a store's folder (PATH_MAX is 4096), and every entry of a small
/// zip file could ask for thousands of folders.
const LONGEST: usize = 1024;
const DEEPEST: usize = 100;

/// Why `name` must not be written, or `None` for a plain relative path of a file.
pub(crate) fn objection(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("has an empty name");
    }
    if name.len() > LONGEST || name.split('/').nth(DEEPEST).is_some() {
        return Some("has a path longer than 1024 bytes or deeper than 100 folders");
    }
    if name.starts_with('/') {
        return Some("has an absolute path");
    }
    // A separator on Windows, a letter elsewhere; `C:` is a drive there.
    if name.contains('\\') {
        return Some("has a backslash in its name");
    }
    if name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic() {
        return Some("has an absolute path");
    }
    if name.chars().any(char::is_control) {
        return Some("has a control character in its name");
    }
    for part in name.split('/') {
        match part {
            ".." => return Some("leaves the wheel's folder (`..`)"),
            "" | "." => return Some("has an empty or `.` component in its name"),
            _ => {}
        }
    }
    None
}

/// The name as it may be shown on a terminal.
pub(crate) fn shown(name: &str) -> String {
    name.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths_pass() {
        for good in ["a", "a/b.py", "..a/b..", "a b/ü", "x-1.0.data/scripts/x", "ab:c"] {
            assert_eq!(objection(good), None, "{good}");
        }
        let (long, deep) = ("a".repeat(1025), "a/".repeat(100) + "a");
        assert!(objection(&long).is_some() && objection(&deep).is_some());
        assert!(objection(&long[1..]).is_none() && objection(&deep[2..]).is_none());
        for bad in
            ["", "/a", "../a", "a/../b", "a//b", "./a", "a/.", "a/", "a\\b", "C:/a", "a\nb", "a\0b", ".."]
        {
            assert!(objection(bad).is_some(), "{bad:?}");
        }
        assert_eq!(shown("a\nb"), "a\\nb");
    }
}
