//! Edited copies of libraries that the system's compiler makes, loaded by the system's loader.
//!
//! Deliberately not here: which files are to be edited, and how.

mod compiled;
mod damaged;
mod statics;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use compiled::Folder;
use elf_facts::{Facts, Name};
use elf_isolate::{Edit, EditError};

fn facts(path: &Path) -> Facts {
    elf_facts::read(path).expect("the file can be read")
}

fn edited(from: &Path, edit: &Edit, to: &Path) -> Result<(), EditError> {
    elf_isolate::edit(from, &facts(from), edit, to)
}

fn renamed(old: &str, new: &str) -> Edit {
    Edit { needed: [(Name::from(old), Name::from(new))].into(), ..Edit::default() }
}

fn called(soname: &str) -> Edit {
    Edit { soname: Some(Name::from(soname)), ..Edit::default() }
}

/// Ways to link, each of which lays a file out otherwise.
const LAYOUTS: [&[&str]; 8] = [
    &[],
    &["-Wl,--hash-style=sysv"],
    &["-Wl,--hash-style=both", "-Wl,-z,now", "-Wl,-z,relro"],
    &["-Wl,-z,noseparate-code", "-Wl,-z,norelro"],
    &["-Wl,-z,max-page-size=0x200000"],
    &["-s", "-Wl,--build-id=none"],
    &["-Wl,-Bsymbolic", "-g", "-Wl,-z,execstack"],
    &["-Wl,--disable-new-dtags,-rpath,$ORIGIN"],
];

/// Thread-local data, an IFUNC, versions, a large `.bss`, a table of addresses, constructors: what a move could break.
const LIBRARY: &str = r#"
    static __thread int local = 20;
    static char large[1 << 20];
    static int one(void) { return 1; }
    static int (*resolve(void))(void) { return one; }
    int indirect(void) __attribute__((ifunc("resolve")));
    static int (*const table[])(void) = {one, one};
    static int constructed;
    __attribute__((constructor)) static void construct(void) { constructed = 3; }
    int value(void) { large[999999] = 5; return local + indirect() + table[1]() + constructed + large[999999] + BASE; }
"#;

#[test]
fn a_copy_of_any_layout_is_loaded_beside_the_original() {
    let folder = Folder::new();
    let map = folder.write("map", "V_1 { value; };");
    let version = format!("-Wl,--version-script={}", map.display());
    for (at, layout) in LAYOUTS.iter().enumerate() {
        let mut flags = vec!["-Wl,-soname,libvalue.so.1", version.as_str()];
        flags.extend(*layout);
        let library = |name: &str, base: &str| {
            folder.c(&format!("{at}/{name}/libvalue.so.1"), LIBRARY, &[&[base], &flags[..]].concat())
        };
        let (one, two) = (library("one", "-DBASE=100"), library("two", "-DBASE=200"));
        let user = |name: &str, library: &Path| {
            let code = "int value(void); int answer(void) { return value(); }";
            let rpath = format!("-Wl,-rpath,{}", library.parent().expect("it has a folder").display());
            folder.c(&format!("{at}/{name}.so"), code, &[&library.display().to_string(), rpath.as_str()])
        };
        let (first, second) = (user("first", &one), user("second", &two));
        assert_eq!(folder.answers(&[&first, &second]), "130 130", "layout {at}: the first wins");
        let new = "libvalue-0123456789abcdef.so.1";
        let place = two.with_file_name(new);
        edited(&two, &called(new), &place).unwrap_or_else(|error| panic!("layout {at}: {error}"));
        let copy = folder.path(&format!("{at}/copy.so"));
        edited(&second, &renamed("libvalue.so.1", new), &copy)
            .unwrap_or_else(|error| panic!("layout {at}: {error}"));
        for order in [[&first, &copy], [&copy, &first]] {
            let expected = if order[0] == &first { "130 230" } else { "230 130" };
            assert_eq!(folder.answers(&order), expected, "layout {at}");
        }
        // The original is what it was: it still gets whoever is first.
        assert_eq!(folder.answers(&[&first, &second]), "130 130", "layout {at}");
    }
}

