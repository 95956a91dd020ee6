//! The environment and version control: `.venv` is a link, which the usual pattern `.venv/` does not match.
//!
//! Deliberately not here: all that git knows of patterns. One that is not understood costs a line that says the same.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Makes sure that the entry `name` of `folder` is ignored; returns the file that got a line for it.
///
/// Where nothing hints at git, nothing is written.
///
/// # Errors
/// When the file cannot be written.
pub fn ensure(folder: &Path, name: &str) -> io::Result<Option<PathBuf>> {
    let own = folder.join(".gitignore");
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    if repository.is_none() && !own.exists() {
        return Ok(None);
    }
    let top = repository.unwrap_or(folder);
    let files = folder.ancestors().take_while(|above| above.starts_with(top));
    let read = |folder: &Path| fs::read_to_string(folder.join(".gitignore")).unwrap_or_default();
    if files.map(read).any(|text| text.lines().any(|line| matches(line, name))) {
        return Ok(None);
    }
    let mut text = if own.exists() { fs::read_to_string(&own)? } else { String::new() };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("{name}\n"));
    fs::write(&own, text)?;
    Ok(Some(own))
}

/// Whether a line of a .gitignore matches a link called `name`: a pattern that ends in `/` is for folders alone.
fn matches(line: &str, name: &str) -> bool {
    let pattern = line.trim_end();
    let pattern = pattern.strip_prefix("**/").or_else(|| pattern.strip_prefix('/')).unwrap_or(pattern);
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// Keeps a whole folder of ours out of a person's commits; if that cannot be written, nothing is lost.
pub fn whole(folder: &Path) {
    let file = folder.join(".gitignore");
    if !file.exists() {
        let _ = fs::write(file, "*\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_where_none_matches_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir(&project).unwrap();
        let own = project.join(".gitignore");
        assert_eq!(ensure(&project, ".venv").unwrap(), None);
        assert!(!own.exists(), "nobody uses git here");
        fs::create_dir(folder.path().join(".git")).unwrap();
        for (above, before, after) in [
            ("", None, Some(".venv\n")),
            ("dist/\n", Some(".venv/\n*.pyc"), Some(".venv/\n*.pyc\n.venv\n")),
            ("", Some(".venv\n"), None),
            ("", Some("/.venv\n"), None),
            (".venv*\n", Some("x\n"), None),
            ("**/.venv\n", None, None),
        ] {
            let _ = fs::remove_file(&own);
            fs::write(folder.path().join(".gitignore"), above).unwrap();
            before.into_iter().for_each(|text| fs::write(&own, text).unwrap());
            let written = ensure(&project, ".venv").unwrap();
            assert_eq!(written.is_some(), after.is_some(), "{above:?} {before:?}");
            let expected = after.or(before);
            assert_eq!(fs::read_to_string(&own).ok().as_deref(), expected);
        }
    }
}
