//! Proper wheels: where their files go, what is said about them, and that the second time costs nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;

use wheelsplit::Error;

use crate::forge::{Forge, inventory, listing, sha256, store};

/// A wheel that has one of everything.
fn everything() -> Forge {
    Forge::new("every", "1.0")
        .file("every/sub/data.txt", "x")
        .file("every/sub/part.py", "")
        .file("every/__pycache__/__init__.cpython-311.pyc", "bytecode")
        .file("single.py", "")
        .file("space/part/__init__.py", "")
        .file("every/fast.cpython-311-x86_64-linux-gnu.so", "\u{7f}ELF, not really")
        .file("every.pth", "import every\n")
        .unlisted("every/generated.txt", "nobody lists me")
        .executable("every/run.sh", "#!/bin/sh\n")
        .file("every-1.0.data/purelib/pure.py", "")
        .file("every-1.0.data/platlib/plat.py", "")
        .file("every-1.0.data/scripts/every-script", "#!python\nprint()\n")
        .file("every-1.0.data/headers/every.h", "")
        .file("every-1.0.data/data/share/every/d.txt", "")
        .file(
            "every-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Every\nVersion: 1.0\nRequires-Python: >=3.9\n\
             Requires-Dist: six (>=1.0)\nRequires-Dist: rich ; extra == 'fancy'\nProvides-Extra: fancy\n\nbody\n",
        )
        .file(
            "every-1.0.dist-info/entry_points.txt",
            "[console_scripts]\nevery = every:main\nevery-fancy = every.sub.part:main.run [fancy]\n\
             [gui_scripts]\nevery-ui = every:ui\n[pytest11]\nevery = every.plugin\n",
        )
}

#[test]
fn every_file_goes_where_a_wheel_says() {
    let (dir, store) = store();
    let wheel = everything();
    let installed = store.install_file(&wheel.write(dir.path()), &wheel.expected()).expect("installed");
    assert_eq!(installed.dir.metadata().expect("metadata").mode() & 0o7777, 0o555);
    // The module table's bytes are another crate's affair, and facts.json has a snapshot of its own.
    insta::with_settings!({filters => [(r"(modules\.idx|facts\.json) .*", "$1")]}, {
        insta::assert_snapshot!(listing(&installed.dir));
    });
    insta::assert_snapshot!("facts", fs::read_to_string(installed.dir.join("facts.json")).expect("facts"));
    let again = store.wheel(&installed.sha256).expect("a look").expect("the wheel");
    assert_eq!(again, installed);
    assert_eq!(inventory(&store), [format!("wheels/{}", installed.sha256)]);
}

#[test]
fn a_tree_and_a_file_give_the_same_folder() {
    let (dir, store) = store();
    let (_other_dir, other) = crate::forge::store();
    let wheel = everything();
    let file = wheel.write(dir.path());
    let by_file = store.install_file(&file, &wheel.expected()).expect("installed");
    let tree = wheel.unpack(&dir.path().join("tree"));
    let by_tree = other.install_tree(&tree, &sha256(&file), &wheel.expected()).expect("installed");
    assert_eq!(listing(&by_file.dir), listing(&by_tree.dir));
    assert_eq!(by_file.facts, by_tree.facts);
    assert_eq!(by_file.sha256, by_tree.sha256);
}

#[test]
fn a_changed_tree_is_refused() {
    let (dir, store) = store();
    let wheel = everything();
    let tree = wheel.unpack(&dir.path().join("tree"));
    fs::write(tree.join("every/__init__.py"), "answer = 43\n").expect("changed");
    let error = store.install_tree(&tree, &"ab".repeat(32), &wheel.expected()).expect_err("changed");
    assert!(error.to_string().contains("RECORD is wrong about `every/__init__.py`"), "{error}");
    assert_eq!(inventory(&store), [] as [&str; 0]);
}

#[test]
fn the_second_install_reads_the_first() {
    let (dir, store) = store();
    let wheel = everything();
    let file = wheel.write(dir.path());
    let first = store.install_file(&file, &wheel.expected()).expect("installed");
    let inode = first.dir.metadata().expect("metadata").ino();
    let second = store.install_file(&file, &wheel.expected()).expect("installed");
    assert_eq!(first, second);
    assert_eq!(second.dir.metadata().expect("metadata").ino(), inode);
    let mut other = wheel.expected();
    other.version = "2.0".to_owned();
    assert!(store.install_file(&file, &other).is_err(), "a wheel that is there must be the expected one too");
}

#[test]
fn nothing_can_put_bytecode_into_the_store() {
    let (dir, store) = store();
    let wheel = everything();
    let installed = store.install_file(&wheel.write(dir.path()), &wheel.expected()).expect("installed");
    // Root is not stopped by permissions; a file where a folder must be stops everyone.
    for folder in ["", "every", "every/sub", "space/part"] {
        let cache = installed.site().join(folder).join("__pycache__");
        assert!(cache.is_file(), "{}", cache.display());
        assert!(fs::create_dir_all(&cache).is_err());
        assert!(fs::write(cache.join("x.pyc"), "").is_err());
    }
}

#[test]
fn a_damaged_folder_is_not_used() {
    let (dir, store) = store();
    let wheel = everything();
    let file = wheel.write(dir.path());
    let folder = store.root().join("wheels").join(sha256(&file));
    fs::create_dir_all(folder.join("site-packages")).expect("a folder that nobody finished");
    let error = store.install_file(&file, &wheel.expected()).expect_err("damaged");
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn keys_are_hashes_and_nothing_else() {
    let (_dir, store) = store();
    for bad in ["", "../../etc", "abc", &"g".repeat(64), &"a".repeat(65)] {
        assert!(matches!(store.wheel(bad), Err(Error::Key { .. })), "{bad}");
    }
    assert_eq!(store.wheel(&"AB".repeat(32)).expect("a look"), None);
}
