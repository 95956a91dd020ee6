//! Packages that are kept apart, with statics in a header that all of them include, and the system's loader.
//!
//! Each module counts in such a static, so that what it answers says with whom it shares it.
//! Deliberately not here: what makes packages break each other, and names of libraries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elf_facts::{Cache, Name};
use elf_isolate::{Graph, Link, Links, Places, Plan, Wanted, World, write};
use elf_loader::{Disk, Load, Mode, Process, System};

use crate::compiled::Folder;

const CODE: &str = "template <class T> struct Registry { static int count; };
    template <class T> int Registry<T>::count = 0;
    #if defined LIBRARY
    extern \"C\" int library(void) { return Registry<int>::count + LIBRARY; }
    #elif defined USER
    extern \"C\" int library(void);
    extern \"C\" int answer(void) { return library() ? ++Registry<int>::count : 0; }
    #else
    extern \"C\" int answer(void) { return ++Registry<int>::count; }
    #endif";

/// Three versions of a package, `1` to `3`: modules `a.so` and `b.so` on its `libcount.so.1`, and `free.so`, which needs no
/// library. Beside them `more.so`, which is built as that and belongs to nobody.
struct Packages(Folder);

impl Packages {
    fn new() -> Self {
        let packages = Self(Folder::new());
        for version in ["1", "2", "3"] {
            let library = format!("site/{version}/libcount.so.1");
            let number = format!("-DLIBRARY={version}");
            let library = packages.0.cxx(&library, CODE, &[&number, "-Wl,-soname,libcount.so.1"]);
            let flags = ["-DUSER", "-Wl,-rpath,$ORIGIN", library.to_str().expect("text")];
            packages.0.cxx(&format!("site/{version}/a.so"), CODE, &flags);
            packages.copy(&format!("{version}/a.so"), &format!("{version}/b.so"));
        }
        packages.0.cxx("site/more.so", CODE, &[]);
        for version in ["1", "2", "3"] {
            packages.copy("more.so", &format!("{version}/free.so"));
        }
        packages
    }

    fn copy(&self, from: &str, to: &str) {
        fs::copy(self.site(from), self.site(to)).expect("files can be copied");
    }

    fn site(&self, path: &str) -> PathBuf {
        self.0.path("site").canonicalize().expect("it is there").join(path)
    }

    /// What the modules answer that are opened in this order, where each of `worlds` is a package that opens these files
    /// alone; all below `site`.
    fn answers(&self, worlds: &[&[&str]], wanted: &Wanted, opened: &[&str]) -> String {
        let folder = self.0.path("system");
        let alone: Vec<(Process, Vec<(PathBuf, Load)>)> =
            worlds.iter().map(|files| self.opened(files)).collect();
        let worlds = alone.iter().enumerate().map(|(owner, (process, loads))| World {
            owner,
            process,
            start: shell(&folder).len(),
            loads: loads.iter().map(|(path, load)| (path.as_path(), load)).collect(),
            unmet: Vec::new(),
        });
        let graph = Graph::of(worlds.collect(), &Links::default());
        let places = Places::new(&[self.site("")]);
        let plan = Plan::of(&graph, &places, wanted);
        let out = self.0.path("out");
        fs::create_dir_all(&out).expect("folders can be made");
        write(&graph, &plan, &places, &out, &Link::Symbolic, &|_| false).expect("it can be written");
        let place = |file: &&str| if plan.is_empty() { self.site(file) } else { out.join(file) };
        let files: Vec<PathBuf> = opened.iter().map(place).collect();
        let answers = self.0.answers_with(&files.iter().collect::<Vec<_>>(), &folder);
        fs::remove_dir_all(&out).expect("folders can be removed");
        answers
    }

    fn opened(&self, files: &[&str]) -> (Process, Vec<(PathBuf, Load)>) {
        let mut process = shell(&self.0.path("system"));
        let caller = process.objects().next().expect("the program").0;
        let loads = files.iter().map(|file| {
            let path = self.site(file);
            let load = process.dlopen(path.as_os_str().as_encoded_bytes(), Mode::default(), caller);
            assert!(load.result.is_ok(), "{file}: {:?}", load.result);
            (path, load)
        });
        let loads = loads.collect();
        (process, loads)
    }
}

/// A process of the shell, with LD_LIBRARY_PATH.
fn shell(library_path: &Path) -> Process {
    let shell = fs::canonicalize("/bin/sh").expect("a shell");
    let head = elf_facts::read(&shell).expect("the shell is an ELF file").head;
    let loader = head.interpreter.expect("the shell is linked dynamically").as_path().to_owned();
    let cache = Cache::none();
    let disk = Disk(move |path: &Path| cache.get(path).map(Arc::new).map_err(Arc::new));
    let variable = |name: &str| {
        (name == "LD_LIBRARY_PATH").then(|| library_path.as_os_str().as_encoded_bytes().to_vec())
    };
    let system = System::of_loader(&loader, head.machine, variable, disk).expect("its loader answers");
    Process::start(Arc::new(system), &Name::from(shell.as_path())).expect("the shell starts").0
}

const ONE: &[&str] = &["1/a.so", "1/b.so", "1/free.so"];
const TWO: &[&str] = &["2/a.so", "2/b.so", "2/free.so"];
const THREE: &[&str] = &["3/a.so", "3/b.so", "3/free.so"];

