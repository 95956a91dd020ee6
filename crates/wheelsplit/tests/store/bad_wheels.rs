//! Wheels that must not be installed: each its own error with a hint, and nothing left behind.

use std::fs;
use std::path::Path;

use wheelsplit::{Error, Expected, Limits, Store};

use crate::forge::{Forge, inventory, store};

fn good() -> Forge {
    Forge::new("bad", "1.0")
}

/// Every kind of bad wheel, with a word for it.
fn bad_wheels() -> Vec<(&'static str, Forge)> {
    let info = |file: &str| format!("bad-1.0.dist-info/{file}");
    vec![
        ("parent folder", good().file("../evil.py", "")),
        ("parent folder, deeper", good().file("bad/../../evil.py", "")),
        ("parent folder, from .data", good().file("bad-1.0.data/scripts/../../../evil", "")),
        ("absolute", good().file("/etc/evil", "")),
        ("drive", good().file("C:/evil", "")),
        ("backslash", good().file("bad\\evil.py", "")),
        ("empty component", good().file("bad//evil.py", "")),
        ("dot component", good().file("bad/./evil.py", "")),
        ("control character", good().file("bad/\u{1b}[2J.py", "")),
        ("symbolic link", good().symlink("bad/link.py", "/etc/passwd")),
        ("duplicate", good().file("bad/a1.py", "1").file("bad/a2.py", "2").patch(b"bad/a2.py", b"bad/a1.py")),
        ("duplicate, through .data", good().file("bad/a.py", "1").file("bad-1.0.data/purelib/bad/a.py", "1")),
        ("file and folder", good().file("bad/a", "1").file("bad/a/b.py", "1")),
        ("unknown .data folder", good().file("bad-1.0.data/etc/passwd", "")),
        (
            "hash of a wrong length",
            good().record(|text| {
                text.replace("METADATA,sha256=", "METADATA,sha256=AAAA").replacen("=AAAA", "=AAA", 1)
            }),
        ),
        (
            "changed file",
            good()
                .file("bad/stored.py", "x = 1 # 12345678901234567890")
                .record(|text| swap_hash(&text, "bad/stored.py")),
        ),
        ("size in RECORD", good().record(|text| text.replacen(",12\n", ",13\n", 1))),
        ("listed and missing", good().record(|text| text + "bad/missing.py,,\nbad/other.py,,\n")),
        ("RECORD leaves the wheel", good().record(|text| text + "../../etc/passwd,,\n")),
        ("RECORD is absolute", good().record(|text| text + "/etc/passwd,,\n")),
        ("RECORD twice", good().record(|text| text + "bad/__init__.py,,1\n")),
        ("weak hash", good().record(|text| text.replace("sha256=", "md5="))),
        ("no RECORD", good().record(|_| String::new())),
        ("no WHEEL", good().without(&info("WHEEL"))),
        ("no METADATA", good().without(&info("METADATA"))),
        ("two .dist-info", good().file("other-1.0.dist-info/METADATA", "")),
        (
            "no .dist-info",
            Forge::new("bad", "1.0")
                .without(&info("WHEEL"))
                .without(&info("METADATA"))
                .record(|_| String::new()),
        ),
        ("future wheel", good().file(&info("WHEEL"), "Wheel-Version: 2.0\n")),
        ("WHEEL without a version", good().file(&info("WHEEL"), "Tag: py3-none-any\n")),
        ("METADATA without a name", good().file(&info("METADATA"), "Version: 1.0\n")),
        ("METADATA is no text", good().file(&info("METADATA"), [0xff, 0xfe])),
        ("another name", good().file(&info("METADATA"), "Name: other\nVersion: 1.0\n")),
        ("another version", good().file(&info("METADATA"), "Name: bad\nVersion: 1.1\n")),
        (
            "a name that hides promises",
            good().file(&info("WHEEL"), "Wheel-Version: 1.0\nTag: cp311-cp311-win_amd64\n"),
        ),
        (
            "named for another platform",
            good()
                .file(&info("WHEEL"), "Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n")
                .named_for("cp311-cp311-manylinux_2_17_aarch64"),
        ),
        (
            "script outside bin",
            good().file(&info("entry_points.txt"), "[console_scripts]\n../evil = bad:main\n"),
        ),
        (
            "script with code",
            good().file(&info("entry_points.txt"), "[console_scripts]\nx = bad:main;evil()\n"),
        ),
        (
            "entry longer than declared",
            good().file("bad/big.txt", "0123456789".repeat(10)).patch(&[100, 0, 0, 0], &[99, 0, 0, 0]),
        ),
    ]
}