#[test]
fn a_copy_of_a_copy_is_as_good() {
    let folder = Folder::new();
    let library = folder.c("libvalue.so.1", LIBRARY, &["-DBASE=100", "-Wl,-soname,libvalue.so.1"]);
    let mut last = library;
    for round in 0..4 {
        let next = folder.path(&format!("{round}.so"));
        edited(&last, &called(&format!("lib-of-round-{round}-with-a-longer-name.so.1")), &next)
            .unwrap_or_else(|error| panic!("round {round}: {error}"));
        last = next;
    }
    let user = "int value(void); int answer(void) { return value(); }";
    let user = folder.c("user.so", user, &[&last.display().to_string()]);
    let place = folder.path("lib-of-round-3-with-a-longer-name.so.1");
    fs::rename(&last, place).expect("it can be renamed");
    assert_eq!(folder.answers_with(&[&user], &folder.path(".")), "130");
}

#[test]
fn versions_that_no_symbol_has_are_kept() {
    let folder = Folder::new();
    let map = folder.write("map", "V_1 { value; }; V_2 { } V_1;");
    let version = format!("-Wl,--version-script={}", map.display());
    let code = format!("{LIBRARY} int getpid(void); int unversioned(void) {{ return getpid(); }}");
    let library = folder.c("libvalue.so.1", &code, &["-DBASE=100", "-Wl,-soname,libvalue.so.1", &version]);
    // GNU's linker defines a symbol for each version, lld does not; glibc's GLIBC_ABI_DT_RELR is needed without one.
    let mut bytes = fs::read(&library).expect("it can be read");
    for mark in elf_facts::marks(&library).expect("it can be read") {
        if [b"V_2".as_slice(), b"getpid"].contains(&mark.symbol.as_bytes()) {
            bytes[mark.place as usize..][..2].copy_from_slice(&1_u16.to_le_bytes());
        }
    }
    let library = folder.write_bytes("libvalue.so.1", &bytes);
    let versions = |path: &Path| {
        let head = facts(path).head;
        let named = head.versions.iter().filter(|version| !version.base).map(|one| one.name.to_string());
        named.collect::<std::collections::BTreeSet<_>>()
    };
    let marked = |path: &Path| {
        let marks = elf_facts::marks(path).expect("it can be read").into_iter();
        let of =
            |facts: &Facts, mark: &elf_facts::Mark| facts.version(mark.version).map(|one| one.name.clone());
        let facts = facts(path);
        marks
            .map(|mark| (mark.symbol.clone(), of(&facts, &mark)))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    assert!(versions(&library).contains("V_2"));
    assert!(versions(&library).iter().any(|name| name.starts_with("GLIBC_")));
    let copy = folder.path("libother.so.1");
    edited(&library, &called("libother.so.1"), &copy).expect("it can be edited");
    assert_eq!(versions(&copy), versions(&library));
    assert_eq!(marked(&copy), marked(&library), "each symbol has the version that it had");
    let user = "int value(void); int answer(void) { return value(); }";
    let user = folder.c("user.so", user, &[&copy.display().to_string()]);
    assert_eq!(folder.answers_with(&[&user], &folder.path(".")), "130");
}

/// A static of a template, one that is set up when it is first used, one of each thread, with a version or without; and a
/// file that only asks for it.
const STATICS: &str = "struct Big { int at; Big(); };
    template <class T> struct Registry { static int count; static Big &big() { static Big big; return big; } };
    #ifdef USER
    extern template struct Registry<int>;
    #else
    Big::Big() : at(START) {}
    template <class T> int Registry<T>::count = START;
    #endif
    inline thread_local int local = START;
    extern \"C\" int answer(void) { return Registry<int>::count++ + 100 * Registry<int>::big().at++ + 10000 * local++; }";

#[test]
fn renamed_symbols_are_others_and_found_in_files_of_any_layout() {
    let folder = Folder::new();
    let map = folder.write("map", "V_1 { *; };");
    let version = format!("-Wl,--version-script={}", map.display());
    let suffix = b".01234567";
    // Each name is hashed elsewhere then: many, so that buckets and filters have others beside them.
    let names =
        ["_ZN8RegistryIiE5countE", "_ZZN8RegistryIiE3bigEvE3big", "_ZGVZN8RegistryIiE3bigEvE3big", "local"];
    let new = |name: &str| Name::new([name.as_bytes(), suffix].concat());
    let edit = Edit { symbols: names.map(|name| (Name::from(name), new(name))).into(), ..Edit::default() };
    // With and without either hash table, with and without versions.
    for (at, versions) in [(0, None), (1, Some(version.as_str())), (2, Some(version.as_str())), (6, None)] {
        let library = |name: &str, flags: &[&str]| {
            let flags: Vec<&str> = LAYOUTS[at].iter().chain(flags).copied().collect();
            folder.cxx(&format!("{at}/{name}"), STATICS, &[&flags[..], versions.as_slice()].concat())
        };
        let one = library("one.so", &["-DSTART=10"]);
        let two = library("two.so", &["-DSTART=20", "-Wl,-soname,two.so"]);
        let user = library("user.so", &["-DSTART=20", "-DUSER", two.to_str().expect("text")]);
        let copy = |name: &str| folder.path(&format!("{at}/copies/{name}"));
        let (copied, asks) = (copy("two.so"), copy("user.so"));
        fs::create_dir(copy("")).expect("folders can be made");
        for (from, to) in [(&two, &copied), (&user, &asks)] {
            edited(from, &edit, to).unwrap_or_else(|error| panic!("layout {at}: {error}"));
        }
        let answers = |files: [&std::path::PathBuf; 3], of: &str| {
            folder.answers_with(&files, &folder.path(&format!("{at}/{of}")))
        };
        let answer = answers([&one, &two, &user], ".");
        assert_eq!(answer, "101010 111111 121212", "layout {at}: a process has one of them");
        assert_eq!(answers([&one, &copied, &asks], "copies"), "101010 202020 212121", "layout {at}");
        assert_eq!(answers([&copied, &one, &asks], "copies"), "202020 101010 212121", "layout {at}");
        assert_eq!(answers([&asks, &copied, &one], "copies"), "202020 212121 101010", "layout {at}");
    }
}

#[test]
fn what_must_stay_as_it_is_is_refused_and_nothing_is_left() {
    let folder = Folder::new();
    let library = folder.c("libvalue.so.1", LIBRARY, &["-DBASE=1", "-Wl,-soname,libvalue.so.1"]);
    let bytes = fs::read(&library).expect("it can be read");
    let refused = |path: &Path, said: &str| {
        let before = fs::read(path).expect("it can be read");
        let to = folder.path("out/copy.so");
        let error = edited(path, &called("libother.so.1"), &to).expect_err("it is refused").to_string();
        assert!(error.contains(said) && error.contains(&path.display().to_string()), "{error}");
        let left = fs::read_dir(folder.path("out")).expect("the folder is there").count();
        assert_eq!(left, 0, "after {error}");
        assert_eq!(fs::read(path).expect("it can be read"), before);
    };
    fs::create_dir(folder.path("out")).expect("folders can be made");
    let setuid = folder.write_bytes("setuid.so", &bytes);
    fs::set_permissions(&setuid, fs::Permissions::from_mode(0o4755)).expect("the mode can be set");
    refused(&setuid, "set-user-ID");
    let signed = [&bytes[..], b"~Module signature appended~\n"].concat();
    refused(&folder.write_bytes("signed.so", &signed), "a signature is appended");
    refused(&folder.path("open"), "it is a program");
    // Without section headers the editor does not find the string table (`e_shoff`, `e_shnum`, `e_shstrndx`).
    let mut bare = bytes.clone();
    bare[0x28..0x30].fill(0);
    bare[0x3c..0x40].fill(0);
    refused(&folder.write_bytes("bare.so", &bare), "the ELF editor says");
}

#[test]
fn a_copy_has_the_mode_of_its_original_and_replaces_what_is_there() {
    let folder = Folder::new();
    let library = folder.c("libvalue.so.1", LIBRARY, &["-DBASE=1", "-Wl,-soname,libvalue.so.1"]);
    fs::set_permissions(&library, fs::Permissions::from_mode(0o555)).expect("the mode can be set");
    let to = folder.write("copy.so", "what was there");
    edited(&library, &called("libother.so.1"), &to).expect("it can be edited");
    assert_eq!(fs::metadata(&to).expect("it is there").permissions().mode() & 0o777, 0o555);
    assert_eq!(facts(&to).head.soname, Some(Name::from("libother.so.1")));
    let nowhere = folder.path("no/such/folder/copy.so");
    let error = edited(&library, &called("libother.so.1"), &nowhere).expect_err("there is no folder");
    assert!(error.to_string().starts_with("could not write "), "{error}");
}
