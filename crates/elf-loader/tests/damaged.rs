//! Files that say what cannot be: the simulation answers, with a load or with an error, and ends.
//!
//! Deliberately not here: what elf-facts refuses; most damage never comes this far.

#[expect(unreachable_pub, reason = "a module of the fuzzer's library")]
#[path = "../../abicheck/fuzz/src/writer.rs"]
mod writer;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use elf_facts::{Cache, FactsError, Name};
use elf_loader::{Disk, Failure, Missing, Mode, ObjectId, Process, System};
use writer::Image;

/// errno(3), the same on all machines of Linux.
const EACCES: i32 = 13;

/// A process of the shell on a machine with this folder's libraries beside the default ones.
fn process(folder: &Path) -> Process {
    process_without(folder, "")
}

/// The same, where files of the name `forbidden` may not be read.
fn process_without(folder: &Path, forbidden: &'static str) -> Process {
    let shell = std::fs::canonicalize("/bin/sh").expect("a shell");
    let head = elf_facts::read(&shell).expect("the shell is an ELF file").head;
    let interpreter = head.interpreter.expect("the shell is linked dynamically");
    let cache = Cache::none();
    let disk = Disk(move |path: &Path| {
        if path.file_name().is_some_and(|name| name == forbidden) {
            let source = std::io::Error::from_raw_os_error(EACCES);
            return Err(Arc::new(FactsError::Io { path: path.to_owned(), source }));
        }
        cache.get(path).map(Arc::new).map_err(Arc::new)
    });
    let library_path = folder.as_os_str().as_encoded_bytes().to_vec();
    let variable = |name: &str| (name == "LD_LIBRARY_PATH").then(|| library_path.clone());
    let system =
        System::of_loader(interpreter.as_path(), head.machine, variable, disk).expect("its loader answers");
    let (process, _, _) =
        Process::start(Arc::new(system), &Name::from(shell.as_path())).expect("the shell starts");
    process
}

fn compile(folder: &Path, name: &str, code: &str, flags: &[&str]) {
    let source = folder.join("source.c");
    std::fs::write(&source, code).expect("the folder can be written to");
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-o", name, "source.c", "-Wl,-rpath,$ORIGIN", "-L."]).args(flags);
    let status =
        command.current_dir(folder).status().expect("hint: on Debian: apt-get install gcc libc6-dev");
    assert!(status.success(), "{name} was not compiled");
}

#[test]
fn any_byte_may_be_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    compile(folder, "libb.so", "int b(void) { return 1; } __thread int t;", &["-Wl,-soname,libb.so"]);
    let code = "int b(void); extern __thread int t; int a(void) { return b() + t; }";
    compile(folder, "liba.so", code, &["-lb", "-Wl,--no-as-needed", "-lm"]);
    let whole = std::fs::read(folder.join("liba.so")).expect("it was compiled");
    let (mut state, mut loaded, mut failed) = (0x2545_f491_4f6c_dd1d_u64, 0, 0);
    for round in 0..120 {
        let mut bytes = whole.clone();
        for _ in 0..=round % 4 {
            // xorshift: the same damage in every run.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = state as usize % bytes.len();
            bytes[at] = (state >> 32) as u8;
        }
        std::fs::write(folder.join("liba.so"), bytes).expect("the folder can be written to");
        let mut process = process(folder);
        let before = process.len();
        let load = process.dlopen(b"liba.so", Mode::default(), ObjectId::PROGRAM);
        match load.result {
            Ok(_) => loaded += 1,
            Err(error) => {
                assert!(error.messages().iter().all(|message| !message.is_empty()));
                assert_eq!(process.len(), before, "a failure leaves nothing: {error}");
                failed += 1;
            }
        }
    }
    assert!(loaded > 0 && failed > 0, "{loaded} loaded, {failed} failed: the damage was all of one kind");
}

