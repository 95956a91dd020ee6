//! What `python FILE`, `python FOLDER` and `python -m PACKAGE` run: a source, and the folder that goes first on `sys.path`.
//!
//! Deliberately not here: zip files, and what the program does (`acts.rs`).

use std::path::{Path, PathBuf};

/// A program.
pub(super) struct Program {
    /// Its source.
    pub(super) source: PathBuf,
    /// The folder in which it finds modules first.
    pub(super) beside: PathBuf,
    /// Its name: `__main__`, or, in a package, `pkg.__main__`.
    pub(super) name: String,
    /// The package that is imported before.
    pub(super) package: Option<String>,
}

impl Program {
    /// The program at `path`: a file, a folder with `__main__.py`, or such a package.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn at(path: &Path) -> Result<Self, String> {
        // `sys.path[0]` is the folder that the file really stands in.
        let path = path.canonicalize().map_err(|error| error.to_string())?;
        if !path.is_dir() {
            let beside = path.parent().unwrap_or(&path).to_owned();
            return Ok(Self { source: path, beside, name: "__main__".to_owned(), package: None });
        }
        let source = path.join("__main__.py");
        if !source.is_file() {
            return Err("a folder without __main__.py".to_owned());
        }
        let mut names = Vec::new();
        let mut beside = path.as_path();
        while let (true, Some(name), Some(above)) =
            (beside.join("__init__.py").is_file(), beside.file_name(), beside.parent())
        {
            names.insert(0, name.to_string_lossy().into_owned());
            beside = above;
        }
        let package = Some(names.join(".")).filter(|package| !package.is_empty());
        let name = package.as_ref().map_or("__main__".to_owned(), |package| format!("{package}.__main__"));
        Ok(Self { source, beside: beside.to_owned(), name, package })
    }
}