/// Exchanges the first letters of the file's hash.
fn swap_hash(text: &str, file: &str) -> String {
    let start = format!("{file},sha256=");
    let line = text.lines().find(|line| line.starts_with(&start)).expect("a line");
    let mut letters: Vec<char> = line.chars().collect();
    letters[start.len()] = if letters[start.len()] == 'A' { 'B' } else { 'A' };
    text.replace(line, &letters.into_iter().collect::<String>())
}

/// What a user reads, without the temporary folder.
fn shown(error: &Error, dir: &Path) -> String {
    let hint = error.hint().unwrap_or_else(|| panic!("no hint for: {error}"));
    format!("error: {error}\nhint: {hint}\n").replace(&dir.display().to_string(), "DIR")
}

#[test]
fn every_bad_wheel_has_an_error_of_its_own_and_leaves_nothing() {
    let (dir, store) = store();
    let mut all = String::new();
    for (what, forge) in bad_wheels() {
        let file = forge.write(dir.path());
        let Err(error) = store.install_file(&file, &forge.expected()) else { panic!("installed: {what}") };
        assert!(matches!(error, Error::Wheel { .. }), "{what}: {error}");
        assert_eq!(inventory(&store), [] as [&str; 0], "{what}");
        assert!(!dir.path().join("evil.py").exists() && !store.root().join("evil.py").exists(), "{what}");
        all.push_str(&format!("# {what}\n{}\n", shown(&error, dir.path())));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_wheel_cut_anywhere_is_refused() {
    let (dir, store) = store();
    let forge = good().file("bad/data.bin", [7u8; 5000]);
    let whole = forge.bytes();
    let file = dir.path().join("bad-1.0-py3-none-any.whl");
    for length in (0..whole.len()).step_by(13).chain([whole.len() - 1]) {
        fs::write(&file, &whole[..length]).expect("a piece");
        assert!(store.install_file(&file, &forge.expected()).is_err(), "cut to {length} of {}", whole.len());
    }
    assert_eq!(inventory(&store), [] as [&str; 0]);
    fs::write(&file, &whole[..whole.len() / 2]).expect("a half");
    let error = store.install_file(&file, &forge.expected()).expect_err("half a wheel");
    insta::assert_snapshot!(shown(&error, dir.path()));
}

#[test]
fn a_flipped_bit_anywhere_is_refused_or_harmless() {
    let (dir, store) = store();
    let forge = good().file("bad/data.bin", [7u8; 500]);
    let whole = forge.bytes();
    let file = dir.path().join("bad-1.0-py3-none-any.whl");
    let reference = store.install_file(&forge.write(dir.path()), &forge.expected()).expect("the whole one");
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&file, &bytes).expect("a wheel");
        // Times, comments and permissions may change; what is installed must be the files that RECORD lists.
        match store.install_file(&file, &forge.expected()) {
            Err(_) => refused += 1,
            Ok(installed) => {
                for part in ["bad/__init__.py", "bad/data.bin", "bad-1.0.dist-info/METADATA"] {
                    let read = |site: std::path::PathBuf| fs::read(site.join(part)).expect(part);
                    assert_eq!(read(installed.site()), read(reference.site()), "bit {at}: {part}");
                }
            }
        }
    }
    assert!(refused > whole.len() / 2, "only {refused} of {} were refused", whole.len());
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let small = Limits { total: 100_000, ratio: 20, ratio_from: 10_000, files: 50 };
    let mut all = String::new();
    let many = (0..60).fold(good(), |forge, i| forge.file(&format!("bad/m{i}.py"), ""));
    for (what, forge) in [
        ("ratio", good().file("bad/zeros", vec![0u8; 50_000])),
        ("total", good().file("bad/zeros", vec![0u8; 200_000])),
        ("files", many),
    ] {
        let (dir, store) = store();
        let file = forge.write(dir.path());
        let error = store.clone().with_limits(small).install_file(&file, &forge.expected()).expect_err(what);
        assert!(!store.root().exists(), "{what}: nothing was written");
        all.push_str(&format!("# {what}\n{}\n", shown(&error, dir.path())));
        store.install_file(&file, &forge.expected()).expect("far below the real limits");
    }
    insta::with_settings!({filters => [(r"its \d+ bytes", "its N bytes")]}, {
        insta::assert_snapshot!(all);
    });
}

