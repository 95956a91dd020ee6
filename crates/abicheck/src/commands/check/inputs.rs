//! What is checked when nothing is named: the project's `.venv`, or the environment that is active.
//!
//! Deliberately not here: what an input is (`environment`).

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// `given`, or what is near.
pub(super) fn given_or_near(given: &[PathBuf], working: &Path) -> Result<Vec<PathBuf>, Failure> {
    let active = std::env::var_os("VIRTUAL_ENV").filter(|value| !value.is_empty()).map(PathBuf::from);
    choose(given, working, active)
}

fn choose(given: &[PathBuf], working: &Path, active: Option<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if let Some(empty) = given.iter().position(|path| path.as_os_str().is_empty()) {
        let which = format!("input {} of {} is an empty name", empty + 1, given.len());
        return Err(Failure::new(which).hint("is a variable of the shell not set?"));
    }
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    if working.join(".venv").is_dir() {
        return Ok(vec![PathBuf::from(".venv")]);
    }
    active.map(|active| vec![active]).ok_or_else(|| {
        let what = format!("nothing to check: {} has no .venv, and $VIRTUAL_ENV is not set", working.display());
        Failure::new(what).hint(
            "name a virtual environment, a site-packages folder, wheels, Nix store paths or a closure.json: `abicheck PATH...`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_environment_comes_before_the_active_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let active = || Some(PathBuf::from("/active"));
        let chosen = |given: &[PathBuf], active| choose(given, folder.path(), active);
        assert!(chosen(&[], None).is_err());
        assert_eq!(chosen(&[], active()), Ok(vec!["/active".into()]));
        std::fs::create_dir(folder.path().join(".venv")).expect("the folder can be written to");
        assert_eq!(chosen(&[], active()), Ok(vec![".venv".into()]));
        assert_eq!(chosen(&["x".into()], active()), Ok(vec!["x".into()]));
        assert!(chosen(&["x".into(), "".into()], active()).is_err());
    }
}
