//! The registry of environments: which ones keep folders of the store alive.
//!
//! `<store>/environments/<hash of the path>` is a text file with the absolute path of a folder of generations.
//! An environment that was deleted is forgotten at the next collection. Deliberately not here: the collection
//! itself ([`super::gc`]).

use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::digest::hex;

/// Makes the folder of generations `home` a root of the store's collection.
///
/// # Errors
/// When the store cannot be written.
pub fn register(store: &Path, home: &Path) -> io::Result<()> {
    let file = place(store, home);
    let text = home.as_os_str().as_bytes();
    if fs::read(&file).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let folder = store.join("environments");
    fs::create_dir_all(&folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    Ok(())
}

/// Folders of generations that registered, those that are gone included.
///
/// # Errors
/// When the registry is there and cannot be read: nothing may be collected on a guess.
pub fn registered(store: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(store.join("environments")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut homes = Vec::new();
    for entry in entries {
        let entry = entry?;
        // Temporary files of a registration under way: its environment is not there yet.
        if entry.file_name().as_bytes().starts_with(b".") {
            continue;
        }
        homes.push(PathBuf::from(std::ffi::OsString::from_vec(fs::read(entry.path())?)));
    }
    homes.sort();
    Ok(homes)
}

/// Forgets an environment.
///
/// # Errors
/// When the store cannot be written.
pub fn forget(store: &Path, home: &Path) -> io::Result<()> {
    fs::remove_file(place(store, home))
}

fn place(store: &Path, home: &Path) -> PathBuf {
    store.join("environments").join(hex(&Sha256::digest(home.as_os_str().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_registered_once_and_forgotten() {
        let store = tempfile::tempdir().unwrap();
        assert!(registered(store.path()).unwrap().is_empty());
        for home in ["/a/.pinfold/.venv", "/b/.pinfold/.venv", "/a/.pinfold/.venv"] {
            register(store.path(), Path::new(home)).unwrap();
        }
        let both = ["/a/.pinfold/.venv", "/b/.pinfold/.venv"].map(PathBuf::from).to_vec();
        assert_eq!(registered(store.path()).unwrap(), both);
        forget(store.path(), &both[0]).unwrap();
        assert_eq!(registered(store.path()).unwrap(), both[1..]);
    }
}
