//! Environments in which files are not what they should be: read to an end, with an answer or a plain error.
//!
//! Deliberately not here: ELF files and wheels that are damaged inside (`elf-facts`, `wheelsplit` have tests of those).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use abicheck::environment::{Environment, InputError, Wishes};
use abicheck::importing::{Imports, Session, Sources, Step};
use python_facts::Target;
use tempfile::TempDir;

/// A folder with what looks like an interpreter, of which nothing is run, and `site`, with distribution `good`.
fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for path in ["python/bin", "python/lib/python3.11", "site/good-1.dist-info", "site/good"] {
        fs::create_dir_all(folder.path().join(path)).expect("the folder can be written to");
    }
    for (path, text) in [
        ("python/bin/python3.11", "\x7fELF and no more"),
        ("python/lib/python3.11/os.py", ""),
        ("site/good-1.dist-info/METADATA", "Name: good\nVersion: 1\n"),
        ("site/good-1.dist-info/RECORD", "good/__init__.py,,\ngood/x.so,,\n"),
        ("site/good/__init__.py", "from . import x\n"),
        ("site/good/x.so", "no ELF file, which this does not look into"),
    ] {
        fs::write(folder.path().join(path), text).expect("the folder can be written to");
    }
    let site = folder.path().join("site").canonicalize().expect("just made");
    (folder, site)
}

fn read(folder: &TempDir, input: &Path) -> Result<Environment, InputError> {
    let python = Some(folder.path().join("python/bin/python3.11"));
    Environment::read(&[input.to_owned()], &Wishes { python })
}

fn environment(folder: &TempDir, site: &Path) -> Environment {
    let environment = read(folder, site).unwrap_or_else(|error| panic!("{error}"));
    assert!(environment.owner(&site.join("good/x.so")).is_some(), "what is whole is there");
    environment
}

fn sparse(path: &Path) {
    File::create(path).and_then(|file| file.set_len(1 << 40)).expect("sparse files");
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

/// Puts something at a path.
type Maker = fn(&Path);

/// Each thing that blocks, never ends or is no file, in the place of each kind of file that is read.
#[test]
fn nothing_blocks_and_nothing_is_read_without_end() {
    let makers: [(&str, Maker); 5] = [
        ("pipe", pipe),
        ("device", |path| symlink("/dev/zero", path).expect("a link")),
        ("sparse", sparse),
        ("round", |path| symlink(path.file_name().expect("a name"), path).expect("a link")),
        ("directory", |path| fs::create_dir(path).expect("the folder can be written to")),
    ];
    for (kind, make) in makers {
        let (folder, site) = folder();
        fs::create_dir_all(site.join("bad-1.dist-info")).expect("the folder can be written to");
        fs::create_dir_all(site.join("whole-1.dist-info")).expect("the folder can be written to");
        fs::write(site.join("whole-1.dist-info/METADATA"), "Name: whole\n").expect("the same");
        for file in [
            "bad-1.dist-info/METADATA",
            "whole-1.dist-info/WHEEL",
            "whole-1.dist-info/RECORD",
            "bad.pth",
            "bad.so",
            "bad.py",
            "good/bad.so",
        ] {
            make(&site.join(file));
        }
        let environment = environment(&folder, &site);
        let names: Vec<&str> = environment.distributions.iter().map(|one| one.name.as_str()).collect();
        assert!(names.contains(&"whole"), "{kind}: {names:?}");
        // Only the file is one that the loader could take, and its reader has a limit.
        let is_native = environment.owner(&site.join("bad.so")).is_some();
        assert_eq!(is_native, kind == "sparse", "{kind}");
        let noted = environment.notes.iter().any(|note| note.contains("bad.pth could not be read"));
        assert!(noted, "{kind}: {:?}", environment.notes);
        let sources = Sources::open(Target { version: (3, 11) }, None);
        let mut steps = Vec::new();
        Imports::new(&environment, &sources).import(&mut Session::default(), None, "bad", &mut steps);
        Imports::new(&environment, &sources).import(&mut Session::default(), None, "good", &mut steps);
        let loads_good = |step: &Step| matches!(step, Step::Extension { module, .. } if module == "good.x");
        assert!(steps.iter().any(loads_good), "{kind}: {steps:?}");
    }
}

#[test]
fn links_that_go_round_are_passed_over() {
    let (folder, site) = folder();
    symlink(".", site.join("here")).expect("a link");
    symlink("..", site.join("above")).expect("a link");
    symlink("good", site.join("again")).expect("a link");
    symlink("../good", site.join("good/inside")).expect("a link");
    let environment = environment(&folder, &site);
    assert_eq!(environment.distributions.len(), 1, "{:?}", environment.distributions);
    for name in ["here", "above", "again"] {
        let note = format!("{} is a link to", site.join(name).display());
        assert!(environment.notes.iter().any(|said| said.starts_with(&note)), "{:?}", environment.notes);
    }
}

#[test]
fn path_files_lead_nowhere_without_end() {
    let (folder, site) = folder();
    // Each folder has a `.pth` file that names the next: Python reads those of site-packages only.
    let mut lines = b"/dev/null\n../site\n\xff\xfe\nimport os; print('\x1b[2J')\n".to_vec();
    for number in 0..50 {
        let added = folder.path().join(format!("added{number}"));
        fs::create_dir(&added).expect("the folder can be written to");
        fs::write(added.join("x.pth"), format!("../added{}\n", number + 1)).expect("the same");
        fs::write(added.join(format!("y{number}.so")), "native").expect("the same");
    }
    lines.extend(b"../added0\n".repeat(1000));
    fs::write(site.join("a.pth"), lines).expect("the folder can be written to");
    let environment = environment(&folder, &site);
    let names: Vec<&str> = environment.distributions.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["good", "y0"]);
    let [note] = environment.notes.as_slice() else { panic!("{:?}", environment.notes) };
    assert!(note.contains("runs code at start") && !note.contains('\u{1b}'), "{note}");
}

