//! What a source says about its build: `[build-system]` of its pyproject.toml (PEP 518, PEP 517).
//!
//! Deliberately not here: what its backend asks for in addition, which only the backend can say.

use std::path::Path;

use serde::Deserialize;

use super::error::BuildError;

/// How a source is built.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildSystem {
    /// What must be there before the backend can be asked anything.
    #[serde(default)]
    pub requires: Vec<String>,
    /// `module` or `module:object`.
    #[serde(default = "legacy_backend")]
    pub build_backend: String,
    /// Folders of the source in which the backend lies.
    #[serde(default)]
    pub backend_path: Vec<String>,
}

#[derive(Deserialize)]
struct Pyproject {
    #[serde(rename = "build-system")]
    build_system: Option<BuildSystem>,
}

/// PEP 517: what a source without a `build-backend` means.
fn legacy_backend() -> String {
    "setuptools.build_meta:__legacy__".to_owned()
}

impl BuildSystem {
    /// Reads it from the folder `source`.
    ///
    /// # Errors
    /// When pyproject.toml cannot be read, or says what cannot be.
    pub fn read(source: &Path) -> Result<Self, BuildError> {
        let path = source.join("pyproject.toml");
        let wrong = |reason: String| BuildError::Pyproject { path: path.clone(), reason };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(wrong(e.to_string())),
        };
        let document: Pyproject = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
        // PEP 518: without the table, setuptools is meant.
        let setuptools = || BuildSystem {
            requires: vec!["setuptools>=40.8.0".to_owned()],
            build_backend: legacy_backend(),
            backend_path: Vec::new(),
        };
        let system = document.build_system.unwrap_or_else(setuptools);
        let outside = |path: &&String| {
            let path = Path::new(path);
            path.is_absolute() || path.components().any(|part| part.as_os_str() == "..")
        };
        match system.backend_path.iter().find(outside) {
            Some(path) => Err(wrong(format!("`backend-path` has `{path}`, which is not in the source"))),
            None => Ok(system),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_means_setuptools() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: Option<&str>| {
            let path = folder.path().join("pyproject.toml");
            text.map_or_else(
                || drop(std::fs::remove_file(&path)),
                |text| std::fs::write(&path, text).unwrap(),
            );
            BuildSystem::read(folder.path())
        };
        let bare = read(None).unwrap();
        assert_eq!(
            (bare.requires[0].as_str(), &bare.build_backend),
            ("setuptools>=40.8.0", &legacy_backend())
        );
        assert_eq!(read(Some("[project]\nname = 'x'\n")).unwrap(), bare);
        let legacy = read(Some("[build-system]\nrequires = ['cython']\n")).unwrap();
        assert_eq!((legacy.requires, legacy.build_backend), (vec!["cython".to_owned()], legacy_backend()));
        let error = read(Some("[build-system]\nbuild-backend = 'x'\nbackend-path = ['../x']\n")).unwrap_err();
        assert!(error.to_string().contains("`../x`, which is not in the source"), "{error}");
        assert!(read(Some("[build-system]\nrequires = 'x'\n")).is_err());
    }
}
