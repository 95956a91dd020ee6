//! Files that cannot be opened, for something that they need is not there: what else they need is found all the same, as
//! by the real loader when it lists for ldd(1).
//!
//! Deliberately not here: opening them, which `scenarios` compares.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use elf_facts::{Cache, Name};
use elf_loader::{Disk, Failure, Mode, ObjectId, Process, System};

/// The dynamic loader of this machine's programs, and a process of the shell.
fn shell() -> (PathBuf, Process) {
    let shell = std::fs::canonicalize("/bin/sh").expect("a shell");
    let head = elf_facts::read(&shell).expect("the shell is an ELF file").head;
    let loader = head.interpreter.expect("the shell is linked dynamically").as_path().to_owned();
    let cache = Cache::none();
    let disk = Disk(move |path: &Path| cache.get(path).map(Arc::new).map_err(Arc::new));
    let system = System::of_loader(&loader, head.machine, |_| None, disk).expect("its loader answers");
    let process = Process::start(Arc::new(system), &Name::from(shell.as_path())).expect("the shell starts").0;
    (loader, process)
}

/// What the real loader lists for `file`: the paths that it finds, and the names that it does not.
fn listed(loader: &Path, file: &Path) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut command = Command::new(loader);
    command.arg(file).env_clear().env("LD_TRACE_LOADED_OBJECTS", "1");
    let output = command.output().expect("the loader runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut found, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for (name, to) in text.lines().filter_map(|line| line.trim().split_once(" => ")) {
        match to.split_once(" (0x") {
            Some((path, _)) => found.insert(path.to_owned()),
            None => missing.insert(name.to_owned()),
        };
    }
    (found, missing)
}

#[test]
fn what_is_missing_is_passed_over_as_by_the_real_loader() {
    // `deep.so` also needs a version that `second.so` does not define any more.
    let script = "
        so() { out=$1 code=$2; shift 2; echo \"$code\" | cc -xc -shared -fPIC -o $out - -xnone -Wl,--no-as-needed,-rpath,'$ORIGIN' \"$@\"; }
        echo 'V_1 { second; };' >1.map; echo 'V_2 { second; };' >2.map
        so gone.so '' -Wl,-soname,gone.so
        so second.so 'int second(void) { return 2; }' -Wl,-soname,second.so,--version-script=2.map
        so deep.so 'int second(void); int deep(void) { return second(); }' -Wl,-soname,deep.so ./gone.so ./second.so
        so plugin.so '' ./gone.so ./deep.so
        so second.so 'int second(void) { return 1; }' -Wl,-soname,second.so,--version-script=1.map
        rm gone.so";
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().canonicalize().expect("the folder is there");
    let built =
        Command::new("sh").args(["-euc", script]).current_dir(&root).status().expect("a shell can be run");
    assert!(built.success(), "hint: on Debian: apt-get install gcc libc6-dev");
    let plugin = root.join("plugin.so");
    let (loader, mut process) = shell();
    let (found, missing) = listed(&loader, &plugin);
    assert!(
        found.iter().any(|path| path.ends_with("/second.so")) && missing.contains("gone.so"),
        "{found:?}"
    );

    let before = process.len();
    let name = plugin.as_os_str().as_encoded_bytes();
    let refused = process.dlopen(name, Mode::default(), ObjectId::PROGRAM);
    assert!(matches!(refused.result.expect_err("it is refused").failure, Failure::Missing(_)));
    let (load, unmet) = process.trace(name, ObjectId::PROGRAM);
    assert!(load.result.is_ok());
    let needs = load.edges.iter().filter(|edge| edge.from.is_some());
    let paths = needs.map(|edge| process.object(edge.to).path.to_string());
    assert_eq!(paths.collect::<BTreeSet<String>>(), found);
    let from = unmet.iter().map(|unmet| {
        let object = process.object(unmet.from);
        let needed = &object.facts().head.needed[unmet.needed as usize];
        (object.path.as_path().file_name().expect("a file").to_owned(), needed.to_string())
    });
    let expected = ["plugin.so", "deep.so"].map(|file| (file.into(), "gone.so".to_owned()));
    assert_eq!(from.collect::<Vec<_>>(), expected);
    assert_eq!(process.len(), before + 3, "it stays loaded so far");
}
