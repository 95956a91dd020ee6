//! Damaged, foreign and hostile files: an error that says what is wrong, in bounded time and memory, never a panic.
//!
//! Deliberately not here: whole ranges of random bytes, which the fuzz target tries.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf_facts::{Facts, FactsError, Format, read};

/// A small library with versions, thread-local data and relocations of each kind, made by the system's compiler.
fn library(folder: &Path) -> PathBuf {
    let (source, script) = (folder.join("x.c"), folder.join("x.map"));
    let code = r#"
        extern int printf(const char *, ...);
        extern int not_here(void) __attribute__((weak));
        __thread int counter;
        int table[100];
        int *pointer = table;
        int hello(void) { counter++; return printf("%p", pointer) + (not_here ? not_here() : 0); }
    "#;
    fs::write(&source, code).expect("the folder can be written to");
    fs::write(&script, "ONE { global: hello; table; counter; pointer; local: *; };").expect("the same");
    let output = folder.join("libx.so.1");
    let status = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-Wl,-soname,libx.so.1",
            "-Wl,-rpath,$ORIGIN/libs",
            "-Wl,--version-script",
        ])
        .args([&script, Path::new("-o"), &output, &source])
        .status()
        .expect("a C compiler");
    assert!(status.success());
    output
}

/// Every part of the facts is looked at, so that none can hide a place outside its table.
fn look(facts: &Facts) {
    for reference in &facts.references {
        let name = facts.name_of(reference);
        let _ = facts.definitions.named(&facts.names, name, reference.hash).count();
        let _ = facts.version(reference.version);
        let _ = facts.definitions.get(reference.own);
    }
    let _ = format!("{:?}", facts.head);
}

#[test]
fn a_file_cut_anywhere_is_refused_or_whole() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = library(folder.path());
    let bytes = fs::read(&path).expect("just made");
    let whole = read(&path).expect("a sound library");
    assert!(!whole.references.is_empty() && whole.head.tls.is_some() && !whole.head.versions.is_empty());
    let cut = folder.path().join("cut.so");
    let mut refused = 0;
    for length in (0..bytes.len()).step_by(7) {
        fs::write(&cut, &bytes[..length]).expect("the folder can be written to");
        match read(&cut) {
            // The loader reads no section: what is cut off behind the last segment is no loss.
            Ok(facts) => {
                assert_eq!(
                    (&facts.references, &facts.names),
                    (&whole.references, &whole.names),
                    "{length} bytes"
                );
            }
            Err(FactsError::Foreign { format, .. }) => assert!(length < 4, "{length} bytes are {format}"),
            Err(error @ (FactsError::Truncated { .. } | FactsError::Malformed { .. })) => {
                refused += 1;
                assert!(error.to_string().contains("cut.so"), "{error}");
            }
            Err(error) => panic!("{length} bytes: {error}"),
        }
    }
    assert!(refused > bytes.len() / 7 / 4, "only {refused} of {} cuts were noticed", bytes.len() / 7);
}

#[test]
fn flipped_bytes_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = library(folder.path());
    let bytes = fs::read(&path).expect("just made");
    let (mut sound, mut refused) = (0, 0);
    // Every byte of the headers and tables, with the values that numbers go wrong at.
    let file = folder.path().join("damaged.so");
    fs::write(&file, &bytes).expect("the folder can be written to");
    let damaged = fs::File::options().write(true).open(&file).expect("a file of ours");
    for (at, byte) in bytes.iter().enumerate().take(0x1000) {
        // Numbers go wrong at their ends; one value for each byte, another for its neighbour.
        let value = [0, 0xff, 0x7f, 0x80, 1][at % 5];
        damaged.write_all_at(&[value], at as u64).expect("a file of ours");
        match read(&file) {
            Ok(facts) => {
                sound += 1;
                look(&facts);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        damaged.write_all_at(&[*byte], at as u64).expect("a file of ours");
    }
    assert!(sound > 1000 && refused > 100, "{sound} were read, {refused} refused");
}

#[test]
fn other_formats_are_one_plain_note() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut object = vec![0; 64];
    object[..20].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 62, 0]);
    let cases: [(&[u8], Format); 8] = [
        (b"", Format::Empty),
        (b"MZ\x90\0\x03", Format::Pe),
        (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", Format::MachO),
        (b"\xca\xfe\xba\xbe\0\0\0\x02", Format::MachO),
        (b"!<arch>\nx.o/", Format::Archive),
        (b"/* GNU ld script */\nGROUP ( /lib/libc.so.6 )", Format::LinkerScript),
        (b"#!/bin/sh\nexit 0\n", Format::Unknown),
        (&object, Format::Object),
    ];
    for (bytes, expected) in cases {
        let path = folder.path().join("x.so");
        fs::write(&path, bytes).expect("the folder can be written to");
        match read(&path) {
            Err(FactsError::Foreign { format, .. }) => assert_eq!(format, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_file_is_refused_unopened() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pipe = folder.path().join("pipe.so");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    std::os::unix::fs::symlink("loop.so", folder.path().join("loop.so")).expect("a link");
    for path in [pipe, folder.path().join("loop.so"), folder.path().join("none.so"), folder.path().into()] {
        let error = read(&path).expect_err("no file");
        assert!(matches!(error, FactsError::Io { .. }), "{error}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn a_huge_sparse_file_costs_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = fs::read(library(folder.path())).expect("just made");
    let path = folder.path().join("sparse.so");
    fs::write(&path, bytes).expect("the folder can be written to");
    fs::File::options().write(true).open(&path).and_then(|file| file.set_len(1 << 42)).expect("sparse files");
    let error = read(&path).expect_err("4 TiB");
    assert!(error.to_string().contains("more than"), "{error}");
}

#[test]
fn tables_larger_than_their_file_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = fs::read(library(folder.path())).expect("just made");
    // DT_STRSZ is tag 10 of the dynamic section: 16 bytes each, tag then value.
    let at = bytes.windows(16).position(|entry| {
        entry[..8] == 10_u64.to_le_bytes()
            && u64::from_le_bytes(entry[8..].try_into().expect("8 bytes")) < 4096
    });
    let at = at.expect("a DT_STRSZ") + 8;
    for size in [1 << 20, 1 << 40, u64::MAX] {
        let mut damaged = bytes.clone();
        damaged[at..at + 8].copy_from_slice(&u64::to_le_bytes(size));
        let path = folder.path().join("strings.so");
        fs::write(&path, damaged).expect("the folder can be written to");
        let error = read(&path).expect_err("strings beyond the file").to_string();
        assert!(error.contains("the dynamic string table"), "{error}");
    }
}
