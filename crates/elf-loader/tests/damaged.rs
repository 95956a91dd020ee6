//! Files that say what cannot be: the simulation answers, with a load or with an error, and ends.
//!
//! Deliberately not here: what elf-facts refuses; most damage never comes this far.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use elf_facts::{Cache, Name};
use elf_loader::{Disk, Mode, ObjectId, Process, System};

/// A process of the shell on a machine with this folder's libraries beside the default ones.
fn process(folder: &Path) -> Process {
    let shell = std::fs::canonicalize("/bin/sh").expect("a shell");
    let head = elf_facts::read(&shell).expect("the shell is an ELF file").head;
    let interpreter = head.interpreter.expect("the shell is linked dynamically");
    let cache = Cache::none();
    let disk = Disk(move |path: &Path| cache.get(path).map(Arc::new).map_err(Arc::new));
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