fn pairs(pairs: &[(usize, usize)]) -> Wanted {
    Wanted::pairs(pairs.iter().copied(), BTreeSet::new())
}

#[test]
fn versions_share_no_statics_and_each_has_its_own() {
    let packages = Packages::new();
    let mixed = ["2/free.so", "1/a.so", "2/a.so", "1/b.so", "1/free.so", "2/b.so"];
    let answers = |wanted: &Wanted, opened: &[&str]| packages.answers(&[ONE, TWO, THREE], wanted, opened);
    assert_eq!(answers(&pairs(&[]), &mixed), "1 2 3 4 5 6", "a process has one of them");
    let two = pairs(&[(0, 1)]);
    assert_eq!(answers(&two, &mixed), "1 1 2 2 3 3");
    assert_eq!(answers(&two, &[TWO, ONE].concat()), "1 2 3 1 2 3");
    // Whichever of them gives way.
    let fixed = Wanted::pairs([(0, 1)], BTreeSet::from([1]));
    assert_eq!(answers(&fixed, &mixed), "1 1 2 2 3 3");
    let three = pairs(&[(0, 1), (0, 2), (1, 2)]);
    for wanted in [three, Wanted::all()] {
        assert_eq!(answers(&wanted, &[ONE, TWO, THREE].concat()), "1 2 3 1 2 3 1 2 3");
    }
}

#[test]
fn packages_that_go_together_go_on_sharing() {
    let packages = Packages::new();
    packages.copy("more.so", "of_two.so");
    // It opens what the second version is, needs nothing of it, and counts where that counts.
    let extension = [TWO, &["of_two.so"]].concat();
    let worlds = [ONE, TWO, &extension];
    let opened = [ONE, TWO, &["of_two.so"]].concat();
    assert_eq!(packages.answers(&worlds, &pairs(&[(0, 1)]), &opened), "1 2 3 1 2 3 4");
    let opened = [&["of_two.so"], ONE, TWO].concat();
    assert_eq!(packages.answers(&worlds, &pairs(&[(0, 1)]), &opened), "1 1 2 3 2 3 4");
    // A package that opens both versions says nothing about what goes together.
    let both = [ONE, TWO].concat();
    assert_eq!(packages.answers(&[ONE, TWO, &both], &pairs(&[(0, 1)]), &both), "1 2 3 1 2 3");
}

#[test]
fn packages_go_with_what_they_depend_on_also_where_they_do_not_import_it() {
    let packages = Packages::new();
    for package in ["more_of_two", "of_both", "of_none"] {
        fs::create_dir(packages.site(package)).expect("folders can be made");
        packages.copy("more.so", &format!("{package}/more.so"));
    }
    let worlds = [ONE, TWO, &["more_of_two/more.so"], &["of_both/more.so"], &["of_none/more.so"]];
    let on = |package: &str, on: &[&[usize]]| {
        (packages.site(package), on.iter().map(|on| on.iter().copied().collect()).collect())
    };
    let answers = |wanted: Wanted, of_both: &[&[usize]]| {
        let wanted = wanted.depending([on("more_of_two", &[&[2], &[1]]), on("of_both", of_both)]);
        packages.answers(&worlds, &wanted, &worlds.concat())
    };
    let fixed = || Wanted::pairs([(0, 1)], BTreeSet::from([1]));
    // What depends on none of them, or on both, keeps its names, as one of the two does.
    assert_eq!(answers(pairs(&[(0, 1)]), &[&[3, 0, 1]]), "1 2 3 1 2 3 4 4 5");
    assert_eq!(answers(fixed(), &[&[3, 0, 1]]), "1 2 3 1 2 3 4 5 6");
    // Of both, that one counts which it finds itself.
    assert_eq!(answers(pairs(&[(0, 1)]), &[&[3], &[1], &[0]]), "1 2 3 1 2 3 4 5 4");
    assert_eq!(answers(fixed(), &[&[3], &[0], &[1]]), "1 2 3 1 2 3 4 4 5");
}

#[test]
fn what_both_versions_work_on_stays_one() {
    let packages = Packages::new();
    let wanted = pairs(&[(0, 1)]);
    let worlds = [[ONE, &["more.so"]].concat(), [TWO, &["more.so"]].concat()];
    let opened = [ONE, TWO, &["more.so"]].concat();
    assert_eq!(packages.answers(&[&worlds[0], &worlds[1]], &wanted, &opened), "1 2 3 4 5 6 7");
    // A library of the system that has it: whoever is with it is with all others.
    let flags = ["-DLIBRARY=9", "-Wl,-soname,libsystem.so.1"];
    let system = packages.0.cxx("system/libsystem.so.1", CODE, &flags);
    for version in ["1", "2"] {
        let path = format!("site/{version}/system.so");
        packages.0.cxx(&path, CODE, &["-Wl,--no-as-needed", system.to_str().expect("text")]);
    }
    let worlds = [[ONE, &["1/system.so"]].concat(), [TWO, &["2/system.so"]].concat()];
    assert_eq!(packages.answers(&[&worlds[0], &worlds[1]], &wanted, &worlds.concat()), "1 2 3 4 5 6 7 8");
    // Only one version uses it: that keeps what it has there, and the other one has its own.
    let opened = [&worlds[0][..], TWO].concat();
    assert_eq!(packages.answers(&[&worlds[0], TWO], &wanted, &opened), "1 2 3 4 1 2 3");
}
