//! ELF files: any bytes are an error that names the file, or facts in which every index and place is good, the same
//! at every reading, and the same when they come back from the cache.

use std::cell::OnceCell;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use elf_facts::{Cache, Facts, FactsError, Format, Reference, gnu_hash, read};
use tempfile::TempDir;

/// The data is the file.
pub fn holds(data: &[u8]) {
    thread_local!(static FOLDER: OnceCell<TempDir> = const { OnceCell::new() });
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(super::scratch).path();
        let path = folder.join("x.so");
        fs::write(&path, data).expect("the folder can be written to");
        match read(&path) {
            Ok(facts) => {
                consistent(&facts);
                assert_eq!(facts.head.size, data.len() as u64);
                assert_eq!(read(&path).ok().as_ref(), Some(&facts), "another reading says otherwise");
                kept(&path, &facts, &folder.join("cache"));
            }
            Err(error) => refused(&error, data),
        }
    });
}

fn refused(error: &FactsError, data: &[u8]) {
    let text = error.to_string();
    assert!(text.contains("x.so") && !text.contains('\u{1b}'), "{text}");
    match error {
        FactsError::Foreign { format, .. } => {
            let is_elf = data.starts_with(b"\x7fELF");
            assert_eq!(is_elf, matches!(format, Format::Object | Format::Core), "{text}");
        }
        FactsError::Truncated { end, size, .. } => assert!(end > size, "{text}"),
        FactsError::Malformed { .. } => {}
        FactsError::Io { .. } => panic!("it can be read: {text}"),
    }
}

/// Everything that points somewhere points at something.
fn consistent(facts: &Facts) {
    for (at, definition) in facts.definitions.all().iter().enumerate() {
        let name = facts.names.bytes(definition.name);
        assert_eq!(definition.hash, gnu_hash(name));
        let mut found = facts.definitions.named(&facts.names, name, definition.hash);
        assert!(found.any(|other| other == definition), "definition {at} is found by its name");
        let _ = facts.version(definition.version);
    }
    for reference in &facts.references {
        let name = facts.name_of(reference);
        assert_eq!(reference.hash, gnu_hash(name));
        assert!(!reference.uses.is_empty(), "a reference is one because it is used");
        match facts.definitions.get(reference.own) {
            Some(own) => assert_eq!(facts.names.bytes(own.name), name),
            None => assert_eq!(reference.own, Reference::NO_DEFINITION),
        }
    }
    let versions = &facts.head.versions;
    assert!(versions.is_sorted_by(|a, b| a.index < b.index), "one version for each index");
    assert!(versions.iter().all(|version| version.index <= 0x7fff));
    let shown = format!("{:?}", facts.head);
    assert!(!shown.contains('\u{1b}'), "nothing of a file's reaches the terminal raw");
}

/// What goes into the cache comes out of it.
fn kept(path: &Path, facts: &Facts, folder: &Path) {
    // A file that has just changed is not trusted; this one is a minute old.
    let old = SystemTime::now() - Duration::from_secs(60);
    File::options().write(true).open(path).and_then(|file| file.set_modified(old)).expect("a file of ours");
    let _ = fs::remove_dir_all(folder);
    for run in 0..2 {
        let cache = Cache::open(folder.to_owned(), 1 << 30);
        let got = cache.get(path).unwrap_or_else(|error| panic!("run {run}: {error}"));
        assert_eq!(&got, facts, "run {run}");
        cache.finish().unwrap_or_else(|error| panic!("run {run}: {error}"));
    }
}