#[test]
fn folders_are_counted_too() {
    // Every entry of some bytes asks for ninety folders.
    let small = Limits { total: 100_000, ratio: 20, ratio_from: 10_000, files: 50 };
    let deep = |forge: Forge, at: usize| forge.file(&format!("bad/{at}/{}x", "a/".repeat(90)), "");
    let (dir, store) = store();
    let forge = deep(good(), 0);
    let error = store.clone().with_limits(small).install_file(&forge.write(dir.path()), &forge.expected());
    let error = error.expect_err("ninety folders").to_string();
    assert!(error.contains("its files lie in more than 50 folders") && !store.root().exists(), "{error}");
    let forge = good().file(&format!("bad/{}x", "a/".repeat(20_000)), "");
    let error = store.install_file(&forge.write(dir.path()), &forge.expected()).expect_err("a deep path");
    assert!(error.to_string().contains("deeper than 100 folders"), "{error}");
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    let (dir, store) = store();
    let forge = good().file("bad/one.txt", "0123456789").file("bad/two.txt", "0123456789");
    let mut bytes = forge.bytes();
    // A file header of the directory ends in the place of its entry, then the name (APPNOTE 4.3.12).
    let header = |name: &[u8]| bytes.windows(name.len()).rposition(|part| part == name).expect("a header");
    let (one, two) = (header(b"bad/one.txt") - 4, header(b"bad/two.txt") - 4);
    bytes.copy_within(one..one + 4, two);
    let file = dir.path().join("bad-1.0-py3-none-any.whl");
    fs::write(&file, bytes).expect("a wheel");
    let error = store.install_file(&file, &forge.expected()).expect_err("shared bytes").to_string();
    assert!(error.contains("share their compressed bytes"), "{error}");
    assert_eq!(inventory(&store), [] as [&str; 0]);
}

#[test]
fn what_fits_no_disk_is_not_begun() {
    let (dir, store) = store();
    // Two thousand files that say that each has four gigabytes.
    let content = [b'x'; 0x134];
    let forge = (0..2000).fold(good(), |forge, at| forge.unlisted(&format!("bad/{at}"), content));
    let forge = forge.patch(&[0x34, 0x01, 0, 0], &[0xf0, 0xff, 0xff, 0xff]);
    let all = Limits { total: u64::MAX, ratio: u64::MAX, ratio_from: u64::MAX, files: usize::MAX };
    let store = store.with_limits(all);
    let error = store.install_file(&forge.write(dir.path()), &forge.expected()).expect_err("8 TB");
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(error.to_string().contains("are needed") && error.hint().is_some(), "{error}");
    assert_eq!(inventory(&store), [] as [&str; 0]);
}

#[test]
fn what_never_ends_is_not_read() {
    let (dir, store) = store();
    let file = |name: &str| dir.path().join(format!("{name}-1.0-py3-none-any.whl"));
    fs::File::create(file("sparse")).and_then(|file| file.set_len(1 << 40)).expect("sparse files");
    assert!(std::process::Command::new("mkfifo").arg(file("pipe")).status().expect("mkfifo").success());
    std::os::unix::fs::symlink("/dev/zero", file("device")).expect("a link");
    for (name, says) in
        [("sparse", "1099511627776 bytes"), ("pipe", "no regular file"), ("device", "no regular file")]
    {
        let error = store.install_file(&file(name), &good().expected()).expect_err(name).to_string();
        assert!(error.contains(says) && error.contains(name), "{error}");
    }
    assert!(!store.root().exists());
}

#[test]
fn a_real_bomb_meets_the_real_limit() {
    let (dir, store) = store();
    let forge = good().file("bad/zeros", vec![0u8; 65 << 20]);
    let error = store.install_file(&forge.write(dir.path()), &forge.expected()).expect_err("a bomb");
    assert!(error.to_string().contains("decompression bomb"), "{error}");
}

#[test]
fn bytes_that_are_not_the_locked_ones_are_refused() {
    let (dir, store) = store();
    let forge = good();
    let file = forge.write(dir.path());
    let expected = Expected { sha256: Some("0".repeat(64)), ..forge.expected() };
    let error = store.install_file(&file, &expected).expect_err("other bytes");
    let filters = [(r"is [0-9a-f]{64},", "is FOUND,"), (r"\d+ bytes", "N bytes")];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(shown(&error, dir.path())) });
    assert!(!store.root().exists());
}

#[test]
fn what_is_no_wheel_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(dir.path().join("store")).expect("a store");
    let expected = good().expected();
    let mut all = String::new();
    for name in ["bad-1.0.tar.gz", "bad.whl", "bad-1.0-py3-none-any.whl"] {
        let file = dir.path().join(name);
        fs::write(&file, "this is text").expect("a file");
        let error = store.install_file(&file, &expected).expect_err(name);
        all.push_str(&shown(&error, dir.path()));
    }
    let error =
        store.install_file(&dir.path().join("gone-1.0-py3-none-any.whl"), &expected).expect_err("gone");
    assert!(matches!(error, Error::Unreadable { .. }), "{error}");
    insta::assert_snapshot!(all);
    assert!(!store.root().exists());
}