#[test]
fn names_in_no_encoding_are_names() {
    let (folder, site) = folder();
    let odd = |bytes: &[u8]| site.join(OsStr::from_bytes(bytes));
    fs::create_dir(odd(b"pack\xff")).expect("a file system that takes any bytes");
    for file in [&b"pack\xff/a.so"[..], b"good/\xe9.so", b"loose\xfe.so"] {
        fs::write(odd(file), "native").expect("the folder can be written to");
    }
    let record = b"good/__init__.py,,\ngood/x.so,,\ngood/\xe9.so,,\n";
    fs::write(site.join("good-1.dist-info/RECORD"), record).expect("the folder can be written to");
    fs::write(site.join("good-1.dist-info/METADATA"), b"Name: g\x1b[2J\xff\nVersion: 1\n").expect("the same");
    let environment = environment(&folder, &site);
    for file in [&b"pack\xff/a.so"[..], b"good/\xe9.so", b"loose\xfe.so"] {
        assert!(environment.owner(&odd(file)).is_some(), "{} belongs to somebody", odd(file).display());
    }
    assert!(environment.distributions.iter().all(|one| !one.name.contains('\u{1b}')));
}

#[test]
fn wheels_that_are_none_or_bombs_are_errors_that_say_so() {
    let (folder, site) = folder();
    let wheel = |name: &str| site.join(format!("{name}-1-py3-none-any.whl"));
    sparse(&wheel("sparse"));
    fs::write(wheel("empty"), "").expect("the folder can be written to");
    fs::write(wheel("zeros"), [0; 100_000]).expect("the folder can be written to");
    for (name, says) in [("sparse", "1099511627776 bytes"), ("empty", "zip file"), ("zeros", "zip file")] {
        let error = read(&folder, &wheel(name)).err().unwrap_or_else(|| panic!("{name}")).to_string();
        assert!(error.starts_with("could not unpack") && error.contains(says), "{error}");
    }
    sparse(&site.join("closure.json"));
    let error = read(&folder, &site.join("closure.json")).err().expect("a terabyte").to_string();
    assert!(error.contains("closure.json") && error.contains("1099511627776 bytes"), "{error}");
    // No wheel, and no folder either.
    pipe(&wheel("pipe"));
    let error = read(&folder, &wheel("pipe")).err().expect("a pipe").to_string();
    assert!(error.contains("pipe-1-py3-none-any.whl"), "{error}");
}

#[test]
fn imports_nested_in_each_other_come_to_an_end() {
    let (folder, site) = folder();
    // A thousand modules, each importing the next within ninety `try`.
    for number in 0..1000 {
        let opened: String = (0..90).map(|level| format!("{}try:\n", " ".repeat(level))).collect();
        let closed: String = (0..90)
            .rev()
            .map(|level| format!("{0}except E:\n{0} import m{1}\n", " ".repeat(level), number + 2))
            .collect();
        let source = format!("{opened}{}import m{}\n{closed}", " ".repeat(90), number + 1);
        fs::write(site.join(format!("m{number}.py")), source).expect("the folder can be written to");
    }
    let environment = environment(&folder, &site);
    let sources = Sources::open(Target { version: (3, 11) }, None);
    assert!(Imports::new(&environment, &sources).import(
        &mut Session::default(),
        None,
        "m0",
        &mut Vec::new()
    ));
}

#[test]
fn a_damaged_cache_of_python_code_changes_no_answer() {
    let (folder, site) = folder();
    let module = site.join("good/__init__.py");
    fs::write(&module, "import a\ntry:\n    from b import c\nexcept E:\n    import d\n").expect("the same");
    let cache = folder.path().join("cache");
    let target = Target { version: (3, 11) };
    let sources = Sources::open(target.clone(), Some(&cache));
    let expected = sources.facts(&module);
    assert_eq!(expected.effects.len(), 2);
    sources.finish().unwrap_or_else(|error| panic!("{error}"));
    let mut files = fs::read_dir(&cache).expect("a cache").map(|entry| entry.expect("an entry").path());
    let (file, None) = (files.next().expect("a file"), files.next()) else { panic!("one file") };
    let whole = fs::read(&file).expect("a file of ours");
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        for bytes in [&damaged[..], &whole[..at]] {
            fs::write(&file, bytes).expect("a file of ours");
            assert_eq!(Sources::open(target.clone(), Some(&cache)).facts(&module), expected, "byte {at}");
        }
    }
}
