//! The cache of facts: what is kept, when it is asked again, and that damage to it never changes an answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use elf_facts::{Cache, Facts, read};

const LARGE: u64 = 1 << 30;

/// A copy of this test's own program, old enough to be kept.
fn program(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let small = ["/bin/sh", "/bin/ls", "/usr/bin/env"].iter().find(|path| Path::new(path).is_file());
    fs::copy(small.expect("a program"), &path).expect("the folder can be written to");
    age(&path);
    path
}

fn age(path: &Path) {
    let past = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.set_modified(past))
        .expect("a file of ours");
}

fn get(folder: &Path, path: &Path, limit: u64) -> Facts {
    let cache = Cache::open(folder.join("cache"), limit);
    let facts = cache.get(path).unwrap_or_else(|error| panic!("{error}"));
    cache.finish().unwrap_or_else(|error| panic!("{error}"));
    facts
}

/// The files of stored facts.
fn stored(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.join("cache")).expect("a cache").flatten() {
        if entry.path().is_dir() {
            files.extend(fs::read_dir(entry.path()).expect("a folder").flatten().map(|file| file.path()));
        }
    }
    files
}

#[test]
fn facts_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    let plain = read(&path).expect("a program");
    assert_eq!(get(folder.path(), &path, LARGE), plain);
    // Unreadable now, so that an answer can only come from the cache.
    let hidden = fs::read(&path).expect("a program");
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
    let file = fs::File::options().write(true).open(&path).expect("a file of ours");
    fs::write(&path, vec![0; hidden.len()]).expect("a file of ours");
    file.set_modified(modified).expect("a file of ours");
    assert_eq!(get(folder.path(), &path, LARGE), plain, "the key is the same, so the file is not opened");
}

#[test]
fn a_changed_file_is_read_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    let before = get(folder.path(), &path, LARGE);
    let mut bytes = fs::read(&path).expect("a program");
    bytes.push(0);
    fs::write(&path, bytes).expect("a file of ours");
    let after = get(folder.path(), &path, LARGE);
    assert_ne!(before.head.content, after.head.content);
    assert_eq!(after, read(&path).expect("a program"));
}

#[test]
fn a_file_that_may_still_change_is_not_trusted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    let now = SystemTime::now() + Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(&path).expect("a file of ours");
    file.set_modified(now).expect("a file of ours");
    get(folder.path(), &path, LARGE);
    let length = fs::metadata(&path).expect("a file").len() as usize;
    fs::write(&path, vec![b'x'; length]).expect("a file of ours");
    file.set_modified(now).expect("a file of ours");
    let cache = Cache::open(folder.path().join("cache"), LARGE);
    assert!(cache.get(&path).expect_err("no program any more").is_foreign());
}

#[test]
fn the_same_content_elsewhere_is_stored_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (one, two) = (program(folder.path(), "one"), program(folder.path(), "two"));
    assert_eq!(get(folder.path(), &one, LARGE), get(folder.path(), &two, LARGE));
    assert_eq!(stored(folder.path()).len(), 1);
}

#[test]
fn damage_costs_time_and_no_answer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    let facts = get(folder.path(), &path, LARGE);
    let [file] = stored(folder.path()).try_into().expect("one file of facts");
    let bytes = fs::read(&file).expect("facts");
    for at in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        fs::write(&file, damaged).expect("a file of ours");
        assert_eq!(get(folder.path(), &path, LARGE), facts, "byte {at}");
        assert_eq!(fs::read(&file).expect("facts"), bytes, "byte {at}: what was damaged is replaced");
        fs::write(&file, &bytes[..at]).expect("a file of ours");
        assert_eq!(get(folder.path(), &path, LARGE), facts, "cut at {at}");
    }
    let keys = folder.path().join("cache/keys");
    let good = fs::read(&keys).expect("keys");
    for damaged in [&good[..good.len() - 3], &good[3..], b"", b"nonsense"] {
        fs::write(&keys, damaged).expect("a file of ours");
        assert_eq!(get(folder.path(), &path, LARGE), facts);
        assert_eq!(get(folder.path(), &path, LARGE), facts);
    }
}

#[test]
fn above_the_limit_the_oldest_go() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = program(folder.path(), "one");
    get(folder.path(), &first, LARGE);
    let [old] = stored(folder.path()).try_into().expect("one file of facts");
    age(&old);
    let second = program(folder.path(), "two");
    let mut bytes = fs::read(&second).expect("a program");
    bytes.push(0);
    fs::write(&second, bytes).expect("a file of ours");
    age(&second);
    let limit = fs::metadata(&old).expect("facts").len() + 100;
    get(folder.path(), &second, limit);
    assert!(!old.exists(), "the older facts are still there");
    assert_eq!(stored(folder.path()).len(), 1);
}

#[test]
fn what_is_used_every_day_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    get(folder.path(), &path, LARGE);
    let [file] = stored(folder.path()).try_into().expect("one file of facts");
    let week = SystemTime::now() - Duration::from_secs(7 * 24 * 3600);
    let open = fs::File::options().write(true).open(&file).expect("a file of ours");
    open.set_modified(week).expect("a file of ours");
    get(folder.path(), &path, LARGE);
    let used = fs::metadata(&file).and_then(|metadata| metadata.modified()).expect("a time");
    assert!(used > week + Duration::from_secs(24 * 3600), "it is as old as before it was used");
}

#[test]
fn runs_at_once_do_not_disturb_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths: Vec<PathBuf> = (0..8)
        .map(|n| {
            let path = program(folder.path(), &format!("program{n}"));
            let mut bytes = fs::read(&path).expect("a program");
            bytes.push(n);
            fs::write(&path, bytes).expect("a file of ours");
            age(&path);
            path
        })
        .collect();
    let plain: Vec<Facts> = paths.iter().map(|path| read(path).expect("a program")).collect();
    // Room for some of them: each removes what others have written.
    get(folder.path(), &paths[0], LARGE);
    let [one] = stored(folder.path()).try_into().expect("one file of facts");
    let limit = 4 * fs::metadata(one).expect("facts").len();
    let run = || {
        for _ in 0..10 {
            let cache = Cache::open(folder.path().join("cache"), limit);
            for (path, facts) in paths.iter().zip(&plain) {
                assert_eq!(&cache.get(path).expect("a program"), facts);
            }
            cache.finish().unwrap_or_else(|error| panic!("{error}"));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(run);
        }
    });
}

#[test]
fn what_is_no_file_in_a_cache_does_not_block() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    let facts = get(folder.path(), &path, LARGE);
    let [file] = stored(folder.path()).try_into().expect("one file of facts");
    for place in [folder.path().join("cache/keys"), file] {
        fs::remove_file(&place).expect("a file of ours");
        assert!(std::process::Command::new("mkfifo").arg(&place).status().expect("mkfifo").success());
        let cache = Cache::open(folder.path().join("cache"), LARGE);
        assert_eq!(cache.get(&path).expect("a program"), facts);
        // That nothing could be kept is said, and no more.
        let _ = cache.finish();
        fs::remove_file(&place).expect("a pipe, or what replaced it");
        assert_eq!(get(folder.path(), &path, LARGE), facts);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_said_and_answers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = program(folder.path(), "one");
    fs::write(folder.path().join("cache"), "a file").expect("the folder can be written to");
    let cache = Cache::open(folder.path().join("cache"), LARGE);
    assert_eq!(cache.get(&path).expect("a program"), read(&path).expect("a program"));
    let error = cache.finish().expect_err("no folder to write to").to_string();
    assert!(error.contains("could not write to the cache of facts"), "{error}");
}
