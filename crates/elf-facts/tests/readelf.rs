//! The facts of real files are what binutils' readelf says, for 32 and 64 bit, little and big endian.
//!
//! The files are C libraries of Debian's cross packages, and this machine's own.
//! Deliberately not here: damaged files (`damage.rs`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use elf_facts::{Class, Endian, Facts, Uses, VersionIndex, read};

/// A library of each kind, and what kind that is.
const LIBRARIES: [(&str, Class, Endian, u16); 5] = [
    ("/usr/arm-linux-gnueabihf/lib/libc.so.6", Class::Bits32, Endian::Little, 40),
    ("/usr/i686-linux-gnu/lib/libc.so.6", Class::Bits32, Endian::Little, 3),
    ("/usr/powerpc-linux-gnu/lib/libc.so.6", Class::Bits32, Endian::Big, 20),
    ("/usr/s390x-linux-gnu/lib/libc.so.6", Class::Bits64, Endian::Big, 22),
    ("/usr/aarch64-linux-gnu/lib/libc.so.6", Class::Bits64, Endian::Little, 183),
];

fn readelf(arguments: &[&str], path: &Path) -> Vec<String> {
    let output = Command::new("readelf").arg("-W").args(arguments).arg(path).output();
    let output = output.unwrap_or_else(|error| panic!("readelf (Debian package binutils): {error}"));
    assert!(
        output.status.success(),
        "readelf {}: {}",
        path.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// `name@version` or `name@@version` or `name`, as readelf writes a symbol; one that stands for a version and has its
/// name is written without it.
fn written(facts: &Facts, name: &[u8], version: VersionIndex, defined: bool) -> String {
    let name = String::from_utf8_lossy(name);
    match facts.version(version).filter(|version| !version.base && version.name.to_string() != name) {
        None => name.into_owned(),
        Some(found) if defined && !version.is_hidden() && found.file.is_none() => {
            format!("{name}@@{}", found.name)
        }
        Some(found) => format!("{name}@{}", found.name),
    }
}

/// The symbols that readelf lists as defined and visible.
fn defined(path: &Path) -> BTreeSet<String> {
    let mut defined = BTreeSet::new();
    for line in readelf(&["--dyn-syms"], path) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Num: Value Size Type Bind Vis [other] Ndx Name; a symbol may have no name.
        let [number, value, _, _, bind, visibility, rest @ ..] = words.as_slice() else { continue };
        if !number.trim_end_matches(':').chars().all(|digit| digit.is_ascii_digit()) || *bind == "LOCAL" {
            continue;
        }
        let section = rest.iter().position(|word| {
            ["UND", "ABS", "COM"].contains(word) || word.chars().all(|digit| digit.is_ascii_digit())
        });
        let section = section.unwrap_or_else(|| panic!("{}: {line}", path.display()));
        let zero = value.chars().all(|digit| digit == '0');
        if ["HIDDEN", "INTERNAL"].contains(visibility) || (rest[section] == "UND" && zero) {
            continue;
        }
        if let Some(name) = rest.get(section + 1) {
            defined.insert((*name).to_owned());
        }
    }
    defined
}

/// The symbols that readelf lists in relocations, by their plain names, with whether one is a jump slot.
fn referenced(path: &Path) -> BTreeSet<(String, bool)> {
    let mut referenced = BTreeSet::new();
    for line in readelf(&["-r"], path) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Offset Info Type Value Name [+ addend]; relative ones have no value and name.
        if let [offset, _, kind, value, name, ..] = words.as_slice()
            && kind.starts_with("R_")
            && [offset, value].iter().all(|word| word.chars().all(|digit| digit.is_ascii_hexdigit()))
        {
            let name = name.split('@').next().unwrap_or_default().to_owned();
            let call = kind.contains("JMP_SLO") || kind.contains("JUMP_SL");
            referenced.insert((name, call));
        }
    }
    referenced
}

fn tags(path: &Path, tag: &str) -> Vec<String> {
    let lines = readelf(&["-d"], path).into_iter().filter(|line| line.contains(&format!("({tag})")));
    let bracketed =
        |line: String| line.split_once('[').map(|(_, rest)| rest.trim_end_matches(']').to_owned());
    lines.filter_map(bracketed).collect()
}

