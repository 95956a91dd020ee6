//! Files that were made to cost: each is refused, or read, in no more than its own size's time and memory.
//!
//! Deliberately not here: damage as it happens (`damage.rs`).

#[expect(unreachable_pub, reason = "a module of the fuzzer's library")]
#[path = "../../abicheck/fuzz/src/writer.rs"]
mod writer;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use elf_facts::{Facts, FactsError, read};
use tempfile::TempDir;
use writer::{Image, Symbol};

const NEEDED: u64 = 1;
const SONAME: u64 = 14;

fn image() -> Image {
    Image { is_64: true, little: true, machine: 62, kind: 3, ..Image::default() }
}

fn written(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.so");
    fs::write(&path, bytes).expect("the folder can be written to");
    (folder, path)
}

fn facts(bytes: &[u8]) -> Result<Facts, FactsError> {
    read(&written(bytes).1)
}

fn refusal(bytes: &[u8]) -> String {
    facts(bytes).expect_err("made to cost").to_string()
}

fn defined(name: &str) -> Symbol {
    Symbol { name: name.to_owned(), info: 0x12, section: 1, value: 8, ..Symbol::default() }
}

#[test]
fn a_million_sections_are_not_looked_at() {
    let whole = Image { symbols: vec![defined("hello")], ..image() }.bytes();
    let expected = facts(&whole).expect("a sound file");
    // e_shoff, e_shnum and e_shstrndx (gABI, "ELF Header"), then a million empty headers.
    let mut claimed = whole.clone();
    claimed[0x28..0x30].copy_from_slice(&(whole.len() as u64).to_le_bytes());
    claimed[0x3a..0x40].copy_from_slice(&[64, 0, 0xff, 0xff, 0xff, 0xff]);
    let (_folder, path) = written(&claimed);
    File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_len(whole.len() as u64 + 64_000_000))
        .expect("sparse files");
    for facts in [facts(&claimed).expect("claimed"), read(&path).expect("there")] {
        assert_eq!((&facts.definitions, &facts.names), (&expected.definitions, &expected.names));
    }
}

#[test]
fn more_than_there_is_of_anything_is_refused() {
    let whole = Image { symbols: vec![defined("hello")], ..image() }.bytes();
    let mut headers = whole.clone();
    headers[0x38..0x3a].copy_from_slice(&[0xff, 0xff]);
    assert!(refusal(&headers).contains("is cut short: the program headers"), "{}", refusal(&headers));
    // A million symbols by the hash table, which has bucket count, chain count, one bucket.
    let table = [1_u32, 2, 0].map(u32::to_le_bytes).concat();
    let at = whole.windows(12).position(|window| window == table).expect("a hash table");
    for count in [1_000_000, u32::MAX] {
        let mut symbols = whole.clone();
        symbols[at + 4..at + 8].copy_from_slice(&u32::to_le_bytes(count));
        assert!(refusal(&symbols).contains("the dynamic symbols"), "{}", refusal(&symbols));
    }
}

#[test]
fn a_million_needs_are_refused() {
    let names = |count| (0..count).map(|_| (NEEDED, "libx.so".to_owned())).collect::<Vec<_>>();
    let some = facts(&Image { names: names(1000), ..image() }.bytes()).expect("a thousand");
    assert_eq!(some.head.needed.len(), 1000);
    let refusal = refusal(&Image { names: names(1_000_000), ..image() }.bytes());
    assert!(refusal.contains("1000000 DT_NEEDED"), "{refusal}");
}

#[test]
fn names_that_share_their_bytes_do_not_multiply() {
    let long = "n".repeat(1 << 16);
    // Some kilobytes that would be megabytes of names.
    let symbols = (0..200).map(|_| defined(&long)).collect();
    let refused = refusal(&Image { symbols, ..image() }.bytes());
    assert!(refused.contains("many times the file's size"), "{refused}");
    let names = (0..100).map(|_| (NEEDED, long.clone())).collect();
    let refused = refusal(&Image { names, ..image() }.bytes());
    assert!(refused.contains("the names of DT_NEEDED have"), "{refused}");
    let refused = refusal(&Image { names: vec![(SONAME, "n".repeat(1 << 20))], ..image() }.bytes());
    assert!(refused.contains("a name of 1048576 bytes"), "{refused}");
    let needs = vec![(long.clone(), vec![long.clone(); 2])];
    let refused = refusal(&Image { needs, ..image() }.bytes());
    assert!(refused.contains("the version needs"), "{refused}");
}

#[test]
fn symbols_that_are_all_alike_are_refused() {
    let alike = |count| Image { symbols: (0..count).map(|_| defined("f")).collect(), ..image() }.bytes();
    assert_eq!(facts(&alike(500)).expect("odd, and harmless").definitions.all().len(), 500);
    let refused = refusal(&alike(5000));
    assert!(refused.contains("share a name or its hash"), "{refused}");
}

#[test]
fn names_in_no_encoding_stay_what_they_are() {
    let mut bytes = Image {
        names: vec![(SONAME, "libXX.so".to_owned()), (NEEDED, "libYY.so".to_owned())],
        symbols: vec![defined("ZZ")],
        ..image()
    }
    .bytes();
    for (from, to) in [(b"XX", b"\xff\xfe"), (b"YY", b"\x1b["), (b"ZZ", b"\xe9\x07")] {
        let at = bytes.windows(2).position(|window| window == from).expect("the name is there");
        bytes[at..at + 2].copy_from_slice(to);
    }
    let facts = facts(&bytes).expect("a sound file");
    let soname = facts.head.soname.expect("a soname");
    assert_eq!(soname.as_bytes(), b"lib\xff\xfe.so");
    assert_eq!(soname.as_path().as_os_str().as_encoded_bytes(), soname.as_bytes());
    assert!(!facts.head.needed[0].to_string().contains('\u{1b}'), "{}", facts.head.needed[0]);
    assert_eq!(facts.names.bytes(facts.definitions.all()[0].name), b"\xe9\x07");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_an_answer_or_an_error() {
    let symbols = (0..2000).map(|number| defined(&format!("symbol_{number}"))).collect();
    let (_folder, path) = written(&Image { symbols, ..image() }.bytes());
    let whole = fs::read(&path).expect("just written");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                change(&path, &whole);
            }
        });
        for _ in 0..500 {
            if let Err(error) = read(&path) {
                assert!(error.to_string().contains("x.so"), "{error}");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// Shorter, gone, and there again.
fn change(path: &Path, whole: &[u8]) {
    let cut = File::options().write(true).open(path).and_then(|file| file.set_len(whole.len() as u64 / 2));
    cut.expect("a file of ours");
    fs::remove_file(path).expect("a file of ours");
    fs::write(path, whole).expect("the folder can be written to");
}