#[test]
fn what_may_not_be_read_is_passed_over_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path();
    compile(own, "libforbidden.so", "int f(void) { return 1; }", &[]);
    let path = own.join("libforbidden.so").into_os_string().into_encoded_bytes();
    let open = |process: &mut Process, name: &[u8]| {
        process.dlopen(name, Mode::default(), ObjectId::PROGRAM).result.map_err(|error| error.to_string())
    };
    let mut forbidden = process_without(own, "libforbidden.so");
    let said = open(&mut forbidden, &path).expect_err("it may not be read");
    assert!(said.ends_with("libforbidden.so: cannot open shared object file: Permission denied"), "{said}");
    // Where it may, it is opened.
    open(&mut process(own), &path).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_chain_of_a_thousand_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // Each needs the next by a name of the same length, written into a copy; the last needs the first.
    compile(folder, "l0000.so", "int b(void) { return 1; }", &["-Wl,-soname,l0000.so"]);
    compile(
        folder,
        "first.so",
        "int a(void) { return 1; }",
        &["-Wl,--no-as-needed", "-l:l0000.so", "-nostdlib"],
    );
    let pattern = std::fs::read(folder.join("first.so")).expect("it was compiled");
    let at = pattern.windows(8).position(|window| window == b"l0000.so").expect("it needs the other");
    for number in 0..1000 {
        let mut bytes = pattern.clone();
        bytes[at..at + 8].copy_from_slice(format!("l{:04}.so", (number + 1) % 1000).as_bytes());
        std::fs::write(folder.join(format!("l{number:04}.so")), bytes).expect("the folder can be written to");
    }
    let mut process = process(folder);
    let load = process.dlopen(b"l0000.so", Mode::default(), ObjectId::PROGRAM);
    assert!(load.result.is_ok(), "{:?}", load.result);
    assert_eq!(load.objects.len(), 1000);
}

/// ELOOP of Linux.
const ELOOP: i32 = 40;
/// DT_NEEDED and DT_RUNPATH.
const NEEDED: u64 = 1;
const RUNPATH: u64 = 29;

fn write(path: &Path, names: Vec<(u64, String)>) {
    let image = Image { is_64: true, little: true, machine: machine(), kind: 3, names, ..Image::default() };
    std::fs::write(path, image.bytes()).expect("the folder can be written to");
}

/// What this test runs on, as the ELF header has it.
fn machine() -> u16 {
    let own = std::env::current_exe().expect("a program");
    elf_facts::read(&own).expect("it runs").head.machine
}

#[test]
fn links_that_go_round_are_an_error_as_for_the_loader() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::os::unix::fs::symlink("round.so", folder.join("round.so")).expect("a link");
    std::os::unix::fs::symlink("loop", folder.join("loop")).expect("a link");
    std::fs::create_dir(folder.join("folder.so")).expect("the folder can be written to");
    write(
        &folder.join("a.so"),
        vec![(NEEDED, "x.so".into()), (RUNPATH, format!("{}/loop", folder.display()))],
    );
    let mut process = process(folder);
    let mut fails = |name: &str| {
        let load = process.dlopen(name.as_bytes(), Mode::default(), ObjectId::PROGRAM);
        load.result.expect_err(name)
    };
    let error = fails(&folder.join("round.so").display().to_string());
    assert!(matches!(error.failure, Failure::Missing(Missing::Refused(ELOOP))), "{error}");
    // By name, the search goes on with the next list, and the last place that was looked at says why.
    let error = fails("round.so");
    assert!(matches!(error.failure, Failure::Missing(Missing::NoSuchFile)), "{error}");
    let error = fails("folder.so");
    assert!(matches!(error.failure, Failure::Missing(Missing::Folder)), "{error}");
    let error = fails("a.so");
    assert!(error.to_string().starts_with("x.so: cannot open shared object file"), "{error}");
}

#[test]
fn lists_of_folders_that_multiply_come_to_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // Three thousand folders that are not there, and the one in which all libraries are.
    let mut list: Vec<String> = (0..3000).map(|number| format!("/none/{number}")).collect();
    list.push(folder.join("libs").display().to_string());
    std::fs::create_dir(folder.join("libs")).expect("the folder can be written to");
    let mut names = vec![(RUNPATH, list.join(":"))];
    for number in 0..250 {
        let name = format!("lib{number}.so");
        write(&folder.join("libs").join(&name), Vec::new());
        names.push((NEEDED, name));
    }
    write(&folder.join("few.so"), names[..100].to_vec());
    write(&folder.join("many.so"), names);
    let mut process = process(folder);
    let load = process.dlopen(b"few.so", Mode::default(), ObjectId::PROGRAM);
    assert!(load.result.is_ok(), "{:?}", load.result);
    let load = process.clone().dlopen(b"few.so", Mode::default(), ObjectId::PROGRAM);
    assert!(load.result.is_ok(), "places are counted for each load: {:?}", load.result);
    let mut other = self::process(folder);
    let error =
        other.dlopen(b"many.so", Mode::default(), ObjectId::PROGRAM).result.expect_err("750,000 places");
    assert!(matches!(error.failure, Failure::Endless(_)), "{error}");
    assert!(error.to_string().contains("not found in the first 500000 places"), "{error}");
}