/// Compares everything that readelf says of the file at `path`; returns the number of symbols and references.
fn compare(path: &Path, facts: &Facts) -> (usize, usize) {
    let at = path.display();
    let text = |name: &elf_facts::Name| name.to_string();
    assert_eq!(facts.head.needed.iter().map(text).collect::<Vec<_>>(), tags(path, "NEEDED"), "{at}: NEEDED");
    assert_eq!(facts.head.soname.iter().map(text).collect::<Vec<_>>(), tags(path, "SONAME"), "{at}: SONAME");
    assert_eq!(
        facts.head.runpath.iter().map(text).collect::<Vec<_>>(),
        tags(path, "RUNPATH"),
        "{at}: RUNPATH"
    );
    assert_eq!(facts.head.rpath.iter().map(text).collect::<Vec<_>>(), tags(path, "RPATH"), "{at}: RPATH");
    let build_id = readelf(&["-n"], path)
        .into_iter()
        .find_map(|line| line.split_once("Build ID: ").map(|(_, id)| id.trim().to_owned()));
    let ours = facts
        .head
        .build_id
        .as_ref()
        .map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    assert_eq!(ours, build_id, "{at}: build id");

    let ours: BTreeSet<String> = facts
        .definitions
        .all()
        .iter()
        .map(|symbol| written(facts, facts.names.bytes(symbol.name), symbol.version, !symbol.is_undefined()))
        .collect();
    let theirs = defined(path);
    let differ: Vec<&String> = ours.symmetric_difference(&theirs).collect();
    assert!(differ.is_empty(), "{at}: definitions differ: {differ:?}");

    // Names may stand in the symbol table twice, local and global; readelf's relocations do not say which.
    let visible: BTreeSet<String> = facts
        .references
        .iter()
        .map(|reference| String::from_utf8_lossy(facts.name_of(reference)).into_owned())
        .collect();
    let local = local(path);
    let mut theirs = referenced(path);
    theirs.retain(|(name, _)| !local.contains(name));
    let missing: Vec<_> = theirs.iter().filter(|(name, _)| !visible.contains(name)).collect();
    assert!(missing.is_empty(), "{at}: references that are missing: {missing:?}");
    let invented: Vec<_> = facts
        .references
        .iter()
        .filter(|reference| {
            let name = String::from_utf8_lossy(facts.name_of(reference)).into_owned();
            let call = theirs.contains(&(name.clone(), true));
            let other = theirs.contains(&(name, false));
            call != reference.uses.any(Uses::CALL) || !(call || other)
        })
        .collect();
    assert!(invented.is_empty(), "{at}: references that readelf does not list: {invented:?}");
    (ours.len(), facts.references.len())
}

/// Symbols that bind within the file.
fn local(path: &Path) -> BTreeSet<String> {
    let lines = readelf(&["--dyn-syms"], path).into_iter();
    let local = lines
        .filter(|line| line.contains(" LOCAL ") || line.contains(" HIDDEN ") || line.contains(" INTERNAL "));
    local.filter_map(|line| line.split_whitespace().last().map(str::to_owned)).collect()
}

#[test]
fn libraries_of_other_machines() {
    for (path, class, endian, machine) in LIBRARIES {
        let facts = read(Path::new(path)).unwrap_or_else(|error| {
            panic!("{error}\nhint: apt-get install libc6-{{armhf,i386,powerpc,s390x,arm64}}-cross")
        });
        assert_eq!(
            (facts.head.class, facts.head.endian, facts.head.machine),
            (class, endian, machine),
            "{path}"
        );
        assert!(facts.head.machine_known, "{path}");
        let (definitions, references) = compare(Path::new(path), &facts);
        assert!(definitions > 2000 && references > 5, "{path}: {definitions} and {references}");
    }
}

#[test]
fn libraries_and_programs_of_this_machine() {
    let library = |name: &str| {
        let output =
            Command::new("cc").arg(format!("-print-file-name={name}")).output().expect("a C compiler");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    };
    let mut files: Vec<PathBuf> =
        ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6"].map(library).to_vec();
    files.extend(["readelf", "cc", "sh"].map(which));
    files.push(std::env::current_exe().expect("the test itself"));
    for file in files {
        let facts = read(&file).unwrap_or_else(|error| panic!("{error}"));
        let (definitions, references) = compare(&file, &facts);
        assert!(definitions + references > 10, "{}: {definitions} and {references}", file.display());
    }
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{program} is not on PATH"))
}
