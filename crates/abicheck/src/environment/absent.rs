//! Module files that an importer passes over since they are none, whatever their names say: broken links, folders, files
//! that are recorded and gone (`importlib._bootstrap_external.FileFinder` takes regular files only).
//!
//! Deliberately not here: files that are there and cannot be read, which the loader comes to.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::distribution::Distribution;

/// Whether `file`, relative to its folder of packages, has the name of a module: only then its absence says anything. A library's
/// file (`a.libs/liba.so.1`) has not.
pub(super) fn may_be_module(file: &Path) -> bool {
    let is_name = |part: &std::ffi::OsStr| !part.as_bytes().iter().any(|byte| b".-".contains(byte));
    file.extension().is_some_and(|extension| extension == "so")
        && file.parent().into_iter().flat_map(Path::iter).all(is_name)
}

/// The name of an extension module without a file that could be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Where the file would be.
    pub path: PathBuf,
    /// Its full name as a module.
    pub module: String,
}

impl Distribution {
    /// The modules among what is no file, for an interpreter with these suffixes.
    pub fn absent_modules(&self, suffixes: &[String]) -> Vec<Absent> {
        let module = |path: &PathBuf| {
            let module = self.module_at(path, suffixes)?;
            Some(Absent { path: path.clone(), module })
        };
        self.absent.iter().filter_map(module).collect()
    }

    /// `a.b` of `a/b.cpython-311-x86_64-linux-gnu.so`; `a` of `a/__init__.abi3.so`.
    pub fn module_at(&self, path: &Path, suffixes: &[String]) -> Option<String> {
        let relative = path.strip_prefix(&self.folder).ok()?.to_str()?;
        let stem = suffixes.iter().find_map(|suffix| relative.strip_suffix(suffix.as_str()))?;
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let parts: Vec<&str> = stem.split('/').collect();
        let is_name = |part: &&str| !part.is_empty() && !part.contains(['.', '-']);
        parts.iter().all(is_name).then(|| parts.join("."))
    }
}

impl Absent {
    /// What is there instead of a file.
    pub fn instead(&self) -> String {
        match (self.path.metadata(), self.path.read_link()) {
            (Ok(metadata), _) if metadata.is_dir() => {
                "a folder of this name; an importer takes files only".into()
            }
            (Ok(_), _) => "no regular file; an importer takes no others".into(),
            (Err(error), Ok(_)) if error.raw_os_error() == Some(libc::ELOOP) => {
                "a link that leads to itself".into()
            }
            (Err(_), Ok(target)) => format!("a link to {}, which is not there", target.display()),
            (Err(error), Err(_)) if error.kind() == io::ErrorKind::NotFound => {
                "recorded, and not there".into()
            }
            (Err(error), Err(_)) => format!("it cannot be looked at: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_library_is_no_module() {
        let modules =
            ["a.so", "a/b.cpython-311-x86_64-linux-gnu.so", "a.libs/liba.so.1", "a.libs/a.so", "liba.so.1"];
        let named: Vec<_> = modules.into_iter().filter(|file| may_be_module(Path::new(file))).collect();
        assert_eq!(named, ["a.so", "a/b.cpython-311-x86_64-linux-gnu.so"]);
    }

    #[test]
    fn what_is_no_file_says_what_it_is() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        symlink("_loop.so", path("_loop.so")).expect("a link");
        symlink("nowhere", path("_dangling.so")).expect("a link");
        std::fs::create_dir(path("_folder.so")).expect("a folder");
        let names = ["_loop.so", "_dangling.so", "_folder.so", "_gone.so", "libgone.so.1", "no-name.so"];
        let absent = names.into_iter().map(path).collect();
        let distribution = Distribution { folder: path(""), absent, ..Distribution::default() };
        let found = distribution.absent_modules(&[".so".to_owned()]);
        let said: Vec<_> = found.iter().map(|one| (one.module.as_str(), one.instead())).collect();
        let said: Vec<_> = said.iter().map(|(module, text)| (*module, text.as_str())).collect();
        assert_eq!(
            said,
            [
                ("_loop", "a link that leads to itself"),
                ("_dangling", "a link to nowhere, which is not there"),
                ("_folder", "a folder of this name; an importer takes files only"),
                ("_gone", "recorded, and not there"),
            ]
        );
    }
}
