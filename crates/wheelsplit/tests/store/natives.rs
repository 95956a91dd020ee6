//! Tables of what libraries are called: made of compiled libraries, kept, made again where they are damaged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use wheelsplit::{Installed, Native, Store};

use crate::forge::{Forge, store};

/// The bytes of a library that is compiled from `source`.
fn compiled(dir: &Path, soname: Option<&str>, source: &str, more: &[&str]) -> Vec<u8> {
    let (code, out) = (dir.join("x.cc"), dir.join("x.so"));
    fs::write(&code, source).expect("a source");
    let mut command = Command::new("c++");
    command.args(["-shared", "-fPIC", "-O0", "-o"]).args([&out, &code]).args(more);
    command.args(soname.map(|name| format!("-Wl,-soname,{name}")));
    assert!(command.status().expect("a compiler").success());
    fs::read(out).expect("a library")
}

fn install(store: &Store, dir: &Path, name: &str, library: &[u8], module: &[u8]) -> Installed {
    let forge = Forge::new(name, "1.0")
        .file(&format!("{name}/_core.so"), module)
        .file(&format!("{name}/code.py"), b"import this")
        .file(&format!("{name}.libs/libx.so.1"), library)
        .file(&format!("{name}/broken.so"), b"\x7fELF");
    store.install_file(&forge.write(dir), &forge.expected()).expect("installed")
}

#[test]
fn tables_tell_which_wheels_have_different_files_of_one_name() {
    let (dir, store) = store();
    let counter = |kind: &str| {
        format!("template<class T> struct S {{ static {kind} n; }};
        template<class T> {kind} S<T>::n = {{}}; int f() {{ return (int)sizeof(S<int>::n) + (long)&S<int>::n; }}")
    };
    let [one, two] = ["int", "long"].map(|kind| compiled(dir.path(), Some("libx.so.1"), &counter(kind), &[]));
    let libs = ["-Wl,-rpath,$ORIGIN/../libs"];
    let module = compiled(dir.path(), None, "int g() { return 0; }", &libs);
    let wheels = [("a", &one), ("b", &one), ("c", &two)]
        .map(|(name, library)| install(&store, dir.path(), name, library, &module));
    let tables = wheels.each_ref().map(|wheel| store.native(wheel).expect("a table"));
    let [a, b, c] = tables.each_ref();
    let paths: Vec<&str> = a.libraries.iter().map(|library| library.path.as_str()).collect();
    assert_eq!(paths, ["a.libs/libx.so.1", "a/_core.so"]);
    let lists: Vec<String> = a.lists.iter().map(|(folder, list)| format!("{folder}: {list}")).collect();
    assert_eq!(lists, ["a: $ORIGIN/../libs"]);
    assert!(Native::met(&[a, b]).is_empty() && Native::unlike(&[a, b]).is_empty(), "equal files");
    let met = Native::met(&[a, b, c]);
    let met: Vec<(String, &BTreeSet<usize>)> = met.iter().map(|(name, at)| (name.to_string(), at)).collect();
    assert_eq!(met, [("libx.so.1".to_owned(), &BTreeSet::from([0, 1, 2]))]);
    assert_eq!(Native::unlike(&[a, b, c]), BTreeSet::from([0, 1, 2]), "a static of two sizes");
    let table = store.root().join("native/2").join(&wheels[0].sha256);
    let kept = fs::read(&table).expect("the table that was kept");
    fs::write(&table, &kept[..kept.len() - 1]).expect("damage");
    assert_eq!(store.native(&wheels[0]).expect("a table"), *a);
    assert_eq!(fs::read(&table).expect("the table"), kept);
    let held = store.exclusive().expect("the lock");
    let live = wheelsplit::Live { wheels: [wheels[1].sha256.clone()].into(), ..Default::default() };
    store.collect(&held, &live, false).expect("a collection");
    assert!(!table.exists() && table.with_file_name(&wheels[1].sha256).exists());
}

#[test]
fn a_library_is_known_by_whatever_name_another_wheel_asks_for_it_by() {
    let (dir, store) = store();
    let library = |version: u8| compiled(dir.path(), None, &format!("int v() {{ return {version}; }}"), &[]);
    // Programs are ELF files of the same type as libraries; the compiler's own is one.
    let asked = Command::new("c++").args(["-print-prog-name=as"]).output().expect("a compiler");
    let program = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
    let program = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join(&program))
        .find_map(|path| fs::read(path).ok())
        .expect("an assembler");
    // Neither has a SONAME, and the name of the one says nothing of what it is.
    let wheel = |name: &str, files: &[(&str, &[u8])]| {
        let mut forge = Forge::new(name, "1.0");
        for (path, bytes) in files {
            forge = forge.file(path, bytes);
        }
        store.install_file(&forge.write(dir.path()), &forge.expected()).expect("installed")
    };
    for file in ["libx.so.1", "x"] {
        let [one, two] = [1, 2].map(library);
        fs::write(dir.path().join(file), &one).expect("a library");
        let link = [format!("-L{}", dir.path().display()), format!("-l:{file}")];
        let user = compiled(
            dir.path(),
            None,
            "int v(); int g() { return v(); }",
            &link.each_ref().map(String::as_str),
        );
        let [mine, path] = [format!("mine{}", file.len()), format!("lib/{file}")];
        let wheels = [
            wheel(&mine, &[(&path, &one), ("bin/program", &program)]),
            wheel(&format!("theirs{}", file.len()), &[(&path, &two)]),
            wheel(&format!("user{}", file.len()), &[("user/_user.so", &user)]),
        ];
        assert!(wheels.iter().all(|wheel| wheel.facts.native), "{file}");
        let [a, b, c] = wheels.each_ref().map(|wheel| store.native(wheel).expect("a table"));
        assert!(Native::met(&[&a, &b]).is_empty(), "{file}: nobody asks for it");
        let met: Vec<String> = Native::met(&[&a, &b, &c]).keys().map(ToString::to_string).collect();
        assert_eq!(met, [file]);
        assert_eq!(a.libraries.len(), 1, "{file}: programs are no libraries");
    }
}
